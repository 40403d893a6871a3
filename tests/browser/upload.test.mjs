// SPDX-License-Identifier: AGPL-3.0-or-later
// Uploads in a browser: the panel with its totals, an empty file, what is there already, and a
// folder that is dropped.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axe, call, goto, openPage, setUp, shot } from "./harness.mjs";

const { server, who, folder } = await setUp();

function file(name, text) {
	const path = join(folder, name);
	writeFileSync(path, text);
	return path;
}

const panel = (page) => page.getByRole("region", { name: "Hochladen" });
const state = (page, word) => panel(page).getByText(word, { exact: true });

async function open(page) {
	await goto(page, server, "/app/library");
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await panel(page).waitFor();
}

const choose = (page, paths) => panel(page).locator("input[type=file]").first().setInputFiles(paths);

test("six files: each says that it is there, so does the total", async () => {
	const page = await openPage(server, { who });
	await open(page);
	await axe(page, "begin");
	await choose(page, [1, 2, 3, 4, 5, 6].map((n) => file(`Datei_${n}.txt`, `Inhalt ${n}\n`)));
	await panel(page).getByText("6 von 6 Dateien").waitFor();
	await state(page, "hochgeladen").nth(5).waitFor();
	assert.equal(await state(page, "hochgeladen").count(), 6);
	assert.equal(await panel(page).locator("li progress").count(), 0);
	await axe(page, "done");
	await shot(page, "upload-done");
	await page.locator(".library-head").getByText("6 Dateien").waitFor();
	await page.done();
});

test("0 bytes are refused in words; the same content is told to be there already", async () => {
	const page = await openPage(server, { who });
	await open(page);
	await choose(page, [file("leer.txt", ""), file("Kopie.txt", "Inhalt 3\n")]);
	await panel(page).getByText("Die Datei ist leer (0 Byte).").waitFor();
	await panel(page).getByText("1 Datei nicht hochgeladen.").waitFor();
	await state(page, "schon vorhanden").waitFor({ timeout: 20000 });
	await page.locator(".library-grid.dim").waitFor({ state: "detached" });
	await axe(page, "known");
	await panel(page).getByRole("button", { name: "Trotzdem behalten" }).focus();
	await page.keyboard.press("Enter");
	await state(page, "hochgeladen").waitFor();
	await page.done();
});

test("a folder that is dropped brings its folders along", async () => {
	mkdirSync(join(folder, "Messe/Köln"), { recursive: true });
	const root = join(folder, "Messe");
	file("Messe/Plan.txt", "Plan\n");
	file("Messe/Köln/Halle_7.txt", "Halle\n");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	const cdp = await page.context().newCDPSession(page);
	const data = { items: [], files: [root], dragOperationsMask: 1 };
	for (const type of ["dragEnter", "dragOver", "drop"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 700, y: 500, data });
	await panel(page).getByText("2 von 2 Dateien").waitFor();
	const all = await call(server, "GET", "/api/v1/folders", undefined, { key: server.key });
	const paths = JSON.stringify(all.json);
	assert.match(paths, /"Messe"/);
	assert.match(paths, /"Messe\/Köln"/);
	await page.done();
});
