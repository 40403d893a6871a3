// SPDX-License-Identifier: AGPL-3.0-or-later
// kept.ts: a draft between this tab and a server that counts its versions.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { signal } from "@preact/signals";
import { type Clock, mockTimers } from "../../../test/timers";
import { type Draft, freshDraft } from "./draft";

const store = new Map<string, string>();
/** The server: what it has kept, and what it was asked. */
const server = { draft: null as unknown, stamp: 0, asked: [] as string[], hold: Promise.resolve() };
const keep = (draft: unknown) => {
	server.draft = draft;
	server.stamp = draft === null ? 0 : server.stamp + 1;
};
/** As another window does. */
const other = (subject: string) => {
	const { validFrom, ...rest } = { ...freshDraft("de", 14), subject };
	keep({ ...rest, valid_from: validFrom });
};

async function answer(request: Request): Promise<Response> {
	server.asked.push(request.method);
	const wanted = request.headers.get("If-Match");
	if (wanted !== null && wanted !== `"${server.stamp}"`)
		return Response.json({ code: "changed" }, { status: 412 });
	if (request.method === "PUT") keep(await request.json());
	if (request.method === "DELETE") keep(null);
	const headers = { ETag: `"${server.stamp}"` };
	const body = { draft: server.draft, saved: null };
	await server.hold;
	return request.method === "DELETE"
		? new Response(null, { status: 204 })
		: Response.json(body, { headers });
}

Object.assign(globalThis, {
	location: { origin: "https://geleit.example" },
	sessionStorage: {
		getItem: (k: string) => store.get(k) ?? null,
		setItem: (k: string, v: string) => store.set(k, v),
		removeItem: (k: string) => store.delete(k),
	},
	fetch: answer,
});

const settled = async () => {
	for (let i = 0; i < 20; i++) await new Promise((go) => setImmediate(go));
};
let leave = () => {};
/** The screen, entered; `type` changes the subject and lets a second go by. */
async function enter(clock: Clock, text: Draft | null = null) {
	const kept = await import("./kept");
	const draft = signal<Draft>(text ?? freshDraft("de", 14));
	void kept.takeUpDraft(draft);
	leave = kept.keepDraft(draft);
	await settled();
	const type = async (subject: string) => {
		draft.value = { ...draft.value, subject };
		clock.tick(1000);
		await settled();
	};
	return { ...kept, draft, type };
}
const subject = () => (server.draft as Draft | null)?.subject ?? null;

afterEach(async () => {
	leave();
	(await import("./kept")).dropDraft();
	await settled();
	server.asked = [];
});

test("what is emptied by hand is gone, here and on the server", async (t) => {
	const clock = mockTimers(t);
	const { type, savedAt } = await enter(clock);
	await type("Motive");
	assert.equal(subject(), "Motive");
	await type("");
	assert.equal(server.draft, null);
	assert.equal(store.size, 0);
	assert.equal(savedAt.value, null);
	await type("Doch");
	assert.equal(subject(), "Doch", "and another one is kept");
});

test("who only looks deletes nothing", async (t) => {
	const clock = mockTimers(t);
	other("Von dort");
	const { draft } = await enter(clock);
	clock.tick(1000);
	await settled();
	assert.equal(draft.value.subject, "Von dort");
	assert.deepEqual(server.asked, ["GET"]);
});

test("this tab's text stays when another window has kept one since", async (t) => {
	const clock = mockTimers(t);
	const first = await enter(clock);
	await first.type("Hier");
	leave();
	other("Dort");
	for (let i = 0; i < 2; i++) {
		const again = await enter(clock, first.draft.value);
		assert.equal(again.draft.value.subject, "Hier");
		assert.equal(again.elsewhere.value, true);
		await again.type("Hier weiter");
		assert.equal(subject(), "Dort", "nor does it overwrite the other's");
		leave();
	}
	const again = await enter(clock, first.draft.value);
	await again.loadOther(again.draft);
	assert.equal(again.draft.value.subject, "Dort");
	assert.equal(again.elsewhere.value, false);
});

test("what was typed last is kept on leaving, and is nobody else's on coming back", async (t) => {
	const clock = mockTimers(t);
	const { draft, type } = await enter(clock);
	await type("Motive");
	draft.value = { ...draft.value, subject: "Motive Havn" };
	leave();
	const again = await enter(clock, draft.value);
	assert.equal(subject(), "Motive Havn");
	assert.equal(again.elsewhere.value, false);
});

test("what is answered about a draft that was sent is not heard", async (t) => {
	const clock = mockTimers(t);
	const { type, dropDraft, draft, elsewhere } = await enter(clock);
	await type("Erste");
	let go = () => {};
	server.hold = new Promise((answer) => {
		go = answer;
	});
	await type("Erste, später");
	dropDraft();
	draft.value = freshDraft("de", 14);
	go();
	await settled();
	assert.equal(server.draft, null);
	await type("Zweite");
	assert.equal(elsewhere.value, false);
	assert.equal(subject(), "Zweite");
});
