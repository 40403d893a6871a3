// SPDX-License-Identifier: AGPL-3.0-or-later
// state.ts: what is asked for, and whose answer is shown.
import assert from "node:assert/strict";
import { test } from "node:test";

test("the newest question counts, and only an address is one", async () => {
	const asked: { to: string | null; answer: (list: unknown) => void }[] = [];
	Object.assign(globalThis, {
		location: { origin: "https://geleit.example" },
		fetch: (request: Request) =>
			new Promise((go) => {
				const to = new URL(request.url).searchParams.get("to");
				asked.push({ to, answer: (list) => go(Response.json(list)) });
			}),
	});
	const { loadMails, mails } = await import("./state");
	const first = loadMails("mar");
	const second = loadMails("maren@x.example");
	assert.deepEqual(
		asked.map((a) => a.to),
		[null, "maren@x.example"],
	);
	asked[1]?.answer([{ id: "2" }]);
	await second;
	asked[0]?.answer([{ id: "1" }]);
	await first;
	assert.deepEqual(
		mails.value?.map((m) => m.id),
		["2"],
	);
});
