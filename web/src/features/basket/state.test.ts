// SPDX-License-Identifier: AGPL-3.0-or-later
// state.ts: changes reach the server one after the other, and its files are asked for only
// where they are shown.
import assert from "node:assert/strict";
import { test } from "node:test";

const asked: { what: string; answer: (body: unknown) => void }[] = [];
Object.assign(globalThis, {
	location: { origin: "https://geleit.example" },
	fetch: async (request: Request) => {
		const what = `${request.method} ${await request.text()}`.trim();
		return new Promise((go) => {
			asked.push({ what, answer: (body) => go(Response.json(body)) });
		});
	},
});
const settled = async () => {
	for (let i = 0; i < 10; i++) await new Promise((go) => setImmediate(go));
};
const told = async () => {
	await settled();
	return asked.map((a) => a.what);
};

test("one after the other, and no list that nobody has seen", async () => {
	const { addToBasket, basket, loadBasket, removeFromBasket } = await import("./state");
	const { basket: facts } = await import("../../shell/slots");
	const add = addToBasket(["1"]);
	const out = removeFromBasket(["1"]);
	assert.deepEqual(await told(), ['POST {"add":["1"]}']);
	asked[0]?.answer({ count: 1, bytes: 5 });
	await add;
	assert.equal(facts.value.count, 1);
	assert.deepEqual((await told()).slice(1), ['POST {"remove":["1"]}']);
	asked[1]?.answer({ count: 0, bytes: 0 });
	await out;
	assert.equal(asked.length, 2);
	assert.equal(facts.value.count, 0);

	const load = loadBasket();
	await settled();
	asked[2]?.answer({ cards: [], gone: 0, bytes: 0 });
	await load;
	assert.deepEqual(basket.value?.cards, []);
	const more = addToBasket(["2"]);
	await settled();
	asked[3]?.answer({ count: 1, bytes: 5 });
	await more;
	assert.deepEqual((await told()).slice(4), ["GET"], "the list that is shown follows");
});
