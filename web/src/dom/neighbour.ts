// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the focus goes when what has it goes away: without this it is nowhere, and the next Tab
// begins at the top of the page.
const LONGEST_MS = 10_000;
const CAN = "button, input, select, textarea, a[href]";

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
	const watch = new MutationObserver(() => {
		if (from.isConnected) return;
		watch.disconnect();
		if (document.activeElement !== document.body) return; // somebody took it on
		const to = next.find((e) => e.isConnected && e.checkVisibility()) ?? or;
		to?.focus({ preventScroll: true });
	});
	watch.observe(document.body, { childList: true, subtree: true });
	setTimeout(() => watch.disconnect(), LONGEST_MS);
}
