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

async function idOf(title) {
	const { json } = await call(server, "GET", "/api/v1/assets?limit=100", undefined, { key: server.key });
	return json.assets.find((a) => a.title === title).asset;
}

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

/** PATCH waits until `go` is called; `ended` counts those that were answered. */
async function gate(page) {
	const gate = { open: false, ended: 0, waiting: [] };
	await page.route("**/api/v1/uploads/*", async (r) => {
		if (!gate.open) await new Promise((go) => gate.waiting.push(go));
		await r.continue();
	});
	page.on("response", (a) => {
		if (a.request().method() === "PATCH" && a.status() === 204) gate.ended++;
	});
	gate.go = () => {
		gate.open = true;
		for (const go of gate.waiting) go();
	};
	return gate;
}

async function until(what, look) {
	for (let n = 0; n < 1200; n++) {
		if (await look()) return;
		await new Promise((go) => setTimeout(go, 50));
	}
	assert.fail(`never: ${what}`);
}

test("the total follows its files, although no rate and no time left was ever known", async () => {
	const page = await openPage(server, { who });
	await page.clock.install();
	await open(page);
	const held = await gate(page);
	// the screen looks at the queue when this clock runs, and only then: once before anything has
	// arrived, once when all has. Nothing but the queue itself tells the total that it is another.
	await page.clock.pauseAt(Date.now() + 60_000);
	await choose(page, [1, 2, 3, 4, 5, 6].map((n) => file(`Uhr_${n}.txt`, `Uhr ${n}\n`)));
	await until("three under way", () => held.waiting.length === 3);
	await page.clock.runFor(400);
	await panel(page).getByText("0 von 6 Dateien").waitFor();
	held.go();
	await until("six answers", () => held.ended === 6);
	await page.waitForTimeout(500); // the page has read them, too, before it looks
	await until("the queue knows", async () => {
		await page.clock.runFor(400);
		return (await state(page, "hochgeladen").count()) === 6;
	});
	assert.match(await panel(page).locator("p.num").first().innerText(), /^6 von 6 Dateien/);
	assert.equal(await panel(page).locator("li progress").count(), 0);
	await page.done();
});

test("0 bytes are refused in words; the same content is told to be there already", async () => {
	const page = await openPage(server, { who });
	await open(page);
	await choose(page, [file("leer.txt", ""), file("Kopie.txt", "Inhalt 3\n")]);
	await panel(page).getByText("Die Datei ist leer (0 Byte).").waitFor();
	await panel(page).getByText("1 Datei nicht hochgeladen.").waitFor();
	await state(page, "schon vorhanden").waitFor();
	await page.locator(".library-grid.dim").waitFor({ state: "detached" });
	await axe(page, "known");
	const there = await idOf("Datei_3.txt");
	await panel(page).getByRole("link", { name: "öffnen" }).click();
	const details = page.getByRole("complementary", { name: "Details" });
	await details.getByRole("heading", { name: "Datei_3.txt" }).waitFor();
	assert.equal(new URL(page.url()).searchParams.get("file"), there);
	// and from the copy's own details, too
	await page.getByRole("option", { name: "Kopie.txt" }).locator(".vg-n").click();
	await details.getByRole("heading", { name: "Kopie.txt" }).waitFor();
	await details.getByRole("link", { name: "andere Datei zeigen" }).click();
	await details.getByRole("heading", { name: "Datei_3.txt" }).waitFor();
	assert.equal(new URL(page.url()).searchParams.get("file"), there);
	await page.locator("h1:focus").waitFor(); // a moment after the move
	await panel(page).getByRole("button", { name: "Trotzdem behalten" }).focus();
	await page.keyboard.press("Enter");
	await state(page, "hochgeladen").waitFor();
	await panel(page).locator('button:focus[aria-label="Entfernen: Kopie.txt"]').waitFor();
	await page.done();
});

test("a folder that is dropped brings its folders along", async () => {
	mkdirSync(join(folder, "Messe/Köln"), { recursive: true });
	const root = join(folder, "Messe");
	file("Messe/Plan.txt", "Plan\n");
	file("Messe/Köln/Halle_7.txt", "Halle\n");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	await drag(page, root, "dragEnter", "dragOver", "drop");
	await panel(page).getByText("2 von 2 Dateien").waitFor();
	const paths = await folders();
	assert.ok(paths.includes("Messe") && paths.includes("Messe/Köln"), `${paths}`);
	await page.done();
});

async function folders() {
	const { json } = await call(server, "GET", "/api/v1/folders", undefined, { key: server.key });
	return json.map((f) => f.path);
}

/** Something from the desk over the listing. */
async function drag(page, path, ...types) {
	const cdp = await page.context().newCDPSession(page);
	const data = { items: [], files: [path], dragOperationsMask: 1 };
	for (const type of types) await cdp.send("Input.dispatchDragEvent", { type, x: 700, y: 500, data });
}

test("a folder dragged over an open one: told where it would go, and there it goes", async () => {
	mkdirSync(join(folder, "Stand 4"));
	file("Stand 4/Skizze.txt", "Skizze\n");
	const page = await openPage(server, { who });
	await goto(page, server, `/app/library?${new URLSearchParams({ folder: "Messe/Köln" })}`);
	const told = page.getByText("Hier ablegen: Messe/Köln");
	await drag(page, join(folder, "Stand 4"), "dragEnter", "dragOver");
	await told.waitFor();
	await shot(page, "library-drag");
	assert.equal(await panel(page).count(), 0);
	await drag(page, join(folder, "Stand 4"), "drop");
	await told.waitFor({ state: "detached" });
	await panel(page).getByText("1 von 1 Dateien").waitFor();
	assert.ok((await folders()).includes("Messe/Köln/Stand 4"));
	await page.done();
});
