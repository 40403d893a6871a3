// SPDX-License-Identifier: AGPL-3.0-or-later
// What is changed of a file in the panel and in the dialogs: nothing of one's own is taken for
// somebody else's, nothing of somebody else is overwritten unseen, nothing typed is lost.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, goto, openPage, setUp } from "./harness.mjs";

const { server, who, folder } = await setUp();

const api = async (method, path, body) => {
	const answer = await call(server, method, `/api/v1${path}`, body, { key: server.key });
	assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
	return answer.json;
};

/** The numbers of new files in a folder of the library. */
async function files(into, ...names) {
	const paths = names.map((name) => {
		const path = join(folder, name);
		writeFileSync(path, `${name}\n`.repeat(40));
		return path;
	});
	const made = await server.run("upload", "--folder", into, ...paths);
	return made.files.map((f) => f.asset);
}

const panel = (page) => page.getByRole("complementary", { name: "Details" });
const dialog = (page, name) => page.getByRole("dialog", { name });
const conflict = (page) => dialog(page, "Inzwischen geändert");
const button = (where, name) => where.getByRole("button", { name, exact: true });
const toast = (page, text) => page.getByRole("region", { name: "Meldungen" }).getByText(text);
const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText);

async function until(what) {
	for (let i = 0; i < 400; i++) {
		if (await what()) return;
		await new Promise((go) => setTimeout(go, 100));
	}
	assert.fail(`never: ${what}`);
}

/** The panel of a file, with all that can be changed in it. */
async function look(page, into, id) {
	await goto(page, server, `/app/library?${new URLSearchParams({ folder: into, file: id })}`);
	await panel(page).getByLabel("Neue Notiz").waitFor();
}

test("a release does not overwrite a block that came meanwhile", async () => {
	const [id] = await files("Freigabe", "Streit.txt");
	const page = await openPage(server, { who });
	page.expected = [/^412 PUT .*release$/];
	await look(page, "Freigabe", id);
	// the panel is older than the block; the dialog is not
	await api("PUT", `/assets/${id}/release`, { state: "blocked", reason: "Erster Streit" });
	await button(panel(page), "Freigabe ändern …").click();
	const form = dialog(page, "Freigabe von 1 Datei");
	await form.waitFor();
	assert.equal(await form.getByLabel("Grund", { exact: true }).inputValue(), "Erster Streit");
	await api("PUT", `/assets/${id}/release`, { state: "blocked", reason: "Zweiter Streit" });
	await form.getByLabel("Freigegeben").check();
	await button(form, "Freigabe speichern").click();
	await conflict(page).getByText("Gesperrt · Zweiter Streit").waitFor();
	await button(conflict(page), "So lassen, wie es jetzt ist").click();
	await form.waitFor({ state: "detached" });
	await panel(page).getByText("Zweiter Streit").first().waitFor();
	assert.equal((await api("GET", `/assets/${id}`)).release.reason, "Zweiter Streit");

	await button(panel(page), "Freigabe ändern …").click();
	await form.waitFor();
	await api("PATCH", `/assets/${id}`, { title: "Streit 2" });
	await form.getByLabel("Freigegeben").check();
	await form.getByLabel("Grund (freiwillig)").fill("Beigelegt");
	await button(form, "Freigabe speichern").click();
	await button(conflict(page), "Meine Eingabe speichern").click();
	await form.waitFor({ state: "detached" });
	await toast(page, "Freigabe von 1 Datei geändert.").waitFor();
	assert.equal((await api("GET", `/assets/${id}`)).release.state, "cleared");
	await page.done();
});

test("quick changes of one's own are no conflict; a refused one is not shown as done", async () => {
	const [id] = await files("Schnell", "Schnell.txt");
	await api("PATCH", `/assets/${id}`, { keywords: ["Eins", "Zwei", "Drei"] });
	const page = await openPage(server, { who });
	page.expected = [/^503 PATCH /];
	await look(page, "Schnell", id);
	let patches = 0;
	page.on("request", (r) => {
		if (r.method() === "PATCH") patches++;
	});
	await page.evaluate(() => {
		for (const chip of document.querySelectorAll(".library-words .chip")) chip.click();
	});
	await until(async () => (await api("GET", `/assets/${id}`)).keywords.length === 0);
	assert.equal(patches, 3);
	const day = panel(page).getByLabel("Läuft ab am");
	await day.fill("2031-05-06");
	await day.press("Enter");
	await day.blur(); // leaving the field does not save it again
	await until(async () => (await api("GET", `/assets/${id}`)).expires !== null);
	const level = panel(page).getByLabel("Einstufung");
	const before = await level.inputValue();
	await page.route(`**/assets/${id}`, (r) =>
		r.request().method() === "PATCH" ? r.fulfill({ status: 503, json: { code: "busy", title: "not now" } }) : r.continue(),
	);
	await level.selectOption({ index: 2 });
	await toast(page, "Der Server ist gerade ausgelastet. Bitte erneut versuchen.").waitFor();
	await until(async () => (await level.inputValue()) === before);
	assert.equal(patches, 5);
	assert.equal(await conflict(page).count(), 0);
	await page.done();
});

test("title, note and keyword that are begun wait while another file is looked at", async () => {
	const [first, second] = await files("Begonnen", "Begonnen_a.txt", "Begonnen_b.txt");
	const page = await openPage(server, { who });
	await look(page, "Begonnen", first);
	await button(panel(page), "Titel ändern").click();
	const title = panel(page).getByLabel("Titel", { exact: true });
	await title.fill("Neuer Titel");
	await panel(page).getByLabel("Neue Notiz").fill("Eine Notiz");
	await panel(page).getByRole("combobox", { name: "Schlagwort hinzufügen" }).fill("Halb");
	// drawn anew with every key, the title does not take the focus
	assert.equal(await page.evaluate(() => document.activeElement.value), "Halb");
	const option = (name) => page.getByRole("option", { name });
	await option("Begonnen_b.txt").click({ position: { x: 60, y: 60 } });
	await panel(page).getByRole("heading", { name: "Begonnen_b.txt" }).waitFor();
	await until(async () => (await panel(page).getByLabel("Neue Notiz").inputValue()) === "");
	assert.ok(page.url().includes(`file=${second}`));
	await option("Begonnen_a.txt").click({ position: { x: 60, y: 60 } });
	await title.waitFor();
	assert.equal(await title.inputValue(), "Neuer Titel");
	assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "listbox");
	assert.equal(await panel(page).getByLabel("Neue Notiz").inputValue(), "Eine Notiz");
	assert.equal(await panel(page).getByRole("combobox", { name: "Schlagwort hinzufügen" }).inputValue(), "Halb");
	await title.press("Enter");
	await panel(page).getByRole("heading", { name: "Neuer Titel" }).waitFor();
	await until(async () => (await focused(page)) === "Titel ändern");
	await page.done();
});

test("a dialog that is refused keeps what was typed, and takes the keyword in its field", async () => {
	const [id] = await files("Dialoge", "Dialog.txt");
	const page = await openPage(server, { who });
	page.expected = [/^503 POST .*bulk$/];
	await look(page, "Dialoge", id);
	await page.getByRole("listbox", { name: "Dateien" }).focus();
	await page.keyboard.press("Space");
	const refuse = (r) => r.fulfill({ status: 503, json: { code: "busy", title: "not now" } });
	const open = async (item) => {
		await page.getByRole("button", { name: "Weitere Aktionen" }).click();
		await page.getByRole("menuitem", { name: item }).click();
	};
	await page.route("**/assets/bulk", refuse);
	await open(/^Schlagworte/);
	const words = page.getByRole("dialog");
	await words.getByRole("combobox", { name: "Schlagwort hinzufügen" }).fill("Herbst");
	await words.getByRole("combobox", { name: "Schlagwort hinzufügen" }).press("Enter");
	await words.getByRole("combobox", { name: "Schlagwort hinzufügen" }).fill("Winter");
	await button(words, "Speichern").click();
	await toast(page, "Der Server ist gerade ausgelastet. Bitte erneut versuchen.").waitFor();
	assert.equal(await words.getByRole("combobox", { name: "Schlagwort hinzufügen" }).inputValue(), "Winter");
	await page.unroute("**/assets/bulk", refuse);
	await button(words, "Speichern").click();
	await words.waitFor({ state: "detached" });
	assert.deepEqual((await api("GET", `/assets/${id}`)).keywords.sort(), ["Herbst", "Winter"]);
	await page.done();
});

test("what goes away by an act gives the focus to its neighbour, or to the listing", async () => {
	const [id] = await files("Fokus", "Fokus_a.txt", "Fokus_b.txt");
	await api("PATCH", `/assets/${id}`, { keywords: ["Eins", "Zwei"] });
	const page = await openPage(server, { who });
	await look(page, "Fokus", id);
	const act = async (where) => {
		await where.focus();
		await page.keyboard.press("Enter");
		await where.waitFor({ state: "detached" });
	};
	const isIn = (selector) => until(() => page.evaluate((s) => document.activeElement.matches(s), selector));
	await act(button(panel(page), "Schlagwort entfernen: Eins"));
	await until(async () => (await focused(page)) === "Schlagwort entfernen: Zwei");
	await act(button(panel(page), "Schlagwort entfernen: Zwei"));
	await isIn(".panel [role=combobox]");
	await act(button(page, "Darf gesendet werden"));
	await isIn(".fac .chip");
	await act(button(page, "Filter entfernen: Darf gesendet werden"));
	await isIn(".fac .chip");

	await page.getByRole("option", { name: "Fokus_b.txt" }).waitFor(); // an empty listing has no keys
	await page.getByRole("listbox", { name: "Dateien" }).focus();
	await page.keyboard.press("Home");
	await page.keyboard.press("Space");
	await button(page, "Weitere Aktionen").focus();
	await page.keyboard.press("Enter");
	await isIn("[role=menuitem]");
	await page.getByRole("menuitem", { name: "In den Papierkorb" }).press("Enter");
	await page.getByRole("region", { name: "Auswahl" }).waitFor({ state: "detached" });
	await isIn("[role=listbox]");
	await page.done();
});

test("the rest of a list takes the focus of the button that brought it", async () => {
	const [id] = await files("Rest", "Rest.txt");
	for (let i = 0; i < 7; i++) await api("PATCH", `/assets/${id}`, { title: `Rest ${i}` });
	const page = await openPage(server, { who });
	await look(page, "Rest", id);
	const rows = panel(page).locator(".library-tl li");
	await button(panel(page), /^Alle \d+ zeigen$/).press("Enter");
	await rows.nth(7).waitFor();
	await until(() => rows.nth(6).evaluate((e) => e === document.activeElement));
	await page.done();
});
