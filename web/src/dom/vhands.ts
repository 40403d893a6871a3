// SPDX-License-Identifier: AGPL-3.0-or-later
// What pointer and keys do to the grid: clicks, the round mark, touch, the menu, the rubber band
// over empty ground, the keys of a listbox. It says what is meant; the grid does it.
import { type Layout, touched } from "../core/layout";
import * as select from "../core/selection";
import { goal, pageOf } from "../core/window";
import type { Cell } from "./vcell";

/** The grid, as hands need it. */
export interface Held {
	readonly el: HTMLElement;
	readonly layout: Layout;
	readonly selection: select.Selection;
	readonly active: number;
	set(selection: select.Selection, active?: number): void;
	reveal(index: number): void;
	/** begin and height of the view, in the layout's own px */
	sight(): { top: number; view: number };
	/** how much further down the layout is than the element shows it */
	shift(): number;
	cellOf(el: Element): Cell | undefined;
	open(index: number): void;
	menu(index: number, x: number, y: number): void;
	key(e: KeyboardEvent): boolean;
}

const EDGE = 24;

const adding = (e: MouseEvent | KeyboardEvent) => e.ctrlKey || e.metaKey;

function cellAt(grid: Held, e: Event): Cell | undefined {
	const el = e.target instanceof Element ? e.target.closest(".vg-c") : null;
	return el ? grid.cellOf(el) : undefined;
}

// clicks

function onTouch(grid: Held, index: number) {
	if (grid.selection.count > 0) return grid.set(select.toggle(grid.selection, index), index);
	grid.set(grid.selection, index);
	grid.open(index);
}

function onClick(grid: Held, e: MouseEvent) {
	const cell = cellAt(grid, e);
	if (!cell || e.button !== 0) return;
	const { index } = cell;
	// the round mark adds and takes away, as Ctrl does
	const adds = adding(e) || cell.onCheck(e);
	if (e.shiftKey) grid.set(select.extend(grid.selection, index, adding(e)), index);
	else if (adds) grid.set(select.toggle(grid.selection, index), index);
	else if (e instanceof PointerEvent && e.pointerType === "touch") onTouch(grid, index);
	else grid.set(select.only(index), index);
}

function onDouble(grid: Held, e: MouseEvent) {
	const cell = cellAt(grid, e);
	if (cell && !cell.onCheck(e)) grid.open(cell.index);
}

function onMenu(grid: Held, e: MouseEvent) {
	const cell = cellAt(grid, e);
	if (!cell) return;
	e.preventDefault();
	if (!select.has(grid.selection, cell.index)) grid.set(select.only(cell.index), cell.index);
	grid.menu(cell.index, e.clientX, e.clientY);
}

// the rubber band

interface Band {
	x: number;
	y: number;
	begin: select.Selection;
	add: boolean;
	el: HTMLElement;
}

function scrollAtEdge(y: number) {
	if (y > innerHeight - EDGE) scrollBy({ top: EDGE });
	if (y < EDGE) scrollBy({ top: -EDGE });
}

function onBand(grid: Held, band: Band, e: PointerEvent) {
	const box = grid.el.getBoundingClientRect();
	const { x, y, el } = band;
	const to = { x: e.clientX - box.left, y: e.clientY - box.top };
	el.style.transform = `translate(${Math.min(x, to.x)}px,${Math.min(y, to.y)}px)`;
	el.style.width = `${Math.abs(to.x - x)}px`;
	el.style.height = `${Math.abs(to.y - y)}px`;
	scrollAtEdge(e.clientY);
	const by = grid.shift();
	const files = touched(grid.layout, { x, y: y + by }, { x: to.x, y: to.y + by });
	grid.set(select.band(band.begin, files, band.add));
}

function onDown(grid: Held, e: PointerEvent) {
	if (e.button !== 0 || e.pointerType === "touch" || cellAt(grid, e)) return;
	const box = grid.el.getBoundingClientRect();
	const el = document.createElement("div");
	el.className = "vg-band";
	const add = adding(e) || e.shiftKey;
	const begin = add ? grid.selection : select.NONE;
	const band: Band = { x: e.clientX - box.left, y: e.clientY - box.top, begin, add, el };
	grid.el.append(el);
	grid.el.setPointerCapture(e.pointerId);
	const over = new AbortController();
	const o = { signal: over.signal };
	const end = () => {
		over.abort();
		el.remove();
	};
	if (!add) grid.set(select.NONE);
	grid.el.addEventListener("pointermove", (ev) => onBand(grid, band, ev), o);
	grid.el.addEventListener("pointerup", end, o);
	grid.el.addEventListener("pointercancel", end, o);
}

// keys

function target(grid: Held, key: string): number | null {
	const { top, view } = grid.sight();
	const rtl = getComputedStyle(grid.el).direction === "rtl";
	return goal(grid.layout, key, grid.active, { page: pageOf(grid.layout, top, view), rtl });
}

/** The arrows move the cursor; with Shift they choose on the way. */
function move(grid: Held, e: KeyboardEvent, to: number) {
	const from = grid.selection.anchor < 0 ? select.only(grid.active) : grid.selection;
	grid.set(e.shiftKey ? select.extend(from, to) : grid.selection, to);
	grid.reveal(to);
}

function space(grid: Held, e: KeyboardEvent) {
	if (e.shiftKey) grid.set(select.extend(grid.selection, grid.active, true));
	else grid.set(select.toggle(grid.selection, grid.active));
}

/** Whether the key was of use. */
function pressed(grid: Held, e: KeyboardEvent): boolean {
	const to = target(grid, e.key);
	if (to !== null) move(grid, e, to);
	else if (e.key === " ") space(grid, e);
	else if (e.key === "Enter") grid.open(grid.active);
	else if (adding(e) && e.key.toLowerCase() === "a") grid.set(select.all(grid.layout.count));
	else if (e.key === "Escape" && grid.selection.count > 0) grid.set(select.NONE);
	else return grid.key(e);
	return true;
}

/** Until the signal ends it. */
export function hands(grid: Held, signal: AbortSignal) {
	const o = { signal };
	grid.el.addEventListener("click", (e) => onClick(grid, e), o);
	grid.el.addEventListener("dblclick", (e) => onDouble(grid, e), o);
	grid.el.addEventListener("contextmenu", (e) => onMenu(grid, e), o);
	grid.el.addEventListener("pointerdown", (e) => onDown(grid, e), o);
	grid.el.addEventListener(
		"keydown",
		(e) => {
			if (grid.layout.count > 0 && !e.altKey && pressed(grid, e)) e.preventDefault();
		},
		o,
	);
}
