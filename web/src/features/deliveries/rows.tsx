// SPDX-License-Identifier: AGPL-3.0-or-later
// Deliveries in a table: number, what and from whom, how many have everything, until when; used
// by the list and by the overview.
import type { ComponentChildren } from "preact";
import { bytes, date, relative } from "../../core/format";
import { t } from "../../gen/i18n/deliveries";
import { language } from "../../i18n";
import { type Column, Table } from "../../ui/Table";
import { Tag, type Tone } from "../../ui/Verdict";
import type { DeliveryState, Row } from "./state";

const tones: Record<DeliveryState, Tone> = {
	active: "ok",
	scheduled: "info",
	expired: "past",
	revoked: "stop",
};
const names: Record<DeliveryState, () => string> = {
	active: t.active,
	scheduled: t.scheduled,
	expired: t.expired,
	revoked: t.revoked,
};
const attention: Record<string, [Tone, () => string]> = {
	withheld: ["stop", t.withheld],
	"mail-failed": ["stop", t["mail-failed"]],
	expiring: ["warn", t.expiring],
	"not-opened": ["info", t["not-opened"]],
};

export function StateTag({ state }: { state: DeliveryState }) {
	return (
		<Tag tone={tones[state] ?? "info"} pill>
			{names[state]?.() ?? state}
		</Tag>
	);
}

export const hrefOf = (number: string) => `/app/deliveries/${encodeURIComponent(number)}`;

/** As many segments as recipients, up to twelve; the words beside it say it all. */
function Bar({ done, all }: { done: number; all: number }) {
	const n = Math.min(all, 12);
	const full = all === 0 ? 0 : Math.floor((done / all) * n);
	return (
		<span class="dl-bar" aria-hidden="true">
			{Array.from({ length: n }, (_, i) => (
				<i key={i} class={i < full ? "d" : undefined} />
			))}
		</span>
	);
}

function What({ row }: { row: Row }) {
	const who = row.sender;
	const facts = [
		t.files({ n: row.files }),
		bytes(row.bytes, language.value),
		t.people({ n: row.recipients }),
		who === "" ? "" : t.by({ who }),
	];
	return (
		<span class="dl-what">
			<a class="dl-subject" href={hrefOf(row.delivery)}>
				{row.subject || t.no_subject()}
			</a>
			<span class="muted num">{facts.filter(Boolean).join(" · ")}</span>
		</span>
	);
}

function doneWords(row: Row): string {
	if (row.done === 0) return t.done_none();
	if (row.done >= row.recipients) return t.done_all();
	return t.done({ n: row.recipients, done: row.done });
}

function Progress({ row }: { row: Row }) {
	const a = row.attention === null ? undefined : attention[row.attention];
	return (
		<span class="dl-progress">
			<Bar done={row.done} all={row.recipients} />
			<span class="row dl-words">
				<span>{doneWords(row)}</span>
				{a && <Tag tone={a[0]}>{a[1]()}</Tag>}
				{row.state !== "active" && <StateTag state={row.state} />}
			</span>
		</span>
	);
}

const columns: Column<Row>[] = [
	{
		key: "number",
		label: "eTicket",
		cell: (r) => (
			<a class="mono dl-number" href={hrefOf(r.delivery)}>
				{r.delivery}
			</a>
		),
	},
];

export function DeliveryRows(p: {
	rows: Row[];
	caption: string;
	action?: (row: Row) => ComponentChildren;
}) {
	const all: Column<Row>[] = [
		...columns,
		{ key: "what", label: t.col_delivery(), cell: (r) => <What row={r} /> },
		{ key: "progress", label: t.col_progress(), cell: (r) => <Progress row={r} /> },
		{
			key: "until",
			label: t.col_until(),
			cell: (r) => (
				<span class="num" title={relative(r.expires, language.value)}>
					{date(r.expires, language.value)}
				</span>
			),
		},
	];
	const action = p.action;
	if (action)
		all.push({ key: "action", label: t.col_action(), hideLabel: true, cell: (r) => action(r) });
	return (
		<Table caption={p.caption} columns={all} rows={p.rows} keyOf={(r) => r.delivery} class="dl" />
	);
}
