// SPDX-License-Identifier: AGPL-3.0-or-later
// Uploads that are stood still, cut, killed, changed, forgotten and days old: the panel in a real browser, on a
// line that the test holds in its hands (wire.mjs). What arrived is judged by its SHA-256.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { axe, call, closeBrowser, enrol, goto, openPage, PASSWORD, shot, startServer, totp } from "./harness.mjs";
import { startWire } from "./wire.mjs";

const MiB = 1 << 20;
const folder = mkdtempSync(join(tmpdir(), "geleit-upload-"));
let server;
let who;
let wire;

before(async () => {
	server = await startServer("--clock");
	who = await enrol(server);
	wire = await startWire(server);
});
afterEach(() => {
	wire.rule = () => null;
	wire.frozen = false;
	wire.mend();
});
after(async () => {
	await closeBrowser();
	wire?.stop();
	await server?.stop();
	rmSync(folder, { recursive: true });
});

// ---- files, and what became of them ----

/** A file nobody had before. */
function file(name, bytes) {
	const path = join(folder, name);
	writeFileSync(path, randomBytes(bytes));
	return path;
}

const shaOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

async function until(what, look) {
	for (let n = 0; n < 1200; n++) {
		const found = await look();
		if (found) return found;
		await new Promise((go) => setTimeout(go, 50));
	}
	assert.fail(`never: ${what}`);
}

const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
const asAdmin = (method, path) => call(server, method, path, undefined, { key: server.key });

/** The content the server has read for an asset. */
const stored = (asset) =>
	until(`the hash of ${asset}`, async () => (await asAdmin("GET", `/api/v1/assets/${asset}`)).json?.version?.sha256);

const countAssets = async () => (await asAdmin("GET", "/api/v1/overview")).json.counts.assets;

// ---- the panel ----

/** While the library loads behind it, it is dimmed. */
const calm = async (page, where) => {
	await page.locator(".library-grid.dim").waitFor({ state: "detached" });
	await axe(page, where);
};

const panel = (page) => page.getByRole("region", { name: "Hochladen" });
const says = (page, words) => panel(page).getByText(words).first().waitFor();
const arrived = (page, n = 1) =>
	panel(page).getByText("hochgeladen", { exact: true }).nth(n - 1).waitFor();
const press = (page, name) => panel(page).getByRole("button", { name, exact: true }).first().click();
const choose = (page, ...paths) => panel(page).locator("input[type=file][multiple]").first().setInputFiles(paths);

async function open(options = {}) {
	const page = await openPage(server, { who, proxy: wire.proxy, ...options });
	// the server may still commit what a broken line brought when HEAD has asked: tus says 409, HEAD, again
	page.expected.push(/^409 PATCH /);
	await goto(page, server, "/app/library");
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await panel(page).waitFor();
	wire.seen.length = 0;
	wire.bytes = 0;
	return page;
}

/** PATCH is slow from here on: bytes a second for each. */
const slow = (rate) => {
	wire.rule = (q) => (q.method === "PATCH" ? { rate } : null);
};
const passed = (bytes) => until(`${bytes} bytes on the line`, () => wire.bytes > bytes);
const assetOf = () => until("an asset", () => [...wire.seen].reverse().find((s) => s.asset)?.asset);

/** Every PATCH has ended: what was under way when a file was stopped has drained. */
const quiet = () => until("all quiet", () => wire.of("PATCH").every((s) => s.status !== 0 || s.broken));

/** Since a moment (an index into wire.seen): went on with HEAD and from what was there. */
function wentOn(from, path) {
	const later = wire.seen.slice(from).filter((s) => s.path.startsWith("/api/v1/uploads"));
	assert.equal(later.filter((s) => s.method === "POST").length, 0, "nothing was begun anew");
	const mine = later.filter((s) => path === undefined || s.path === path);
	const head = mine.findIndex((s) => s.method === "HEAD");
	// a HEAD that came before the broken piece was counted leads to a 409, and to another HEAD
	const patch = mine.findIndex((s) => s.method === "PATCH" && s.status !== 409);
	assert.ok(head >= 0 && patch > head, `HEAD, then PATCH: ${mine.map((s) => s.method)}`);
	assert.ok(mine[patch].offset > 0, `from ${mine[patch].offset}`);
}

test("one file is paused and goes on from where it was", async () => {
	const page = await open();
	const path = file("Pause.bin", 18 * MiB);
	slow(2 * MiB);
	await choose(page, path);
	await passed(10 * MiB);
	await press(page, "Anhalten: Pause.bin");
	await says(page, /^angehalten · /);
	await quiet();
	const [bytes, asked] = [wire.bytes, wire.of("PATCH").length];
	await sleep(1200);
	assert.equal(wire.bytes, bytes, "not a byte while it is paused");
	assert.equal(wire.of("PATCH").length, asked);
	assert.ok(bytes < 18 * MiB);
	await calm(page, "paused");
	await shot(page, "upload-paused");
	const from = wire.seen.length;
	await press(page, "Fortsetzen: Pause.bin");
	await arrived(page);
	wentOn(from);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("all are paused, one after the other or twice at once, and go on", async () => {
	const page = await open();
	const paths = [1, 2, 3, 4].map((n) => file(`Alle_${n}.bin`, 5 * MiB));
	slow(2 * MiB);
	await choose(page, ...paths);
	await passed(3 * MiB);
	await press(page, "Alle anhalten");
	await press(page, "Fortsetzen");
	await press(page, "Alle anhalten");
	await says(page, "Alle angehalten.");
	await quiet();
	const { bytes } = wire;
	await sleep(1000);
	assert.equal(wire.bytes, bytes);
	slow(20 * MiB);
	await press(page, "Fortsetzen");
	await says(page, "4 von 4 Dateien");
	assert.equal(wire.of("POST").length, 4, "each was begun once");
	const got = await Promise.all(wire.of("PATCH").filter((s) => s.asset).map((s) => stored(s.asset)));
	assert.deepEqual(got.sort(), paths.map(shaOf).sort());
	await page.done();
});

test("after a reload the same files go on, another of the same name does not", async () => {
	const page = await open();
	const a = file("Weiter.bin", 20 * MiB);
	const b = file("Anders.bin", 20 * MiB);
	slow(4 * MiB);
	await choose(page, a, b);
	await passed(22 * MiB);
	await page.reload();
	await panel(page).waitFor();
	const told = await until("how far", async () =>
		/^2 unterbrochene Uploads – Dateien erneut wählen, es geht bei (\d+) % weiter$/m.exec(await panel(page).innerText()),
	);
	await calm(page, "interrupted");
	await shot(page, "upload-interrupted");
	const heads = await until("HEAD of both", () => (wire.of("HEAD").length >= 2 ? wire.of("HEAD") : null));
	await until("the server's own number", async () => /es geht bei [4-9]\d % weiter/.test(await panel(page).innerText()));
	assert.ok(Number(told[1]) >= 35, told[0]);
	slow(40 * MiB);
	const from = wire.seen.length;
	await choose(page, a);
	await arrived(page);
	wentOn(from);
	assert.equal(await stored(await assetOf()), shaOf(a));
	await says(page, /^1 unterbrochener Upload – /);

	const old = await until("the other one's address", () => heads.map((s) => s.path).find((p) => !wire.seen.slice(from).some((s) => s.path === p)));
	writeFileSync(b, randomBytes(3 * MiB));
	await choose(page, b);
	await says(page, /^Eine Datei dieses Namens ist zum Teil hochgeladen/);
	assert.equal(wire.seen.slice(from).filter((s) => s.path === old && s.method === "PATCH").length, 0);
	await calm(page, "differs");
	await shot(page, "upload-differs");
	await press(page, "Erneut versuchen: Anders.bin");
	await arrived(page, 2);
	assert.equal(await stored(await assetOf()), shaOf(b));
	assert.equal((await upload("HEAD", old)).status, 404, "what was there of the other one is gone");
	await page.done();
});

/** Past the browser, with the administrator's key. */
async function upload(method, path) {
	const { request } = await import("node:https");
	return new Promise((go, no) => {
		const headers = { Authorization: `Bearer ${server.key}`, "Tus-Resumable": "1.0.0" };
		const r = request(server.url + path, { method, headers, rejectUnauthorized: false }, (a) => {
			a.resume();
			a.on("end", () => go({ status: a.statusCode, offset: Number(a.headers["upload-offset"]) }));
		});
		r.on("error", no);
		r.end();
	});
}

/** What came of the piece that broke: who asks before that rightly goes on from before it. */
const counted = () =>
	until("the piece that broke", async () => (await upload("HEAD", wire.of("PATCH").at(-1).path)).offset > 0);

test("the line is cut while the browser believes to be online: it waits and goes on by itself", async () => {
	const page = await open();
	const path = file("Schnitt.bin", 12 * MiB);
	slow(6 * MiB);
	await choose(page, path);
	await passed(4 * MiB);
	wire.cut();
	await says(page, /Keine Verbindung\. Der Upload wartet und geht von selbst weiter\./);
	await says(page, /Nächster Versuch in \d+ s\./);
	assert.equal(await page.evaluate(() => navigator.onLine), true);
	await calm(page, "cut");
	await shot(page, "upload-cut");
	await until("a longer wait", async () => /Versuch in [5678] s/.test(await panel(page).innerText()));
	assert.equal(await panel(page).getByText(/noch etwa/).count(), 0, "nobody knows how long");
	await counted();
	const from = wire.seen.length;
	wire.mend();
	await arrived(page);
	wentOn(from);
	assert.equal(await panel(page).getByText("Keine Verbindung").count(), 0);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("the fronts are killed in the middle: it goes on by itself, and is whole", async () => {
	const page = await open();
	const path = file("Absturz.bin", 18 * MiB);
	slow(6 * MiB);
	await choose(page, path);
	await passed(10 * MiB);
	const fronts = (await server.run("status")).roles.filter((r) => r.role === "front");
	const from = wire.seen.length;
	for (const r of fronts) process.kill(r.pid, "SIGKILL");
	await arrived(page);
	assert.ok(wire.of("PATCH").some((s) => s.broken), "a piece was on its way");
	// after HEAD by the page, or at once by Chromium, which sends a PATCH again by itself
	const later = wire.seen.slice(from).filter((s) => s.method === "PATCH");
	assert.ok(later.length > 0 && later.every((s) => s.offset >= 8 * MiB), `from ${later.map((s) => s.offset)}`);
	assert.equal(wire.of("POST").length, 1);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("the browser knows that it is offline, and that it is back", async () => {
	const page = await open();
	const path = file("Flugmodus.bin", 12 * MiB);
	slow(6 * MiB);
	await choose(page, path);
	await passed(4 * MiB);
	await page.context().setOffline(true);
	wire.cut();
	wire.mend();
	await says(page, /Keine Verbindung/);
	assert.equal(await page.evaluate(() => navigator.onLine), false);
	await counted();
	const from = wire.seen.length;
	await page.context().setOffline(false);
	await arrived(page);
	wentOn(from);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("requests that are aborted before they leave: try now", async () => {
	const page = await open();
	await page.route("**/api/v1/uploads", (r) => r.abort());
	const path = file("Sperre.bin", MiB);
	await choose(page, path);
	await says(page, /Nächster Versuch in (8|\d\d) s/); // long enough not to be overtaken by it
	await page.unroute("**/api/v1/uploads");
	await panel(page).getByRole("button", { name: "Jetzt versuchen", exact: true }).dispatchEvent("click");
	await arrived(page);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("a line that swallows everything is given up, and the file goes on", async () => {
	const page = await open();
	await page.clock.install();
	await page.reload();
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	const path = file("Stille.bin", 12 * MiB);
	slow(6 * MiB);
	await choose(page, path);
	await passed(4 * MiB);
	wire.frozen = true;
	await sleep(300);
	await page.clock.fastForward(90_000);
	await sleep(300);
	assert.equal(await panel(page).getByText("Keine Verbindung").count(), 0, "a slow answer is no lost connection");
	await page.clock.fastForward(60_000);
	await says(page, /Keine Verbindung/);
	wire.cut();
	await counted();
	wire.mend();
	wire.frozen = false;
	const from = wire.seen.length;
	await page.clock.fastForward(5000);
	await arrived(page);
	wentOn(from);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("a line that swallows the beginning is given up, and the file begins anew", async () => {
	const page = await open();
	await page.clock.install();
	await page.reload();
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	const path = file("Anfang.bin", MiB);
	wire.rule = (q) => (q.method === "POST" && q.path === "/api/v1/uploads" ? { hold: new Promise(() => {}) } : null);
	await choose(page, path);
	await until("its POST", () => wire.of("POST")[0]?.status === 201);
	await page.clock.fastForward(150_000);
	await says(page, /Keine Verbindung/);
	wire.rule = () => null;
	await page.clock.fastForward(5000);
	await arrived(page);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("the last answer is lost: the file is there once", async () => {
	const page = await open();
	const before = await countAssets();
	let once = false;
	wire.rule = (q) => {
		if (q.method !== "PATCH" || once) return null;
		once = true;
		return { swallow: true };
	};
	const path = file("Antwort.bin", MiB);
	await choose(page, path);
	await arrived(page);
	assert.equal(wire.of("POST").length, 1);
	// Chromium sends the PATCH again by itself if it had used the connection before: refused
	const answers = wire.of("PATCH").map((s) => s.status);
	assert.equal(answers.filter((is) => is === 204).length, 1);
	assert.ok(answers.every((is) => [204, 409].includes(is)), String(answers));
	assert.ok(wire.of("HEAD").length >= 1);
	assert.equal(await stored(await assetOf()), shaOf(path));
	assert.equal(await countAssets(), before + 1);
	await page.done();
});

/** Another second: browsers compare no finer. */
function touchLater(path) {
	const later = Date.now() / 1000 + 5;
	utimesSync(path, later, later);
}

for (const [how, act] of [
	["appended to", (path) => appendFileSync(path, "mehr")],
	["truncated", (path) => writeFileSync(path, "kurz")],
	["overwritten", (path) => writeFileSync(path, randomBytes(20 * MiB))],
])
	test(`a file that is ${how} while it is read has changed, and nothing of it stays`, async () => {
		const page = await open();
		const before = await countAssets();
		const path = file(`Wechsel_${how.replace(" ", "_")}.bin`, 20 * MiB);
		slow(5 * MiB);
		await choose(page, path);
		await passed(9 * MiB);
		act(path);
		touchLater(path);
		await says(page, /^Die Datei wurde geändert, während sie gelesen wurde\./);
		assert.equal(await panel(page).getByRole("button", { name: /Erneut versuchen/ }).count(), 0);
		const gone = await until("DELETE", () => wire.of("DELETE")[0]?.status && wire.of("DELETE")[0]);
		assert.equal((await upload("HEAD", gone.path)).status, 404);
		assert.equal(await countAssets(), before);
		await calm(page, "changed");
		await shot(page, "upload-changed");
		slow(40 * MiB);
		await panel(page).getByText("Neu wählen").locator("..").locator("input").setInputFiles(path);
		await arrived(page);
		assert.equal(await panel(page).locator("li .error").count(), 0);
		assert.equal(await stored(await assetOf()), shaOf(path));
		await page.done();
	});

test("a file that vanishes while it is read is gone, not unreadable", async () => {
	const page = await open();
	const path = file("Fort.bin", 20 * MiB);
	slow(5 * MiB);
	await choose(page, path);
	await passed(5 * MiB);
	rmSync(path);
	await says(page, /^Die Datei ist nicht mehr da/);
	const gone = await until("DELETE", () => wire.of("DELETE")[0]?.status && wire.of("DELETE")[0]);
	assert.equal((await upload("HEAD", gone.path)).status, 404);
	await page.done();
});

test("the session ends in the middle: signed in again over the page, it goes on", async () => {
	const page = await open();
	page.expected.push(/^401 /);
	const path = file("Sitzung.bin", 24 * MiB);
	slow(3 * MiB);
	await choose(page, path);
	// a part whose session has ended is refused: only what was kept before is there to go on from
	const { path: address } = await until("PATCH", () => wire.of("PATCH")[0]);
	await until("an offset that is kept", async () => (await upload("HEAD", address)).offset > 0);
	slow(40 * MiB);
	const cookie = (await page.context().cookies()).find((c) => c.name === "__Host-geleit-s").value;
	const ended = await call(server, "DELETE", "/api/v1/session", undefined, { ...who, cookie });
	assert.equal(ended.status, 204, ended.text);
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	await says(page, /Sie sind abgemeldet/);
	await shot(page, "upload-session");
	const from = wire.seen.length;
	await dialog.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
	await page.keyboard.press("Enter");
	await dialog.getByLabel(/Code/).fill(totp(who.secret, 1));
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	// whatever becomes of this test, the next ones are signed in
	who.cookie = (await page.context().cookies()).find((c) => c.name === "__Host-geleit-s").value;
	who.csrf = (await call(server, "GET", "/api/v1/session", undefined, { cookie: who.cookie })).json.csrf;
	await arrived(page);
	wentOn(from);
	assert.equal(await stored(await assetOf()), shaOf(path));
	await page.done();
});

test("two windows: the second one says who has it, and its list shows no interrupted one", async () => {
	const page = await open();
	const path = file("Zwei.bin", 8 * MiB);
	const line = { rate: MiB / 4 }; // also for the piece that is under way
	wire.rule = (q) => (q.method === "PATCH" ? line : null);
	await choose(page, path);
	await passed(MiB / 2);
	const other = await page.context().newPage();
	await goto(other, server, "/app/library");
	await other.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await choose(other, path);
	await says(other, "Diese Datei wird gerade in einem anderen Fenster hochgeladen.");
	assert.equal(await panel(other).getByText(/unterbrochene/).count(), 0);
	assert.equal(wire.of("POST").length, 1);
	line.rate = 40 * MiB;
	await arrived(page);
	assert.equal(wire.of("PATCH").filter((s) => s.status >= 400).length, 0, "nobody came between");
	assert.equal(await stored(await assetOf()), shaOf(path));
	await other.close();
	await page.done();
});

test("removed from the list is removed from the server: running, paused, interrupted", async () => {
	const page = await open();
	const paths = ["Weg_1.bin", "Weg_2.bin", "Weg_3.bin"].map((n) => file(n, 12 * MiB));
	slow(MiB);
	await choose(page, ...paths);
	await passed(3 * MiB);
	await press(page, "Anhalten: Weg_2.bin");
	await press(page, "Entfernen: Weg_1.bin");
	await press(page, "Entfernen: Weg_2.bin");
	await until("two DELETEs", () => wire.of("DELETE").filter((s) => s.status === 204).length === 2);
	await page.reload();
	await says(page, /^1 unterbrochener Upload/);
	await press(page, "Entfernen: Weg_3.bin");
	const gone = await until("three DELETEs", () => {
		const all = wire.of("DELETE").filter((s) => s.status === 204);
		return all.length === 3 && all;
	});
	for (const s of gone) assert.equal((await upload("HEAD", s.path)).status, 404);
	await page.reload();
	await page.waitForSelector("h1");
	await sleep(500);
	assert.equal(await panel(page).count(), 0);
	assert.equal((await server.run("fsck")).ok, true);
	await page.done();
});

// The last one: the server's clock does not go back.

let days = 0;

/** So many days later, signed in anew: no session lives that long. */
async function daysLater(page, n) {
	await page.goto("about:blank");
	await quiet();
	await server.ask({ clock: n * 86_400 });
	days += n;
	const step = async (path, body) => {
		const a = await call(server, "POST", `/api/v1/session${path}`, body, who);
		assert.equal(a.status, 200, a.text);
		who.cookie = /__Host-geleit-s=([\w-]+)/.exec(a.headers["set-cookie"].join())[1];
		who.csrf = a.json.csrf ?? a.json.session.csrf;
	};
	await step("", { address: who.address, password: PASSWORD });
	await step("/totp", { code: totp(who.secret, 2880 * days) });
	await page.context().addCookies([
		{ name: "__Host-geleit-s", value: who.cookie, url: server.url, secure: true, httpOnly: true, sameSite: "Strict" },
	]);
	wire.seen.length = 0;
	await goto(page, server, "/app/library");
}

test("the next day the same file goes on; one whose date is over begins anew", async () => {
	const page = await open();
	page.expected.push(/^401 /, /^410 HEAD /);
	const [a, b] = ["Morgen.bin", "Verfallen.bin"].map((n) => file(n, 20 * MiB));
	slow(4 * MiB);
	await choose(page, a, b);
	await passed(22 * MiB);
	await daysLater(page, 1);
	await says(page, /^2 unterbrochene Uploads/);
	slow(40 * MiB);
	await choose(page, a);
	await arrived(page);
	wentOn(0);
	assert.equal(await stored(await assetOf()), shaOf(a));
	await says(page, /^1 unterbrochener Upload/);
	await daysLater(page, 7);
	await until("HEAD of the other one", () => wire.of("HEAD").some((s) => s.status === 410));
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await panel(page).getByText(/unterbrochene/).first().waitFor({ state: "hidden" });
	await choose(page, b);
	await arrived(page);
	assert.equal(wire.of("POST").length, 1);
	assert.equal(await stored(await assetOf()), shaOf(b));
	await page.done();
});
