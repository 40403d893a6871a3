// SPDX-License-Identifier: AGPL-3.0-or-later
// What the parts of the upload panel share: the queue, where each file's bytes come from, and
// when the screen looks again.
import { signal } from "@preact/signals";
import type { Upload } from "tus-js-client";
import { Rate, type UploadItem, UploadQueue } from "../../core/upload";

const SHOW_MS = 250;
const ARRIVED_MS = 3000;

export interface Target {
	folder: string;
	/** the file gets a new version instead of a new file being made */
	asset?: string | null;
}

export interface Source {
	file: File;
	print: string;
	target: Target;
	upload: Upload | null;
	/** counts its starts and stops */
	turn: number;
	/** ends when no POST is under way whose address is not known yet */
	created: Promise<void>;
	/** ends `created` */
	settle: () => void;
	unlock: (() => void) | null;
	/** when its request last moved */
	moved: number;
	/** how often its csrf word was renewed */
	renewed: number;
}

export const queue = new UploadQueue();
/** counts up when the screen should look at the queue again */
export const tick = signal(0);
export const seconds = signal<number | null>(null);
/** called, not too often, when files arrived, so that the listing follows */
let arrived: () => void = () => {};
export const whenArrived = (act: () => void) => {
	arrived = act;
};

export const sources = new Map<number, Source>();
export const prints = new Map<string, UploadItem>();
const rate = new Rate();
export const source = (item: UploadItem) => sources.get(item.key);

/** act() at most once in `ms`; at the end of it, so that the last call counts. */
function seldom(ms: number, act: () => void): () => void {
	let timer = 0;
	return () => {
		if (timer !== 0) return;
		timer = window.setTimeout(() => {
			timer = 0;
			act();
		}, ms);
	};
}

export const show = seldom(SHOW_MS, () => {
	const t = queue.totals();
	rate.sample(t.sent, performance.now());
	seconds.value = queue.moves && t.open > 0 ? rate.left(t.bytes - t.sent) : null;
	tick.value++;
});
export const tell = seldom(ARRIVED_MS, () => arrived());

/** Starts a file whose turn it is; set by the engine. */
let begin: (item: UploadItem) => void = () => {};
export const whenTurn = (act: (item: UploadItem) => void) => {
	begin = act;
};

export function pump() {
	for (const item of queue.start()) begin(item);
	show();
}

/** What it asked will get no answer; of a POST that is aborted, tus-js-client tells nothing more. */
export function giveUp(s: Source) {
	void s.upload?.abort();
	s.settle();
}

/** Its turn is over, whatever it was doing: no byte more. */
export function halt(s: Source) {
	s.turn++;
	s.unlock?.();
	s.unlock = null;
	// a POST is let through: its answer names what would stay on the server otherwise
	if (s.upload?.url) void s.upload.abort();
}
