// SPDX-License-Identifier: AGPL-3.0-or-later
// For what may come after that which the screen itself asks for.
const MOST_MS = 1000;

/** Once the browser has nothing better to do, a second later at most; Safari does not tell. */
export const whenIdle = (act: () => void) =>
	"requestIdleCallback" in window
		? void requestIdleCallback(act, { timeout: MOST_MS })
		: void setTimeout(act, MOST_MS / 4);
