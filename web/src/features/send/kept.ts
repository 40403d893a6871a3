// SPDX-License-Identifier: AGPL-3.0-or-later
// Where a draft is kept until it is sent: in this tab at once (it is wiped with the rest of what
// this tab keeps when somebody else signs in, api/whose.ts), on the server a second later, so
// that another window or machine goes on with it.  Of two windows the slower is told; nothing
// it shows is lost or overwrites the other's.
import { effect, type Signal, signal } from "@preact/signals";
import { callRaw, jsonOf, Problem, remove } from "../../api/client";
import { type Draft, isTouched, readDraft } from "./draft";

const KEPT = "geleit.draft";
const ETAG = `${KEPT}.etag`;
const AFTER = 1000;

/** When the server kept it last; null: not yet. */
export const savedAt = signal<Date | null>(null);
/** Another window has kept one since. */
export const elsewhere = signal(false);

/** Of the draft this one is made from; "" before the server was asked. */
let etag = "";
/** What the server has, so that it is not sent again; "": nothing. */
let same = "";
/** Counts the drafts of this tab: what is answered about an older one is not heard. */
let turn = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let pending: (() => void) | null = null;
let last: Promise<unknown> = Promise.resolve();

interface State {
	draft: (Omit<Draft, "validFrom"> & { valid_from: string }) | null;
	saved: string | null;
}
interface Answer {
	state: State;
	etag: string;
}

const textOf = (d: Draft) =>
	JSON.stringify([d.to, d.subject, d.message, d.lang, d.expires, d.validFrom, d.limit]);

async function answered(answer: Promise<Response>): Promise<Answer> {
	const a = await answer;
	return { state: await jsonOf<State>(a), etag: a.headers.get("ETag") ?? "" };
}

/** From here on this tab's draft is made from that one. */
function follow(a: Answer) {
	etag = a.etag;
	sessionStorage.setItem(ETAG, etag);
	savedAt.value = a.state.saved === null ? null : new Date(a.state.saved);
}

function unfollow() {
	sessionStorage.removeItem(ETAG);
	savedAt.value = null;
	etag = "";
	same = "";
}

function fromServer({ state }: Answer, fresh: Draft): Draft | null {
	if (state.draft === null) return null;
	const { valid_from: validFrom, ...rest } = state.draft;
	return readDraft(JSON.stringify({ ...rest, validFrom }), fresh);
}

/** This tab's own where there is one, and whether another window has gone on meanwhile. */
export async function takeUpDraft(draft: Signal<Draft>) {
	const mine = turn;
	const kept = readDraft(sessionStorage.getItem(KEPT), draft.value);
	etag ||= sessionStorage.getItem(ETAG) ?? "";
	elsewhere.value = false;
	if (!isTouched(draft.value) && kept !== null) draft.value = kept;
	// what is being kept comes first: it would look like another window's
	const asked = last.then(() => answered(callRaw("GET", "/draft"))).catch(() => null);
	last = asked;
	const a = await asked;
	if (a === null || mine !== turn) return;
	const theirs = fromServer(a, draft.value);
	const text = theirs === null ? "" : textOf(theirs);
	const own = isTouched(draft.value);
	if (own && theirs !== null && a.etag !== etag && text !== textOf(draft.value)) {
		elsewhere.value = true;
		return;
	}
	follow(a);
	same = text;
	if (!own && theirs !== null) draft.value = theirs;
}

async function save(d: Draft, mine: number) {
	const text = textOf(d);
	if (mine !== turn || elsewhere.value || text === same) return;
	if (!isTouched(d) && same === "") return;
	const { validFrom, ...rest } = d;
	const headers = etag === "" ? {} : { "If-Match": etag };
	try {
		const body = { ...rest, valid_from: validFrom };
		const a = await answered(callRaw("PUT", "/draft", { body, headers }));
		if (mine !== turn) return;
		follow(a);
		same = text;
		// an emptied one goes; after its PUT no other window's goes with it
		if (isTouched(d)) return;
		await remove("/draft");
		if (mine === turn) unfollow();
	} catch (e) {
		// anything else is tried again with the next letter; this tab has it
		if (mine === turn && e instanceof Problem && e.status === 412) elsewhere.value = true;
	}
}

/** What the other window has kept, instead of what is here; a Problem when it cannot be had. */
export async function loadOther(draft: Signal<Draft>) {
	const mine = turn;
	const a = await answered(callRaw("GET", "/draft"));
	if (mine !== turn) return;
	const theirs = fromServer(a, draft.value);
	follow(a);
	same = theirs === null ? "" : textOf(theirs);
	elsewhere.value = false;
	if (theirs !== null) draft.value = theirs;
}

function flush() {
	clearTimeout(timer);
	pending?.();
	pending = null;
}

/** Keeps it with every change; ends with the function returned. */
export function keepDraft(draft: Signal<Draft>): () => void {
	const end = effect(() => {
		const d = draft.value;
		if (isTouched(d)) sessionStorage.setItem(KEPT, JSON.stringify(d));
		else if (sessionStorage.getItem(KEPT) !== null) sessionStorage.removeItem(KEPT);
		else return;
		const mine = turn;
		clearTimeout(timer);
		pending = () => {
			last = last.then(() => save(d, mine));
		};
		timer = setTimeout(flush, AFTER);
	});
	return () => {
		end();
		flush();
	};
}

/** Sent, or begun anew. */
export function dropDraft() {
	turn++;
	clearTimeout(timer);
	pending = null;
	sessionStorage.removeItem(KEPT);
	unfollow();
	elsewhere.value = false;
	last = last.then(() => remove("/draft").catch(() => undefined));
}
