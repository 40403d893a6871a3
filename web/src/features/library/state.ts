// SPDX-License-Identifier: AGPL-3.0-or-later
// The library's state: what the address says is shown, the listing it gives, the cards that
// came, what is chosen. The address is the state; this follows it.
import { computed, signal } from "@preact/signals";
import { callRaw, get, post, Problem } from "../../api/client";
import type { Card } from "../../api/types";
import type { Way } from "../../core/layout";
import * as select from "../../core/selection";
import { decode, EMPTY, type Listing } from "../../core/wire";
import type { Folder } from "../../core/words";
import { place } from "../../router";

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

export const filters = computed<Filters>(() => {
	const q = place.value.query;
	return {
		folder: q.get("folder"),
		q: q.get("q") ?? "",
		state: q.get("state") ?? "",
		class: q.get("class") ?? "",
		type: q.get("type") ?? "",
		keyword: q.get("keyword") ?? "",
		sort: q.get("sort") ?? "newest",
		trash: q.get("trash") === "1",
	};
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
/** undefined: never loaded */
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
const asked = new Set<string>();
/** counts up whenever cards came or were forgotten */
export const cardsStamp = signal(0);
const BOUNDS = { retry: 4000 };

export const card = (id: bigint | string): Card | undefined => cards.get(String(id));

export async function wantCards(ids: readonly (bigint | string)[], signal?: AbortSignal) {
	const missing = ids.map(String).filter((id) => !cards.has(id) && !asked.has(id));
	for (let at = 0; at < missing.length; at += PAGE) {
		const part = missing.slice(at, at + PAGE);
		for (const id of part) asked.add(id);
		try {
			const got = await post<{ cards: Card[] }>("/assets/cards", { ids: part });
			for (const c of got.cards) cards.set(c.id, c);
			const oldest = cards.keys();
			while (cards.size > KEPT) cards.delete(oldest.next().value ?? "");
			cardsStamp.value++;
		} finally {
			for (const id of part) asked.delete(id);
		}
		if (signal?.aborted) return;
	}
}

export function forget(ids: readonly string[]) {
	for (const id of ids) cards.delete(id);
	cardsStamp.value++;
}

/** Pictures that are still being made: ask again while they are in view. */
export function pendingAgain(ids: readonly bigint[], again: () => void): () => void {
	const pending = ids.map(String).filter((id) => cards.get(id)?.preview === "pending");
	if (pending.length === 0) return () => undefined;
	const timer = setTimeout(() => {
		for (const id of pending) cards.delete(id);
		void wantCards(pending).then(again, () => undefined);
	}, BOUNDS.retry);
	return () => clearTimeout(timer);
}

// listing

let etag = "";
let key = "";
let running: AbortController | null = null;

export async function loadListing() {
	const f = filters.value;
	const query = { ...f, folder: f.folder, trash: f.trash };
	const now = JSON.stringify(query);
	running?.abort();
	const mine = new AbortController();
	running = mine;
	busy.value = true;
	try {
		const headers: Record<string, string> = { Accept: "application/octet-stream" };
		if (etag !== "" && now === key) headers["If-None-Match"] = etag;
		const answer = await callRaw("GET", "/assets/layout", { query, headers, signal: mine.signal });
		if (answer.status !== 304) {
			const data = await answer.arrayBuffer();
			if (mine.signal.aborted) return;
			etag = answer.headers.get("ETag") ?? "";
			key = now;
			listing.value = decode(data);
		}
		failure.value = null;
		loaded.value = true;
	} catch (e) {
		if (mine.signal.aborted) return;
		failure.value = e instanceof Problem ? e : new Problem(0, "layout", "", String(e), {}, 0);
	} finally {
		if (running === mine) busy.value = false;
	}
}

export async function loadFolders() {
	try {
		folders.value = await get<Folder[]>("/folders");
	} catch {
		// the tree is a help, not a need; the listing says what is wrong
	}
}

export async function reload() {
	await Promise.all([loadListing(), loadFolders()]);
}

// what is chosen

export interface Summary {
	count: number;
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
		count: s.count,
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
