// SPDX-License-Identifier: AGPL-3.0-or-later
// The send screen's signals: files (of the basket, or those the address names), draft, the last
// check, and the send itself.  The draft outlives the screen, so that a look at a file loses
// nothing, and the window, too (kept.ts).
import { computed, effect, signal } from "@preact/signals";
import { call, get, post, Problem } from "../../api/client";
import { session } from "../../api/session";
import type { Card, Schema } from "../../api/types";
import { domainOf } from "../../core/address";
import {
	type CheckLine,
	changedFiles,
	type FileVerdict,
	groupLines,
	stops,
	summarise,
} from "../../core/verdict";
import { t } from "../../gen/i18n/send";
import { language } from "../../i18n";
import { refreshFacts } from "../../shell/slots";
import { toast } from "../../ui/Toast";
import { addToBasket, basket, loadBasket, removeFromBasket } from "../basket/state";
import { type Body, bodyOf, type Draft, faultsOf, freshDraft, keyKeeper } from "./draft";
import { dropDraft } from "./kept";

export type Sent = Schema<"Sent">;

export type Contact = Schema<"ContactRow">;

const DEBOUNCE = 300;

/** As the server has it; the app begins with the session. */
const fresh = () => freshDraft(language.value, session.value?.delivery_days ?? 14);
export const draft = signal<Draft>(fresh());
/** What the address names; null: it is the basket's files. */
let wanted: string[] | null = null;
const named = signal<Card[] | null>(null);
export const loaded = signal(false);
export const filesProblem = signal<Problem | null>(null);
export const files = computed<Card[]>(() =>
	loaded.value ? (named.value ?? basket.value?.cards ?? []) : [],
);
export const bytes = computed(() => files.value.reduce((n, c) => n + c.bytes, 0));

export const checked = signal<FileVerdict[] | null>(null);
export const checking = signal(false);
export const changed = signal<ReadonlySet<string>>(new Set());
export const problem = signal<Problem | null>(null);
export const sending = signal(false);
export const sent = signal<Sent | null>(null);
export const contacts = signal<ReadonlyMap<string, Contact>>(new Map());
export const knownDomains = signal<ReadonlySet<string>>(new Set());

/** Until somebody is named, a file's own verdict stands in for the check. */
function ownVerdict(c: Card): FileVerdict {
	const reasons = c.reasons.map((r) => ({ ...r, addresses: [], everyone: true }));
	return groupLines([{ asset: c.id, address: "", state: c.verdict, reasons }])[0] as FileVerdict;
}

export const verdicts = computed<FileVerdict[]>(() => {
	const have = new Map((checked.value ?? []).map((v) => [v.asset, v]));
	const rows = files.value.map((c) => have.get(c.id) ?? ownVerdict(c));
	const rank = { blocked: 0, in_review: 1, conditions: 2, cleared: 3 };
	return rows.sort((a, b) => rank[a.state] - rank[b.state]);
});
export const summary = computed(() => summarise(verdicts.value));
export const faults = computed(() => faultsOf(draft.value, files.value.length));
export const complete = computed(
	() => Object.keys(faults.value).length === 0 && summary.value.stopped === 0,
);
/** Asked to send while a check runs: it is sent when that has nothing against it. */
export const waiting = signal(false);

export function edit(change: Partial<Draft>) {
	draft.value = { ...draft.value, ...change };
	problem.value = null;
	waiting.value = false;
}

/** Out of what is sent, and out of the basket if it came from there; the answer undoes it. */
export async function takeOut(ids: readonly string[]): Promise<() => Promise<unknown>> {
	waiting.value = false;
	const before = named.value;
	if (before === null) {
		await removeFromBasket([...ids]);
		return () => addToBasket([...ids]);
	}
	const show = (cards: Card[]) => {
		named.value = cards;
		wanted = cards.map((c) => c.id);
	};
	show(before.filter((c) => !ids.includes(c.id)));
	const out = before.filter((c) => ids.includes(c.id));
	return async () => named.value !== null && show([...named.value, ...out]);
}

let loading = 0;

/** ids: the files that the address names; null: those of the basket. */
export async function loadFiles(ids: string[] | null) {
	const mine = ++loading;
	wanted = ids;
	try {
		let cards: Card[] | null = [];
		if (ids === null) {
			await loadBasket();
			cards = null;
		} else if (ids.length > 0) {
			cards = (await post<{ cards: Card[] }>("/assets/cards", { ids })).cards;
		}
		if (mine !== loading) return;
		named.value = cards;
		loaded.value = true;
		filesProblem.value = null;
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		if (mine === loading) filesProblem.value = e;
	}
}

/** A file may have been cleared in the meantime: asked again when the window comes back. */
export async function reloadFiles() {
	await loadFiles(wanted);
	await check();
}

/** Counts the times the screen was left; what was asked before is not answered on it. */
let visit = 0;

/** The draft stays; what was sent, what went wrong and the files that were named do not. */
export function leaveScreen() {
	visit++;
	loading++;
	sent.value = null;
	problem.value = null;
	filesProblem.value = null;
	waiting.value = false;
	if (named.value !== null) loaded.value = false;
	named.value = null;
}

// ---- the check ----

let running: AbortController | null = null;

export async function check(): Promise<void> {
	const assets = files.value.map((c) => c.id);
	const to = draft.value.to;
	running?.abort();
	if (assets.length === 0 || to.length === 0) {
		checked.value = null;
		checking.value = false;
		waiting.value = false;
		return;
	}
	const mine = new AbortController();
	running = mine;
	checking.value = true;
	try {
		const answer = await call<{ lines: CheckLine[] }>("POST", "/check", {
			body: { assets, to },
			signal: mine.signal,
		});
		checked.value = groupLines(answer.lines);
	} catch (e) {
		if (running !== mine || !(e instanceof Problem)) return;
		problem.value = e;
		waiting.value = false;
	} finally {
		if (running === mine) checking.value = false;
	}
	if (running === mine && waiting.value) sendChecked();
}

/** Checks whenever files or recipients change; ends with the function returned. */
export function keepChecking(): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const asked = computed(() => JSON.stringify([files.value.map((c) => c.id), draft.value.to]));
	const stop = effect(() => {
		asked.value;
		changed.value = new Set();
		clearTimeout(timer);
		timer = setTimeout(check, DEBOUNCE);
	});
	return () => {
		stop();
		clearTimeout(timer);
	};
}

// ---- remembered addresses ----

function remember(list: Contact[]) {
	contacts.value = new Map([
		...contacts.value,
		...list.map((c): [string, Contact] => [c.address.toLowerCase(), c]),
	]);
	const used = list.filter((c) => c.deliveries > 0).map((c) => domainOf(c.address));
	knownDomains.value = new Set([...knownDomains.value, ...used]);
}

export async function findContacts(q: string): Promise<Contact[]> {
	const list = await get<Contact[]>("/contacts", { q });
	remember(list);
	return list;
}

/** Whether anything was ever sent to the domains of these addresses. */
export async function learnDomains(addresses: readonly string[]) {
	const unknown = new Set(addresses.map(domainOf).filter((d) => !knownDomains.value.has(d)));
	await Promise.all([...unknown].map((d) => findContacts(d)));
}

// ---- sending ----

const keyFor = keyKeeper(() => crypto.randomUUID());

function refused(e: Problem) {
	const lines = e.members["lines"];
	if (e.code === "not-cleared" && Array.isArray(lines)) {
		const now = groupLines(lines as CheckLine[]);
		changed.value = new Set(changedFiles(verdicts.value, now));
		checked.value = now;
	}
	problem.value = e;
}

/** Now, or when the check that runs has ended. */
export function sendChecked() {
	waiting.value = checking.value && complete.value;
	if (complete.value && !checking.value && !sending.value) void send();
}

async function send(): Promise<void> {
	const body: Body = bodyOf(
		draft.value,
		files.value.map((c) => c.id),
	);
	const mine = visit;
	const ofBasket = named.value === null;
	sending.value = true;
	problem.value = null;
	try {
		const done = await call<Sent>("POST", "/deliveries", {
			body,
			headers: { "Idempotency-Key": keyFor(body) },
		});
		if (mine === visit) sent.value = done;
		else toast(t.sent({ number: done.delivery }));
		forget();
		if (ofBasket) await removeFromBasket(body.assets).catch(() => undefined);
		void refreshFacts();
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		if (mine === visit) refused(e);
		else toast(t["not-sent"](), { error: true });
	} finally {
		sending.value = false;
	}
}

export function forget() {
	dropDraft();
	draft.value = fresh();
	checked.value = null;
	changed.value = new Set();
}

/** Files that keep the rest from going. */
export const stoppedFiles = computed(() =>
	verdicts.value.filter((v) => stops(v.state)).map((v) => v.asset),
);
