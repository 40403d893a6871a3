// SPDX-License-Identifier: AGPL-3.0-or-later
// The library in a browser: empty, finding, choosing by keys, the viewer, two people at once,
// what 100,000 files cost.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { axe, call, goto, madeListing, openPage, setUp, shot } from "./harness.mjs";

const { server, who, folder } = await setUp();

/** CRC of a PNG chunk; Debian's Node has none of its own. */
function crc(data) {
	let c = ~0;
	for (const b of data) {
		c ^= b;
		for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c >>> 0;
}

function chunk(type, data) {
	const body = Buffer.concat([Buffer.from(type), data]);
	const out = Buffer.alloc(8 + body.length);
	out.writeUInt32BE(data.length, 0);
	body.copy(out, 4);
	out.writeUInt32BE(crc(body), 4 + body.length);
	return out;
}

/** A picture of a colour ramp, so that every file has its own content and colour. */
function png(width, height, seed) {
	const rows = Buffer.alloc(height * (width * 3 + 1));
	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++) {
			const at = y * (width * 3 + 1) + 1 + x * 3;
			rows[at] = (seed * 53 + (x * 90) / width) & 255;
			rows[at + 1] = (seed * 97 + (y * 90) / height) & 255;
			rows[at + 2] = (seed * 29) & 255;
		}
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width, 0);
	head.writeUInt32BE(height, 4);
	head.set([8, 2, 0, 0, 0], 8);
	const magic = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
	return Buffer.concat([
		magic,
		chunk("IHDR", head),
		chunk("IDAT", deflateSync(rows)),
		chunk("IEND", Buffer.alloc(0)),
	]);
}

function file(name, data) {
	const path = join(folder, name);
	writeFileSync(path, data);
	return path;
}

const api = (method, path, body) =>
	call(server, method, `/api/v1${path}`, body, { key: server.key });
const count = (page) => page.locator(".library-head .num").innerText();
const options = (page) => page.locator(".vg-c:not([hidden])");

test("an empty library says what to do", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	await page.getByText("Noch keine Dateien. Ziehen Sie einen Ordner hierher.").waitFor();
	await axe(page, "empty");
	await page.done();
});

test("files of the command line are there", async () => {
	const sizes = [
		[600, 400],
		[400, 600],
		[500, 500],
		[800, 300],
		[640, 480],
	];
	await server.run(
		"upload",
		...sizes.map(([w, h], i) => file(`Sofa_Fjord_${i}.png`, png(w, h, i + 1))),
	);
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	await page.locator(".library-head").getByText("5 Dateien").waitFor();
	await page.done();
});

test("keys move, choose, open; the count is said", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	await options(page).nth(4).waitFor();
	const box = page.getByRole("listbox", { name: "Dateien" });
	await box.focus();
	await page.keyboard.press("End");
	await page.keyboard.press("Home");
	await page.keyboard.press("Space");
	await page.getByRole("region", { name: "Auswahl" }).getByText("1 ausgewählt").waitFor();
	await page.keyboard.press("Shift+ArrowRight");
	await page.keyboard.press("Shift+ArrowRight");
	await page.getByRole("region", { name: "Auswahl" }).getByText("3 ausgewählt").waitFor();
	await until(
		page,
		() => document.querySelector("[aria-live=polite]").textContent === "3 ausgewählt",
	);
	await page.keyboard.press("Control+a");
	await page.getByRole("region", { name: "Auswahl" }).getByText("5 ausgewählt").waitFor();
	await axe(page, "chosen");
	await page.keyboard.press("Escape");
	assert.equal(await page.locator(".bar").count(), 0);
	const active = page.locator(`#${await box.getAttribute("aria-activedescendant")}`);
	assert.equal(await active.getAttribute("aria-posinset"), "3");
	assert.equal(await active.getAttribute("aria-setsize"), "5");
	await page.keyboard.press("Enter");
	const viewer = page.locator("dialog.library-viewer");
	await viewer.waitFor();
	await page.keyboard.press("ArrowLeft");
	await viewer.getByText("2 / 5").waitFor();
	await page.keyboard.press("+");
	await viewer.getByText("140 %").waitFor();
	await axe(page, "viewer");
	await page.keyboard.press("Escape");
	await viewer.waitFor({ state: "detached" });
	await until(page, () => document.activeElement?.getAttribute("role") === "listbox");
	await page.done();
});

test("the picture of the panel opens the file large, and closing leads back to it", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library?sort=name");
	await options(page).nth(2).locator(".vg-n").click();
	const details = page.getByRole("complementary", { name: "Details" });
	await details.getByRole("button", { name: "Sofa_Fjord_2.png groß ansehen" }).click();
	const viewer = page.getByRole("dialog", { name: "Sofa_Fjord_2.png" });
	await viewer.getByText("3 / 5").waitFor();
	assert.match(page.url(), /file=\d+/);
	await viewer.getByRole("button", { name: "Zurück" }).click();
	await viewer.waitFor({ state: "detached" });
	await details.getByRole("heading", { name: "Sofa_Fjord_2.png" }).waitFor();
	await page.done();
});

test("filters, order and view stand in the address; back undoes them", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library?q=sofa");
	await page.locator(".library-head").getByText("5 Dateien").waitFor();
	await page.getByRole("button", { name: "Darf gesendet werden" }).click();
	await page
		.getByText("Keine Datei passt zu diesen Filtern.")
		.or(page.getByText("Nichts gefunden für „sofa“."))
		.waitFor();
	assert.match(page.url(), /state=sendable/);
	await page.goBack();
	await page.locator(".library-head").getByText("5 Dateien").waitFor();
	await page.getByRole("button", { name: "Liste" }).click();
	assert.match(page.url(), /view=list/);
	await page.reload();
	await page.locator(".vg[data-way=list]").waitFor();
	await axe(page, "list");
	await shot(page, "library-list");
	await page.done();
});

test("two people at once: both versions are shown, nothing is lost", async () => {
	const page = await openPage(server, { who });
	page.expected.push(/^412 PATCH /);
	await goto(page, server, "/app/library?sort=name");
	await options(page)
		.first()
		.click({ position: { x: 100, y: 90 } });
	const panel = page.getByRole("complementary", { name: "Details" });
	await panel.getByRole("button", { name: "Titel ändern" }).click();
	const id = new URL(page.url()).searchParams.get("file");
	assert.equal((await api("PATCH", `/assets/${id}`, { title: "Von anderen" })).status, 200);
	await panel.getByLabel("Titel", { exact: true }).fill("Von mir");
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog", { name: "Inzwischen geändert" });
	await dialog.getByText("Von anderen").waitFor();
	await dialog.getByText("Von mir").waitFor();
	await dialog.getByRole("button", { name: "Meine Eingabe speichern" }).click();
	await panel.getByRole("heading", { name: /Von mir/ }).waitFor();
	assert.equal((await api("GET", `/assets/${id}`)).json.title, "Von mir");
	await page.done();
});

/** The policy refuses what waitForFunction does: the question is asked again instead. */
async function until(page, what) {
	for (let i = 0; i < 400; i++) {
		if (await page.evaluate(what)) return;
		await page.waitForTimeout(100);
	}
	assert.fail(`never: ${what}`);
}

for (const view of ["cards", "gallery", "list"])
	test(`100,000 files as ${view}: at most 400 nodes`, async () => {
		const page = await openPage(server, { who });
		page.expected = [/^404 GET .*assets\/\d+$/]; // the files of the made listing are nowhere
		await page.route("**/assets/layout*", (r) =>
			r.fulfill({ body: madeListing(100_000), contentType: "application/octet-stream" }),
		);
		await goto(page, server, `/app/library?view=${view}`);
		await options(page).first().waitFor();
		assert.match(await count(page), /100\.000/);
		// what a frame costs is measured in bench/web.mjs
		const most = await page.evaluate(
			(n) =>
				new Promise((done) => {
					let most = 0;
					const step = () => {
						scrollBy({ top: 120, behavior: "instant" });
						most = Math.max(most, document.querySelectorAll(".vg *").length);
						if (--n > 0) requestAnimationFrame(step);
						else done(most);
					};
					requestAnimationFrame(step);
				}),
			150,
		);
		assert.ok(most <= 400, `${most} nodes`);
		await page.getByRole("listbox", { name: "Dateien" }).focus();
		await page.keyboard.press("End");
		await page.locator('.vg-c[aria-posinset="100000"]').waitFor();
		await page.keyboard.press("Control+a");
		await page.getByRole("region", { name: "Auswahl" }).getByText("100.000 ausgewählt").waitFor();
		await page.done();
	});

test("the first of a large library are there before the rest, and stay as they are", async () => {
	const ids = (await api("GET", "/assets?limit=100")).json.assets.map((a) => a.asset);
	const page = await openPage(server, { who });
	ids.push(...Array.from({ length: 5000 }, (_, i) => String(i + 1))); // such as are nowhere
	let rest;
	await page.route("**/assets/layout*", async (r) => {
		const first = Number(new URL(r.request().url()).searchParams.get("first"));
		if (!first)
			await new Promise((go) => {
				rest = go;
			});
		await r.fulfill({ body: madeListing(first || 5000, ids), contentType: "application/octet-stream" });
	});
	await page.goto(`${server.url}/app/library`);
	const one = page.locator('.vg-c[aria-posinset="1"]');
	await one.locator("img:not([hidden])").waitFor();
	assert.equal(await page.locator(".library-head .num").count(), 0, "how many they are is not known yet");
	await one.evaluate((e) => {
		e.seen = e.querySelector("img").currentSrc;
	});
	await page.getByRole("listbox", { name: "Dateien" }).focus();
	await page.keyboard.press("Control+a");
	const chosen = page.getByRole("region", { name: "Auswahl" });
	await chosen.getByText("200 ausgewählt").waitFor();
	while (!rest) await page.waitForTimeout(20);
	rest();
	assert.match(await count(page), /5\.000/);
	await chosen.getByText("5.000 ausgewählt").waitFor();
	const now = await one.evaluate((e) => [e.seen, e.querySelector("img").currentSrc, e.getAttribute("aria-setsize")]);
	assert.equal(now[0], now[1], "the same elements, the same picture");
	assert.equal(now[2], "5000");
	await page.done();
});
