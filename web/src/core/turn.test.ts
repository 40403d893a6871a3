// SPDX-License-Identifier: AGPL-3.0-or-later
// Two quick changes of one's own are no conflict; one of somebody else between them is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lineage, turns } from "./turn";

test("a job waits for the one before, also for one that fails", async () => {
	const inTurn = turns();
	const done: string[] = [];
	let release = () => {};
	const first = inTurn(async () => {
		await new Promise<void>((go) => {
			release = go;
		});
		done.push("first");
		throw new Error("refused");
	});
	const second = inTurn(async () => done.push("second"));
	await Promise.resolve();
	assert.deepEqual(done, []);
	release();
	await assert.rejects(first, /refused/);
	await second;
	assert.deepEqual(done, ["first", "second"]);
});

/** A file on a server that refuses what was made from another version than there is. */
function file() {
	let etag = 1;
	return {
		change(from: string) {
			if (from !== String(etag)) throw new Error("412");
			return String(++etag);
		},
		byOthers: () => void etag++,
	};
}

test("changes begun from the same version are made one from the other", async () => {
	const inTurn = turns();
	const own = new Lineage();
	const f = file();
	const save = (base: string) =>
		inTurn(async () => {
			const from = own.newest("7", base);
			own.became("7", from, f.change(from));
		});
	await Promise.all([save("1"), save("1"), save("1")]);
	assert.equal(own.newest("7", "1"), "4");
	assert.equal(own.newest("8", "1"), "1", "another file");
	f.byOthers();
	await assert.rejects(save("1"), /412/);
	await save("5"); // as it was read again
	await assert.rejects(save("2"), /412/);
});
