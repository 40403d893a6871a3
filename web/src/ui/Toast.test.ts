// SPDX-License-Identifier: AGPL-3.0-or-later
// Toast.tsx: news go by themselves, also after the last one was closed under the pointer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mockTimers } from "../../test/timers";

Object.assign(globalThis, { localStorage: { getItem: () => "de" } });

test("closing the last one under the pointer stops nothing", async (t) => {
	const clock = mockTimers(t);
	const { close, hold, toast, toasts } = await import("./Toast");
	toast("one");
	hold(true);
	clock.tick(20_000);
	assert.equal(toasts.value.length, 1, "held");
	close(toasts.value[0]?.id ?? 0);
	toast("two");
	toast("wrong", { error: true });
	clock.tick(10_000);
	assert.deepEqual(
		toasts.value.map((e) => e.text),
		["wrong"],
	);
});
