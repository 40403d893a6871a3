// SPDX-License-Identifier: AGPL-3.0-or-later
// The upload queue without network: which file may start, what each one's state is, how much
// is done and how long it will take, and when a lost connection is looked for again.
// features/upload/engine.ts moves the bytes and tells it.
export type UploadState = "waiting" | "running" | "paused" | "done" | "failed";
/** Why a file failed; the words are the screen's. */
export type UploadError =
	| "empty"
	| "directory"
	/** a folder without any file */
	| "no-files"
	/** of the same name as an interrupted one, and another file */
	| "differs"
	/** written to while it was read */
	| "changed"
	/** moved or deleted while it waited or was read */
	| "gone"
	| "unreadable"
	/** another window of this browser sends it */
	| "elsewhere"
	| "refused"
	| "too-large"
	| "storage-full";

export interface UploadItem {
	key: number;
	name: string;
	/** folder it goes to, `A/B`; empty: the top */
	folder: string;
	bytes: number;
	sent: number;
	state: UploadState;
	error: UploadError | null;
	/** the server's own words for a refusal; for "too-large" the bytes it allows */
	detail: string;
	/** set when done */
	asset: string | null;
	/** files of the same content that were there before */
	duplicates: string[];
}

export interface Totals {
	count: number;
	done: number;
	failed: number;
	/** waiting or running */
	open: number;
	bytes: number;
	sent: number;
	duplicates: number;
}

export const PARALLEL = 3;

/**
 * The connection. Once lost it is looked for with growing delay for as long as it takes; one
 * file looks for all.
 */
export class Link {
	private static readonly DELAYS = [1, 2, 4, 8, 15, 30, 60];
	private tries = 0;
	/** when the next try is due; null: none is planned */
	at: number | null = null;

	get lost() {
		return this.tries > 0;
	}

	/** A request did not arrive; those that ran along with it say nothing new. */
	fail(now: number) {
		if (this.at !== null) return;
		const last = Link.DELAYS.length - 1;
		this.at = now + 1000 * (Link.DELAYS[Math.min(this.tries, last)] ?? 60);
		this.tries++;
	}

	/** The try that was planned is under way. */
	look() {
		this.at = null;
	}

	back() {
		this.tries = 0;
		this.at = null;
	}
}

export class UploadQueue {
	readonly items: UploadItem[] = [];
	readonly link = new Link();
	/** the whole queue stands still */
	held = false;
	/** nobody is signed in: nothing starts */
	locked = false;
	/** how often a file has come to an end, done or failed */
	ended = 0;
	private next = 1;

	add(name: string, folder: string, bytes: number, error: UploadError | null = null): UploadItem {
		const fault = error ?? (bytes === 0 ? "empty" : null);
		const item: UploadItem = {
			key: this.next++,
			name,
			folder,
			bytes,
			sent: 0,
			state: fault ? "failed" : "waiting",
			error: fault,
			detail: "",
			asset: null,
			duplicates: [],
		};
		this.items.push(item);
		if (fault) this.ended++;
		return item;
	}

	/** Nothing holds up all of it. */
	get moves() {
		return !this.held && !this.locked && !this.link.lost;
	}

	/** Those that may start now; they are running from here on. */
	start(): UploadItem[] {
		const out: UploadItem[] = [];
		if (this.held || this.locked || this.link.at !== null) return out;
		const most = this.link.lost ? 1 : PARALLEL;
		let running = this.items.filter((i) => i.state === "running").length;
		for (const item of this.items) {
			if (running >= most) break;
			if (item.state !== "waiting") continue;
			item.state = "running";
			running++;
			out.push(item);
		}
		return out;
	}

	progress(item: UploadItem, sent: number) {
		if (item.state === "running") item.sent = Math.min(item.bytes, sent);
	}

	finish(item: UploadItem, asset: string | null) {
		this.ended++;
		item.state = "done";
		item.sent = item.bytes;
		item.asset = asset;
	}

	fail(item: UploadItem, error: UploadError, detail = "") {
		this.ended++;
		item.state = "failed";
		item.error = error;
		item.detail = detail;
	}

	/** One that runs or waits stands still; the caller stops its bytes. */
	pause(item: UploadItem) {
		if (item.state === "running" || item.state === "waiting") item.state = "paused";
	}

	/** Back to the line: what stopped it will pass. */
	wait(item: UploadItem) {
		if (item.state === "running") item.state = "waiting";
	}

	resume(item: UploadItem) {
		if (item.state === "paused") item.state = "waiting";
	}

	/** Again from where it was; what can never work (a directory, 0 bytes) stays. */
	retry(item: UploadItem) {
		if (item.state !== "failed" || !retriable(item.error)) return;
		if (item.error === "differs") item.sent = 0;
		item.state = "waiting";
		item.error = null;
		item.detail = "";
	}

	hold(): UploadItem[] {
		this.held = true;
		const stopped = this.items.filter((i) => i.state === "running");
		for (const item of stopped) item.state = "waiting";
		return stopped;
	}

	drop(item: UploadItem) {
		const at = this.items.indexOf(item);
		if (at >= 0) this.items.splice(at, 1);
	}

	clearDone() {
		const left = this.items.filter((i) => i.state !== "done");
		this.items.splice(0, this.items.length, ...left);
	}

	totals(): Totals {
		const t: Totals = { count: 0, done: 0, failed: 0, open: 0, bytes: 0, sent: 0, duplicates: 0 };
		for (const i of this.items) {
			t.count++;
			if (i.state === "failed") {
				t.failed++;
				continue;
			}
			t.bytes += i.bytes;
			t.sent += i.sent;
			if (i.state === "done") t.done++;
			else t.open++;
			if (i.duplicates.length > 0) t.duplicates++;
		}
		return t;
	}
}

const NEVER: readonly UploadError[] = [
	"empty",
	"directory",
	"no-files",
	"too-large",
	"changed",
	"gone",
];
export const retriable = (e: UploadError | null) => e !== null && !NEVER.includes(e);
/** What works once the file is chosen again: the browser no longer reads the one it has. */
export const rechoosable = (e: UploadError | null) => e === "changed" || e === "gone";

/** Bytes a second, smoothed over some seconds, and from it the time that is left. */
export class Rate {
	private last: { at: number; sent: number } | null = null;
	perSecond = 0;

	sample(sent: number, at: number) {
		if (this.last === null || sent < this.last.sent) {
			this.last = { at, sent };
			return;
		}
		const seconds = (at - this.last.at) / 1000;
		if (seconds < 0.5) return;
		const now = (sent - this.last.sent) / seconds;
		const weight = 1 - Math.exp(-seconds / 6);
		this.perSecond = this.perSecond === 0 ? now : this.perSecond + (now - this.perSecond) * weight;
		this.last = { at, sent };
	}

	/** Seconds, or null while nobody knows. */
	left(bytes: number): number | null {
		return this.perSecond > 1 ? Math.ceil(bytes / this.perSecond) : null;
	}
}
