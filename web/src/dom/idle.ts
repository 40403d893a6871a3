// SPDX-License-Identifier: AGPL-3.0-or-later
// For what may come after that which the screen itself asks for.
import { underWay } from "../api/client";

const LOOK_MS = 50;
/** Between an answer and the next question nothing is under way, either. */
const QUIET = 3;
const MOST_MS = 3000;

const arrived = () => underWay() === 0 && [...document.images].every((i) => i.complete);

/** Once nothing is asked for and every picture in view is there, some seconds later at most. */
export function whenIdle(act: () => void) {
	const since = performance.now();
	let quiet = 0;
	const timer = setInterval(() => {
		quiet = arrived() ? quiet + 1 : 0;
		if (quiet < QUIET && performance.now() - since < MOST_MS) return;
		clearInterval(timer);
		act();
	}, LOOK_MS);
}
