// SPDX-License-Identifier: AGPL-3.0-or-later
// The listing of the library: a listbox over any number of files that holds at most 400 nodes.
// It draws the rows in view and one more on either side (where: core/window.ts). What left the
// view stays until another file needs its elements (vcell.ts): to hide and show costs more than
// the file. One tab stop: the listbox has the focus, aria-activedescendant names the file.
import { eachOf, type Layout, rowAt, rowOf, type Way } from "../core/layout";
import * as select from "../core/selection";
import {
	centring,
	fitted,
	NODES,
	PER_CELL,
	placeOf,
	revealing,
	type Span,
	scrollOf,
	span,
	tall,
} from "../core/window";
import { EMPTY, type Listing } from "../core/wire";
import { Cell, type Face } from "./vcell";
import { type Held, hands } from "./vhands";

export type { Face } from "./vcell";

export interface GridHost {
	/** the face of a file, undefined until its card is there */
	face(id: bigint): Face | undefined;
	/** these cards will be shown: fetch what is missing, then call refresh() */
	want(ids: bigint[]): void;
	open(index: number): void;
	/** the file under the cursor or the choice changed; by hand, or with the listing */
	changed(selection: select.Selection, active: number, byHand: boolean): void;
	/** a key the grid has no use for: b, s, i, Delete, ... ; true when used */
	key(e: KeyboardEvent): boolean;
	menu(index: number, x: number, y: number): void;
}

const REST_MS = 60;

function listbox(label: string): HTMLElement {
	const el = document.createElement("div");
	el.className = "vg";
	el.setAttribute("role", "listbox");
	el.setAttribute("aria-multiselectable", "true");
	el.setAttribute("aria-label", label);
	el.tabIndex = 0;
	return el;
}

export class VirtualGrid implements Held {
	readonly el: HTMLElement;
	listing: Listing = EMPTY;
	layout: Layout = fitted(new Uint8Array(0), "cards", 1, 1);
	selection: select.Selection = select.NONE;
	active = 0;
	way: Way = "cards";
	private readonly cells = new Map<number, Cell>();
	private readonly spare: Cell[] = [];
	private readonly host: GridHost;
	private readonly observer: ResizeObserver;
	private readonly prefix: string;
	private readonly stop = new AbortController();
	private frame = 0;
	private width = 0;
	private offset = 0;
	private view = 0;
	private wanted = 0;

	constructor(host: GridHost, label: string, prefix = "g") {
		this.host = host;
		this.prefix = prefix;
		this.el = listbox(label);
		const o = { signal: this.stop.signal };
		addEventListener("scroll", () => this.schedule(), { ...o, passive: true });
		addEventListener("resize", () => this.schedule(true), o);
		this.el.addEventListener("focus", () => this.draw(), o);
		hands(this, this.stop.signal);
		this.observer = new ResizeObserver(() => this.schedule(true));
		this.observer.observe(this.el);
	}

	destroy() {
		this.stop.abort();
		this.observer.disconnect();
		cancelAnimationFrame(this.frame);
		clearTimeout(this.wanted);
	}

	/** Another listing: choice and cursor stay with their files as far as they are in it. */
	show(listing: Listing, way: Way = this.way) {
		const { ids, whole } = this.listing;
		const all = !whole && this.selection.count === ids.length;
		const kept = all
			? select.all(listing.ids.length)
			: select.carried(this.selection, ids, listing.ids);
		const place = select.follow(this.active, ids, listing.ids);
		if (way === this.way) this.stay(listing);
		else this.freeAll();
		for (const cell of this.spare) cell.displace();
		this.listing = listing;
		this.way = way;
		this.active = Math.max(0, place);
		this.selection = kept;
		for (const cell of this.cells.values()) this.state(cell);
		this.measure();
		this.draw(false, 0);
		// who holds on to a cell of the old listing learns that it is gone, and looks again
		for (const cell of this.spare.splice(0)) cell.el.remove();
		this.host.changed(kept, this.active, false);
	}

	set(selection: select.Selection, active = this.active) {
		this.selection = selection;
		this.active = Math.min(Math.max(0, active), Math.max(0, this.listing.ids.length - 1));
		for (const cell of this.cells.values()) this.state(cell);
		this.pointAt();
		this.host.changed(selection, this.active, true);
	}

	/** Cards came or changed. */
	refresh() {
		for (const cell of this.cells.values()) {
			const was = cell.face;
			cell.fill(this.host.face(cell.id), this.way);
			if (cell.face !== was) cell.load(this.way);
		}
	}

	/** Scrolls as little as needed to see a file. */
	reveal(index: number, middle = false) {
		if (this.layout.count === 0) return;
		const to = middle
			? centring(this.layout, index, this.view)
			: revealing(this.layout, index, this.virtual(), this.view);
		if (to !== null) this.goto(to);
		this.draw();
	}

	/** The files that are drawn now. */
	inWindow(): bigint[] {
		return [...this.cells.values()].map((c) => c.id);
	}

	/** The first file in view, and how far it is scrolled out: what "back" restores. */
	mark_(): { index: number; by: number } {
		const top = this.virtual();
		const row = rowAt(this.layout, Math.max(0, top));
		return { index: this.layout.first[row] ?? 0, by: top - (this.layout.top[row] ?? 0) };
	}

	restore(index: number, by: number) {
		this.measure();
		this.gotoFile(index, by);
		this.draw(true);
	}

	// for the hands

	sight = () => ({ top: this.virtual(), view: this.view });
	shift = () => this.virtual() - (scrollY - this.offset);
	open = (index: number) => this.host.open(index);
	menu = (index: number, x: number, y: number) => this.host.menu(index, x, y);
	key = (e: KeyboardEvent) => this.host.key(e);

	cellOf(el: Element): Cell | undefined {
		for (const cell of this.cells.values()) if (cell.el === el) return cell;
		return undefined;
	}

	// where things are

	/** Begin of the view in the layout's own px. */
	private virtual(): number {
		return placeOf(this.layout, scrollY - this.offset, this.view);
	}

	private goto(place: number) {
		const to = scrollOf(this.layout, place, this.view);
		scrollTo({ top: Math.max(0, to + this.offset), behavior: "instant" });
	}

	private gotoFile(index: number, by: number) {
		this.goto((this.layout.top[rowOf(this.layout, index)] ?? 0) + by);
	}

	private measure() {
		const box = this.el.getBoundingClientRect();
		this.offset = Math.max(0, box.top + scrollY);
		this.view = innerHeight;
		this.width = Math.max(1, Math.floor(this.el.clientWidth));
		this.layout = fitted(this.listing.ratios, this.way, this.width, this.view);
		this.el.dataset["way"] = this.way;
		this.el.style.height = `${tall(this.layout)}px`;
	}

	private schedule(measure = false) {
		if (measure) this.width = 0;
		if (this.frame !== 0) return;
		this.frame = requestAnimationFrame(() => {
			this.frame = 0;
			const moved = this.width === 0;
			if (moved) this.measureAgain();
			this.draw(moved);
		});
	}

	/** What is in view stays in view. */
	private measureAgain() {
		const kept = this.offset > 0 && scrollY > this.offset ? this.mark_() : null;
		this.measure();
		if (kept) this.gotoFile(kept.index, kept.by);
	}

	// drawing

	/** moved: what is out of view is no longer where it was; rest: how long the view has to */
	private draw(moved = false, rest = REST_MS) {
		if (this.layout.count === 0) {
			this.freeAll();
			this.trim();
			return this.pointAt();
		}
		const s = span(this.layout, this.virtual(), this.view);
		if (moved || this.shift() !== 0) for (const cell of [...this.outside(s)]) this.free(cell);
		this.rows(s);
		this.trim();
		this.pointAt();
		this.ask(s, rest);
	}

	private *outside(s: Span) {
		for (const cell of this.cells.values())
			if (cell.index < s.first || cell.index >= s.last) yield cell;
	}

	/** A cell that another file can have. */
	private unused(s: Span): Cell | undefined {
		const found = this.outside(s).next().value;
		if (found) this.free(found);
		return this.spare.pop();
	}

	private rows(s: Span) {
		const shift = -this.shift();
		for (let row = s.from; row < s.to; row++)
			eachOf(this.layout, row, (index, box) => {
				const cell = this.cells.get(index) ?? this.take(index, s);
				cell.place(box, Math.round(box.y + shift), this.way);
			});
	}

	private take(index: number, s: Span): Cell {
		const cell = this.spare.pop() ?? this.unused(s) ?? this.made();
		this.cells.set(index, cell);
		cell.take(index, this.listing.ids[index] ?? 0n, this.layout.count, this.prefix);
		this.state(cell);
		cell.fill(this.host.face(cell.id), this.way);
		return cell;
	}

	private made(): Cell {
		const cell = new Cell();
		this.el.append(cell.el);
		return cell;
	}

	private free(cell: Cell) {
		this.cells.delete(cell.index);
		cell.free();
		this.spare.push(cell);
	}

	/** What stands where it stood keeps its elements, and its picture. */
	private stay(listing: Listing) {
		for (const cell of [...this.cells.values()])
			if (listing.ids[cell.index] !== cell.id) this.free(cell);
			else cell.take(cell.index, cell.id, listing.ids.length, this.prefix);
	}

	private freeAll() {
		for (const cell of [...this.cells.values()]) this.free(cell);
	}

	/** Spare nodes count, too; those kept are out of the way. */
	private trim() {
		const room = Math.max(0, Math.floor(NODES / PER_CELL) - this.cells.size);
		while (this.spare.length > room) this.spare.pop()?.el.remove();
		for (const cell of this.spare) cell.hide();
	}

	private state(cell: Cell) {
		cell.state(select.has(this.selection, cell.index), cell.index === this.active);
	}

	private pointAt() {
		const cell = this.cells.get(this.active);
		if (cell) this.el.setAttribute("aria-activedescendant", cell.el.id);
		else this.el.removeAttribute("aria-activedescendant");
	}

	/** Cards are asked for when the view rests, so that a throw through 100,000 asks for none. */
	private ask(s: Span, rest: number) {
		clearTimeout(this.wanted);
		if (rest === 0) this.want(s);
		else this.wanted = window.setTimeout(() => this.want(s), rest);
	}

	private want(s: Span) {
		const ids: bigint[] = [];
		for (let i = s.first; i < s.last; i++) {
			const id = this.listing.ids[i];
			if (id !== undefined && this.host.face(id) === undefined) ids.push(id);
		}
		if (ids.length > 0) this.host.want(ids);
		for (let i = s.first; i < s.last; i++) this.cells.get(i)?.load(this.way);
	}
}
