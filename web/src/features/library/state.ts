// SPDX-License-Identifier: AGPL-3.0-or-later
// The library's state: what the address says is shown, the listing it gives, the cards that
// came, what is chosen. The address is the state; this follows it.
import { batch, computed, signal } from "@preact/signals";
import { callRaw, get, inside, post, Problem } from "../../api/client";
import type { Card } from "../../api/types";
import type { Way } from "../../core/layout";
import * as select from "../../core/selection";
import { decode, EMPTY, type Listing } from "../../core/wire";
import type { Folder } from "../../core/words";
import { whenIdle } from "../../dom/idle";
import { entry, place } from "../../router";

export interface Filters {
	folder: string | null;
	q: string;
	state: string;
	class: string;
	type: string;
	keyword: string;
	sort: string;
	trash: boolean;
}

let before: Filters | null = null;
/** The same object as before while nothing in it is another: the open file is in the address, too. */
export const filters = computed<Filters>(() => {
	const q = place.value.query;
	const now: Filters = {
		folder: q.get("folder"),
		q: q.get("q") ?? "",
		state: q.get("state") ?? "",
		class: q.get("class") ?? "",
		type: q.get("type") ?? "",
		keyword: q.get("keyword") ?? "",
		sort: q.get("sort") ?? "newest",
		trash: q.get("trash") === "1",
	};
	if (before === null || JSON.stringify(before) !== JSON.stringify(now)) before = now;
	return before;
});
export const filtered = computed(() => {
	const f = filters.value;
	return [f.q, f.state, f.class, f.type, f.keyword].some((v) => v !== "");
});

const WAYS: readonly string[] = ["cards", "gallery", "list"];
export const way = computed<Way>(() => {
	const w = place.value.query.get("view") ?? "cards";
	return WAYS.includes(w) ? (w as Way) : "cards";
});
/** The file whose details are open, and whether it is shown large. */
export const openFile = computed(() => place.value.query.get("file"));
export const viewing = computed(() => place.value.query.get("look") === "1");

export const listing = signal<Listing>(EMPTY);
/** Why the listing could not be loaded the last time; null: it was, or is being loaded first. */
export const failure = signal<Problem | null>(null);
export const loaded = signal(false);
export const busy = signal(false);
export const folders = signal<Folder[]>([]);
export const selection = signal(select.NONE);
export const cursor = signal(0);

// cards

const PAGE = 200;
const KEPT = 4000;
const cards = new Map<string, Card>();
/** Changed since they came: shown until the new ones are there. */
const stale = new Set<string>();
/** The request a card is awaited from; forget() ends the wait, and that answer counts no more. */
const asked = new Map<string, number>();
let requests = 0;
/** counts up whenever cards came or were forgotten */
export const cardsStamp = signal(0);
const BOUNDS = { retry: 4000, dim: 150, look: 30 };

export const card = (id: bigint | string): Card | undefined => cards.get(String(id));

const missing = (id: string) => (!cards.has(id) || stale.has(id)) && !asked.has(id);

/** Takes what is still awaited from this request; true when something is another than before. */
function take(ids: readonly string[], got: readonly Card[], request: number): boolean {
	const came = new Map(got.map((c) => [c.id, c]));
	let changed = false;
	for (const id of ids) {
		if (asked.get(id) !== request) continue;
		const c = came.get(id);
		stale.delete(id);
		if (cards.delete(id) || c) changed = true;
		if (c) cards.set(id, c);
	}
	const oldest = cards.keys();
	while (cards.size > KEPT) cards.delete(oldest.next().value ?? "");
	return changed;
}

export async function wantCards(ids: readonly (bigint | string)[], signal?: AbortSignal) {
	const wanted = [...new Set(ids.map(String))].filter(missing);
	for (let at = 0; at < wanted.length; at += PAGE) {
		const part = wanted.slice(at, at + PAGE);
		const request = ++requests;
		for (const id of part) asked.set(id, request);
		try {
			const got = await post<{ cards: Card[] }>("/assets/cards", { ids: part });
			if (take(part, got.cards, request)) cardsStamp.value++;
		} finally {
			for (const id of part) if (asked.get(id) === request) asked.delete(id);
		}
		if (signal?.aborted) return;
	}
}

/** They were changed: whoever shows them asks again, and hears cardsStamp until then. */
export function forget(ids: readonly string[]) {
	for (const id of ids) {
		if (cards.has(id)) stale.add(id);
		asked.delete(id);
	}
	cardsStamp.value++;
}

const unfinished = (c?: Card) =>
	c?.preview === "pending" || c?.reasons.some((r) => r.code === "ingest-pending") === true;

/** What is still being read, or its picture made: ask again while it is in view. */
export function pendingAgain(ids: readonly bigint[], again: () => void): () => void {
	const pending = ids.map(String).filter((id) => unfinished(cards.get(id)));
	if (pending.length === 0) return () => undefined;
	const timer = setTimeout(() => {
		for (const id of pending) stale.add(id);
		void wantCards(pending).then(again, () => undefined);
	}, BOUNDS.retry);
	return () => clearTimeout(timer);
}

// listing

let etag = "";
/** The filters that the listing is of; "" before the first. */
export const listed = signal("");
export const wantedList = computed(() => JSON.stringify(filters.value));
let running: AbortController | null = null;
let slow = 0;

/** Of a listing that is not shown yet, so many come first: the answer is small, however many there are. */
const FIRST = 200;

/** One answer: all of the listing, or the first of it. */
async function askListing(first: number | null, signal: AbortSignal) {
	const now = wantedList.value;
	const query = { ...(first !== null && { first }), ...filters.value };
	const headers: Record<string, string> = { Accept: "application/octet-stream" };
	if (etag !== "" && now === listed.value) headers["If-None-Match"] = etag;
	const answer = await callRaw("GET", "/assets/layout", { query, headers, signal });
	const data = answer.status === 304 ? null : await inside(answer, (a) => a.arrayBuffer());
	if (signal.aborted) return;
	batch(() => {
		if (data) {
			etag = answer.headers.get("ETag") ?? "";
			listed.value = now;
			listing.value = decode(data, first ?? undefined);
		}
		failure.value = null;
		loaded.value = true;
	});
}

/** What lies in view comes before the rest of the listing. */
async function afterView(signal: AbortSignal) {
	while (asked.size > 0 && !signal.aborted) await new Promise((go) => setTimeout(go, BOUNDS.look));
	await new Promise<void>((go) => whenIdle(go));
}

/** Of the first screen: asked for while the page is still being made. */
const AHEAD = 24;
let isPrepared = false;

/** The listing and its first cards, before the screen that shows them is there. */
export async function prepare() {
	isPrepared = true;
	const first = loadListing();
	const stop = listing.subscribe((l) => {
		if (l.ids.length > 0) void wantCards([...l.ids.subarray(0, AHEAD)]).catch(() => undefined);
	});
	await first;
	stop();
}

/** As the screen begins: what prepare() has asked for is not asked for again. */
export function beginListing() {
	if (!isPrepared) void loadListing();
	isPrepared = false;
}

export async function loadListing() {
	running?.abort();
	const mine = new AbortController();
	running = mine;
	clearTimeout(slow);
	slow = window.setTimeout(() => {
		busy.value = true;
	}, BOUNDS.dim);
	try {
		// who comes back may have been further down
		if (wantedList.value !== listed.value && entry().library === undefined) {
			await askListing(FIRST, mine.signal);
			clearTimeout(slow);
			busy.value = false;
			if (listing.value.whole) return;
			await afterView(mine.signal);
		}
		if (!mine.signal.aborted) await askListing(null, mine.signal);
	} catch (e) {
		if (mine.signal.aborted) return;
		failure.value = e instanceof Problem ? e : new Problem(0, "layout", "", String(e), {}, 0);
	} finally {
		if (running === mine) {
			clearTimeout(slow);
			busy.value = false;
		}
	}
}

let folderTurn = 0;

/** An answer that a newer request has overtaken is not looked at. */
export async function loadFolders() {
	const mine = ++folderTurn;
	try {
		const got = await get<Folder[]>("/folders");
		if (mine === folderTurn) folders.value = got;
	} catch {
		// the tree is a help, not a need; the listing says what is wrong
	}
}

export async function reload() {
	await Promise.all([loadListing(), loadFolders()]);
}

// what is chosen

export interface Summary {
	/** the rest counts what was looked at; false while the choice is too large for it */
	known: boolean;
	bytes: number;
	conditions: number;
	blocked: number;
	review: number;
}

const LOOK_AT = 2000;

/** Bytes and verdicts of the choice; fetches the cards it needs, up to LOOK_AT. */
export async function summarise(s: select.Selection, stop: AbortSignal): Promise<Summary> {
	const sum: Summary = {
		known: s.count <= LOOK_AT,
		bytes: 0,
		conditions: 0,
		blocked: 0,
		review: 0,
	};
	if (!sum.known) return sum;
	const ids = select.ids(s, listing.value.ids);
	await wantCards(ids, stop);
	for (const id of ids) {
		const c = cards.get(id);
		if (!c) continue;
		sum.bytes += c.bytes;
		if (c.verdict === "conditions") sum.conditions++;
		if (c.verdict === "blocked") sum.blocked++;
		if (c.verdict === "in_review") sum.review++;
	}
	return sum;
}

export const chosenIds = () => select.ids(selection.value, listing.value.ids);
