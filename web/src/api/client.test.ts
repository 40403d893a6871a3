// SPDX-License-Identifier: AGPL-3.0-or-later
// client.ts: an answer that is cut in its body is told like one that never came.
import assert from "node:assert/strict";
import { test } from "node:test";

Object.assign(globalThis, { location: { origin: "https://geleit.example" } });

/** An answer whose body ends early, or with `error`. */
function cut(text: string, error?: unknown) {
	const bytes = new TextEncoder().encode(text);
	const body = new ReadableStream({
		start(c) {
			c.enqueue(bytes);
			if (error === undefined) c.close();
		},
		pull(c) {
			c.error(error);
		},
	});
	return new Response(body, { status: 200 });
}

test("a body that is cut is a lost connection, one that was given up is not", async () => {
	const { call, inside, offline, Problem } = await import("./client");
	const answers = [cut('{"a":'), cut('{"a":', new TypeError("network error"))];
	globalThis.fetch = async () => answers.shift() as Response;
	for (const _ of [...answers]) {
		offline.value = false;
		const lost = (e: unknown) => e instanceof Problem && e.status === 0 && e.code === "offline";
		await assert.rejects(call("GET", "/basket"), lost);
		assert.equal(offline.value, true);
	}
	const given = cut("x", new DOMException("", "AbortError"));
	await assert.rejects(
		inside(given, (a) => a.text()),
		{ name: "AbortError" },
	);
});
