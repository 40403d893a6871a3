// SPDX-License-Identifier: AGPL-3.0-or-later
// draft.ts: what a draft asks of the server, and what keeps it from being sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	bodyOf,
	dayAfter,
	type Draft,
	endOfDay,
	faultsOf,
	freshDraft,
	isTouched,
	keyKeeper,
	readDraft,
} from "./draft";

const now = new Date(2026, 10, 25, 15, 0);
const draft = (o: Partial<Draft> = {}): Draft => ({
	...freshDraft("de", 14, now),
	to: ["a@x.example"],
	...o,
});

test("fourteen days at first, over the end of a month", () => {
	assert.equal(freshDraft("de", 14, now).expires, "2026-12-09");
	assert.equal(dayAfter(40, now), "2027-01-04");
	assert.equal(endOfDay("2026-12-09")?.getHours(), 23);
	assert.equal(endOfDay("2026-13-09"), null);
});

test("only what was filled in is asked for", () => {
	assert.deepEqual(bodyOf(draft(), ["1"]), {
		assets: ["1"],
		to: ["a@x.example"],
		lang: "de",
		expires: "2026-12-09",
	});
	const full = bodyOf(
		draft({
			subject: " S ",
			message: "M\n",
			limit: "3",
			validFrom: "2026-11-26T08:00",
			expires: "",
		}),
		["1"],
	);
	assert.equal(full.subject, "S");
	assert.equal(full.message, "M");
	assert.equal(full.limit, 3);
	assert.equal("expires" in full, false);
	assert.equal(full.valid_from, `${new Date(2026, 10, 26, 8).toISOString().slice(0, 19)}Z`);
});

test("what keeps a draft from being sent", () => {
	assert.deepEqual(faultsOf(draft(), 1, now), {});
	assert.deepEqual(faultsOf(draft({ to: [] }), 0, now), { files: "files-none", to: "to-none" });
	assert.equal(faultsOf(draft({ expires: "2026-11-24" }), 1, now).expires, "expires-past");
	assert.equal(
		faultsOf(draft({ expires: "2026-11-25" }), 1, now).expires,
		undefined,
		"today still ends later",
	);
	assert.equal(faultsOf(draft({ validFrom: "2026-12-10T08:00" }), 1, now).validFrom, "from-after");
	for (const limit of ["0", "-1", "1.5", "1000000", "x"])
		assert.equal(faultsOf(draft({ limit }), 1, now).limit, "limit-bad", limit);
});

test("the same body keeps its key, another gets another", () => {
	let n = 0;
	const key = keyKeeper(() => String(++n));
	assert.equal(key(bodyOf(draft(), ["1"])), "1");
	assert.equal(key(bodyOf(draft(), ["1"])), "1");
	assert.equal(key(bodyOf(draft(), ["2"])), "2");
});

test("a draft put away comes back; anything else does not", () => {
	const d = draft({ message: "Guten Tag" });
	assert.deepEqual(readDraft(JSON.stringify(d), freshDraft("en", 14, now)), d);
	assert.equal(readDraft("{", freshDraft("de", 14, now)), null);
	assert.equal(readDraft(null, freshDraft("de", 14, now)), null);
	assert.deepEqual(
		readDraft('{"to":[1,"a@x.example"],"lang":"fr"}', freshDraft("en", 14, now))?.to,
		["a@x.example"],
	);
	assert.equal(isTouched(freshDraft("de", 14, now)), false);
	assert.equal(isTouched(d), true);
});
