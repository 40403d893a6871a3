// SPDX-License-Identifier: AGPL-3.0-or-later
// The grid class inside Preact: it gets listings and cards, and tells what was chosen.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { announce } from "../../dom/announce";
import { type GridHost, VirtualGrid } from "../../dom/vgrid";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { place } from "../../router";
import { faceOf } from "./face";
import {
	card,
	cardsStamp,
	cursor,
	listing,
	loaded,
	pendingAgain,
	selection,
	wantCards,
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

interface Kept {
	index: number;
	by: number;
	active: number;
	ranges: [number, number][];
	stamp: string;
}

const kept = (): Kept | null => (history.state as { library?: Kept } | null)?.library ?? null;

function keep(grid: VirtualGrid) {
	const library: Kept = {
		...grid.mark_(),
		active: grid.active,
		ranges: grid.selection.ranges.slice(0, 500).map(([a, b]) => [a, b]),
		stamp: String(grid.listing.stamp),
	};
	history.replaceState({ ...(history.state as object | null), library }, "");
}

/** Back: the same place, the same files chosen, the focus where it was. */
function restore(grid: VirtualGrid, was: Kept) {
	if (was.stamp === String(grid.listing.stamp)) {
		const count = was.ranges.reduce((n, [a, b]) => n + b - a, 0);
		grid.set({ ranges: was.ranges, count, anchor: was.ranges[0]?.[0] ?? -1 }, was.active);
	}
	grid.restore(was.index, was.by);
	setTimeout(() => grid.el.focus({ preventScroll: true }), 80);
}

function live(grid: VirtualGrid): () => void {
	let timer = 0;
	let stopPending = () => {};
	const soon = () => {
		clearTimeout(timer);
		timer = window.setTimeout(() => keep(grid), 180);
	};
	let shown = -1;
	const stops = [
		effect(() => {
			const l = listing.value;
			const w = way.value;
			const move = place.value.move;
			if (!loaded.value) return;
			grid.show(l, w);
			const was = kept();
			if (shown !== move && was) restore(grid, was);
			shown = move;
		}),
		effect(() => {
			void cardsStamp.value;
			void language.value;
			grid.refresh();
			stopPending();
			stopPending = pendingAgain(grid.inWindow(), () => grid.refresh());
		}),
		effect(() => {
			void selection.value;
			void cursor.value;
			soon();
		}),
	];
	addEventListener("scroll", soon, { passive: true });
	return () => {
		clearTimeout(timer);
		stopPending();
		removeEventListener("scroll", soon);
		for (const stop of stops) stop();
	};
}

export function Grid(p: GridProps) {
	const place_ = useRef<HTMLDivElement>(null);
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
			changed(s, active) {
				selection.value = s;
				cursor.value = active;
				if (s.count !== count) announce(s.count > 0 ? t.chosen({ n: s.count }) : t.chosen_none());
				count = s.count;
				const alone = s.count === 1 && s.ranges[0]?.[0] === active;
				if (alone || (active !== at && at >= 0)) now.current.onActive(active, alone);
				at = active;
			},
		};
		const grid = new VirtualGrid(host, t.files_label());
		place_.current?.append(grid.el);
		history.scrollRestoration = "manual";
		now.current.take(grid);
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
