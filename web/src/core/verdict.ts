// SPDX-License-Identifier: AGPL-3.0-or-later
// What a check says, made ready for a screen: the server answers with one line per
// file and recipient; a sender reads one row per file, the worst first, with the reasons,
// whom they concern, and the ways out.  The texts are in web/i18n, under `reason.CODE`.
import type { Schema } from "../api/types";

export type VerdictState = "cleared" | "conditions" | "in_review" | "blocked";

export interface Reason {
	code: string;
	date?: string;
	text?: string;
	level?: number;
}

export type CheckLine = Schema<"Line">;

// A way out of a line that keeps the delivery from going.
export type Exit = "open-file" | "remove-file" | "remove-recipient" | "wait" | "ask";

export interface ReasonFor extends Reason {
	addresses: string[];
	everyone: boolean;
}

export interface FileVerdict {
	asset: string;
	state: VerdictState;
	reasons: ReasonFor[];
	exits: Exit[];
	// recipients for whom the file may not go, when it may for others
	stoppedFor: string[];
}

export interface Summary {
	files: number;
	cleared: number;
	conditions: number;
	stopped: number;
	state: VerdictState;
}

const rank: Record<VerdictState, number> = { cleared: 0, conditions: 1, in_review: 2, blocked: 3 };

const open: Exit[] = ["open-file", "remove-file"];
const exits: Record<string, Exit[]> = {
	"release-draft": open,
	"release-in-review": open,
	"release-blocked": open,
	"release-expired": open,
	"release-conditions": [],
	embargo: open,
	expired: open,
	trashed: open,
	"malware-unscanned": ["wait", "remove-file"],
	"malware-infected": ["remove-file"],
	damaged: open,
	"ingest-pending": ["wait", "remove-file"],
	"identity-level": open,
	classification: open,
	method: open,
	"recipient-blocked": ["remove-recipient"],
	"sender-role": ["ask"],
};

// What to do about a reason; a code of a newer server still gets the two safe ways.
export function exitsOf(code: string): Exit[] {
	return exits[code] ?? open;
}

export function stops(state: VerdictState): boolean {
	return rank[state] > rank.conditions;
}

export function worst(states: readonly VerdictState[]): VerdictState {
	return states.reduce<VerdictState>((a, b) => (rank[b] > rank[a] ? b : a), "cleared");
}

function sameReason(a: Reason, b: Reason): boolean {
	return a.code === b.code && a.date === b.date && a.text === b.text && a.level === b.level;
}

function collectReasons(lines: readonly CheckLine[]): ReasonFor[] {
	const found: ReasonFor[] = [];
	for (const line of lines) {
		for (const reason of line.reasons) {
			const known = found.find((r) => sameReason(r, reason));
			if (known) known.addresses.push(line.address);
			else found.push({ ...reason, addresses: [line.address], everyone: false });
		}
	}
	for (const r of found) r.everyone = r.addresses.length === lines.length;
	return found;
}

function fileVerdict(asset: string, lines: readonly CheckLine[]): FileVerdict {
	const reasons = collectReasons(lines);
	const stopped = lines.filter((l) => stops(l.state));
	const ways = new Set<Exit>();
	if (stopped.length > 0) for (const r of reasons) for (const way of exitsOf(r.code)) ways.add(way);
	return {
		asset,
		state: worst(lines.map((l) => l.state)),
		reasons,
		exits: [...ways],
		stoppedFor: stopped.length < lines.length ? stopped.map((l) => l.address) : [],
	};
}

// One row per file, what stops first, in the order asked for within the same state.
export function groupLines(lines: readonly CheckLine[]): FileVerdict[] {
	const byAsset = new Map<string, CheckLine[]>();
	for (const line of lines) {
		const list = byAsset.get(line.asset);
		if (list) list.push(line);
		else byAsset.set(line.asset, [line]);
	}
	return [...byAsset]
		.map(([asset, list]) => fileVerdict(asset, list))
		.sort((a, b) => rank[b.state] - rank[a.state]);
}

export function summarise(files: readonly { state: VerdictState }[]): Summary {
	const count = (of: (s: VerdictState) => boolean) => files.filter((f) => of(f.state)).length;
	return {
		files: files.length,
		cleared: count((s) => s === "cleared"),
		conditions: count((s) => s === "conditions"),
		stopped: count(stops),
		state: worst(files.map((f) => f.state)),
	};
}

// Files whose verdict is another one than before: what a refused send points at.
export function changedFiles(
	before: readonly FileVerdict[],
	after: readonly FileVerdict[],
): string[] {
	const was = new Map(before.map((f) => [f.asset, f]));
	return after
		.filter((f) => {
			const old = was.get(f.asset);
			return old !== undefined && old.state !== f.state;
		})
		.map((f) => f.asset);
}
