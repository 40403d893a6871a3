// SPDX-License-Identifier: AGPL-3.0-or-later
// What of a listing is drawn, and where: how large files are shown so that the view holds at
// most NODES elements, which rows are in it, where to scroll to see one, what a key means, and
// the scroll way that stands for a longer one above TALLEST. No element is touched here.
import { beside, boxOf, type Layout, layOut, rowAt, type Way } from "./layout";

export const NODES = 400;
/** The elements of one file. */
export const PER_CELL = 7;
/** Browsers end elements near 17.9 M px; above this the scroll way stands for a longer one. */
export const TALLEST = 8e6;
/** Of the bars that lie over the lower end of the view. */
const BAR = 88;
const EDGE = 12;
const NARROW = 480;

const SIZES: Record<Way, { size: number; gap: number; rowGap: number; caption: number }> = {
	cards: { size: 184, gap: 16, rowGap: 24, caption: 66 },
	gallery: { size: 176, gap: 12, rowGap: 20, caption: 66 },
	list: { size: 48, gap: 0, rowGap: 0, caption: 0 },
};
const SMALL: Record<Way, object> = {
	cards: { size: 150, gap: 12, rowGap: 16 },
	gallery: { size: 140, gap: 12, rowGap: 16 },
	list: {},
};

/** Rows [from, to) and their files [first, last). */
export interface Span {
	from: number;
	to: number;
	first: number;
	last: number;
}

/** The rows that a view of this height touches, and one more on either side. */
export function span(l: Layout, top: number, view: number): Span {
	const from = Math.max(0, rowAt(l, top) - 1);
	const to = Math.min(l.rows, rowAt(l, top + view) + 2);
	return { from, to, first: l.first[from] ?? 0, last: l.first[to] ?? 0 };
}

/** How many files are drawn at most, wherever the view begins: just above each row's end. */
function most(l: Layout, view: number): number {
	const lowest = Math.max(0, l.height - view);
	let n = 0;
	let last = 0;
	for (let row = 0; row < l.rows; row++) {
		const end = Math.min((l.top[row + 1] ?? 0) - 1e-3, lowest) + view;
		while (last + 1 < l.rows && (l.top[last + 1] ?? 0) <= end) last++;
		n = Math.max(
			n,
			(l.first[Math.min(l.rows, last + 2)] ?? 0) - (l.first[Math.max(0, row - 1)] ?? 0),
		);
	}
	return n;
}

/** On large screens files grow, so that those in view never need more elements. */
export function fitted(ratios: Uint8Array, way: Way, width: number, view: number): Layout {
	const space = { way, width, ...SIZES[way], ...(width < NARROW && SMALL[way]) };
	let layout = layOut(ratios, space);
	while (way !== "list" && most(layout, view) * PER_CELL + 2 > NODES && space.size < width) {
		space.size = Math.ceil(space.size * 1.12);
		layout = layOut(ratios, { ...space });
	}
	return layout;
}

/** How tall the element is that is scrolled. */
export const tall = (l: Layout) => Math.min(l.height, TALLEST);

// How many px of the layout one px of scrolling is worth.
const scale = (l: Layout, view: number) =>
	l.height > TALLEST ? (l.height - view) / (TALLEST - view) : 1;

/** The begin of the view in the layout, from how far the element is scrolled; and back. */
export const placeOf = (l: Layout, scrolled: number, view: number) => scrolled * scale(l, view);
export const scrollOf = (l: Layout, place: number, view: number) => place / scale(l, view);

/** Where the view should begin so that a file is seen; null: it is. */
export function revealing(l: Layout, index: number, top: number, view: number): number | null {
	const box = boxOf(l, index);
	const high = box.h + l.space.caption;
	if (box.y < top + EDGE) return box.y - EDGE;
	if (box.y + high > top + view - BAR) return box.y + high - view + BAR;
	return null;
}

/** With the file in the middle of the view. */
export function centring(l: Layout, index: number, view: number): number {
	const box = boxOf(l, index);
	return box.y - (view - box.h - l.space.caption) / 2;
}

/** Rows of one page, for the keys that leaf. */
export const pageOf = (l: Layout, top: number, view: number) =>
	Math.max(1, rowAt(l, top + view) - rowAt(l, top) - 1);

/** The file that a key leads to, held within the listing; null: the key leads nowhere. */
export function goal(
	l: Layout,
	key: string,
	at: number,
	how: { page: number; rtl: boolean },
): number | null {
	const on = how.rtl ? -1 : 1;
	const ways: Record<string, () => number> = {
		ArrowLeft: () => at - on,
		ArrowRight: () => at + on,
		ArrowUp: () => beside(l, at, -1),
		ArrowDown: () => beside(l, at, 1),
		PageUp: () => beside(l, at, -how.page),
		PageDown: () => beside(l, at, how.page),
		Home: () => 0,
		End: () => l.count - 1,
	};
	const to = ways[key]?.();
	return to === undefined ? null : Math.min(Math.max(0, to), l.count - 1);
}
