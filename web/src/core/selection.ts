// SPDX-License-Identifier: AGPL-3.0-or-later
// What is chosen in a listing: sorted, disjoint ranges of positions, never one entry per file,
// so that "all 100,000" is one range. Values do not change; every act gives a new one.
export type Range = readonly [from: number, to: number];

export interface Selection {
	readonly ranges: readonly Range[];
	readonly count: number;
	/** where a range begins with Shift */
	readonly anchor: number;
}

export const NONE: Selection = { ranges: [], count: 0, anchor: -1 };

function made(ranges: readonly Range[], anchor: number): Selection {
	return { ranges, count: ranges.reduce((n, [a, b]) => n + b - a, 0), anchor };
}

/** Sorted and joined where they touch. */
function joined(ranges: Range[]): Range[] {
	const out: [number, number][] = [];
	for (const [a, b] of [...ranges].sort((x, y) => x[0] - y[0])) {
		const last = out[out.length - 1];
		if (a >= b) continue;
		if (last && a <= last[1]) last[1] = Math.max(last[1], b);
		else out.push([a, b]);
	}
	return out;
}

function without(ranges: readonly Range[], [from, to]: Range): Range[] {
	const out: Range[] = [];
	for (const [a, b] of ranges) {
		if (a < from) out.push([a, Math.min(b, from)]);
		if (b > to) out.push([Math.max(a, to), b]);
	}
	return out;
}

export function has(s: Selection, index: number): boolean {
	let low = 0;
	let high = s.ranges.length - 1;
	while (low <= high) {
		const mid = (low + high) >> 1;
		const [a, b] = s.ranges[mid] ?? [0, 0];
		if (index < a) high = mid - 1;
		else if (index >= b) low = mid + 1;
		else return true;
	}
	return false;
}

/** Ranges as they were kept. */
export const of = (ranges: readonly Range[]): Selection => made(ranges, ranges[0]?.[0] ?? -1);

/** A plain click: this one alone. */
export const only = (index: number): Selection => made([[index, index + 1]], index);

/** Ctrl or Space: this one changes, the others stay. */
export function toggle(s: Selection, index: number): Selection {
	const one: Range = [index, index + 1];
	return made(has(s, index) ? without(s.ranges, one) : joined([...s.ranges, one]), index);
}

/** Shift: from the anchor to here; `add` (with Ctrl) keeps the others. */
export function extend(s: Selection, index: number, add = false): Selection {
	const from = s.anchor < 0 ? index : s.anchor;
	const range: Range = [Math.min(from, index), Math.max(from, index) + 1];
	return made(add ? joined([...s.ranges, range]) : [range], from);
}

/** The rubber band over what was chosen when it began. */
export function band(begin: Selection, touched: readonly Range[], add: boolean): Selection {
	return made(joined(add ? [...begin.ranges, ...touched] : [...touched]), begin.anchor);
}

export const all = (count: number): Selection => (count > 0 ? made([[0, count]], 0) : NONE);

export function ids(s: Selection, of: BigUint64Array, limit = Infinity): string[] {
	const out: string[] = [];
	for (const [a, b] of s.ranges)
		for (let i = a; i < b && i < of.length; i++) {
			if (out.length >= limit) return out;
			out.push(String(of[i]));
		}
	return out;
}

/** Where the file at `at` is in a listing that changed; gone: the next that is still there, or the
 * last before it. */
export function follow(at: number, from: BigUint64Array, to: BigUint64Array): number {
	const same = to.indexOf(from[at] ?? 0n);
	if (same >= 0 || from.length === 0) return same;
	const places = new Map<bigint, number>();
	for (let i = 0; i < to.length; i++) places.set(to[i] ?? 0n, i);
	const placeOf = (i: number) => places.get(from[i] ?? 0n);
	for (let i = at + 1; i < from.length; i++) {
		const found = placeOf(i);
		if (found !== undefined) return found;
	}
	for (let i = at - 1; i >= 0; i--) {
		const found = placeOf(i);
		if (found !== undefined) return found;
	}
	return -1;
}

/** The same files in a listing that changed; those no longer in it are no longer chosen. */
export function carried(s: Selection, from: BigUint64Array, to: BigUint64Array): Selection {
	if (s.count === 0) return NONE;
	const chosen = new Set<bigint>();
	for (const [a, b] of s.ranges)
		for (let i = a; i < b && i < from.length; i++) chosen.add(from[i] ?? 0n);
	const ranges: [number, number][] = [];
	for (let i = 0; i < to.length; i++) {
		if (!chosen.has(to[i] ?? 0n)) continue;
		const last = ranges[ranges.length - 1];
		if (last && last[1] === i) last[1] = i + 1;
		else ranges.push([i, i + 1]);
	}
	const anchor = s.anchor >= 0 ? to.indexOf(from[s.anchor] ?? 0n) : -1;
	return made(ranges, anchor);
}
