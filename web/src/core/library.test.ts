// SPDX-License-Identifier: AGPL-3.0-or-later
// The parts of the library that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blurhash } from "./blurhash";
import { beside, boxOf, eachOf, layOut, RATIO, rowOf, type Space, touched } from "./layout";
import * as select from "./selection";
import { Rate, UploadQueue } from "./upload";
import { decode, encode } from "./wire";
import { visible } from "./words";

const gallery: Space = { way: "gallery", width: 1100, gap: 12, rowGap: 20, caption: 60, size: 176 };
const cards: Space = { way: "cards", width: 787, gap: 16, rowGap: 24, caption: 66, size: 184 };

function shapes(n: number): Uint8Array {
	let seed = 7;
	return Uint8Array.from({ length: n }, () => {
		seed = (seed * 48271) % 2147483647;
		return 90 + (seed % 80);
	});
}

test("gallery rows hold every file once, fill the width and do not overlap", () => {
	const l = layOut(shapes(5000), gallery);
	let next = 0;
	for (let r = 0; r < l.rows; r++) {
		let end = -12;
		eachOf(l, r, (i, b) => {
			assert.equal(i, next++);
			assert.ok(Math.abs(b.x - end - 12) <= 1, `gap before ${i}`);
			assert.ok(b.w > 90 && b.h > 100, `size of ${i}: ${b.w}x${b.h}`);
			end = b.x + b.w;
		});
		if (r < l.rows - 1) assert.ok(Math.abs(end - 1100) <= 3, `row ${r} ends at ${end}`);
		assert.ok((l.top[r + 1] ?? 0) > (l.top[r] ?? 0));
	}
	assert.equal(next, 5000);
});

test("cards stand in four columns where the mock has four", () => {
	const l = layOut(shapes(10), cards);
	assert.equal(l.rows, 3);
	assert.deepEqual([...l.first], [0, 4, 8, 10]);
	assert.equal(boxOf(l, 3).x + boxOf(l, 3).w, 787);
	assert.equal(boxOf(l, 4).x, 0);
});

test("an empty listing and a single wide file", () => {
	assert.equal(layOut(new Uint8Array(0), gallery).height, 0);
	const one = layOut(Uint8Array.of(255), { ...gallery, width: 200 });
	assert.equal(one.rows, 1);
	assert.ok(boxOf(one, 0).w <= 200);
	assert.equal(RATIO[128], 1);
});

test("arrow down goes to the nearest below and stays at the end", () => {
	const l = layOut(shapes(10), cards);
	assert.equal(beside(l, 1, 1), 5);
	assert.equal(beside(l, 7, 1), 9);
	assert.equal(beside(l, 9, 1), 9);
	assert.equal(beside(l, 9, -9), 1);
	assert.equal(rowOf(l, 8), 2);
});

test("a rubber band gives ranges", () => {
	const l = layOut(shapes(12), cards);
	const b = boxOf(l, 5);
	assert.deepEqual(touched(l, { x: 1, y: 1 }, { x: b.x + 5, y: b.y + 5 }), [
		[0, 2],
		[4, 6],
	]);
	assert.deepEqual(touched(l, { x: 0, y: -50 }, { x: 5, y: -10 }), []);
});

test("selection: click, ctrl, shift, band, all", () => {
	let s = select.only(5);
	s = select.toggle(s, 7);
	s = select.toggle(s, 6);
	assert.deepEqual(s.ranges, [[5, 8]]);
	s = select.toggle(s, 6);
	assert.deepEqual(s.ranges, [
		[5, 6],
		[7, 8],
	]);
	assert.ok(select.has(s, 7) && !select.has(s, 6) && !select.has(s, 8));
	s = select.extend(select.only(10), 4);
	assert.deepEqual(s.ranges, [[4, 11]]);
	s = select.extend(s, 12);
	assert.deepEqual([s.ranges, s.count, s.anchor], [[[10, 13]], 3, 10]);
	s = select.extend(select.toggle(s, 20), 22, true);
	assert.equal(s.count, 6);
	s = select.band(select.only(1), [[1, 3]], true);
	assert.equal(s.count, 2);
	assert.equal(select.all(100_000).ranges.length, 1);
	assert.equal(select.all(0).count, 0);
});

test("selection follows its files into another listing", () => {
	const a = BigUint64Array.of(1n, 2n, 3n, 4n);
	const b = BigUint64Array.of(9n, 4n, 2n);
	const s = select.carried(select.extend(select.only(1), 3), a, b);
	assert.deepEqual(s.ranges, [[1, 3]]);
	assert.equal(s.anchor, 2);
	assert.deepEqual(select.ids(s, b), ["4", "2"]);
	assert.deepEqual(select.ids(select.all(4), a, 2), ["1", "2"]);
});

test("wire: what was encoded is read, what is cut is refused", () => {
	const ids = BigUint64Array.of(7391829012345678n, 18446744073709551615n, 3n);
	const data = encode(42n, Uint8Array.of(1, 128, 255), ids);
	const l = decode(data);
	assert.equal(l.stamp, 42n);
	assert.deepEqual([...l.ratios], [1, 128, 255]);
	assert.deepEqual([...l.ids], [...ids]);
	assert.throws(() => decode(data.slice(0, 40)));
	assert.throws(() => decode(new ArrayBuffer(16)));
	assert.throws(() => decode(new ArrayBuffer(3)));
});

test("blurhash: the colours of the published example", () => {
	const p = blurhash("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 8, 8);
	assert.ok(p);
	assert.equal(p.length, 256);
	assert.ok(p.every((v, i) => i % 4 !== 3 || v === 255));
	const mean = [0, 1, 2].map(
		(c) => p.filter((_, i) => i % 4 === c).reduce((a, b) => a + b, 0) / 64,
	);
	assert.ok((mean[0] ?? 0) > 100 && (mean[0] ?? 0) < 190, String(mean));
	assert.equal(blurhash("LEHV6nWB2yk8pyo0adR*.7kCMdn", 8, 8), null);
	assert.equal(blurhash("", 8, 8), null);
	assert.equal(blurhash("L HV6nWB2yk8pyo0adR*.7kCMdnj", 8, 8), null);
});

test("uploads: three at a time, pause, resume, retry", () => {
	const q = new UploadQueue();
	for (let i = 0; i < 5000; i++) q.add(`${i}.jpg`, "A", 10);
	const first = q.start();
	assert.equal(first.length, 3);
	assert.equal(q.start().length, 0);
	const [a, b, c] = first;
	assert.ok(a && b && c);
	q.progress(a, 4);
	q.pause(a);
	assert.equal(a.state, "paused");
	assert.equal(q.start().length, 1);
	q.finish(b, "77");
	q.fail(c, "refused");
	assert.equal(q.start().length, 2);
	q.retry(c);
	assert.equal(c.state, "waiting");
	q.resume(a);
	assert.equal(a.sent, 4);
	assert.equal(q.hold().length, 3);
	assert.equal(q.start().length, 0);
	q.held = false;
	assert.equal(q.start()[0], a);
	assert.equal(q.totals().done, 1);
	q.clearDone();
	assert.equal(q.items.length, 4999);
});

test("uploads: what can never work says so and is not tried again", () => {
	const q = new UploadQueue();
	const empty = q.add("a.txt", "", 0);
	const dir = q.add("b", "", 4096, "directory");
	assert.deepEqual([empty.error, dir.error], ["empty", "directory"]);
	q.retry(empty);
	q.retry(dir);
	assert.equal(q.start().length, 0);
	assert.deepEqual([q.totals().failed, q.totals().bytes], [2, 0]);
});

test("the time that is left", () => {
	const r = new Rate();
	assert.equal(r.left(100), null);
	for (let s = 0; s <= 20; s++) r.sample(s * 1_000_000, s * 1000);
	assert.equal(r.left(5_000_000), 5);
});

test("the cursor follows its file, then the next that is left, then the last before it", () => {
	const from = BigUint64Array.from([1n, 2n, 3n, 4n, 5n]);
	assert.equal(select.follow(2, from, BigUint64Array.from([9n, 1n, 3n])), 2);
	assert.equal(select.follow(2, from, BigUint64Array.from([1n, 2n, 5n])), 2);
	assert.equal(select.follow(4, from, BigUint64Array.from([1n, 2n])), 1);
	assert.equal(select.follow(0, from, BigUint64Array.from([7n])), -1);
});

test("what hides or turns letters is written out; emoji and Hebrew stay", () => {
	assert.equal(visible("Rechnung\u202Efdp.exe"), "Rechnung⟨U+202E⟩fdp.exe");
	assert.equal(visible("a\u200bb\u0007\u2028"), "a⟨U+200B⟩b⟨U+0007⟩⟨U+2028⟩");
	assert.equal(visible("👩‍🎨 שלום Nord"), "👩‍🎨 שלום Nord");
});

test("uploads: a lost connection is looked for by one file, less and less often", () => {
	const q = new UploadQueue();
	for (let i = 0; i < 9; i++) q.add(`${i}.jpg`, "", 10);
	for (const item of q.start()) {
		q.wait(item);
		q.link.fail(0);
	}
	assert.equal(q.link.at, 1000);
	assert.equal(q.start().length, 0);
	const due: (number | null)[] = [];
	for (let n = 0; n < 8; n++) {
		q.link.look();
		const [one, more] = q.start();
		assert.ok(one && !more);
		q.wait(one);
		q.link.fail(0);
		due.push(q.link.at);
	}
	assert.deepEqual(
		due,
		[2, 4, 8, 15, 30, 60, 60, 60].map((s) => s * 1000),
	);
	q.link.back();
	assert.equal(q.start().length, 3);
});
