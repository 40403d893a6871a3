// SPDX-License-Identifier: AGPL-3.0-or-later
// delivery.ts: the step line, and how often to look again.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type FileProgress,
	isRunning,
	pollAfter,
	progressOf,
	type RecipientFacts,
	readNumber,
	stepsOf,
	taken,
} from "./delivery";

const file = (state: FileProgress["state"], sent = 0): FileProgress => ({
	version: "1",
	name: "a.tif",
	state,
	sent_bytes: sent,
	complete: state === "complete",
});
const line = (r: RecipientFacts) => stepsOf(r).map((s) => s.state);

test("one step after the other", () => {
	const files = [file("none")];
	assert.deepEqual(line({ state: "pending", files }), ["open", "open", "open", "open"]);
	assert.deepEqual(line({ state: "mailed", files }), ["done", "open", "open", "open"]);
	assert.deepEqual(line({ state: "opened", files }), ["done", "done", "open", "open"]);
	assert.deepEqual(line({ state: "verified", files }), ["done", "done", "done", "open"]);
	assert.deepEqual(line({ state: "complete", files: [file("complete", 9)] }), [
		"done",
		"done",
		"done",
		"done",
	]);
});

test("a download that runs, and one that is half done", () => {
	assert.deepEqual(line({ state: "downloading", files: [file("running", 3)] })[3], "running");
	const half = [file("complete", 9), file("none")];
	assert.deepEqual(line({ state: "verified", files: half })[3], "running");
});

test("a mail that came back is said at its step", () => {
	const r: RecipientFacts = {
		state: "undeliverable",
		files: [file("none")],
		mail: { state: "failed", reply: "550 5.1.1" },
	};
	assert.deepEqual(line(r), ["failed", "open", "open", "open"]);
});

test("a link given by other means was opened although the mail failed", () => {
	const r: RecipientFacts = {
		state: "opened",
		files: [file("none")],
		mail: { state: "failed", reply: null },
	};
	assert.deepEqual(line(r), ["done", "done", "open", "open"]);
});

test("after the end the steps reached stay", () => {
	const ended: RecipientFacts = {
		state: "revoked",
		files: [file("complete", 9)],
		verified: "2026-11-25T10:00:00Z",
	};
	assert.deepEqual(line(ended), ["done", "done", "done", "done"]);
	assert.deepEqual(
		line({ state: "expired", files: [file("none")], opened: "2026-11-25T10:00:00Z" }),
		["done", "done", "open", "open"],
	);
});

test("looking again soon only while something moves", () => {
	assert.equal(pollAfter([{ state: "downloading", files: [file("running")] }]), 2000);
	assert.equal(pollAfter([{ state: "verified", files: [file("none")] }]), 15000);
	assert.equal(
		isRunning([{ state: "pending", files: [], mail: { state: "queued", reply: null } }]),
		true,
	);
	assert.equal(isRunning([{ state: "revoked", files: [file("running")] }]), false);
});

test("what was taken along is counted over all", () => {
	const files = [file("complete", 9), file("none")];
	assert.deepEqual(
		taken([
			{ state: "verified", files },
			{ state: "opened", files },
		]),
		{
			files: 4,
			complete: 2,
			running: 0,
			sent: 18,
		},
	);
	assert.deepEqual(progressOf([]), { files: 0, complete: 0, running: 0, sent: 0 });
});

test("a number as people type it", () => {
	assert.equal(readNumber(" 7k2m 9qxd"), "7K2M-9QXD");
	assert.equal(readNumber("OIL0-0000"), "0110-0000");
	assert.equal(readNumber("7K2M"), null);
	assert.equal(readNumber("7K2M-9QXU"), null);
});
