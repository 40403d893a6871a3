// SPDX-License-Identifier: AGPL-3.0-or-later
// sizes: one class; its scroll path reads best in one piece
// The listing of the library: a listbox over any number of files that holds at most 400 nodes.
// It draws the rows in view and one more on either side, moves nodes that left the view to
// where they are needed, and knows no framework. One tab stop: the listbox has the focus,
// aria-activedescendant names the file. Pictures come over their dominant colour and blurhash.
import { blurhash } from "../core/blurhash";
import {
	beside,
	boxOf,
	eachOf,
	type Layout,
	layOut,
	rowAt,
	rowOf,
	touched,
	type Way,
} from "../core/layout";
import * as select from "../core/selection";
import { EMPTY, type Listing } from "../core/wire";

export type CheckState = "ok" | "warn" | "stop" | "open" | "unchecked";

/** What a card shows; the words are ready for the screen. */
export interface Face {
	name: string;
	/** class and word of the state: ok, warn, stop, info, past */
	tone: string;
	state: string;
	bytes: string;
	kind: string;
	checks: readonly CheckState[];
	/** the checks in words, for those who do not see the line */
	spoken: string;
	colour: string | null;
	blurhash: string | null;
	/** address of the picture by its width, or null while there is none */
	picture: ((width: number) => string) | null;
	/** further columns of a list */
	folder: string;
	when: string;
}

export interface GridHost {
	/** the face of a file, undefined until its card is there */
	face(id: bigint): Face | undefined;
	/** these cards will be shown: fetch what is missing, then call refresh() */
	want(ids: bigint[]): void;
	open(index: number): void;
	/** the file under the cursor or the choice changed */
	changed(selection: select.Selection, active: number): void;
	/** a key the grid has no use for: b, s, i, Delete, ... ; true when used */
	key(e: KeyboardEvent): boolean;
	menu(index: number, x: number, y: number): void;
}

interface Cell {
	index: number;
	id: bigint;
	el: HTMLElement;
	box: HTMLElement;
	img: HTMLImageElement;
	canvas: HTMLCanvasElement | null;
	name: HTMLElement;
	tag: HTMLElement;
	bytes: HTMLElement;
	face: Face | undefined;
	where: string;
}

export const NODES = 400;
const PER_CELL = 7;
/** Browsers end elements near 17.9 M px; above this the scroll way stands for a longer one. */
const TALLEST = 8e6;
const HASH = 24;

const CHECK_FILL: Record<CheckState, string> = {
	ok: "var(--l5-ok)",
	warn: "var(--l5-warn)",
	stop: "var(--l5-stop)",
	open: "var(--l5-open)",
	unchecked: "var(--l5-unchecked)",
};

/** The Freigabelinie as one background: five parts, each by shape and colour. */
export const line5 = (checks: readonly CheckState[]) => checks.map((c) => CHECK_FILL[c]).join(",");

const SIZES: Record<Way, { size: number; gap: number; rowGap: number; caption: number }> = {
	cards: { size: 184, gap: 16, rowGap: 24, caption: 66 },
	gallery: { size: 176, gap: 12, rowGap: 20, caption: 66 },
	list: { size: 48, gap: 0, rowGap: 0, caption: 0 },
};

export class VirtualGrid {
	readonly el: HTMLElement;
	listing: Listing = EMPTY;
	layout: Layout;
	selection: select.Selection = select.NONE;
	active = 0;
	way: Way = "cards";
	private readonly cells = new Map<number, Cell>();
	private readonly spare: Cell[] = [];
	private readonly host: GridHost;
	private readonly observer: ResizeObserver;
	private readonly prefix: string;
	private frame = 0;
	private width = 0;
	private offset = 0;
	private view = 0;
	private wanted = 0;
	private readonly stop = new AbortController();
	private band: {
		x: number;
		y: number;
		begin: select.Selection;
		add: boolean;
		el: HTMLElement;
	} | null = null;

	constructor(host: GridHost, label: string, prefix = "g") {
		this.host = host;
		this.prefix = prefix;
		this.el = document.createElement("div");
		this.el.className = "vg";
		this.el.setAttribute("role", "listbox");
		this.el.setAttribute("aria-multiselectable", "true");
		this.el.setAttribute("aria-label", label);
		this.el.tabIndex = 0;
		this.layout = layOut(new Uint8Array(0), { way: "cards", width: 1, ...SIZES.cards });
		const o = { signal: this.stop.signal };
		addEventListener("scroll", () => this.schedule(), { ...o, passive: true });
		addEventListener("resize", () => this.schedule(true), o);
		this.el.addEventListener("keydown", (e) => this.onKey(e), o);
		this.el.addEventListener("click", (e) => this.onClick(e), o);
		this.el.addEventListener("dblclick", (e) => this.onDouble(e), o);
		this.el.addEventListener("contextmenu", (e) => this.onMenu(e), o);
		this.el.addEventListener("pointerdown", (e) => this.onDown(e), o);
		this.el.addEventListener("focus", () => this.draw(), o);
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
		const at = this.listing.ids[this.active];
		const kept = select.carried(this.selection, this.listing.ids, listing.ids);
		const place = at === undefined ? -1 : listing.ids.indexOf(at);
		this.listing = listing;
		this.way = way;
		this.active = Math.max(0, place);
		for (const cell of this.cells.values()) this.free(cell);
		this.cells.clear();
		this.selection = kept;
		this.measure();
		this.draw();
		this.host.changed(kept, this.active);
	}

	set(selection: select.Selection, active = this.active) {
		this.selection = selection;
		this.active = Math.min(Math.max(0, active), Math.max(0, this.listing.ids.length - 1));
		this.mark();
		this.host.changed(selection, this.active);
	}

	/** Cards came or changed. */
	refresh() {
		for (const cell of this.cells.values()) this.fill(cell);
	}

	/** Scrolls as little as needed to see a file. */
	reveal(index: number, middle = false) {
		if (this.listing.ids.length === 0) return;
		const box = boxOf(this.layout, index);
		const top = this.virtual();
		const bar = 88;
		const high = box.h + this.layout.space.caption;
		if (middle) this.goto(box.y - (this.view - high) / 2);
		else if (box.y < top + 12) this.goto(box.y - 12);
		else if (box.y + high > top + this.view - bar) this.goto(box.y + high - this.view + bar);
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
		this.goto((this.layout.top[rowOf(this.layout, index)] ?? 0) + by);
		this.draw();
	}

	// where things are

	private get scaled() {
		return this.layout.height > TALLEST;
	}

	/** Begin of the view in the layout's own px. */
	private virtual(): number {
		const y = scrollY - this.offset;
		if (!this.scaled) return y;
		return (y / (TALLEST - this.view)) * (this.layout.height - this.view);
	}

	private goto(y: number) {
		const to = this.scaled ? (y * (TALLEST - this.view)) / (this.layout.height - this.view) : y;
		scrollTo({ top: Math.max(0, to + this.offset), behavior: "instant" });
	}

	private measure() {
		const box = this.el.getBoundingClientRect();
		this.offset = Math.max(0, box.top + scrollY);
		this.view = innerHeight;
		this.width = Math.max(1, Math.floor(this.el.clientWidth));
		const s = { ...SIZES[this.way] };
		const narrow = this.width < 480;
		if (narrow && this.way !== "list")
			Object.assign(s, { gap: 12, rowGap: 16, size: this.way === "cards" ? 150 : 140 });
		let layout = layOut(this.listing.ratios, { way: this.way, width: this.width, ...s });
		// On large screens the cards grow, so that those in view never need more nodes.
		while (
			this.way !== "list" &&
			this.inView(layout) * PER_CELL + 2 > NODES &&
			s.size < this.width
		) {
			s.size = Math.ceil(s.size * 1.12);
			layout = layOut(this.listing.ratios, { way: this.way, width: this.width, ...s });
		}
		this.layout = layout;
		this.el.dataset["way"] = this.way;
		this.el.style.height = `${Math.min(layout.height, TALLEST)}px`;
	}

	/** How many cells a view holds at most, by the densest rows near the top, the middle, the end. */
	private inView(l: Layout): number {
		let most = 0;
		for (const part of [0, 0.25, 0.5, 0.75, 1]) {
			const y = Math.max(0, l.height - this.view) * part;
			const from = Math.max(0, rowAt(l, y) - 1);
			const to = Math.min(l.rows, rowAt(l, y + this.view) + 2);
			most = Math.max(most, (l.first[to] ?? 0) - (l.first[from] ?? 0));
		}
		return most + (l.space.way === "gallery" ? 4 : 0);
	}

	private schedule(measure = false) {
		if (measure) this.width = 0;
		if (this.frame !== 0) return;
		this.frame = requestAnimationFrame(() => {
			this.frame = 0;
			if (this.width !== 0) return this.draw();
			const kept = this.offset > 0 && scrollY > this.offset ? this.mark_() : null;
			this.measure();
			if (kept) this.goto((this.layout.top[rowOf(this.layout, kept.index)] ?? 0) + kept.by);
			this.draw();
		});
	}

	// drawing

	private draw() {
		if (this.layout.count === 0) {
			for (const cell of this.cells.values()) this.free(cell);
			this.cells.clear();
			this.el.removeAttribute("aria-activedescendant");
			return;
		}
		const top = this.virtual();
		const from = Math.max(0, rowAt(this.layout, top) - 1);
		const to = Math.min(this.layout.rows, rowAt(this.layout, top + this.view) + 2);
		const first = this.layout.first[from] ?? 0;
		const last = this.layout.first[to] ?? 0;
		for (const [index, cell] of this.cells)
			if (index < first || index >= last) {
				this.cells.delete(index);
				this.free(cell);
			}
		const shift = this.scaled ? scrollY - this.offset - top : 0;
		for (let row = from; row < to; row++)
			eachOf(this.layout, row, (index, box) => {
				let cell = this.cells.get(index);
				if (!cell) {
					cell = this.take(index);
					this.cells.set(index, cell);
				}
				const where = `translate(${box.x}px,${Math.round(box.y + shift)}px)|${box.w}|${box.h}`;
				if (where === cell.where) return;
				cell.where = where;
				cell.el.style.transform = where.slice(0, where.indexOf("|"));
				cell.el.style.width = `${box.w}px`;
				if (this.way !== "list") cell.box.style.height = `${box.h}px`;
			});
		this.trim();
		this.pointAt();
		this.ask(first, last);
	}

	private pointAt() {
		const cell = this.cells.get(this.active);
		if (cell) this.el.setAttribute("aria-activedescendant", cell.el.id);
		else this.el.removeAttribute("aria-activedescendant");
	}

	/** Cards are asked for when the view rests, so that a throw through 100,000 asks for none. */
	private ask(first: number, last: number) {
		clearTimeout(this.wanted);
		this.wanted = window.setTimeout(() => {
			const ids: bigint[] = [];
			for (let i = first; i < last; i++) {
				const id = this.listing.ids[i];
				if (id !== undefined && this.host.face(id) === undefined) ids.push(id);
			}
			if (ids.length > 0) this.host.want(ids);
			for (const cell of this.cells.values()) this.load(cell);
		}, 60);
	}

	private take(index: number): Cell {
		const cell = this.spare.pop() ?? this.made();
		cell.index = index;
		cell.id = this.listing.ids[index] ?? 0n;
		cell.where = "";
		cell.el.id = `${this.prefix}${cell.id}`;
		cell.el.setAttribute("aria-posinset", String(index + 1));
		cell.el.setAttribute("aria-setsize", String(this.layout.count));
		cell.el.hidden = false;
		this.state(cell);
		cell.face = undefined;
		this.fill(cell);
		return cell;
	}

	private made(): Cell {
		const el = document.createElement("div");
		const box = document.createElement("div");
		const img = document.createElement("img");
		const name = document.createElement("div");
		const tag = document.createElement("span");
		const bytes = document.createElement("span");
		el.className = "vg-c";
		el.setAttribute("role", "option");
		box.className = "vg-i";
		name.className = "vg-n";
		bytes.className = "vg-b num";
		img.alt = "";
		img.decoding = "async";
		img.draggable = false;
		img.hidden = true;
		box.append(img);
		el.append(box, name, tag, bytes);
		this.el.append(el);
		const cell: Cell = {
			index: -1,
			id: 0n,
			el,
			box,
			img,
			canvas: null,
			name,
			tag,
			bytes,
			face: undefined,
			where: "",
		};
		img.addEventListener("load", () => this.loaded(cell));
		img.addEventListener("error", () => {
			img.hidden = true;
		});
		return cell;
	}

	private free(cell: Cell) {
		this.spare.push(cell);
		cell.el.hidden = true;
		cell.index = -1;
		cell.img.removeAttribute("src");
		cell.img.hidden = true;
		cell.canvas?.remove();
		cell.canvas = null;
	}

	/** Spare nodes count, too. */
	private trim() {
		const room = Math.floor(NODES / PER_CELL) - this.cells.size;
		while (this.spare.length > Math.max(0, room)) this.spare.pop()?.el.remove();
	}

	private fill(cell: Cell) {
		const face = this.host.face(cell.id);
		if (face === cell.face && face !== undefined) return;
		cell.face = face;
		cell.el.classList.toggle("wait", face === undefined);
		cell.name.textContent = face?.name ?? "";
		cell.tag.textContent = face?.state ?? "";
		cell.tag.className = `vg-t ${face?.tone ?? ""}`;
		cell.bytes.textContent = face
			? this.way === "list"
				? `${face.folder}\u2003${face.bytes}\u2003${face.when}`
				: face.bytes
			: "";
		cell.box.dataset["kind"] = face?.kind ?? "";
		cell.box.classList.toggle("bare", face !== undefined && !face.picture);
		cell.box.style.backgroundColor = face?.colour ?? "";
		cell.box.style.setProperty("--l5", face ? line5(face.checks) : "none");
		if (face) {
			cell.el.setAttribute("aria-description", face.spoken);
			cell.el.removeAttribute("aria-label");
		} else {
			cell.el.removeAttribute("aria-description");
			cell.el.setAttribute("aria-label", String(cell.index + 1)); // until its name has come
		}
		cell.img.removeAttribute("src");
		cell.img.hidden = true;
		if (face) this.placeholder(cell, face);
		if (face && this.cells.get(cell.index) === cell) this.load(cell);
	}

	private placeholder(cell: Cell, face: Face) {
		cell.canvas?.remove();
		cell.canvas = null;
		const pixels = face.blurhash && face.picture ? blurhash(face.blurhash, HASH, HASH) : null;
		if (!pixels) return;
		const canvas = document.createElement("canvas");
		canvas.width = HASH;
		canvas.height = HASH;
		canvas
			.getContext("2d")
			?.putImageData(new ImageData(new Uint8ClampedArray(pixels), HASH, HASH), 0, 0);
		cell.canvas = canvas;
		cell.box.prepend(canvas);
	}

	private load(cell: Cell) {
		if (!cell.face?.picture || cell.img.hasAttribute("src")) return;
		const box = Number(cell.where.split("|")[1] ?? 0) * devicePixelRatio;
		cell.img.src = cell.face.picture(this.way === "list" ? 64 : box > 360 ? 640 : 320);
	}

	private loaded(cell: Cell) {
		if (!cell.img.hasAttribute("src")) return;
		cell.img.hidden = false;
		cell.canvas?.remove();
		cell.canvas = null;
	}

	private state(cell: Cell) {
		cell.el.setAttribute("aria-selected", String(select.has(this.selection, cell.index)));
		cell.el.classList.toggle("on", cell.index === this.active);
	}

	private mark() {
		for (const cell of this.cells.values()) this.state(cell);
		this.pointAt();
	}

	// hands

	private cellOf(e: Event): Cell | undefined {
		const el = e.target instanceof Element ? e.target.closest<HTMLElement>(".vg-c") : null;
		if (!el) return undefined;
		for (const cell of this.cells.values()) if (cell.el === el) return cell;
		return undefined;
	}

	/** The round mark in the corner of the picture adds and takes away, as Ctrl does. */
	private onCheck(cell: Cell, e: MouseEvent): boolean {
		const box = cell.box.getBoundingClientRect();
		return (
			e.clientX - box.left < 44 &&
			e.clientY - box.top < 44 &&
			e.clientX >= box.left &&
			e.clientY >= box.top
		);
	}

	private onClick(e: MouseEvent) {
		const cell = this.cellOf(e);
		if (!cell || e.button !== 0) return;
		const touch = e instanceof PointerEvent && e.pointerType === "touch";
		const adds = e.ctrlKey || e.metaKey || this.onCheck(cell, e);
		if (e.shiftKey)
			this.set(select.extend(this.selection, cell.index, e.ctrlKey || e.metaKey), cell.index);
		else if (adds) this.set(select.toggle(this.selection, cell.index), cell.index);
		else if (touch && this.selection.count === 0) {
			this.set(this.selection, cell.index);
			this.host.open(cell.index);
		} else if (touch) this.set(select.toggle(this.selection, cell.index), cell.index);
		else this.set(select.only(cell.index), cell.index);
	}

	private onDouble(e: MouseEvent) {
		const cell = this.cellOf(e);
		if (cell && !this.onCheck(cell, e)) this.host.open(cell.index);
	}

	private onMenu(e: MouseEvent) {
		const cell = this.cellOf(e);
		if (!cell) return;
		e.preventDefault();
		if (!select.has(this.selection, cell.index)) this.set(select.only(cell.index), cell.index);
		this.host.menu(cell.index, e.clientX, e.clientY);
	}

	private onDown(e: PointerEvent) {
		if (e.button !== 0 || e.pointerType === "touch" || this.cellOf(e)) return;
		const box = this.el.getBoundingClientRect();
		const el = document.createElement("div");
		el.className = "vg-band";
		const add = e.ctrlKey || e.metaKey || e.shiftKey;
		const begin = add ? this.selection : select.NONE;
		this.band = { x: e.clientX - box.left, y: e.clientY - box.top, begin, add, el };
		this.el.append(el);
		this.el.setPointerCapture(e.pointerId);
		const ends = new AbortController();
		const move = (ev: PointerEvent) => this.onBand(ev);
		const end = () => {
			ends.abort();
			el.remove();
			this.band = null;
		};
		if (!add) this.set(select.NONE);
		this.el.addEventListener("pointermove", move, { signal: ends.signal });
		this.el.addEventListener("pointerup", end, { signal: ends.signal });
		this.el.addEventListener("pointercancel", end, { signal: ends.signal });
	}

	private onBand(e: PointerEvent) {
		if (!this.band) return;
		const box = this.el.getBoundingClientRect();
		const { x, y, begin, add, el } = this.band;
		const b = { x: e.clientX - box.left, y: e.clientY - box.top };
		el.style.transform = `translate(${Math.min(x, b.x)}px,${Math.min(y, b.y)}px)`;
		el.style.width = `${Math.abs(b.x - x)}px`;
		el.style.height = `${Math.abs(b.y - y)}px`;
		if (e.clientY > innerHeight - 24) scrollBy({ top: 24 });
		if (e.clientY < 24) scrollBy({ top: -24 });
		const shift = this.scaled ? this.virtual() - (scrollY - this.offset) : 0;
		this.set(
			select.band(
				begin,
				touched(this.layout, { x, y: y + shift }, { x: b.x, y: b.y + shift }),
				add,
			),
		);
	}

	private target(e: KeyboardEvent): number | null {
		const last = this.layout.count - 1;
		const page = Math.max(
			1,
			rowAt(this.layout, this.virtual() + this.view) - rowAt(this.layout, this.virtual()) - 1,
		);
		const rtl = getComputedStyle(this.el).direction === "rtl" ? -1 : 1;
		switch (e.key) {
			case "ArrowLeft":
				return this.active - rtl;
			case "ArrowRight":
				return this.active + rtl;
			case "ArrowUp":
				return beside(this.layout, this.active, -1);
			case "ArrowDown":
				return beside(this.layout, this.active, 1);
			case "PageUp":
				return beside(this.layout, this.active, -page);
			case "PageDown":
				return beside(this.layout, this.active, page);
			case "Home":
				return 0;
			case "End":
				return last;
			default:
				return null;
		}
	}

	private onKey(e: KeyboardEvent) {
		if (this.layout.count === 0 || e.altKey) return;
		const to = this.target(e);
		if (to !== null) this.move(e, Math.min(Math.max(0, to), this.layout.count - 1));
		else if (e.key === " ") this.space_(e);
		else if (e.key === "Enter") this.host.open(this.active);
		else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "a")
			this.set(select.all(this.layout.count));
		else if (e.key === "Escape" && this.selection.count > 0) this.set(select.NONE);
		else {
			if (this.host.key(e)) e.preventDefault();
			return;
		}
		e.preventDefault();
	}

	private space_(e: KeyboardEvent) {
		if (e.shiftKey) this.set(select.extend(this.selection, this.active, true));
		else this.set(select.toggle(this.selection, this.active));
	}

	/** The arrows move the cursor; with Shift they choose on the way. */
	private move(e: KeyboardEvent, to: number) {
		if (e.shiftKey) {
			const from = this.selection.anchor < 0 ? select.only(this.active) : this.selection;
			this.set(select.extend(from, to), to);
		} else this.set(this.selection, to);
		this.reveal(to);
	}
}
