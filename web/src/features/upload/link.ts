// SPDX-License-Identifier: AGPL-3.0-or-later
// What passes by itself: a lost connection, looked for again and again, and a session that
// ended, asked for in a dialog over the page. The files wait, and go on.
import { effect } from "@preact/signals";
import { active, signInAgain } from "../../api/session";
import type { UploadItem } from "../../core/upload";
import { giveUp, halt, pump, queue, type Source, show, source, tick } from "./state";

/** Not from the server itself, or it is being started. */
export const NO_LINK = [0, 408, 429, 502, 503, 504];
/** A request that moves nothing for so long has lost its connection. */
const STALL_MS = 120_000;
const STALL_LOOK_MS = 10_000;

export function backToLine(item: UploadItem, s: Source) {
	halt(s);
	queue.wait(item);
}

let clock = 0;

/** Counts the seconds down, and looks for the connection when they are over. */
function wake() {
	clock = 0;
	const { link } = queue;
	if (link.at === null) return;
	if (Date.now() >= link.at) return tryNow();
	tick.value++;
	clock = window.setTimeout(wake, 1000);
}

export function lost(item: UploadItem, s: Source) {
	backToLine(item, s);
	queue.link.fail(Date.now());
	if (clock === 0) clock = window.setTimeout(wake, 1000);
	show();
}

export function tryNow() {
	queue.link.look();
	pump();
}

export function linked() {
	if (!queue.link.lost) return;
	queue.link.back();
	pump();
}

setInterval(() => {
	for (const item of queue.items) {
		const s = source(item);
		const stalls = s?.upload && performance.now() - s.moved > STALL_MS;
		if (item.state !== "running" || !s || !stalls) continue;
		giveUp(s);
		lost(item, s);
	}
}, STALL_LOOK_MS);

/** Nobody is signed in any more: asked in a dialog over the page, and all goes on after it. */
export function locked(item: UploadItem, s: Source) {
	backToLine(item, s);
	unlock();
}

export function unlock() {
	queue.locked = true;
	show();
	void signInAgain().then((ok) => {
		queue.locked = !ok;
		pump();
	});
}

effect(() => {
	if (!active.value || !queue.locked) return;
	queue.locked = false;
	pump();
});

addEventListener("online", tryNow);
