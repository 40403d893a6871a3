// SPDX-License-Identifier: AGPL-3.0-or-later
// Sizes, times and names in words, in both languages; messages with plural and numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { device } from "./agent";
import {
	bytes,
	date,
	dateInWords,
	dateTime,
	dayMonth,
	inDays,
	initials,
	number,
	percent,
	relative,
} from "./format";
import { fill } from "./message";
import { QUIET, qrPath } from "./qr";

const plain = (s: string) => s.replace(/[\u00a0\u202f]/g, " ");

test("sizes are decimal, with one digit below ten", () => {
	assert.equal(plain(bytes(8_400_000, "de")), "8,4 MB");
	assert.equal(plain(bytes(248_000_000, "en")), "248 MB");
	assert.equal(plain(bytes(999_600, "en")), "1 MB");
	assert.equal(plain(bytes(1_300_000_000, "de")), "1,3 GB");
	assert.equal(plain(bytes(0, "en")), "0 B");
});

test("numbers and sizes are those of Intl", () => {
	const sizes = [
		0, 1, 2, 999, 1000, 1049, 1050, 8_400, 9_949, 9_951, 999_499, 999_500, 1e6, 5.55e9, 2e12,
		7.2e15,
	];
	const names = ["", "kilobyte", "megabyte", "gigabyte", "terabyte"];
	for (const [language, region] of [
		["de", "de-DE"],
		["en", "en-GB"],
	] as const) {
		for (const n of [0, 1, -1, 12, 999, 1000, 12_345, 999_999, 1_234_567_890, -54_321])
			assert.equal(number(n, language), new Intl.NumberFormat(region).format(n));
		for (const n of [0, 7, 100, 1230])
			assert.equal(
				plain(percent(n, language)),
				plain(new Intl.NumberFormat(region, { style: "percent" }).format(n / 100)),
			);
		for (const n of sizes) {
			const unit = names.findIndex((_, i) => n / 1000 ** i < 999.5 || i === names.length - 1);
			const value = n / 1000 ** unit;
			const of = unit > 0 && ({ style: "unit", unit: names[unit] ?? "" } as const);
			const digits = { maximumFractionDigits: unit > 0 && value < 9.95 ? 1 : 0 };
			// Intl has a word for the byte, the recipients' pages write B
			const intl = new Intl.NumberFormat(region, { ...of, ...digits }).format(value);
			assert.equal(plain(bytes(n, language)), plain(unit > 0 ? intl : `${intl} B`));
		}
	}
});

test("the day stands before the month, in English, too", () => {
	const when = new Date(2026, 10, 26, 9, 5);
	assert.equal(date(when, "de"), "26.11.2026");
	assert.equal(date(when, "en"), "26/11/2026");
	assert.equal(dayMonth(when, "de"), "26.11.");
	assert.equal(dayMonth(when, "en"), "26/11");
	assert.equal(plain(dateTime(when, "en")), "26/11/2026, 09:05");
	assert.match(dateInWords(when, "en"), /26 November 2026$/);
});

test("times are told from now", () => {
	const now = Date.UTC(2026, 10, 25, 12);
	assert.equal(relative(now - 3 * 3600_000, "de", now), "vor 3 Stunden");
	assert.equal(relative(now + 14 * 86400_000, "en", now), "in 14 days");
	assert.equal(relative(now, "de", now), "jetzt");
});

test("initials of one, two and more names", () => {
	assert.equal(initials("Maren Olsen"), "MO");
	assert.equal(initials(" ägidius "), "Ä");
	assert.equal(initials("Anna Maria von Berg"), "AB");
	assert.equal(initials(""), "");
});

test("a message takes its plural and writes numbers as the language does", () => {
	const files = { one: "{n} Datei", other: "{n} Dateien" };
	assert.equal(fill(files, { n: 1 }, "de"), "1 Datei");
	assert.equal(fill(files, { n: 104318 }, "de"), "104.318 Dateien");
	assert.equal(fill("{a} {b}", { a: "x" }, "en"), "x {b}");
	assert.equal(fill("{a}", { a: "{b}", b: "no" }, "en"), "{b}", "a value is no message");
});

test("a QR row becomes runs, after the quiet zone", () => {
	assert.equal(qrPath([[1, 1, 0, 1]]), `M${QUIET} ${QUIET}h2v1h-2zM${QUIET + 3} ${QUIET}h1v1h-1z`);
	assert.equal(qrPath([[0, 0]]), "");
});

test("browsers and systems are told apart", () => {
	const edge =
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0";
	assert.deepEqual(device(edge), { browser: "Edge", system: "Windows" });
	const phone =
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1";
	assert.deepEqual(device(phone), { browser: "Safari", system: "iOS" });
	assert.equal(device("curl/8"), null);
});

test("days are counted by the calendar", () => {
	const end = new Date(2026, 11, 10, 23, 59, 59);
	assert.equal(inDays(end, "de", new Date(2026, 10, 26, 0, 8)), "in 14 Tagen");
	assert.equal(inDays(end, "de", new Date(2026, 10, 26, 23, 50)), "in 14 Tagen");
	assert.equal(inDays(end, "en", new Date(2026, 11, 10, 1, 0)), "today");
	// over the night the clocks go back
	assert.equal(inDays(new Date(2026, 9, 26), "en", new Date(2026, 9, 24, 12)), "in 2 days");
});
