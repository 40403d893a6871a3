// SPDX-License-Identifier: AGPL-3.0-or-later
// The polite live region of the shell: what changed, said once (WCAG 4.1.3).
let region: HTMLElement | null = null;
let timer = 0;
const SOON_MS = 50;
/**
 * What is said in the same moment is said together: nothing takes the place of another, but for
 * a newer word about the same thing, such as a count that is on its way.
 */
const waiting = new Map<string, string>();

export function setLiveRegion(element: HTMLElement | null) {
	region = element;
}

export function announce(text: string, about = text) {
	if (region === null) return;
	waiting.delete(about);
	waiting.set(about, text);
	if (timer !== 0) return;
	const at = region;
	at.textContent = "";
	// an empty region first, so that the same words are said twice
	timer = window.setTimeout(() => {
		timer = 0;
		at.textContent = [...waiting.values()].join(" ");
		waiting.clear();
	}, SOON_MS);
}
