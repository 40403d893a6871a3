// SPDX-License-Identifier: AGPL-3.0-or-later
// What is typed while a form is being saved is not overwritten by the answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { since } from "./typed";

test("what was sent is saved, what was typed since is left", () => {
	const sent: Record<string, string | null> = { days: "7", tries: null };
	assert.deepEqual(since({ ...sent }, sent), {});
	assert.deepEqual(since({ ...sent, days: "70" }, sent), { days: "70" });
	assert.deepEqual(since({ ...sent, tries: "3", size: "" }, sent), { tries: "3", size: "" });
	assert.deepEqual(since({}, sent), {});
});
