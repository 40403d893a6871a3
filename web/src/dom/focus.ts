// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the focus goes when the control that has it is taken away. focusBeside: by itself or with
// its row, to what stands in its place, else beside it, else to the heading over it.
// focusNeighbour: among the controls of a group, to the next. focusRest: to the first row that a
// "show all" brought. A browser lets it fall to the page's beginning.
const LONGEST_MS = 10_000; // an act that was refused takes nothing away
const ROWS = "li, tr, .toast";
const CONTROLS = "button:not([disabled]), a[href], input:not([disabled])";
const HEADINGS = "h1, h2, h3";

const controlsOf = (e: Element) => [...e.querySelectorAll<HTMLElement>(CONTROLS)];

/** Elements that cannot be tabbed to take the focus, too, but only when told. */
function focus(e: HTMLElement): boolean {
	if (!e.matches(CONTROLS)) e.tabIndex = -1;
	e.focus();
	return document.activeElement === e;
}

/** The rows around one: what comes after it, then what is before it, the nearest first. */
function beside(row: Element): Element[] {
	const all = [...(row.parentElement?.children ?? [])];
	const at = all.indexOf(row);
	return [...all.slice(at + 1), ...all.slice(0, at).reverse()];
}

/** Of a row, what is like the control: the last of its kind, for the first ones come and go. */
const likeIn = (row: Element, kind: string) =>
	controlsOf(row).findLast((e) => e.className === kind) ?? controlsOf(row).at(-1);

function heading(around: readonly Element[]): HTMLElement | null {
	for (const e of around) {
		const found = e.isConnected ? e.querySelector<HTMLElement>(HEADINGS) : null;
		if (found) return found;
	}
	return null;
}

function ancestors(e: Element): Element[] {
	const up: Element[] = [];
	for (let at = e.parentElement; at !== null; at = at.parentElement) up.push(at);
	return up;
}

/** Once, when it is taken away and nothing else has taken the focus. */
function whenGone(control: Element, act: () => void) {
	const watch = new MutationObserver(() => {
		const { activeElement } = document;
		const isFree = activeElement === null || activeElement === document.body;
		if (control.isConnected && (isFree || activeElement === control)) return;
		watch.disconnect();
		if (isFree) act();
	});
	watch.observe(document.body, { childList: true, subtree: true });
	setTimeout(() => watch.disconnect(), LONGEST_MS);
}

/**
 * Called while the control is still there, for what will take it away. `home` is where the
 * focus goes when no row is left.
 */
export function focusBeside(control: EventTarget | null, home?: () => HTMLElement | null) {
	if (!(control instanceof HTMLElement)) return;
	const row = control.closest(ROWS);
	const around = ancestors(control);
	const neighbours = row ? beside(row) : [];
	const kind = control.className;
	const at = row ? controlsOf(row).indexOf(control) : 0;
	const to = (): (HTMLElement | null | undefined)[] => {
		const near = neighbours.find((e) => e.isConnected && controlsOf(e).length > 0);
		const left = row?.isConnected ? controlsOf(row) : [];
		return [
			left[Math.min(at, left.length - 1)],
			row?.isConnected ? row.querySelector<HTMLElement>(HEADINGS) : null,
			near && likeIn(near, kind),
			home?.(),
			heading(around),
		];
	};
	whenGone(control, () => {
		for (const e of to()) if (e?.isConnected && focus(e)) return;
	});
}

const CAN = `${CONTROLS}, select, textarea`;

/**
 * To be called before the act. When what has the focus now, in `group`, goes away by it, what
 * stood next to it there gets the focus; with nothing left, `or` does.
 */
export function focusNeighbour(group: Element | null, or?: HTMLElement | null) {
	const from = document.activeElement;
	if (!(from instanceof HTMLElement) || !group?.contains(from)) return;
	const all = [...group.querySelectorAll<HTMLElement>(CAN)].filter((e) => e.checkVisibility());
	const at = all.indexOf(from);
	const next = [...all.slice(at + 1), ...all.slice(0, Math.max(0, at)).reverse()];
	whenGone(from, () => {
		const to = next.find((e) => e.isConnected && e.checkVisibility()) ?? or;
		to?.focus({ preventScroll: true });
	});
}

/** Called before the rest of `list` comes: the button goes with it, what came first takes over. */
export function focusRest(button: EventTarget | null, list: Element | null | undefined) {
	if (!(button instanceof HTMLElement) || !list) return;
	const had = list.childElementCount;
	whenGone(button, () => {
		const first = list.children[had];
		if (first instanceof HTMLElement) focus(controlsOf(first)[0] ?? first);
	});
}
