// SPDX-License-Identifier: AGPL-3.0-or-later
// The basket: it lies on the server, so it is the same on every device and survives signing
// out.  Changes are shown at once and mended when the server says otherwise.
import { signal } from "@preact/signals";
import { get, post } from "../../api/client";
import type { Schema } from "../../api/types";
import { turns } from "../../core/turn";
import { basketOpen, basket as facts } from "../../shell/slots";

export type Basket = Schema<"Basket">;

type Count = Schema<"BasketState">;

export { basketOpen };

/** null: not loaded yet. */
export const basket = signal<Basket | null>(null);

// The server answers in the order of the requests only if they go one after the other.
const inTurn = turns();

// Here, and its number in the shell.
function show(b: Basket) {
	basket.value = b;
	facts.value = { count: b.cards.length, bytes: b.bytes };
}

export function loadBasket(): Promise<void> {
	return inTurn(async () => {
		show(await get<Basket>("/basket"));
	});
}

// What the server says is the truth, also after a refusal; its files only once they were shown.
async function change(body: Record<string, unknown>): Promise<Count> {
	try {
		const now = await inTurn(() => post<Count>("/basket", body));
		facts.value = now;
		return now;
	} finally {
		if (basket.value !== null) loadBasket().catch(() => undefined);
	}
}

export function addToBasket(ids: string[]): Promise<Count> {
	return change({ add: ids });
}

export function removeFromBasket(ids: string[]): Promise<Count> {
	const now = basket.value;
	if (now) {
		const cards = now.cards.filter((c) => !ids.includes(c.id));
		show({ ...now, cards, bytes: cards.reduce((n, c) => n + c.bytes, 0) });
	}
	return change({ remove: ids });
}

/** Also forgets the files that are gone. */
export function clearBasket(): Promise<Count> {
	show({ cards: [], gone: 0, bytes: 0 });
	return change({ clear: true });
}
