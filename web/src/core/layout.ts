// SPDX-License-Identifier: AGPL-3.0-or-later
// Where every picture of a listing stands: a row table in typed arrays, so that 100,000 files
// cost some ten milliseconds and no objects. Three ways: `cards` (columns of equal width),
// `gallery` (rows filled by the pictures' own shape), `list` (one to a row).
export type Way = "cards" | "gallery" | "list";

export interface Space {
	way: Way;
	width: number;
	gap: number;
	/** between rows */
	rowGap: number;
	/** below each picture, for line, name and state */
	caption: number;
	/** least width of a card, height wanted of a gallery row, height of a list row */
	size: number;
	/** list: columns are no pictures; cards: height of the picture by its width */
	shape?: number;
}

export interface Layout {
	space: Space;
	ratios: Uint8Array;
	count: number;
	rows: number;
	/** rows + 1: the first file of each row */
	first: Uint32Array;
	/** rows + 1: where each row begins, px */
	top: Float64Array;
	height: number;
}

export interface Box {
	x: number;
	y: number;
	w: number;
	/** of the picture; the caption comes on top of it */
	h: number;
}

const LEAST = 0.75;
const MOST = 2.6;

/** w/h of each byte of the wire, held within what a row can show. */
export const RATIO: Float64Array = Float64Array.from({ length: 256 }, (_, v) =>
	Math.min(MOST, Math.max(LEAST, 2 ** ((v - 128) / 42.5))),
);

function even(ratios: Uint8Array, space: Space, columns: number, step: number): Layout {
	const count = ratios.length;
	const rows = Math.ceil(count / columns);
	const first = new Uint32Array(rows + 1);
	const top = new Float64Array(rows + 1);
	for (let r = 0; r <= rows; r++) {
		first[r] = Math.min(count, r * columns);
		top[r] = r * step;
	}
	return {
		space,
		ratios,
		count,
		rows,
		first,
		top,
		height: Math.max(0, rows * step - space.rowGap),
	};
}

function justified(ratios: Uint8Array, space: Space): Layout {
	const { width, gap, size } = space;
	const count = ratios.length;
	let first = new Uint32Array(Math.ceil(count / 2) + 2);
	let top = new Float64Array(first.length);
	let rows = 0;
	let y = 0;
	let at = 0;
	while (at < count) {
		let sum = 0;
		let n = 0;
		while (at + n < count) {
			const next = RATIO[ratios[at + n] ?? 128] ?? 1;
			const with_ = (width - gap * n) / (sum + next);
			if (n > 0 && with_ < size && size - with_ > (width - gap * (n - 1)) / sum - size) break;
			sum += next;
			n++;
			if (with_ <= size) break;
		}
		const h = Math.min((width - gap * (n - 1)) / sum, at + n < count ? Infinity : size);
		if (rows + 2 >= first.length) {
			const more = new Uint32Array(first.length * 2);
			const tops = new Float64Array(first.length * 2);
			more.set(first);
			tops.set(top);
			first = more;
			top = tops;
		}
		first[rows] = at;
		top[rows] = y;
		rows++;
		at += n;
		y += Math.round(h) + space.caption + space.rowGap;
	}
	first[rows] = count;
	top[rows] = y;
	return {
		space,
		ratios,
		count,
		rows,
		first: first.subarray(0, rows + 1),
		top: top.subarray(0, rows + 1),
		height: Math.max(0, y - space.rowGap),
	};
}

export const columnsOf = (s: Space) =>
	s.way === "list"
		? 1
		: Math.max(s.width < 2 * s.size ? 2 : 1, Math.floor((s.width + s.gap) / (s.size + s.gap)));

const cardWidth = (s: Space) => (s.width - s.gap * (columnsOf(s) - 1)) / columnsOf(s);

export function layOut(ratios: Uint8Array, space: Space): Layout {
	if (space.way === "gallery") return justified(ratios, space);
	if (space.way === "list") return even(ratios, space, 1, space.size + space.rowGap);
	const h = Math.round(cardWidth(space) * (space.shape ?? 0.75));
	return even(ratios, space, columnsOf(space), h + space.caption + space.rowGap);
}

/** The row at a height, the last one below the end. */
export function rowAt(l: Layout, y: number): number {
	let low = 0;
	let high = l.rows - 1;
	while (low < high) {
		const mid = (low + high + 1) >> 1;
		if ((l.top[mid] ?? 0) <= y) low = mid;
		else high = mid - 1;
	}
	return Math.max(0, low);
}

/** The row of a file. */
export function rowOf(l: Layout, index: number): number {
	let low = 0;
	let high = l.rows - 1;
	while (low < high) {
		const mid = (low + high + 1) >> 1;
		if ((l.first[mid] ?? 0) <= index) low = mid;
		else high = mid - 1;
	}
	return Math.max(0, low);
}

/** Calls `each` with every file of a row and its box; the box is one object, reused. */
export function eachOf(l: Layout, row: number, each: (index: number, box: Box) => void) {
	const from = l.first[row] ?? 0;
	const to = l.first[row + 1] ?? from;
	const y = l.top[row] ?? 0;
	const h = (l.top[row + 1] ?? y) - y - l.space.caption - l.space.rowGap;
	const box: Box = { x: 0, y, w: 0, h: l.space.way === "list" ? l.space.size : h };
	let x = 0;
	for (let i = from; i < to; i++) {
		const w =
			l.space.way === "list"
				? l.space.width
				: l.space.way === "cards"
					? cardWidth(l.space)
					: h * (RATIO[l.ratios[i] ?? 128] ?? 1);
		box.x = Math.round(x);
		box.w = Math.min(Math.round(x + w), l.space.width) - box.x;
		each(i, box);
		x += w + l.space.gap;
	}
}

export function boxOf(l: Layout, index: number): Box {
	let found: Box = { x: 0, y: 0, w: 0, h: 0 };
	eachOf(l, rowOf(l, index), (i, box) => {
		if (i === index) found = { ...box };
	});
	return found;
}

/** The file in the row `by` rows further whose middle is nearest: what the arrow keys mean. */
export function beside(l: Layout, index: number, by: number): number {
	const here = boxOf(l, index);
	const row = Math.min(l.rows - 1, Math.max(0, rowOf(l, index) + by));
	const middle = here.x + here.w / 2;
	let best = index;
	let least = Infinity;
	if (row === rowOf(l, index)) return index;
	eachOf(l, row, (i, box) => {
		const away = Math.abs(box.x + box.w / 2 - middle);
		if (away < least) {
			least = away;
			best = i;
		}
	});
	return best;
}

/** Ranges [from, to) of the files a rectangle touches: the rubber band. */
export function touched(
	l: Layout,
	a: { x: number; y: number },
	b: { x: number; y: number },
): [number, number][] {
	const [x0, x1] = a.x < b.x ? [a.x, b.x] : [b.x, a.x];
	const [y0, y1] = a.y < b.y ? [a.y, b.y] : [b.y, a.y];
	const ranges: [number, number][] = [];
	if (l.count === 0 || y1 < 0 || y0 > l.height) return ranges;
	for (let r = rowAt(l, y0); r < l.rows && (l.top[r] ?? 0) <= y1; r++)
		eachOf(l, r, (i, box) => {
			if (box.x > x1 || box.x + box.w < x0 || box.y + box.h + l.space.caption < y0) return;
			const last = ranges[ranges.length - 1];
			if (last && last[1] === i) last[1] = i + 1;
			else ranges.push([i, i + 1]);
		});
	return ranges;
}
