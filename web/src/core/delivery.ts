// SPDX-License-Identifier: AGPL-3.0-or-later
// How far a delivery came, as the step line shows it, and what about it wants attention.
// The server says how far each recipient came; after an end (revoked, expired) the steps that
// were reached stay visible.

export type RecipientState =
	| "pending"
	| "mailed"
	| "undeliverable"
	| "opened"
	| "verified"
	| "downloading"
	| "complete"
	| "revoked"
	| "expired";

export type FileState = "none" | "running" | "interrupted" | "complete";

export interface FileProgress {
	version: string;
	name: string;
	state: FileState;
	sent_bytes: number;
	complete: boolean;
}

export interface MailOf {
	state: string;
	reply: string | null;
}

/** The sum of one recipient's files, or of several recipients'. */
export interface Progress {
	files: number;
	complete: number;
	running: number;
	/** some of it arrived, not all */
	begun: number;
	sent_bytes: number;
}

export interface RecipientFacts {
	state: RecipientState;
	progress: Progress;
	mail?: MailOf | null;
	opened?: string | null;
	verified?: string | null;
}

export type StepKey = "delivered" | "opened" | "verified" | "downloaded";
export type StepState = "done" | "running" | "failed" | "open";

export interface Step {
	key: StepKey;
	state: StepState;
}

const order: StepKey[] = ["delivered", "opened", "verified", "downloaded"];
const reached: Partial<Record<RecipientState, number>> = {
	mailed: 1,
	opened: 2,
	verified: 3,
	downloading: 3,
	complete: 4,
};

// Steps done, from the left: the furthest that any of the facts proves.
function stepsDone(r: RecipientFacts): number {
	const p = r.progress;
	let n = reached[r.state] ?? 0;
	if (r.mail?.state === "accepted") n = Math.max(n, 1);
	if (r.opened) n = Math.max(n, 2);
	if (r.verified || p.sent_bytes > 0) n = Math.max(n, 3);
	if (p.files > 0 && p.complete === p.files) n = Math.max(n, 4);
	return n;
}

function mailFailed(r: RecipientFacts): boolean {
	return r.state === "undeliverable" || r.mail?.state === "failed";
}

export function stepsOf(r: RecipientFacts): Step[] {
	const done = stepsDone(r);
	const p = r.progress;
	return order.map((key, i) => {
		if (i < done) return { key, state: "done" };
		if (key === "delivered" && mailFailed(r)) return { key, state: "failed" };
		if (key === "downloaded" && (p.running > 0 || r.state === "downloading" || p.complete > 0))
			return { key, state: "running" };
		return { key, state: "open" };
	});
}

// Something moves, so it is worth looking again soon.
export function isRunning(recipients: readonly RecipientFacts[]): boolean {
	return recipients.some((r) => {
		const ended = r.state === "revoked" || r.state === "expired";
		const mail = r.mail?.state === "queued" || r.mail?.state === "deferred";
		return !ended && (mail || r.state === "downloading" || r.progress.running > 0);
	});
}

export const quickly = 2000;
export const slowly = 15000;

export function pollAfter(recipients: readonly RecipientFacts[]): number {
	return isRunning(recipients) ? quickly : slowly;
}

// What was taken along already: said before a revocation, since it cannot be taken back.
export function taken(recipients: readonly RecipientFacts[]): Progress {
	const sum: Progress = { files: 0, complete: 0, running: 0, begun: 0, sent_bytes: 0 };
	for (const { progress: p } of recipients) {
		sum.files += p.files;
		sum.complete += p.complete;
		sum.running += p.running;
		sum.begun += p.begun;
		sum.sent_bytes += p.sent_bytes;
	}
	return sum;
}

/** A stretch of a history, oldest first: so many are older than its first. */
export interface Told<E> {
	before: number;
	events: E[];
}

/** The newer of what both tell counts. Where they do not meet the older one is let go. */
export function joined<E>(old: Told<E>, now: Told<E>): Told<E> {
	const end = old.before + old.events.length;
	if (now.before > end || now.before < old.before) return now;
	return {
		before: old.before,
		events: [...old.events.slice(0, now.before - old.before), ...now.events],
	};
}

export type Attention = "mail-failed" | "expiring" | "not-opened";

// A number as it is typed: small letters, spaces, and the letters that look like digits.
export function readNumber(text: string): string | null {
	const s = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
	return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(s) ? `${s.slice(0, 4)}-${s.slice(4)}` : null;
}
