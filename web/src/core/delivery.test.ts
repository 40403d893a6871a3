// SPDX-License-Identifier: AGPL-3.0-or-later
// delivery.ts: the step line, and how often to look again.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	isRunning,
	joined,
	type Progress,
	pollAfter,
	type RecipientFacts,
	readNumber,
	stepsOf,
	taken,
} from "./delivery";

type One = [state: "none" | "running" | "complete", sent?: number];
const file = (...one: One): One => one;
const sumOf = (files: One[]): Progress => ({
	files: files.length,
	complete: files.filter(([s]) => s === "complete").length,
	running: files.filter(([s]) => s === "running").length,
	begun: files.filter(([s, sent = 0]) => s !== "complete" && sent > 0).length,
	sent_bytes: files.reduce((n, [, sent = 0]) => n + sent, 0),
});
const line = (r: RecipientFacts) => stepsOf(r).map((s) => s.state);

test("one step after the other", () => {
	const progress = sumOf([file("none")]);
	assert.deepEqual(line({ state: "pending", progress }), ["open", "open", "open", "open"]);
	assert.deepEqual(line({ state: "mailed", progress }), ["done", "open", "open", "open"]);
	assert.deepEqual(line({ state: "opened", progress }), ["done", "done", "open", "open"]);
	assert.deepEqual(line({ state: "verified", progress }), ["done", "done", "done", "open"]);
	assert.deepEqual(line({ state: "complete", progress: sumOf([file("complete", 9)]) }), [
		"done",
		"done",
		"done",
		"done",
	]);
});

test("a download that runs, and one that is half done", () => {
	assert.deepEqual(
		line({ state: "downloading", progress: sumOf([file("running", 3)]) })[3],
		"running",
	);
	const half = sumOf([file("complete", 9), file("none")]);
	assert.deepEqual(line({ state: "verified", progress: half })[3], "running");
});

test("a mail that came back is said at its step", () => {
	const r: RecipientFacts = {
		state: "undeliverable",
		progress: sumOf([file("none")]),
		mail: { state: "failed", reply: "550 5.1.1" },
	};
	assert.deepEqual(line(r), ["failed", "open", "open", "open"]);
});

test("a link given by other means was opened although the mail failed", () => {
	const r: RecipientFacts = {
		state: "opened",
		progress: sumOf([file("none")]),
		mail: { state: "failed", reply: null },
	};
	assert.deepEqual(line(r), ["done", "done", "open", "open"]);
});

test("after the end the steps reached stay", () => {
	const ended: RecipientFacts = {
		state: "revoked",
		progress: sumOf([file("complete", 9)]),
		verified: "2026-11-25T10:00:00Z",
	};
	assert.deepEqual(line(ended), ["done", "done", "done", "done"]);
	assert.deepEqual(
		line({ state: "expired", progress: sumOf([file("none")]), opened: "2026-11-25T10:00:00Z" }),
		["done", "done", "open", "open"],
	);
});

test("looking again soon only while something moves", () => {
	assert.equal(pollAfter([{ state: "downloading", progress: sumOf([file("running")]) }]), 2000);
	assert.equal(pollAfter([{ state: "verified", progress: sumOf([file("none")]) }]), 15000);
	assert.equal(
		isRunning([{ state: "pending", progress: sumOf([]), mail: { state: "queued", reply: null } }]),
		true,
	);
	assert.equal(isRunning([{ state: "revoked", progress: sumOf([file("running")]) }]), false);
});

test("what was taken along is counted over all", () => {
	const progress = sumOf([file("complete", 9), file("none", 2)]);
	assert.deepEqual(
		taken([
			{ state: "verified", progress },
			{ state: "opened", progress },
		]),
		{
			files: 4,
			complete: 2,
			running: 0,
			begun: 2,
			sent_bytes: 22,
		},
	);
	assert.equal(taken([]).files, 0);
});

test("a history is known from both ends", () => {
	const of = (before: number, events: string) => ({ before, events: [...events] });
	assert.deepEqual(joined(of(0, ""), of(4, "efg")), of(4, "efg"), "nothing was known");
	assert.deepEqual(joined(of(1, "bcd"), of(4, "efg")), of(1, "bcdefg"), "an earlier page");
	assert.deepEqual(joined(of(1, "bcdeF"), of(5, "fgh")), of(1, "bcdefgh"), "what came since");
	assert.deepEqual(joined(of(1, "bcd"), of(5, "fgh")), of(5, "fgh"), "e is missing between");
	assert.deepEqual(joined(of(4, "efg"), of(0, "abcdefg")), of(0, "abcdefg"));
});

test("a number as people type it", () => {
	assert.equal(readNumber(" 7k2m 9qxd"), "7K2M-9QXD");
	assert.equal(readNumber("OIL0-0000"), "0110-0000");
	assert.equal(readNumber("7K2M"), null);
	assert.equal(readNumber("7K2M-9QXU"), null);
});
