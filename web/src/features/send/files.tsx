// SPDX-License-Identifier: AGPL-3.0-or-later
// Column 1 of the send screen: every file with its verdict, what stops first, each reason with
// whom it concerns and the ways out.
import { useState } from "preact/hooks";
import { Problem } from "../../api/client";
import type { Card } from "../../api/types";
import { bytes } from "../../core/format";
import { exitsOf, type FileVerdict, type ReasonFor, stops } from "../../core/verdict";
import { focusBeside, focusRest } from "../../dom/focus";
import { t as words } from "../../gen/i18n/reason";
import { visible } from "../../core/words";
import { t } from "../../gen/i18n/send";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Line5 } from "../../ui/Line5";
import { toast } from "../../ui/Toast";
import { Notice, TONE, Tag, verdictWord } from "../../ui/Verdict";
import { Thumb } from "../basket/thumb";
import { reasonWords } from "../basket/words";
import {
	changed,
	checked,
	checking,
	draft,
	edit,
	files,
	stoppedFiles,
	summary,
	takeOut,
	verdicts,
} from "./state";

/** So many rows at first: ten thousand files are possible, and all of them are checked. */
const SHOWN = 100;

async function remove(ids: string[], button: HTMLElement) {
	focusBeside(button);
	try {
		const undo = await takeOut(ids);
		toast(t.removed({ n: ids.length }), { undo });
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		toast(t.remove_failed(), { error: true });
	}
}

function dropRecipients(addresses: readonly string[], button: HTMLElement) {
	focusBeside(button);
	const before = draft.value.to;
	edit({ to: before.filter((a) => !addresses.includes(a)) });
}

function Reason({ reason, stopped }: { reason: ReasonFor; stopped: boolean }) {
	const named = !reason.everyone && reason.addresses.length > 0;
	const ways = stopped ? exitsOf(reason.code) : [];
	const who = reason.addresses.join(", ");
	return (
		<li>
			<span>{reasonWords(reason)}</span>
			{named && <span class="muted"> {words.for({ who })}</span>}
			{ways.includes("wait") && <span class="muted"> {words["do-wait"]()}</span>}
			{ways.includes("ask") && <span class="muted"> {words["do-ask"]()}</span>}
			{ways.includes("remove-recipient") && (
				<Button
					look="quiet"
					class="sd-small"
					onClick={(e) => dropRecipients(reason.addresses, e.currentTarget)}
				>
					{words["do-remove-recipient"]({ who })}
				</Button>
			)}
		</li>
	);
}

function Row({ v, card }: { v: FileVerdict; card: Card }) {
	const stopped = stops(v.state);
	const name = visible(card.title || card.name);
	return (
		<li class={stopped ? "sd-file sd-stop" : "sd-file"}>
			<Thumb card={card} />
			<div class="sd-what">
				<b class="sd-name">
					<bdi>{name}</bdi>
				</b>
				<div class="row sd-head">
					<Tag tone={TONE[v.state]} pill>
						{verdictWord(v.state)}
					</Tag>
					<span class="muted num s">{bytes(card.bytes, language.value)}</span>
					{changed.value.has(v.asset) && <Tag tone="warn">{t.changed_mark()}</Tag>}
					<Button
						look="quiet"
						class="sd-small sp"
						label={words["do-remove-name"]({ name })}
						onClick={(e) => void remove([v.asset], e.currentTarget)}
					>
						{words["do-remove"]()}
					</Button>
				</div>
				<Line5 checks={card.checks} />
				{v.reasons.length > 0 && (
					<ul class="sd-reasons s">
						{v.reasons.map((r) => (
							<Reason
								key={`${r.code}${r.date ?? ""}${r.text ?? ""}`}
								reason={r}
								stopped={stopped}
							/>
						))}
					</ul>
				)}
				{v.exits.includes("open-file") && (
					<a class="btn q sd-small sd-open" href={`/app/library/${v.asset}`}>
						{words["do-release"]()}
						<span class="vh">: {name}</span>
					</a>
				)}
			</div>
		</li>
	);
}

function Sum() {
	const s = summary.value;
	const note = checked.value === null ? t.check_own() : t.check_done();
	const text = checking.value ? t.checking() : note;
	const title = () => {
		if (s.stopped > 0)
			return s.files === 1
				? t.verdict_stopped_one()
				: t.verdict_stopped({ n: s.stopped, all: s.files });
		return s.conditions > 0 ? t.verdict_conditions() : t.verdict_ok();
	};
	const tone = s.stopped > 0 ? "stop" : s.conditions > 0 ? "warn" : "ok";
	return (
		<div role="status">
			<Notice tone={tone} title={title()}>
				{text}
			</Notice>
		</div>
	);
}

export function Files() {
	const [all, showAll] = useState(false);
	const cards = new Map(files.value.map((c) => [c.id, c]));
	const rows = all ? verdicts.value : verdicts.value.slice(0, SHOWN);
	const bad = stoppedFiles.value;
	if (files.value.length === 0)
		return (
			<Empty icon="basket" title={t.empty()} text={t.empty_text()}>
				<a class="btn" href="/app/library">
					{t.more_files()}
				</a>
			</Empty>
		);
	return (
		<>
			<Sum />
			<ul class={checking.value ? "sd-files sd-asking" : "sd-files"}>
				{rows.map((v) => {
					const card = cards.get(v.asset);
					return card && <Row key={v.asset} v={v} card={card} />;
				})}
			</ul>
			<div class="row">
				{rows.length < verdicts.value.length && (
					<Button
						onClick={(e) => {
							focusRest(e.currentTarget, e.currentTarget.parentElement?.previousElementSibling);
							showAll(true);
						}}
					>
						{t.show_all({ count: verdicts.value.length })}
					</Button>
				)}
				{bad.length > 0 && (
					<Button onClick={(e) => void remove(bad, e.currentTarget)}>
						{t.remove_stopped({ n: bad.length })}
					</Button>
				)}
				<a class="btn q" href="/app/library">
					{t.more_files()}
				</a>
			</div>
		</>
	);
}
