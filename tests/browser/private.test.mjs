// SPDX-License-Identifier: AGPL-3.0-or-later
// What a person leaves in a browser: nothing after signing out, in no tab; everything typed when
// the session ended by itself and the same person comes back; nothing for anybody else.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { call, enrol, goto, openPage, PASSWORD, setUp } from "./harness.mjs";

const { server, who: maren, folder } = await setUp();
const SECRET = "Verkauf Nordflügel";
const BIG = `${folder}/Bilanz_geheim.bin`;
writeFileSync(BIG, Buffer.alloc(1 << 20, 7));

async function invite(name, address) {
	const made = await call(server, "POST", "/api/v1/people", { name, address, role: "editor" }, maren);
	assert.equal(made.status, 201, made.text);
	const who = await enrol(server, new URL(made.json.link).hash.replace("#token=", ""));
	return { ...who, person: made.json.person.id };
}
const jonas = await invite("Jonas Behrens", "jonas.behrens@nordlicht.example");

/** Everything a page of this browser could read of what was kept. */
const kept = (page) =>
	page.evaluate(async () => {
		const open = indexedDB.open("geleit-uploads", 1);
		open.onupgradeneeded = () => open.result.createObjectStore("uploads", { keyPath: "print" });
		await new Promise((done) => {
			open.onsuccess = done;
		});
		const all = open.result.transaction("uploads").objectStore("uploads").getAll();
		await new Promise((done) => {
			all.onsuccess = done;
		});
		open.result.close();
		return { session: { ...sessionStorage }, local: { ...localStorage }, uploads: all.result };
	});

async function until(what, page) {
	let now;
	for (let i = 0; i < 400; i++) {
		now = await kept(page);
		if (what(now)) return now;
		await page.waitForTimeout(100);
	}
	assert.fail(`never: ${what}; ${JSON.stringify(now)}`);
}

/** By recovery codes: those of the app count once in 30 seconds. */
async function second(page, who) {
	await page.getByRole("button", { name: "Wiederherstellungscode verwenden" }).click();
	await page.getByLabel("Wiederherstellungscode", { exact: true }).fill(who.recovery.pop());
	await page.keyboard.press("Enter");
}

async function signIn(page, who) {
	await page.getByLabel("E-Mail-Adresse").fill(who.address);
	await page.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
	await page.keyboard.press("Enter");
	await second(page, who);
	await page.getByRole("button", { name: /^Angemeldet als/ }).waitFor();
}

/** A draft, a chosen language, and an upload that is on its way and stays so. */
async function leaveTraces(page) {
	await page.route("**/api/v1/uploads/*", (r) => (r.request().method() === "PATCH" ? undefined : r.continue()));
	await goto(page, server, "/app/send");
	await page.getByLabel("Betreff").fill(SECRET);
	await until((k) => k.session["geleit.draft"]?.includes(SECRET), page);
	await page.getByRole("link", { name: "Bibliothek" }).first().click();
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	await page.locator("input[type=file]").first().setInputFiles(BIG);
	const { uploads } = await until((k) => k.uploads.length === 1, page);
	assert.equal(uploads[0].name, "Bilanz_geheim.bin");
	await page.getByRole("button", { name: /^Angemeldet als/ }).click();
	await page.getByRole("menuitemradio", { name: "Dunkel" }).click();
}

/** The page that Jonas sees: neither stored nor shown is anything of Maren's. */
async function isClean(page) {
	await goto(page, server, "/app/send");
	await page.getByRole("heading", { name: "Sendung vorbereiten" }).waitFor();
	assert.equal(await page.getByLabel("Betreff").inputValue(), "");
	const now = await until((k) => "geleit.draft.etag" in k.session, page);
	assert.doesNotMatch(JSON.stringify(now), /geheim|Nordfl/);
	assert.deepEqual(now.uploads, []);
	assert.deepEqual(Object.keys(now.session).sort(), ["geleit.draft.etag", "geleit.of"]);
}

/** Somebody who signs in at this browser, and leaves something behind. */
async function atWork(who) {
	const page = await openPage(server);
	page.expected = [/^401 /];
	await goto(page, server, "/app/account");
	await signIn(page, who);
	await leaveTraces(page);
	return page;
}

async function tabOf(page, path) {
	const tab = await page.context().newPage();
	await goto(tab, server, path);
	return tab;
}

/** By the administrator: what this browser holds is void, the access itself stays. */
async function endSessions(who) {
	for (const disabled of [true, false]) {
		const a = await call(server, "PATCH", `/api/v1/people/${who.person}`, { disabled }, maren);
		assert.equal(a.status, 200, a.text);
	}
}

/** A request tells the page that its session is over: this one, or one of its own just before. */
async function notice(page, by = "Sendungen") {
	await page.getByRole("link", { name: by }).first().dispatchEvent("click");
	const dialog = page.getByRole("dialog", { name: "Bitte erneut anmelden" });
	await dialog.waitFor();
	return dialog;
}

test("signing out leaves nothing, in no tab, also with an upload on its way", async () => {
	const page = await atWork(jonas);
	const other = await tabOf(page, "/app/send");
	await other.getByLabel("Betreff").fill("aus dem anderen Fenster");
	await until((k) => k.session["geleit.draft"]?.includes("anderen Fenster"), other);
	const answer = page.waitForResponse((r) => r.request().method() === "DELETE");
	await page.getByRole("button", { name: /^Angemeldet als/ }).click();
	await page.getByRole("menuitem", { name: "Abmelden" }).click();
	assert.equal(await (await answer).headerValue("Clear-Site-Data"), '"cache"');
	for (const tab of [page, other]) {
		await tab.getByRole("heading", { name: "Anmelden" }).waitFor();
		assert.deepEqual(await kept(tab), { session: {}, local: { "geleit.theme": "dark" }, uploads: [] });
	}
	await signIn(page, maren);
	await isClean(page);
	await page.done();
});

test("a session ended by the administrator keeps all for the same person", async () => {
	const page = await atWork(jonas);
	await endSessions(jonas);
	const dialog = await notice(page);
	await dialog.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
	await page.keyboard.press("Enter");
	await second(page, jonas);
	await dialog.waitFor({ state: "detached" });
	assert.equal((await kept(page)).uploads.length, 1, "the upload goes on");
	await endSessions(jonas);
	await notice(page, "Bibliothek");
	page.on("dialog", (d) => d.accept());
	await page.reload();
	await signIn(page, jonas);
	await goto(page, server, "/app/send");
	for (let i = 0; i < 600 && (await page.getByLabel("Betreff").inputValue()) !== SECRET; i++) await page.waitForTimeout(100);
	assert.equal(await page.getByLabel("Betreff").inputValue(), SECRET);
	assert.equal((await kept(page)).uploads.length, 1, "the upload can go on");
	await page.done();
});

test("somebody else who signs in after it ended sees nothing of it", async () => {
	const page = await atWork(jonas);
	const other = await tabOf(page, "/app/account");
	await endSessions(jonas);
	const dialog = await notice(page);
	await dialog.getByRole("button", { name: "Als andere Person anmelden" }).click();
	await page.getByRole("heading", { name: "Anmelden" }).waitFor();
	await signIn(page, maren);
	await isClean(page);
	await other.getByRole("button", { name: "Angemeldet als Maren Olsen" }).waitFor();
	await isClean(other);
	await page.done();
});
