// SPDX-License-Identifier: AGPL-3.0-or-later
// The polite live region of the shell: what changed, said once (WCAG 4.1.3).
let region: HTMLElement | null = null;
const SOON_MS = 50;
/** What is said in the same moment is said together: nothing takes the place of another. */
let waiting: string[] = [];

export function setLiveRegion(element: HTMLElement | null) {
	region = element;
}

export function announce(text: string) {
	if (region === null) return;
	waiting.push(text);
	if (waiting.length > 1) return;
	const at = region;
	at.textContent = "";
	// an empty region first, so that the same words are said twice
	setTimeout(() => {
		at.textContent = waiting.join(" ");
		waiting = [];
	}, SOON_MS);
}
