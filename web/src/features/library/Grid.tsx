// SPDX-License-Identifier: AGPL-3.0-or-later
// The grid class inside Preact: it gets listings and cards, and tells what was chosen.
import { computed, effect, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as select from "../../core/selection";
import type { Listing } from "../../core/wire";
import { announce } from "../../dom/announce";
import { type GridHost, VirtualGrid } from "../../dom/vgrid";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { entry, move, onLeave } from "../../router";
import { faceOf } from "./face";
import {
	card,
	cardsStamp,
	cursor,
	listed,
	listing,
	loaded,
	pendingAgain,
	selection,
	wantCards,
	wantedList,
	way,
} from "./state";

export interface GridProps {
	onOpen: (index: number) => void;
	onKey: (e: KeyboardEvent) => boolean;
	/** the cursor came to it; `chosen`: and it alone is what is chosen */
	onActive: (index: number, chosen?: boolean) => void;
	onMenu: (x: number, y: number) => void;
	/** the grid for those who scroll to a file: viewer, upload */
	take: (grid: VirtualGrid | null) => void;
}

/** Files by number, since others may have come before them meanwhile. */
interface Kept {
	/** the first in view, how far it is scrolled out, the one under the cursor */
	top: string;
	by: number;
	at: string;
	/** what is chosen: the files, or of more than FEW their places in this listing */
	chosen: (string | select.Range)[];
	stamp: string;
}

const FEW = 500;

const kept = () => (entry().library as Kept | undefined) ?? null;

function keep(grid: VirtualGrid) {
	const { selection: s, listing: l } = grid;
	const { index, by } = grid.mark_();
	const library: Kept = {
		top: String(l.ids[index] ?? 0n),
		by,
		at: String(l.ids[grid.active] ?? 0n),
		chosen: s.count <= FEW ? select.ids(s, l.ids) : s.ranges.slice(0, FEW),
		stamp: String(l.stamp),
	};
	history.replaceState({ ...entry(), library }, "");
}

function chosenThen(was: Kept, l: Listing): select.Selection {
	const ranges = was.chosen.filter((c) => typeof c !== "string");
	if (ranges.length > 0) return was.stamp === String(l.stamp) ? select.of(ranges) : select.NONE;
	const ids = BigUint64Array.from(was.chosen as string[], BigInt);
	return select.carried(select.all(ids.length), ids, l.ids);
}

/** Something modal may still be in the way. */
function focusSoon(el: HTMLElement, tries = 25) {
	el.focus({ preventScroll: true });
	if (document.activeElement !== el && el.isConnected && tries > 0)
		setTimeout(() => focusSoon(el, tries - 1), 40);
}

/** Back: the same place, the same files chosen, the focus where it was. */
function restore(grid: VirtualGrid, was: Kept) {
	const { ids } = grid.listing;
	const at = ids.indexOf(BigInt(was.at));
	grid.set(chosenThen(was, grid.listing), Math.max(0, at));
	grid.restore(Math.max(0, ids.indexOf(BigInt(was.top))), was.by);
	focusSoon(grid.el);
}

let landing: string | null = null;
/** Back from something that lay over the listing, to this file instead of the one before. */
export function backTo(id: string) {
	landing = id;
	history.back();
}

function land(grid: VirtualGrid) {
	const there = landing === null ? -1 : grid.listing.ids.indexOf(BigInt(landing));
	landing = null;
	if (there < 0) return;
	grid.set(grid.selection, there);
	grid.reveal(there);
	focusSoon(grid.el);
}

function live(grid: VirtualGrid): () => void {
	let timer = 0;
	let stopPending = () => {};
	const soon = () => {
		clearTimeout(timer);
		timer = window.setTimeout(write, 180);
	};
	/** Only what is restored may be kept, and only in the entry it belongs to. */
	const write = () => {
		clearTimeout(timer);
		if (shown === move.value && listed.value === wantedList.value) keep(grid);
	};
	const hold = () => clearTimeout(timer);
	let shown = -1;
	const stops = [
		effect(() => {
			const l = listing.value;
			const w = way.value;
			const now = move.value; // not the whole place: the open file is in it, too
			if (!loaded.value) return;
			grid.show(l, w);
			if (listed.value !== wantedList.value || shown === now) return;
			shown = now;
			const was = kept();
			untracked(() => {
				if (was) restore(grid, was);
				land(grid);
			});
		}),
		effect(() => {
			void cardsStamp.value;
			void language.value;
			grid.refresh();
			const inWindow = grid.inWindow();
			void wantCards(inWindow).catch(() => undefined);
			stopPending();
			stopPending = pendingAgain(inWindow, () => grid.refresh());
		}),
		effect(() => {
			void selection.value;
			void cursor.value;
			soon();
		}),
	];
	addEventListener("scroll", soon, { passive: true });
	addEventListener("popstate", hold);
	addEventListener("pagehide", write);
	const stay = onLeave(write);
	return () => {
		clearTimeout(timer);
		stopPending();
		removeEventListener("scroll", soon);
		stay();
		removeEventListener("popstate", hold);
		removeEventListener("pagehide", write);
		for (const stop of stops) stop();
	};
}

const isChosen = computed(() => selection.value.count > 0);

/** The bar goes with what was chosen; the focus that was in it comes to the listing. */
function useFocusOfBar(grid: { current: VirtualGrid | null }) {
	const chosen = isChosen.value;
	useEffect(() => {
		if (!chosen && document.activeElement === document.body)
			grid.current?.el.focus({ preventScroll: true });
	}, [chosen]);
}

export function Grid(p: GridProps) {
	const place_ = useRef<HTMLDivElement>(null);
	const made = useRef<VirtualGrid | null>(null);
	useFocusOfBar(made);
	const now = useRef(p);
	now.current = p;
	useEffect(() => {
		let count = 0;
		let at = -1;
		const host: GridHost = {
			face: (id) => {
				const c = card(id);
				return c && faceOf(c);
			},
			want: (ids) => void wantCards(ids).catch(() => undefined),
			open: (index) => now.current.onOpen(index),
			key: (e) => now.current.onKey(e),
			menu: (_, x, y) => now.current.onMenu(x, y),
			changed(s, active, byHand) {
				selection.value = s;
				cursor.value = active;
				if (byHand && s.count !== count)
					announce(s.count > 0 ? t.chosen({ n: s.count }) : t.chosen_none(), "chosen");
				count = s.count;
				const alone = s.count === 1 && s.ranges[0]?.[0] === active;
				if (byHand && (alone || (active !== at && at >= 0))) now.current.onActive(active, alone);
				at = active;
			},
		};
		const grid = new VirtualGrid(host, t.files_label());
		place_.current?.append(grid.el);
		history.scrollRestoration = "manual";
		now.current.take(grid);
		made.current = grid;
		const stop = live(grid);
		return () => {
			stop();
			now.current.take(null);
			grid.destroy();
			grid.el.remove();
		};
	}, []);
	return <div ref={place_} />;
}
