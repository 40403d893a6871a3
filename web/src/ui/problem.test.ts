// SPDX-License-Identifier: AGPL-3.0-or-later
// problem.tsx: a refusal in the app's words, with its own limits, and else in the server's.
import assert from "node:assert/strict";
import { test } from "node:test";

Object.assign(globalThis, {
	localStorage: { getItem: () => "de", setItem: () => undefined },
	location: { origin: "https://geleit.example" },
	addEventListener: () => undefined,
	// an open one would keep the test from ending
	BroadcastChannel: class {},
});

test("a code has words, the server's own are marked as English", async () => {
	const { Problem } = await import("../api/client");
	const { session } = await import("../api/session");
	const { problemText } = await import("./problem");
	const of = (code: string, detail = "") => problemText(new Problem(400, code, "", detail, {}, 0));
	session.value = { delivery_max_days: 90 } as typeof session.value;
	assert.deepEqual(of("expires-too-late", "at most 90 days are allowed"), {
		text: "Eine Sendung darf höchstens 90 Tage gelten.",
	});
	assert.deepEqual(of("basket-full"), { text: "Die Mappe ist voll, sie fasst 10.000 Dateien." });
	assert.deepEqual(of("other", "a reason"), { text: "a reason", lang: "en" });
	assert.doesNotMatch(of("other").text, /other/);
});
