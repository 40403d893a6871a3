// SPDX-License-Identifier: AGPL-3.0-or-later
// state.ts: whose answer is shown, and that one delivery is asked for by one chain alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mockTimers } from "../../../test/timers";

type Answer = (body: unknown, status?: number) => void;
const asked: { path: string; answer: Answer }[] = [];
const events: Record<string, () => void> = {};
Object.assign(globalThis, {
	location: { origin: "https://geleit.example" },
	document: {
		visibilityState: "visible",
		addEventListener: (name: string, f: () => void) => {
			events[name] = f;
		},
		removeEventListener: () => undefined,
	},
	fetch: (request: Request) =>
		new Promise((go) => {
			asked.push({
				path: new URL(request.url).pathname.slice(-1),
				answer: (body, status = 200) => go(Response.json(body, { status })),
			});
		}),
});
const settled = () => new Promise((go) => setImmediate(go));

test("a late answer counts no more, and one chain asks", async (t) => {
	const clock = mockTimers(t);
	const { delivery, deliveryProblem, watchDelivery } = await import("./state");
	const of = (number: string) => ({
		delivery: number,
		recipients: [],
		events_before: 0,
		events: [],
	});

	const leaveA = watchDelivery("A");
	await settled();
	asked[0]?.answer({ code: "not-found" }, 404);
	await settled();
	assert.equal(deliveryProblem.value?.status, 404);
	clock.tick(60_000);
	await settled();
	assert.equal(asked.length, 2, "asked again");
	leaveA();
	const leaveB = watchDelivery("B");
	assert.equal(deliveryProblem.value, null, "that was about A");
	await settled();
	asked[2]?.answer(of("B"));
	await settled();
	asked[1]?.answer(of("A"));
	await settled();
	assert.equal(delivery.value?.delivery, "B");

	for (let i = 0; i < 3; i++) events["visibilitychange"]?.();
	await settled();
	assert.equal(asked.length, 4, "who comes back is asked for once");
	asked[3]?.answer(of("B"));
	await settled();
	clock.tick(60_000);
	await settled();
	assert.equal(asked.length, 5, "one chain goes on");
	leaveB();
	asked[4]?.answer(of("B"));
	await settled();
	clock.tick(600_000);
	await settled();
	assert.equal(asked.length, 5, "and ends");
});
