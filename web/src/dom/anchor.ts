// SPDX-License-Identifier: AGPL-3.0-or-later
// Puts a popover beside its button: below, above when there is no room, always inside the
// window. Own lines instead of anchor positioning, which Safari 17 and Firefox ESR lack.
const GAP = 4;

export function placeBeside(popover: HTMLElement, anchor: Element, end = false) {
	const a = anchor.getBoundingClientRect();
	const p = popover.getBoundingClientRect();
	const below = a.bottom + GAP + p.height <= innerHeight || a.top < innerHeight - a.bottom;
	const top = below ? a.bottom + GAP : a.top - GAP - p.height;
	const left = end ? a.right - p.width : a.left;
	popover.style.setProperty("inset", "auto");
	popover.style.setProperty("margin", "0");
	popover.style.setProperty("top", `${Math.max(GAP, top)}px`);
	popover.style.setProperty(
		"left",
		`${Math.max(GAP, Math.min(left, innerWidth - p.width - GAP))}px`,
	);
	popover.style.setProperty(
		"max-height",
		`${Math.max(120, below ? innerHeight - a.bottom - 2 * GAP : a.top - 2 * GAP)}px`,
	);
}
