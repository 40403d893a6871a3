// SPDX-License-Identifier: AGPL-3.0-or-later
// Thousands of files at once: the panel stays small and can be used, counts right, and all of
// them are in the library afterwards; then thousands chosen, left, and found again on the way
// back. 5,000 with GELEIT_LONG (minutes), else 700.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axe, call, goto, openPage, setUp, shot } from "./harness.mjs";

const COUNT = process.env.GELEIT_LONG ? 5000 : 700;
const HEAP_MOST = 150e6; // set for 10,000 files
const ROWS_MOST = 61; // and one that says how many more there are
const { server, who, folder } = await setUp();

const panel = (page) => page.getByRole("region", { name: "Hochladen" });
const number = (n) => new Intl.NumberFormat("de").format(n);
const library = async () => (await call(server, "GET", "/api/v1/overview", undefined, { key: server.key })).json.counts.assets;

async function until(what, look, tries = 12_000) {
	for (let n = 0; n < tries; n++) {
		if (await look()) return;
		await new Promise((go) => setTimeout(go, 100));
	}
	assert.fail(`never: ${what}`);
}

/** COUNT files of a few bytes each, in folders of 1,000. */
function tree() {
	const root = join(folder, "Viele");
	for (let i = 0; i < COUNT; i++) {
		if (i % 1000 === 0) mkdirSync(join(root, `Teil ${i / 1000}`), { recursive: true });
		writeFileSync(join(root, `Teil ${Math.floor(i / 1000)}`, `Viele_${String(i).padStart(4, "0")}.txt`), `${i}\n`);
	}
	return root;
}

async function drop(page, path) {
	const cdp = await page.context().newCDPSession(page);
	const data = { items: [], files: [path], dragOperationsMask: 1 };
	for (const type of ["dragEnter", "dragOver", "drop"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 700, y: 500, data });
}

/** What is alive once everything that is not has been taken away. */
async function heap(page) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("HeapProfiler.enable");
	await cdp.send("HeapProfiler.collectGarbage");
	const { usedSize } = await cdp.send("Runtime.getHeapUsage");
	await cdp.detach();
	return usedSize;
}

const done = async (page) =>
	Number(/^([\d.]+) von/.exec(await panel(page).locator("p.num").first().innerText())[1].replace(/\D/g, ""));

test(`${COUNT} files at once: counted, paused, looked past, all there`, async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	const before = await heap(page);
	await drop(page, tree());
	await panel(page).getByText(new RegExp(`von ${number(COUNT)} Dateien`)).waitFor();
	await until("some are there", async () => (await done(page)) >= 20);
	const rows = panel(page).getByRole("listitem");
	assert.ok((await rows.count()) <= ROWS_MOST, "rows are few");
	await panel(page).getByText(/^und [\d.]+ weitere$/).waitFor();

	// the panel is used while all goes on: it stands still, and goes on
	await panel(page).getByRole("button", { name: "Alle anhalten" }).click();
	await panel(page).getByText("Alle angehalten.").waitFor();
	await page.waitForTimeout(1500); // what was under way has ended
	const still = await done(page);
	await page.waitForTimeout(1000);
	assert.equal(await done(page), still);
	await axe(page, "many, paused");
	await shot(page, "upload-many");
	await panel(page).getByRole("button", { name: "Fortsetzen", exact: true }).click();
	await until("it goes on", async () => (await done(page)) > still);

	// and so is the page behind it
	await panel(page).getByRole("button", { name: "Verkleinern" }).click();
	await page.getByRole("link", { name: "Sendungen" }).first().click();
	await page.getByRole("heading", { level: 1, name: "Sendungen" }).waitFor();
	await page.getByRole("link", { name: /^Bibliothek/ }).first().click();
	await page.getByRole("listbox", { name: "Dateien" }).waitFor();
	await panel(page).getByText(`${number(COUNT)} von ${number(COUNT)} Dateien`).waitFor({ timeout: 1_500_000 });
	await panel(page).getByRole("button", { name: "Vergrößern" }).click();
	assert.equal(await panel(page).getByText("nicht hochgeladen").count(), 0);
	assert.ok((await rows.count()) <= ROWS_MOST);
	assert.equal(await library(), COUNT);
	await page.locator(".library-head").getByText(`${number(COUNT)} Dateien`).waitFor();
	const after = await heap(page);
	assert.ok(after < HEAP_MOST, `${after} bytes alive, ${before} before`);
	await panel(page).getByRole("button", { name: "Fertige entfernen" }).click();
	await until("an empty list", async () => (await rows.count()) === 0);
	await page.done();
});

test("more than 500 chosen: the same are chosen after the way back, as long as the listing is the same", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library?sort=name");
	const bar = page.getByRole("region", { name: "Auswahl" });
	const chosen = (n) => bar.getByText(`${number(n)} ausgewählt`).waitFor();
	const listbox = page.getByRole("listbox", { name: "Dateien" });
	await listbox.focus();
	await page.keyboard.press("Control+a");
	await chosen(COUNT);
	// two holes: three ranges
	for (const name of ["Viele_0001.txt", "Viele_0003.txt"])
		await page.getByRole("option", { name }).locator(".vg-n").click({ modifiers: ["Control"] });
	await chosen(COUNT - 2);
	await page.waitForTimeout(400); // its place is kept 180 ms after the last press
	const away = async () => {
		await page.getByRole("link", { name: "Sendungen" }).first().click();
		await page.getByRole("heading", { level: 1, name: "Sendungen" }).waitFor();
	};
	const back = () => page.evaluate(() => history.back());
	const same = async () => {
		const marks = [];
		for (const n of [0, 1, 2, 3, 4])
			marks.push(await page.getByRole("option", { name: `Viele_000${n}.txt` }).getAttribute("aria-selected"));
		assert.deepEqual(marks, ["true", "false", "true", "false", "true"]);
	};
	await away();
	await back();
	await chosen(COUNT - 2);
	await same();

	// a new page knows of them by their places alone
	await away();
	await page.reload();
	await page.getByRole("heading", { level: 1, name: "Sendungen" }).waitFor();
	await back();
	await chosen(COUNT - 2);
	await same();

	// and in another listing those are other files: nothing is chosen then
	await away();
	await page.reload();
	await page.getByRole("heading", { level: 1, name: "Sendungen" }).waitFor();
	const { json } = await call(server, "GET", "/api/v1/assets?limit=1", undefined, { key: server.key });
	await call(server, "POST", "/api/v1/assets/bulk", { ids: [json.assets[0].asset], trash: true }, { key: server.key });
	await back();
	await page.locator(".library-head").getByText(`${number(COUNT - 1)} Dateien`).waitFor();
	await page.getByRole("option", { name: "Viele_0000.txt" }).waitFor();
	await page.waitForTimeout(500);
	assert.equal(await bar.count(), 0);
	await page.done();
});
