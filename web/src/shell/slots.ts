// SPDX-License-Identifier: AGPL-3.0-or-later
// What features put into the shell, and the small facts that the shell shows of them.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { get } from "../api/client";

/** Below the navigation of the rail: the library's folders. */
export const railSlot = signal<ComponentChildren>(null);
/** What "Hochladen" does; the library sets it while it is there, else it is opened first. */
export const upload = signal<(() => void) | null>(null);

export interface BasketFacts {
	count: number;
	bytes: number;
}
export const basket = signal<BasketFacts>({ count: 0, bytes: 0 });

/** The sheet over any screen. */
export const basketOpen = signal(false);

export interface Counts {
	assets: number;
	deliveries: number;
	active: number;
}
export const counts = signal<Counts | null>(null);

/** The numbers of rail and top bar; a server that has none leaves them out. */
export async function refreshFacts() {
	const [b, o] = await Promise.allSettled([
		get<{ cards: unknown[]; bytes: number }>("/basket"),
		get<{ counts: Counts }>("/overview"),
	]);
	if (b.status === "fulfilled")
		basket.value = { count: b.value.cards.length, bytes: b.value.bytes };
	if (o.status === "fulfilled") counts.value = o.value.counts;
}
