// SPDX-License-Identifier: AGPL-3.0-or-later
// verdict.ts: what the rows of the send screen say about a check's lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	type CheckLine,
	changedFiles,
	exitsOf,
	groupLines,
	stops,
	summarise,
	worst,
} from "./verdict";

const line = (
	asset: string,
	address: string,
	state: CheckLine["state"],
	...codes: CheckLine["reasons"][number]["code"][]
) => ({
	asset,
	address,
	state,
	reasons: codes.map((code) => ({ code })),
});

test("one row per file, what stops first, asked order within a state", () => {
	const rows = groupLines([
		line("1", "a@x.example", "cleared"),
		line("2", "a@x.example", "in_review", "release-draft"),
		line("3", "a@x.example", "blocked", "embargo"),
		line("4", "a@x.example", "conditions", "release-conditions"),
		line("5", "a@x.example", "cleared"),
	]);
	assert.deepEqual(
		rows.map((r) => r.asset),
		["3", "2", "4", "1", "5"],
	);
});

test("a reason of every recipient is said once, for everyone", () => {
	const [row] = groupLines([
		line("1", "a@x.example", "blocked", "embargo"),
		line("1", "b@x.example", "blocked", "embargo", "recipient-blocked"),
	]);
	assert.ok(row);
	assert.equal(row.reasons.length, 2);
	assert.equal(row.reasons[0]?.everyone, true);
	assert.deepEqual(row.reasons[1]?.addresses, ["b@x.example"]);
	assert.equal(row.reasons[1]?.everyone, false);
	assert.deepEqual(row.stoppedFor, []);
	assert.deepEqual(row.exits, ["open-file", "remove-file", "remove-recipient"]);
});

test("who is stopped is named when others are not", () => {
	const [row] = groupLines([
		line("1", "a@x.example", "cleared"),
		line("1", "b@x.example", "blocked", "recipient-blocked"),
	]);
	assert.deepEqual(row?.stoppedFor, ["b@x.example"]);
	assert.deepEqual(row?.exits, ["remove-recipient"]);
	assert.equal(row?.state, "blocked");
});

test("reasons with another date or text stay apart", () => {
	const [row] = groupLines([
		{
			...line("1", "a@x.example", "conditions"),
			reasons: [{ code: "release-conditions", text: "A" }],
		},
		{
			...line("1", "b@x.example", "conditions"),
			reasons: [{ code: "release-conditions", text: "B" }],
		},
	]);
	assert.equal(row?.reasons.length, 2);
	assert.deepEqual(row?.exits, [], "conditions keep nothing from going");
});

test("what is to be done about a code; about one of a newer server the two safe ways", () => {
	assert.deepEqual(exitsOf("release-conditions"), []);
	assert.deepEqual(exitsOf("malware-unscanned"), ["wait", "remove-file"]);
	assert.deepEqual(exitsOf("malware-infected"), ["remove-file"]);
	assert.deepEqual(exitsOf("recipient-blocked"), ["remove-recipient"]);
	assert.deepEqual(exitsOf("sender-role"), ["ask"]);
	assert.deepEqual(exitsOf("licence-over"), ["open-file", "remove-file"]);
});

test("the summary counts and the worst decides", () => {
	const s = summarise([{ state: "cleared" }, { state: "conditions" }, { state: "in_review" }]);
	assert.deepEqual(s, { files: 3, cleared: 1, conditions: 1, stopped: 1, state: "in_review" });
	assert.equal(worst([]), "cleared");
	assert.equal(stops("conditions"), false);
	assert.equal(stops("in_review"), true);
});

test("a verdict that changed in between is found", () => {
	const before = groupLines([
		line("1", "a@x.example", "cleared"),
		line("2", "a@x.example", "cleared"),
	]);
	const after = groupLines([
		line("1", "a@x.example", "cleared"),
		line("2", "a@x.example", "blocked", "expired"),
		line("3", "a@x.example", "blocked", "expired"),
	]);
	assert.deepEqual(changedFiles(before, after), ["2"]);
});
