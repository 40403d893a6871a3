// SPDX-License-Identifier: AGPL-3.0-or-later
// Addresses: what matches, what does not, and that href() is the way back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { href, match } from "./route";

test("an address gives its parameters, decoded", () => {
	assert.deepEqual(match("/app/library/{asset}", "/app/library/a%20b"), { asset: "a b" });
	assert.deepEqual(match("/app", "/app/"), {});
});

test("another address is another", () => {
	for (const path of [
		"/app",
		"/app/library",
		"/app/library/1/2",
		"/app/librar/1",
		"/app/library/%ff",
	])
		assert.equal(match("/app/library/{asset}", path), null, path);
});

test("href is the way back, empty query values are left out", () => {
	const to = href(
		"/app/deliveries/{number}",
		{ number: "7F3K/92" },
		{ q: "a b", mine: true, x: "", y: null, z: false },
	);
	assert.equal(to, "/app/deliveries/7F3K%2F92?q=a+b&mine=1");
	assert.deepEqual(match("/app/deliveries/{number}", to.split("?")[0] ?? ""), {
		number: "7F3K/92",
	});
});
