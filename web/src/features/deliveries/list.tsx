// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of deliveries: the address holds the filters, so a view can be kept and shared.
import { useEffect, useState } from "preact/hooks";
import { may } from "../../api/session";
import { readNumber } from "../../core/delivery";
import { focusRest } from "../../dom/focus";
import { t } from "../../gen/i18n/deliveries";
import { navigate, place, setQuery } from "../../router";
import { counts } from "../../shell/slots";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Skeleton } from "../../ui/Skeleton";
import { Notice } from "../../ui/Verdict";
import { type RevokeAsk, RevokeDialog } from "./dialogs";
import { DeliveryRows, hrefOf } from "./rows";
import { type Filter, listProblem, loading, loadRows, more, type Row, rows } from "./state";

const states = [
	["active", t.active],
	["scheduled", t.scheduled],
	["expired", t.expired],
	["revoked", t.revoked],
	["all", t.all],
] as const;

function filterHere(): Filter {
	const q = place.value.query;
	return { state: q.get("state") ?? "active", q: q.get("q") ?? "", mine: q.get("mine") ?? "" };
}

function Filters({ f }: { f: Filter }) {
	return (
		<div class="row dl-filters">
			<form
				class="dl-search"
				onSubmit={(e) => {
					e.preventDefault();
					const number = readNumber(f.q);
					if (number !== null) navigate(hrefOf(number));
				}}
			>
				<input
					class="in"
					type="search"
					aria-label={t.search()}
					placeholder={t.search_placeholder()}
					value={f.q}
					onInput={(e) => setQuery({ q: e.currentTarget.value })}
				/>
			</form>
			<button
				type="button"
				class="chip"
				aria-pressed={f.mine !== ""}
				onClick={() => setQuery({ mine: f.mine === "" ? "1" : null }, { push: true })}
			>
				{t.mine()}
			</button>
			<div class="row sp dl-states" role="group" aria-label={t.filter()}>
				{states.map(([state, name]) => (
					<button
						key={state}
						type="button"
						class="chip"
						aria-pressed={f.state === state}
						onClick={() => setQuery({ state: state === "active" ? null : state }, { push: true })}
					>
						{name()}
					</button>
				))}
			</div>
		</div>
	);
}

function Undelivered({ list }: { list: Row[] }) {
	const bad = list.filter((r) => r.attention === "mail-failed");
	if (bad.length === 0) return null;
	return (
		<Notice tone="stop" title={t.failed_title({ n: bad.length })}>
			<ul>
				{bad.slice(0, 5).map((r) => (
					<li key={r.delivery}>
						<a href={hrefOf(r.delivery)}>{r.subject || r.delivery}</a>
					</li>
				))}
			</ul>
		</Notice>
	);
}

function Nothing({ f }: { f: Filter }) {
	const filtered = f.q !== "" || f.mine !== "" || f.state !== "active";
	if (filtered)
		return (
			<Empty icon="ticket" title={t.nothing()}>
				<Button onClick={() => setQuery({ state: null, q: null, mine: null }, { push: true })}>
					{t.reset()}
				</Button>
			</Empty>
		);
	// those that are over are not shown by default: only who has none at all has sent nothing yet
	const none = counts.value?.deliveries === 0;
	return (
		<Empty
			icon="ticket"
			title={none ? t.empty() : t.empty_active()}
			text={none ? t.empty_text() : ""}
		>
			<a class="btn" href="/app/deliveries?state=all">
				{t.all()}
			</a>
		</Empty>
	);
}

function RevokeButton({ row, ask }: { row: Row; ask: (a: RevokeAsk) => void }) {
	if (!may("send") || row.state === "revoked" || row.state === "expired") return null;
	return (
		<Button
			look="danger"
			label={t.revoke_name({ number: row.delivery })}
			onClick={() => ask({ number: row.delivery, recipient: null, delivery: null })}
		>
			{t.revoke()}
		</Button>
	);
}

export function DeliveryList() {
	const f = filterHere();
	const [ask, setAsk] = useState<RevokeAsk | null>(null);
	const asked = JSON.stringify(f);
	const list = rows.value;
	useEffect(() => {
		const timer = setTimeout(() => loadRows(f), f.q === "" ? 0 : 200);
		return () => clearTimeout(timer);
	}, [asked]);
	return (
		<div class="main">
			<h1 tabIndex={-1}>{t.title()}</h1>
			<Filters f={f} />
			{listProblem.value && (
				<Notice
					tone="stop"
					title={listProblem.value.code === "offline" ? t.offline() : t.failed()}
					alert
				>
					<Button onClick={() => loadRows(f)}>{t.again()}</Button>
				</Notice>
			)}
			{list === null && listProblem.value === null && <Skeleton lines={6} />}
			{list !== null && <Undelivered list={list} />}
			{list?.length === 0 && !loading.value && <Nothing f={f} />}
			{list !== null && list.length > 0 && (
				<div class={loading.value ? "dl-asking" : undefined}>
					<DeliveryRows
						rows={list}
						caption={t.title()}
						action={(r) => <RevokeButton row={r} ask={setAsk} />}
					/>
				</div>
			)}
			{more.value && (
				<Button
					busy={loading.value}
					onClick={(e) => {
						focusRest(
							e.currentTarget,
							e.currentTarget.previousElementSibling?.querySelector("tbody"),
						);
						void loadRows(f, true);
					}}
				>
					{t.more()}
				</Button>
			)}
			{ask && <RevokeDialog ask={ask} close={() => setAsk(null)} done={() => loadRows(f)} />}
		</div>
	);
}
