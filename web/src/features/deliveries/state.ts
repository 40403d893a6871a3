// SPDX-License-Identifier: AGPL-3.0-or-later
// Deliveries: the list by what the address says, and one delivery that is looked at again by
// itself, soon while something moves and seldom while nothing does.
import { signal } from "@preact/signals";
import { get, post, Problem } from "../../api/client";
import type { Card, Schema } from "../../api/types";
import {
	type FileProgress,
	joined,
	type MailOf,
	type Progress,
	pollAfter,
	type RecipientState,
	type Told,
} from "../../core/delivery";

export type DeliveryState = "scheduled" | "active" | "expired" | "revoked";

export type Row = Schema<"DeliveryRow">;

export interface Recipient {
	address: string;
	state: RecipientState;
	progress: Progress;
	/** null: too many are told of all recipients; see loadFiles */
	files: FileProgress[] | null;
	mail: MailOf | null;
	opened: string | null;
	verified: string | null;
	/** for colleagues; "": none was given */
	revoke_reason: string;
}

export interface DeliveryFile {
	asset: string;
	version: string;
	name: string;
	bytes: number;
	card: Card | null;
}

export interface Event {
	id: string;
	kind: string;
	at: string;
	recipient: string | null;
	version: string | null;
	bytes: number | null;
}

export type Delivery = Schema<"Delivery">;

export interface Filter {
	state: string;
	q: string;
	mine: string;
}

const PAGE = 50;

export const rows = signal<Row[] | null>(null);
export const more = signal(false);
export const loading = signal(false);
export const listProblem = signal<Problem | null>(null);

let asked = 0;

/** The first page by a filter, or what comes behind the rows that are there. */
export async function loadRows(f: Filter, behind = false): Promise<void> {
	const mine = ++asked;
	const have = behind ? (rows.value ?? []) : [];
	loading.value = true;
	try {
		const before = have.at(-1)?.delivery;
		const state = f.state === "all" ? "" : f.state;
		const page = await get<Row[]>("/deliveries", {
			state,
			q: f.q,
			mine: f.mine,
			before,
			limit: PAGE,
		});
		if (mine !== asked) return;
		rows.value = [...have, ...page];
		more.value = page.length === PAGE;
		listProblem.value = null;
	} catch (e) {
		if (mine === asked && e instanceof Problem) listProblem.value = e;
	} finally {
		if (mine === asked) loading.value = false;
	}
}

// ---- one delivery ----

export const delivery = signal<Delivery | null>(null);
export const deliveryProblem = signal<Problem | null>(null);
/** Of the same one: the newest events, and those before that were asked for. */
export const history = signal<Told<Event>>({ before: 0, events: [] });

/** The one that is looked at. */
let watched = "";
let turn = 0;

/** An answer about another one, or that a newer question has overtaken, is not looked at. */
export async function loadDelivery(number: string): Promise<void> {
	const mine = ++turn;
	const counts = () => mine === turn && number === watched;
	try {
		const d = await get<Delivery>(`/deliveries/${encodeURIComponent(number)}`);
		if (!counts()) return;
		delivery.value = d;
		history.value = joined(history.value, { before: d.events_before, events: d.events });
		deliveryProblem.value = null;
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		if (counts()) deliveryProblem.value = e;
	}
}

/** Looks again and again until the function returned is called; not while nobody looks. */
export function watchDelivery(number: string): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let over = false;
	let looking = false;
	if (number !== watched) {
		delivery.value = null;
		deliveryProblem.value = null;
		history.value = { before: 0, events: [] };
		watched = number;
	}
	const look = async () => {
		if (looking || over) return;
		clearTimeout(timer);
		looking = true;
		try {
			if (document.visibilityState === "visible") await loadDelivery(number);
		} finally {
			looking = false;
			if (!over) timer = setTimeout(look, pollAfter(delivery.value?.recipients ?? []));
		}
	};
	const back = () => {
		if (document.visibilityState === "visible") void look();
	};
	document.addEventListener("visibilitychange", back);
	void look();
	return () => {
		over = true;
		clearTimeout(timer);
		document.removeEventListener("visibilitychange", back);
	};
}

const at = (number: string) => `/deliveries/${encodeURIComponent(number)}`;

/** How far each file came with one recipient. */
export async function loadFiles(number: string, address: string): Promise<FileProgress[]> {
	const d = await get<Delivery>(at(number), { recipient: address });
	return d.recipients[0]?.files ?? [];
}

/** The events before those that are known. `last` is called before they are shown, if there are none before. */
export async function loadEarlier(number: string, last: () => void): Promise<void> {
	const d = await get<Delivery>(at(number), { events_until: history.value.before });
	if (number !== watched) return;
	const all = joined({ before: d.events_before, events: d.events }, history.value);
	if (all.before === 0) last();
	history.value = all;
}

export async function revoke(
	number: string,
	recipient: string | null,
	reason: string,
): Promise<void> {
	await post(`${at(number)}/revoke`, {
		...(recipient !== null && { recipient }),
		...(reason.trim() !== "" && { reason: reason.trim() }),
	});
}

export async function extend(number: string, expires: string): Promise<void> {
	await post(`${at(number)}/extend`, { expires });
}

/** mail: the new link goes out; without, it is in the answer. */
export function newLink(
	number: string,
	address: string,
	mail: boolean,
): Promise<{ link: string | null }> {
	return post(`${at(number)}/link`, { address, ...(mail && { mail: true }) });
}
