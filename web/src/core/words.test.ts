// SPDX-License-Identifier: AGPL-3.0-or-later
// The small readings of a card that more than one screen shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf } from "./words";

test("a file has a kind before it was read: by the end of its name", () => {
	assert.equal(kindOf("image/tiff", "Sofa.jpg"), "TIFF");
	assert.equal(kindOf("application/x-unknown", "Sofa.psd"), "PSD");
	assert.equal(kindOf(null, "Sofa.psd"), "PSD");
	assert.equal(kindOf(null, "Sofa"), "");
});
