// SPDX-License-Identifier: AGPL-3.0-or-later
// Uploads that end at a limit, each by its real cause: a file above the setting, a disk that is
// full, a file and a folder that the browser may not read, a folder with nothing in it. What is
// told says why, and the files beside them arrive.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axe, call, goto, launched, openPage, setUp, shot } from "./harness.mjs";

const MiB = 1 << 20;
const isRoot = process.getuid() === 0;
// root reads what nobody may: the browser does without that
const { server, who, folder } = await setUp({
	words: [`upload.max_bytes=${100 * MiB}`, ...(isRoot ? ["--disk=200m"] : [])],
	unprivileged: true,
});

const panel = (page) => page.getByRole("region", { name: "Hochladen" });
const says = (page, words) => panel(page).getByText(words).first().waitFor();
const row = (page, name) => panel(page).getByRole("listitem").filter({ hasText: name });

function file(name, text) {
	const path = join(folder, name);
	writeFileSync(path, text);
	return path;
}

/** Of this many bytes, without their room on the disk. */
function large(name, bytes) {
	const path = file(name, "");
	truncateSync(path, bytes);
	return path;
}

async function open() {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	return page;
}

async function choose(page, ...paths) {
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await panel(page).locator("input[type=file]").first().setInputFiles(paths);
}

async function drop(page, ...paths) {
	const cdp = await page.context().newCDPSession(page);
	const data = { items: [], files: paths, dragOperationsMask: 1 };
	for (const type of ["dragEnter", "dragOver", "drop"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 700, y: 500, data });
}

async function titles() {
	const { json } = await call(server, "GET", "/api/v1/assets?limit=100", undefined, { key: server.key });
	return json.assets.map((a) => a.title).sort();
}

/** What was chosen beside it arrives, and the total counts what did not. */
async function beside(page, name) {
	await row(page, name).getByText("hochgeladen", { exact: true }).waitFor();
	await says(page, "1 Datei nicht hochgeladen.");
	assert.ok((await titles()).includes(name));
}

const again = (page, name) => row(page, name).getByRole("button", { name: `Erneut versuchen: ${name}` });

test("above the setting: how large it may be is told, and trying again is not offered", async () => {
	const page = await open();
	page.expected.push(/^413 POST \/api\/v1\/uploads$/);
	await choose(page, large("Zu_gross.bin", 100 * MiB + 1), file("Klein_413.txt", "klein 413\n"));
	await row(page, "Zu_gross.bin")
		.getByText("Die Datei ist größer als erlaubt (höchstens 105 MB).")
		.waitFor();
	await beside(page, "Klein_413.txt");
	assert.equal(await again(page, "Zu_gross.bin").count(), 0);
	assert.ok(!(await titles()).includes("Zu_gross.bin"));
	await axe(page, "413");
	await shot(page, "upload-413");
	await page.done();
});

test("a full disk: told, kept in the list, and it goes on once there is room", { skip: !isRoot }, async () => {
	const page = await open();
	page.expected.push(/^507 (POST|PATCH) /);
	// below the reserve, but not so little that the library itself would stand still
	const fill = join(server.dir, "fill");
	execFileSync("fallocate", ["-l", "110m", fill]);
	await choose(page, large("Kein_Platz.bin", 60 * MiB));
	await row(page, "Kein_Platz.bin").getByText("Auf dem Server ist kein Platz mehr.").waitFor();
	await says(page, "1 Datei nicht hochgeladen.");
	assert.ok(!(await titles()).includes("Kein_Platz.bin"));
	await axe(page, "507");
	await shot(page, "upload-507");
	execFileSync("rm", [fill]);
	await again(page, "Kein_Platz.bin").click();
	await row(page, "Kein_Platz.bin").getByText("hochgeladen", { exact: true }).waitFor();
	assert.ok((await titles()).includes("Kein_Platz.bin"));
	await page.done();
});

test("a file that may not be read: told, and read once it may be", async () => {
	const page = await open();
	const path = file("Geheim.txt", "geheim\n");
	chmodSync(path, 0);
	await choose(page, path, file("Klein_lesbar.txt", "klein lesbar\n"));
	await row(page, "Geheim.txt").getByText("Die Datei ließ sich nicht lesen.").waitFor();
	await beside(page, "Klein_lesbar.txt");
	await axe(page, "unreadable");
	await shot(page, "upload-unreadable");
	chmodSync(path, 0o644);
	await again(page, "Geheim.txt").click();
	await row(page, "Geheim.txt").getByText("hochgeladen", { exact: true }).waitFor();
	await page.done();
});

test("folders: one with nothing in it, one that may not be read, and what lies beside them", async () => {
	for (const name of ["Leer/Auch_leer", "Zu", "Voll"]) mkdirSync(join(folder, name), { recursive: true });
	file("Voll/Im_Ordner.txt", "im Ordner\n");
	file("Zu/Darin.txt", "darin\n");
	chmodSync(join(folder, "Zu"), 0);
	const page = await open();
	await drop(page, join(folder, "Leer"), join(folder, "Zu"), join(folder, "Voll"));
	await row(page, "Leer").getByText("Der Ordner enthält keine Dateien.").waitFor();
	assert.equal(await again(page, "Leer").count(), 0);
	await row(page, "Im_Ordner.txt").getByText("hochgeladen", { exact: true }).waitFor();
	await row(page, "Zu").getByText("Das ist ein Ordner, der sich nicht lesen ließ.").waitFor();
	await says(page, "2 Dateien nicht hochgeladen.");
	await axe(page, "folders");
	await shot(page, "upload-folders");
	chmodSync(join(folder, "Zu"), 0o755);
	assert.ok(!(await titles()).includes("Darin.txt"));
	await page.done();
});
