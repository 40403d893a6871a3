// SPDX-License-Identifier: AGPL-3.0-or-later
// Where a draft is kept until it is sent: in this tab at once (it is wiped with the rest of what
// this tab keeps when somebody else signs in, api/whose.ts), on the server a second later, so
// that another window or machine goes on with it.  Of two windows the slower is told; nothing
// it shows is lost or overwrites the other's.
import { effect, type Signal, signal } from "@preact/signals";
import { callRaw, Problem, remove } from "../../api/client";
import { type Draft, isTouched, readDraft } from "./draft";

const KEPT = "geleit.draft";
const AFTER = 1000;

/** When the server kept it last; null: not yet. */
export const savedAt = signal<Date | null>(null);
/** Another window has kept one since. */
export const elsewhere = signal(false);

/** Of the draft this one is made from; "" before the server was asked. */
let etag = "";
/** What the server has, so that it is not sent again. */
let same = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let last: Promise<unknown> = Promise.resolve();

interface State {
	draft: (Omit<Draft, "validFrom"> & { valid_from: string }) | null;
	saved: string | null;
}

async function answered(answer: Promise<Response>): Promise<State> {
	const a = await answer;
	const state = (await a.json()) as State;
	etag = a.headers.get("ETag") ?? "";
	sessionStorage.setItem(`${KEPT}.etag`, etag);
	savedAt.value = state.saved === null ? null : new Date(state.saved);
	return state;
}

function fromServer(state: State, fresh: Draft): Draft | null {
	if (state.draft === null) return null;
	const { valid_from: validFrom, ...rest } = state.draft;
	return readDraft(JSON.stringify({ ...rest, validFrom }), fresh);
}

/** This tab's own, unless another window has gone on with it meanwhile. */
export async function takeUpDraft(draft: Signal<Draft>) {
	const kept = readDraft(sessionStorage.getItem(KEPT), draft.value);
	const known = sessionStorage.getItem(`${KEPT}.etag`);
	elsewhere.value = false;
	if (!isTouched(draft.value) && kept !== null) draft.value = kept;
	const state = await answered(callRaw("GET", "/draft")).catch(() => null);
	const theirs = state === null ? null : fromServer(state, draft.value);
	same = theirs === null ? "" : JSON.stringify(theirs);
	if (theirs !== null && (!isTouched(draft.value) || (known !== null && known !== etag)))
		draft.value = theirs;
}

async function save(d: Draft) {
	const text = JSON.stringify(d);
	if (elsewhere.value || text === same) return;
	const { validFrom, ...rest } = d;
	const headers = etag === "" ? {} : { "If-Match": etag };
	try {
		await answered(callRaw("PUT", "/draft", { body: { ...rest, valid_from: validFrom }, headers }));
		same = text;
	} catch (e) {
		// anything else is tried again with the next letter; this tab has it
		if (e instanceof Problem && e.status === 412) elsewhere.value = true;
	}
}

/** What the other window has kept, instead of what is here. */
export async function loadOther(draft: Signal<Draft>) {
	const state = await answered(callRaw("GET", "/draft"));
	const theirs = fromServer(state, draft.value) ?? draft.value;
	same = JSON.stringify(theirs);
	draft.value = theirs;
	elsewhere.value = false;
}

/** Keeps it with every change; ends with the function returned. */
export function keepDraft(draft: Signal<Draft>): () => void {
	return effect(() => {
		const d = draft.value;
		clearTimeout(timer);
		if (!isTouched(d)) return;
		sessionStorage.setItem(KEPT, JSON.stringify(d));
		timer = setTimeout(() => {
			last = last.then(() => save(d));
		}, AFTER);
	});
}

/** Sent, or begun anew. */
export function dropDraft() {
	clearTimeout(timer);
	for (const part of ["", ".etag"]) sessionStorage.removeItem(KEPT + part);
	savedAt.value = null;
	elsewhere.value = false;
	etag = "";
	same = "";
	last = last.then(() => remove("/draft").catch(() => undefined));
}
