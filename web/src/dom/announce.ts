// SPDX-License-Identifier: AGPL-3.0-or-later
// The polite live region of the shell: what changed, said once (WCAG 4.1.3).
let region: HTMLElement | null = null;

export function setLiveRegion(element: HTMLElement | null) {
	region = element;
}

export function announce(text: string) {
	if (region === null) return;
	const at = region;
	at.textContent = "";
	// an empty region first, so that the same words are said twice
	setTimeout(() => {
		at.textContent = text;
	}, 50);
}
