// SPDX-License-Identifier: AGPL-3.0-or-later
// The grid's geometry: at most 400 elements on any screen, the scroll way of a million files,
// seeing a file with as little scrolling as needed, keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, rowOf, type Way } from "./layout";
import {
	centring,
	fitted,
	goal,
	NODES,
	PER_CELL,
	pageOf,
	placeOf,
	revealing,
	scrollOf,
	span,
	TALLEST,
	tall,
} from "./window";

const WAYS: Way[] = ["cards", "gallery", "list"];

function shapes(n: number): Uint8Array {
	let seed = 7;
	return Uint8Array.from({ length: n }, () => {
		seed = (seed * 48271) % 2147483647;
		return 90 + (seed % 80);
	});
}
const some = shapes(5000);

test("no screen holds more than 400 elements, wherever it is scrolled", () => {
	for (const way of WAYS)
		for (const [width, view] of [
			[320, 640],
			[1180, 900],
			[2300, 1300],
			[3600, 2000],
		] as const) {
			const l = fitted(some, way, width, view);
			for (let y = 0; y < l.height; y += 177) {
				const s = span(l, y, view);
				assert.ok((s.last - s.first) * PER_CELL + 2 <= NODES, `${way} ${width}x${view} at ${y}`);
			}
		}
});

test("the rows drawn cover the view and one row beyond", () => {
	for (const way of WAYS) {
		const l = fitted(some, way, 1100, 900);
		for (const y of [0, 1, 5000, l.height - 900]) {
			const s = span(l, y, 900);
			assert.ok((l.top[s.from] ?? 0) <= y);
			assert.ok(s.to === l.rows || (l.top[s.to] ?? 0) > y + 900);
			assert.equal(rowOf(l, s.first), s.from);
			assert.equal(s.last, l.first[s.to]);
		}
	}
});

test("a narrow window shows smaller cards, two beside each other", () => {
	const l = fitted(some, "cards", 350, 700);
	assert.equal(boxOf(l, 1).y, boxOf(l, 0).y);
	assert.ok(boxOf(l, 2).y > 0);
	assert.ok(boxOf(l, 1).x + boxOf(l, 1).w <= 350);
});

test("a million files are scrolled through within what browsers can hold", () => {
	const small = fitted(some, "cards", 1100, 900);
	assert.equal(tall(small), small.height);
	assert.equal(placeOf(small, 1234, 900), 1234);
	const large = fitted(shapes(1_000_000), "cards", 1100, 900);
	assert.ok(large.height > 2 * TALLEST);
	assert.equal(tall(large), TALLEST);
	assert.equal(placeOf(large, 0, 900), 0);
	assert.equal(Math.round(placeOf(large, TALLEST - 900, 900)), large.height - 900);
	for (const y of [17, 1e6, 2e7])
		assert.ok(Math.abs(placeOf(large, scrollOf(large, y, 900), 900) - y) < 0.01);
});

test("as little is scrolled as needed to see a file", () => {
	const l = fitted(some, "cards", 1100, 900);
	const middle = 500;
	const { y, h } = boxOf(l, middle);
	assert.equal(revealing(l, middle, y - 100, 900), null, "it is seen");
	const up = revealing(l, middle, y + 1, 900);
	assert.ok(up !== null && up < y && y - up < 20, "its upper edge, just");
	const down = revealing(l, middle, y - 900, 900);
	assert.ok(down !== null);
	assert.ok(down + 900 - 88 >= y + h, "its lower edge, above the bars");
	assert.equal(revealing(l, middle, up, 900), null);
	assert.equal(revealing(l, middle, down, 900), null);
	const centre = centring(l, middle, 900);
	assert.ok(Math.abs(centre + 450 - (y + (h + l.space.caption) / 2)) < 1);
});

test("keys lead to files and stay within the listing", () => {
	const l = fitted(some, "cards", 1100, 900);
	const columns = l.first[1] ?? 0;
	const how = { page: pageOf(l, 0, 900), rtl: false };
	const to = (key: string, at: number) => goal(l, key, at, how);
	assert.equal(to("ArrowRight", 0), 1);
	assert.equal(to("ArrowLeft", 0), 0);
	assert.equal(to("ArrowRight", 4999), 4999);
	assert.equal(to("ArrowDown", 1), 1 + columns);
	assert.equal(to("ArrowUp", 1), 1);
	assert.equal(to("PageDown", 0), how.page * columns);
	assert.equal(to("End", 3), 4999);
	assert.equal(to("Home", 3), 0);
	assert.equal(to("x", 3), null);
	assert.equal(goal(l, "ArrowRight", 5, { ...how, rtl: true }), 4);
});
