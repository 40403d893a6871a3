// SPDX-License-Identifier: AGPL-3.0-or-later
// Work in the library as people do it: release, trash and undo, folders, choosing, new versions,
// the way back, long and strange names, two people at one file; on a desk, in the dark, in forced
// colours and on a phone.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { axe as axeNow, call, fits, goto, openPage, setUp, shot, tabTo } from "./harness.mjs";

const PICTURES = fileURLToPath(new URL("../../demo/files/Katalog 2027/", import.meta.url));
const { server, who, folder } = await setUp();

// ---- what is there, made outside of the browser ----

const api = async (method, path, body) => {
	const answer = await call(server, method, `/api/v1${path}`, body, { key: server.key });
	assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
	return answer.json;
};
const idOf = async (title) => {
	const { assets } = await api("GET", "/assets?limit=100");
	return assets.find((a) => a.title === title).asset;
};
const asset = async (title) => api("GET", `/assets/${await idOf(title)}`);

let made = 0;
/** Files of their own content, by the command line, in a folder of the library; their titles. */
async function files(into, ...names) {
	const paths = names.map((name) => {
		const path = join(folder, name);
		writeFileSync(path, `Inhalt ${made++}\n`.repeat(40));
		return path;
	});
	await server.run("upload", "--folder", into, ...paths);
	return names;
}

const day = (from) => new Date(Date.now() + from * 864e5).toLocaleDateString("sv");
const shown = (iso) => iso.split("-").reverse().join(".");

// ---- where things are on the page ----

const listbox = (page) => page.getByRole("listbox", { name: "Dateien" });
const option = (page, name) => page.getByRole("option", { name });
const panel = (page) => page.getByRole("complementary", { name: "Details" });
const bar = (page) => page.getByRole("region", { name: "Auswahl" });
const dialog = (page, name) => page.getByRole("dialog", { name });
const toast = (page, text) => page.getByRole("region", { name: "Meldungen" }).getByText(text);

async function open(page, query) {
	await goto(page, server, `/app/library?${new URLSearchParams(query)}`);
	await page.locator(".vg-c:not([hidden]):not(.wait)").first().waitFor();
}

/** The policy refuses what waitForFunction does: the question is asked again instead. */
async function until(page, what, arg) {
	for (let i = 0; i < 400; i++) {
		if (await page.evaluate(what, arg)) return;
		await page.waitForTimeout(100);
	}
	assert.fail(`never: ${what} ${arg ?? ""}`);
}

const focused = (page) =>
	until(page, () => document.activeElement?.getAttribute("role") === "listbox");

/** By arrow keys to the file of this name. */
async function moveTo(page, name) {
	await listbox(page).focus();
	await page.keyboard.press("Home");
	const at = () =>
		page.evaluate(
			() => document.getElementById(document.activeElement?.getAttribute("aria-activedescendant"))?.innerText ?? "",
		);
	for (let i = 0; i < 60 && !(await at()).startsWith(name); i++) await page.keyboard.press("ArrowRight");
	assert.ok((await at()).startsWith(name), `${name}: at ${await at()}`);
}

async function choose(page, ...names) {
	for (const name of names) {
		await moveTo(page, name);
		await page.keyboard.press("Space");
	}
	await bar(page).getByText(`${names.length} ausgewählt`).waitFor();
}

/** A menu of the bar by keys: opened, to the entry, taken. */
async function act(page, name) {
	await tabTo(page, "Weitere Aktionen");
	await page.keyboard.press("Enter");
	const item = page.getByRole("menuitem", { name });
	await item.waitFor();
	for (let i = 0; i < 10 && !(await item.evaluate((e) => e === document.activeElement)); i++)
		await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
}

/** What is being loaded is dimmed for a moment; that is not what is looked at. */
async function axe(page, where) {
	await until(page, () => document.querySelector(".dim") === null);
	await axeNow(page, where);
}

// ---- release ----

async function release(page, fill) {
	await tabTo(page, "Freigabe ändern …");
	await page.keyboard.press("Enter");
	const d = dialog(page, /^Freigabe von/);
	await d.waitFor();
	await fill(d);
	await axe(page, "release");
	await tabTo(page, "Freigabe speichern");
	await page.keyboard.press("Enter");
	return d;
}

/** To the radio of this name by keys: Tab into the group, then the arrows. */
async function radio(page, name) {
	await tabTo(page, /^(Freigegeben|Mit Auflage|In Prüfung|Gesperrt|Entwurf)/);
	const at = () => page.evaluate(() => document.activeElement?.labels?.[0]?.innerText ?? "");
	for (let i = 0; i < 6 && !(await at()).startsWith(name); i++) await page.keyboard.press("ArrowDown");
	assert.ok((await at()).startsWith(name), `${name}: at ${await at()}`);
	assert.ok(await page.evaluate(() => document.activeElement.checked));
}

const checks = (page) => panel(page).getByRole("list", { name: "Die fünf Prüfungen" }).getByRole("listitem");

test("release with reason and date: shown in the panel, stored, in the file's history", async () => {
	await files("Freigabe", "Regal_frei.txt");
	const until_ = day(90);
	const page = await openPage(server, { who });
	await open(page, { folder: "Freigabe" });
	await choose(page, "Regal_frei.txt");
	await panel(page).getByText("Noch nicht geprüft: Die Datei ist ein Entwurf.").waitFor();
	// the card is there before all of the file is; nobody released it
	await checks(page).filter({ hasText: /^Freigabe: Entwurf\s*$/ }).waitFor();
	const d = await release(page, async () => {
		await radio(page, "Freigegeben");
		await date(page, "Gilt bis", until_);
		await tabTo(page, "Grund (freiwillig)");
		await page.keyboard.type("Vom Fotografen freigegeben");
	});
	await d.waitFor({ state: "detached" });
	await toast(page, "Freigabe von 1 Datei geändert.").waitFor();
	await panel(page).getByText("Darf gesendet werden", { exact: true }).waitFor();
	await panel(page).getByText(`bis ${shown(until_)}`).waitFor();
	await panel(page).getByText("Vom Fotografen freigegeben").waitFor();
	await panel(page).getByText(`durch Maren Olsen, ${shown(day(0))}`).waitFor();
	await option(page, "Regal_frei.txt").getByText("Freigegeben").waitFor();
	const { release: stored } = await asset("Regal_frei.txt");
	assert.equal(stored.state, "cleared");
	assert.equal(stored.reason, "Vom Fotografen freigegeben");
	assert.equal(new Date(stored.until).toLocaleDateString("sv"), until_);
	const { events } = await api("GET", `/assets/${await idOf("Regal_frei.txt")}/history`);
	assert.ok(events.some((e) => e.kind === "release.changed"));
	await axe(page, "released");
	await page.done();
	assert.equal(stored.set_by, "Maren Olsen");
	assert.ok(Math.abs(Date.now() - Date.parse(stored.set_at)) < 3_600_000);
	const english = await openPage(server, { who, lang: "en-GB" });
	await goto(english, server, `/app/library?file=${await idOf("Regal_frei.txt")}`);
	await english.getByRole("complementary", { name: "Details" }).getByText(`by Maren Olsen, ${day(0).split("-").reverse().join("/")}`).waitFor();
	await english.done();
});

/** A date by keys, as the field of the browser takes it: day, month, year. */
async function date(page, name, iso) {
	const [y, m, d] = iso.split("-");
	await tabTo(page, name);
	await page.keyboard.type(`${m}${d}${y}`);
	assert.equal(await page.evaluate(() => document.activeElement.value), iso);
}

test("conditions want one; the verdict says it, the checks say what was not checked", async () => {
	await files("Freigabe", "Tisch_Auflage.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Freigabe" });
	await choose(page, "Tisch_Auflage.txt");
	const d = await release(page, () => radio(page, "Mit Auflage"));
	await d.getByRole("alert").getByText("Bitte Bildnachweis angeben oder nur Ansehen erlauben.").waitFor();
	await tabTo(page, "Bildnachweis", "Shift+Tab");
	await page.keyboard.type("© Studio Brandt");
	await tabTo(page, "Freigabe speichern");
	await page.keyboard.press("Enter");
	await d.waitFor({ state: "detached" });
	await panel(page).getByText("Darf gesendet werden – mit Auflage").waitFor();
	await panel(page).getByText("Nur mit Nachweis „© Studio Brandt“.").waitFor();
	await option(page, "Tisch_Auflage.txt").getByText("Mit Auflage").waitFor();
	await bar(page).getByText("1 mit Auflage").waitFor();
	const said = await checks(page).allInnerTexts();
	assert.equal(said.length, 5);
	assert.match(said[0], /^Freigabe: Mit Auflage/);
	const names = ["Lizenz", "Personen", "Empfängerkreis"];
	for (const [i, name] of names.entries()) assert.match(said[i + 1], new RegExp(`^${name}: nicht geprüft`));
	// never green: neither in the panel nor in the line of the card
	const tones = await checks(page).evaluateAll((l) => l.map((e) => e.firstElementChild.className));
	assert.deepEqual(tones.slice(1, 4), Array(3).fill("library-tone muted"));
	const line = await option(page, "Tisch_Auflage.txt").evaluate((e) =>
		e.querySelector(".vg-i").style.getPropertyValue("--l5"),
	);
	assert.deepEqual(line.split(/,(?=var)/).slice(1, 4), Array(3).fill("var(--l5-unchecked)"));
	assert.match(await option(page, "Tisch_Auflage.txt").getAttribute("aria-description"), /Lizenz: nicht geprüft/);
	const { release: stored } = await asset("Tisch_Auflage.txt");
	assert.equal(stored.credit, "© Studio Brandt");
	assert.equal(stored.view_only, false);
	await page.done();
});

test("view only: stored, and why the package is none is said in words", async () => {
	await files("Freigabe", "Leuchte_Ansicht.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Freigabe" });
	await choose(page, "Leuchte_Ansicht.txt");
	const d = await release(page, async () => {
		await radio(page, "Mit Auflage");
		await tabTo(page, "Nur ansehen: wird nicht gesendet");
		await page.keyboard.press("Space");
	});
	await d.waitFor({ state: "detached" });
	await panel(page).getByText("Nur als Ansicht.").waitFor();
	await panel(page).getByText("Die Datei darf nur angesehen, nicht heruntergeladen werden.").waitFor();
	assert.equal((await asset("Leuchte_Ansicht.txt")).release.view_only, true);
	await page.done();
});

test("a block wants a reason, and says it", async () => {
	await files("Freigabe", "Portrait_gesperrt.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Freigabe" });
	await choose(page, "Portrait_gesperrt.txt");
	const d = await release(page, () => radio(page, "Gesperrt"));
	await d.getByRole("alert").getByText("Bitte den Grund der Sperre angeben.").waitFor();
	assert.equal(await d.getByLabel("Gilt bis").count(), 0);
	await tabTo(page, "Grund", "Shift+Tab");
	await page.keyboard.type("Keine Einwilligung der Person");
	await tabTo(page, "Freigabe speichern");
	await page.keyboard.press("Enter");
	await d.waitFor({ state: "detached" });
	await panel(page).getByText("Darf nicht gesendet werden").waitFor();
	await panel(page).getByText("Gesperrt: Keine Einwilligung der Person").waitFor();
	assert.match((await checks(page).allInnerTexts())[0], /^Freigabe: Gesperrt/);
	const { release: stored } = await asset("Portrait_gesperrt.txt");
	assert.equal(stored.state, "blocked");
	assert.equal(stored.reason, "Keine Einwilligung der Person");
	await page.done();
});

test("embargo and expiry: set in the panel, both shown, a stop while the embargo lasts", async () => {
	await files("Freigabe", "Katalog_Frist.txt");
	await api("PUT", `/assets/${await idOf("Katalog_Frist.txt")}/release`, { state: "cleared" });
	const [from, to] = [day(10), day(40)];
	const page = await openPage(server, { who });
	await open(page, { folder: "Freigabe" });
	await choose(page, "Katalog_Frist.txt");
	await panel(page).getByText("Darf gesendet werden", { exact: true }).waitFor();
	await date(page, "Sperrfrist bis", from);
	await page.keyboard.press("Enter");
	await toast(page, "Gespeichert.").first().waitFor();
	await panel(page).getByText("Darf nicht gesendet werden").waitFor();
	await panel(page).getByText(`Sperrfrist bis ${shown(from)}.`).waitFor();
	await date(page, "Läuft ab am", to);
	await tabTo(page, "Schlagwort hinzufügen"); // leaving the field saves it, too
	await until(page, (s) => document.querySelector(".library-checks li:last-child").innerText.includes(s), shown(to));
	const dates = (await checks(page).allInnerTexts())[4];
	assert.match(dates, new RegExp(`Sperrfrist bis ${shown(from)}`));
	assert.match(dates, new RegExp(`Läuft ab am ${shown(to)}`));
	const stored = await asset("Katalog_Frist.txt");
	assert.equal(new Date(stored.embargo).toLocaleDateString("sv"), from);
	assert.equal(new Date(stored.expires).toLocaleDateString("sv"), to);
	await axe(page, "dates");
	await page.done();
});

test("release of several: one answer for all, and no undo, since it may have been sent on", async () => {
	await files("Mehrere", "Eins.txt", "Zwei.txt", "Drei.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Mehrere" });
	await listbox(page).focus();
	await page.keyboard.press("Control+a");
	await act(page, "Freigabe ändern …");
	const d = dialog(page, "Freigabe von 3 Dateien");
	await d.waitFor();
	await radio(page, "Freigegeben");
	await tabTo(page, "Freigabe speichern");
	await page.keyboard.press("Enter");
	await toast(page, "Freigabe von 3 Dateien geändert.").waitFor();
	await until(page, () => document.querySelectorAll(".vg-t.ok").length === 3);
	assert.equal(await page.getByRole("button", { name: "Rückgängig" }).count(), 0);
	for (const name of ["Eins.txt", "Zwei.txt", "Drei.txt"]) assert.equal((await asset(name)).release.state, "cleared");
	await page.done();
});

test("one file without its panel: the dialog begins with what is stored, not with cleared", async () => {
	await files("Ohne", "Eins_ohne.txt");
	const id = await idOf("Eins_ohne.txt");
	await api("PUT", `/assets/${id}/release`, { state: "conditions", credit: "© Atelier Nord", reason: "Vertrag 12" });
	const page = await openPage(server, { who, size: { width: 1000, height: 800 }, hasTouch: false });
	await open(page, { folder: "Ohne" });
	await choose(page, "Eins_ohne.txt");
	await act(page, "Freigabe ändern …");
	const d = dialog(page, "Freigabe von 1 Datei");
	await d.waitFor();
	assert.equal(await d.getByRole("textbox", { name: "Bildnachweis" }).inputValue(), "© Atelier Nord");
	assert.equal(await d.getByLabel("Grund (freiwillig)").inputValue(), "Vertrag 12");
	await page.keyboard.press("Escape");
	await page.done();
});

// ---- trash and folders ----

test("trash by key, back by Ctrl+Z; the panel says where it is and brings it back", async () => {
	await files("Weg", "Alt_a.txt", "Alt_b.txt", "Alt_c.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Weg", sort: "name" });
	await choose(page, "Alt_b.txt");
	await panel(page).getByRole("heading", { name: "Alt_b.txt" }).waitFor();
	await page.keyboard.press("Delete");
	await toast(page, "1 Datei im Papierkorb.").waitFor();
	await page.locator(".library-head").getByText("2 Dateien").waitFor();
	// the cursor stays where it was: on the next file, not on the first
	await until(page, () => document.querySelector(".vg-c.on")?.innerText.startsWith("Alt_c.txt"));
	await page.keyboard.press("Control+z");
	await toast(page, "Rückgängig gemacht.").waitFor();
	await page.locator(".library-head").getByText("3 Dateien").waitFor();
	assert.equal((await api("GET", `/assets/${await idOf("Alt_b.txt")}`)).trashed, null);

	await choose(page, "Alt_a.txt");
	await act(page, "In den Papierkorb");
	await toast(page, "1 Datei im Papierkorb.").waitFor();
	await tabTo(page, "Rückgängig", "Shift+Tab");
	await page.keyboard.press("Enter");
	await page.locator(".library-head").getByText("3 Dateien").waitFor();

	const id = await idOf("Alt_c.txt");
	await choose(page, "Alt_c.txt");
	await page.keyboard.press("Delete");
	await page.locator(".library-head").getByText("2 Dateien").waitFor();
	await open(page, { trash: "1", file: id });
	await panel(page).getByText("Die Datei liegt im Papierkorb.").waitFor();
	await axe(page, "trash");
	await choose(page, "Alt_c.txt");
	await tabTo(page, "Zurückholen");
	await page.keyboard.press("Enter");
	await toast(page, "1 Datei zurückgeholt.").waitFor();
	assert.equal((await api("GET", `/assets/${id}`)).trashed, null);
	await page.done();
});

const tree = (page) => page.getByRole("tree", { name: "Ordner" });

async function folderDialog(page, button, title, path) {
	await tabTo(page, button);
	await page.keyboard.press("Enter");
	const d = dialog(page, title);
	await d.waitFor();
	await page.keyboard.press("Control+a");
	await page.keyboard.type(path);
	await page.keyboard.press("Enter");
	return d;
}

test("folders: made, files moved there and back by undo, renamed with what is in them", async () => {
	await files("Lager", "Kiste.txt", "Karton.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Lager" });
	const none = await folderDialog(page, "Neuer Ordner", "Neuer Ordner", " / ");
	await none.getByText("Bitte einen Namen eingeben.").waitFor();
	await axe(page, "folder");
	await page.keyboard.press("Control+a");
	await page.keyboard.type("Lager/Neu");
	await page.keyboard.press("Enter");
	await none.waitFor({ state: "detached" });
	await page.getByRole("heading", { level: 1, name: "Neu" }).waitFor();
	await tree(page).getByRole("treeitem", { name: /^Neu/ }).waitFor();

	await open(page, { folder: "Lager" });
	await tree(page).getByRole("treeitem", { name: /^Lager/ }).first().waitFor(); // what the dialog suggests
	await listbox(page).focus();
	await page.keyboard.press("Control+a");
	await page.keyboard.press("m");
	const d = dialog(page, "2 Dateien verschieben");
	await d.waitFor();
	await tabTo(page, "Pfad des Ordners");
	await page.keyboard.type("lager/n");
	await d.getByRole("option", { name: "Lager/Neu" }).waitFor();
	await axe(page, "move");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await tabTo(page, "Verschieben");
	await page.keyboard.press("Enter");
	await toast(page, "2 Dateien verschoben: Lager/Neu.").waitFor();
	assert.equal((await asset("Kiste.txt")).folder, "Lager/Neu");
	await page.keyboard.press("Control+z");
	await toast(page, "Rückgängig gemacht.").waitFor();
	assert.equal((await asset("Kiste.txt")).folder, "Lager");
	await option(page, "Kiste.txt").waitFor();

	const renamed = await folderDialog(page, "Ordner umbenennen oder verschieben", "Ordner umbenennen oder verschieben", "Lager Nord");
	await renamed.waitFor({ state: "detached" });
	await page.getByRole("heading", { level: 1, name: "Lager Nord" }).waitFor();
	await option(page, "Karton.txt").waitFor();
	assert.equal((await asset("Karton.txt")).folder, "Lager Nord");
	await tree(page).getByRole("treeitem", { name: /^Lager Nord/ }).waitFor();
	await page.done();
});

test("an older answer about the folders does not overwrite a newer one", async () => {
	await files("Reihe", "Glied.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Reihe" });
	let late;
	await page.route("**/api/v1/folders", async (r) => {
		if (r.request().method() !== "GET" || late) return r.continue();
		const old = await r.fetch();
		late = () => r.fulfill({ response: old });
	});
	// the first asks and gets no answer yet; the second asks after the folder is there
	await choose(page, "Glied.txt");
	await page.keyboard.press("Delete");
	await page.keyboard.press("Control+z");
	await toast(page, "Rückgängig gemacht.").or(toast(page, "1 Datei im Papierkorb.")).first().waitFor();
	for (let i = 0; i < 600 && !late; i++) await page.waitForTimeout(50);
	const d = await folderDialog(page, "Neuer Ordner", "Neuer Ordner", "Reihe/Neueste");
	await d.waitFor({ state: "detached" });
	const node = tree(page).getByRole("treeitem", { name: /^Neueste/ });
	await node.waitFor();
	await late();
	await page.waitForTimeout(500);
	assert.equal(await node.count(), 1);
	await page.done();
});

test("a card that was on its way when its file was changed is not kept", async () => {
	await files("Karte", "Wechsel.txt");
	const id = await idOf("Wechsel.txt");
	const page = await openPage(server, { who });
	let late;
	await page.route("**/api/v1/assets/cards", async (r) => {
		if (late) return r.continue();
		const old = await r.fetch();
		late = () => r.fulfill({ response: old });
	});
	await goto(page, server, `/app/library?folder=Karte&file=${id}`).catch(() => undefined);
	for (let i = 0; i < 600 && !late; i++) await page.waitForTimeout(50);
	// changed here, by the keyboard, while its card has not come
	await listbox(page).focus();
	await page.keyboard.press("Space");
	await act(page, "Freigabe ändern …");
	await dialog(page, "Freigabe von 1 Datei").waitFor();
	await radio(page, "Freigegeben");
	await tabTo(page, "Freigabe speichern");
	await page.keyboard.press("Enter");
	await toast(page, "Freigabe von 1 Datei geändert.").waitFor();
	await option(page, "Wechsel.txt").getByText("Freigegeben").waitFor();
	await late();
	await page.waitForTimeout(500);
	assert.match(await option(page, "Wechsel.txt").innerText(), /Freigegeben/);
	await page.done();
});

test("moving the cursor asks for no listing", async () => {
	await files("Ruhe", "Ruhe_a.txt", "Ruhe_b.txt", "Ruhe_c.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Ruhe", sort: "name" });
	const asked = [];
	page.on("request", (r) => r.url().includes("/assets/layout") && asked.push(r.url()));
	await listbox(page).focus();
	for (const name of ["Ruhe_b.txt", "Ruhe_c.txt"]) {
		await page.keyboard.press("ArrowRight");
		await panel(page).getByRole("heading", { name }).waitFor();
	}
	assert.deepEqual(asked, []);
	await page.done();
});

// ---- choosing ----

test("chosen by click, range, key and band; the bar says how many and how large", async () => {
	const names = ["Wahl_1.txt", "Wahl_2.txt", "Wahl_3.txt", "Wahl_4.txt"];
	await files("Wahl", ...names);
	const page = await openPage(server, { who });
	await open(page, { folder: "Wahl", sort: "name" });
	const chosen = async (...want) => {
		await until(page, (n) => document.querySelectorAll(".vg-c[aria-selected=true]").length === n, want.length);
		const found = await page.locator(".vg-c[aria-selected=true] .vg-n").allInnerTexts();
		assert.deepEqual(found.sort(), want);
		if (want.length > 0) await bar(page).getByText(`${want.length} ausgewählt`).waitFor();
	};
	const click = (name, modifiers = []) => option(page, name).locator(".vg-n").click({ modifiers });
	await click(names[1]);
	await chosen(names[1]);
	await click(names[3], ["Shift"]);
	await chosen(names[1], names[2], names[3]);
	await click(names[2], ["Control"]);
	await chosen(names[1], names[3]);
	const sum = (await Promise.all([names[1], names[3]].map(asset))).reduce((n, a) => n + a.version.bytes, 0);
	await bar(page).getByText(`${sum} B`).waitFor();
	await bar(page).getByText("2 in Prüfung").waitFor();
	await page.keyboard.press("Home");
	await page.keyboard.press("Space");
	await chosen(names[0], names[1], names[3]);
	await page.keyboard.press("Control+a");
	await chosen(...names);
	await page.keyboard.press("Escape");
	await chosen();
	// the band: from the gap below the cards up over two of them
	const [a, b] = [await option(page, names[2]).boundingBox(), await option(page, names[1]).boundingBox()];
	const gap = { x: a.x + a.width + 8, y: a.y + 30 };
	await page.mouse.move(gap.x, gap.y);
	await page.mouse.down();
	await page.mouse.move(gap.x - 40, gap.y + 20, { steps: 3 });
	await page.locator(".vg-band").waitFor();
	await page.mouse.move(b.x + b.width / 2, gap.y + 40, { steps: 5 });
	await page.mouse.up();
	await chosen(names[1], names[2]);
	assert.equal(await page.locator(".vg-band").count(), 0);
	await axe(page, "chosen");
	await page.done();
});

test("the choice goes into the basket; what somebody deletes from there is told", async () => {
	await files("Mappe", "Mit_1.txt", "Mit_2.txt");
	const page = await openPage(server, { who });
	await open(page, { folder: "Mappe" });
	await listbox(page).focus();
	await page.keyboard.press("Control+a");
	await page.keyboard.press("b");
	await toast(page, "2 Dateien in der Mappe.").waitFor();
	await page.keyboard.press("Control+z");
	await toast(page, "Rückgängig gemacht.").waitFor();
	await page.locator("header").getByRole("link", { name: /Mappe\s*0/ }).waitFor();
	await listbox(page).focus();
	await page.keyboard.press("b");
	await page.locator("header").getByRole("link", { name: /Mappe\s*2/ }).waitFor();
	await api("POST", "/assets/bulk", { ids: [await idOf("Mit_2.txt")], trash: true });
	await tabTo(page, /^Mappe\s*2/, "Shift+Tab");
	await page.keyboard.press("Enter");
	const sheet = dialog(page, "Mappe");
	await sheet.getByText("Mit_1.txt").waitFor();
	await sheet.getByText("1 Datei gibt es nicht mehr.").or(sheet.locator(".bk-gone")).first().waitFor();
	assert.equal(await sheet.getByText("Mit_2.txt").count(), 0);
	await axe(page, "basket");
	await shot(page, "work-basket-gone");
	await page.keyboard.press("Escape");
	await call(server, "POST", "/api/v1/basket", { clear: true }, who);
	await page.done();
});

// ---- versions ----

test("a new version from the panel: the old one stays to be had, the release is the server's", async () => {
	await files("Fassung", "Preisliste.txt");
	const id = await idOf("Preisliste.txt");
	await api("PUT", `/assets/${id}/release`, { state: "cleared", reason: "Fassung 1 geprüft" });
	const page = await openPage(server, { who });
	await open(page, { folder: "Fassung" });
	await choose(page, "Preisliste.txt");
	await panel(page).getByText("Fassung 1 geprüft").waitFor();
	const path = join(folder, "Preisliste_neu.txt");
	writeFileSync(path, "Zweite Fassung\n".repeat(90));
	await panel(page).getByLabel("Neue Fassung hochladen").setInputFiles(path);
	await page.getByRole("region", { name: "Hochladen" }).getByText("hochgeladen", { exact: true }).waitFor();
	const now = await asset("Preisliste.txt").catch(() => api("GET", `/assets/${id}`));
	assert.equal(now.version.number, 2);
	const list = panel(page).locator(".library-versions li");
	await until(page, () => document.querySelectorAll(".library-versions li").length === 2);
	assert.match(await list.nth(0).innerText(), /^2\s+Preisliste_neu\.txt/);
	assert.match(await list.nth(1).innerText(), /^1\s+Preisliste\.txt/);
	const [old] = await Promise.all([
		page.waitForEvent("download"),
		list.nth(1).getByRole("link", { name: "Preisliste.txt" }).click(),
	]);
	assert.equal(readFileSync(await old.path(), "utf8"), readFileSync(join(folder, "Preisliste.txt"), "utf8"));
	// what the server says of the release now, in the words of the panel
	const words = { cleared: "Freigegeben", in_review: "In Prüfung", draft: "Entwurf" }[now.release.state];
	await until(page, (w) => document.querySelector(".library-checks li").innerText.startsWith(`Freigabe: ${w}`), words);
	const verdict = { cleared: "Freigegeben", in_review: "In Prüfung", draft: "In Prüfung" }[now.release.state];
	await page.locator(".vg-c .vg-t", { hasText: verdict }).waitFor();
	await axe(page, "versions");
	await page.done();
});

// ---- the way back ----

/** By the page itself: the browser's own list may not have its newest entry yet. */
const back = (page) => page.evaluate(() => history.back());

const state = (page) =>
	page.evaluate(() => ({
		scroll: scrollY,
		chosen: [...document.querySelectorAll(".vg-c[aria-selected=true] .vg-n")].map((e) => e.innerText).sort(),
		at: document.querySelector(".vg-c.on")?.innerText.split("\n")[0],
		query: location.search.replace(/&?(file|look)=[^&]*/g, ""),
	}));

async function same(page, was, where) {
	let is;
	for (let i = 0; i < 300; i++) {
		is = await state(page);
		if (JSON.stringify(is) === JSON.stringify(was)) break;
		await page.waitForTimeout(100);
	}
	assert.deepEqual(is, was, where);
	await focused(page);
}

test("back restores query, row, choice and focus: from the viewer, the send screen, a delivery", async () => {
	const names = Array.from({ length: 60 }, (_, i) => `Rueck_${String(i).padStart(2, "0")}.txt`);
	await files("Rueck", ...names);
	await api("POST", "/assets/bulk", { ids: [await idOf("Rueck_59.txt")], release: { state: "cleared" } });
	const sent = await api("POST", "/deliveries", {
		assets: [await idOf("Rueck_59.txt")], to: ["rueck@customer.test"], subject: "Rückweg", lang: "de",
	});
	const page = await openPage(server, { who });
	await open(page, { folder: "Rueck", sort: "name", q: "rueck" });
	await listbox(page).focus();
	await page.keyboard.press("End");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("ArrowUp");
	await page.keyboard.press("Space");
	await page.keyboard.press("Shift+ArrowLeft");
	await bar(page).getByText("2 ausgewählt").waitFor();
	await page.waitForTimeout(400);
	// at once: the last press is 180 ms before its place would be kept
	await page.keyboard.press("ArrowLeft");
	const was = await state(page);
	assert.ok(was.scroll > 200 && was.chosen.length === 2);
	await page.keyboard.press("Enter");
	const viewer = page.locator("dialog.library-viewer");
	await viewer.waitFor();
	await back(page);
	await viewer.waitFor({ state: "detached" });
	await same(page, was, "viewer");

	await page.keyboard.press("ArrowLeft");
	const then = await state(page);
	assert.notEqual(then.at, was.at);
	await page.keyboard.press("s");
	await page.getByRole("heading", { name: "Sendung vorbereiten" }).waitFor();
	await back(page);
	await same(page, then, "send");

	await page.keyboard.press("Space");
	const third = await state(page);
	assert.equal(third.chosen.length, 3);
	await page.evaluate((to) => {
		const a = document.createElement("a");
		a.href = to;
		document.querySelector("main").append(a);
		a.click();
	}, `/app/deliveries/${sent.delivery}`);
	await page.getByRole("heading", { name: "Rückweg" }).waitFor();
	// somebody adds a file meanwhile: others stand before ours, they stay chosen
	await files("Rueck", "Rueck_000.txt");
	await back(page);
	await same(page, third, "delivery");
	await call(server, "POST", "/api/v1/basket", { clear: true }, who);
	await page.done();
});

test("the viewer closed by Escape: on the file looked at, and back leads out of the library", async () => {
	await files("Blick", "Blick_a.txt", "Blick_b.txt", "Blick_c.txt");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/deliveries");
	await page.getByRole("navigation").getByRole("link", { name: /^Bibliothek/ }).first().click();
	await listbox(page).waitFor();
	await open(page, { folder: "Blick", sort: "name" });
	await moveTo(page, "Blick_a.txt");
	await page.keyboard.press("Enter");
	const viewer = page.locator("dialog.library-viewer");
	await viewer.getByText("1 / 3").waitFor();
	await page.keyboard.press("ArrowRight");
	await viewer.getByText("2 / 3").waitFor();
	await page.keyboard.press("Escape");
	await viewer.waitFor({ state: "detached" });
	await focused(page);
	await until(page, () => document.querySelector(".vg-c.on")?.innerText.startsWith("Blick_b.txt"));
	assert.equal(new URL(page.url()).searchParams.get("look"), null);
	await back(page);
	await page.waitForURL((url) => !url.searchParams.has("folder"));
	await page.done();
});

// ---- two people ----

async function conflicted(page, title, edit) {
	page.expected.push(/^412 PATCH /);
	await open(page, { folder: "Beide", sort: "name" });
	await choose(page, title);
	await panel(page).getByLabel("Neue Notiz").waitFor();
	await edit();
	const d = dialog(page, "Inzwischen geändert");
	await d.waitFor();
	await axe(page, "conflict");
	return d;
}

test("keywords of two people: both are shown, mine is added to theirs", async () => {
	await files("Beide", "Beide_wort.txt");
	const id = await idOf("Beide_wort.txt");
	const page = await openPage(server, { who });
	const d = await conflicted(page, "Beide_wort.txt", async () => {
		await api("PATCH", `/assets/${id}`, { keywords: ["Herbst"] });
		await tabTo(page, "Schlagwort hinzufügen");
		await page.keyboard.type("Katalog");
		await page.keyboard.press("Enter");
	});
	await d.getByText("Herbst").waitFor();
	await d.getByText("Katalog", { exact: true }).waitFor();
	await tabTo(page, "Meine Eingabe speichern");
	await page.keyboard.press("Enter");
	await panel(page).getByRole("button", { name: "Schlagwort entfernen: Katalog" }).waitFor();
	assert.deepEqual((await api("GET", `/assets/${id}`)).keywords.sort(), ["Herbst", "Katalog"]);
	await page.done();
});

test("a note while somebody else writes one: kept until it is saved, and saved once", async () => {
	await files("Beide", "Beide_notiz.txt");
	const id = await idOf("Beide_notiz.txt");
	const page = await openPage(server, { who });
	const d = await conflicted(page, "Beide_notiz.txt", async () => {
		await tabTo(page, "Neue Notiz");
		await page.keyboard.type("Von mir");
		await api("PATCH", `/assets/${id}`, { note: "Von anderen" });
		await tabTo(page, "Notiz speichern");
		await page.keyboard.press("Enter");
	});
	await d.getByText("Von anderen").waitFor();
	await tabTo(page, "So lassen, wie es jetzt ist");
	await page.keyboard.press("Enter");
	await d.waitFor({ state: "detached" });
	const field = panel(page).getByLabel("Neue Notiz");
	assert.equal(await field.inputValue(), "Von mir");
	await panel(page).locator(".library-notes").getByText("Von anderen").waitFor();
	await api("PATCH", `/assets/${id}`, { title: "Beide_notiz.txt 2" });
	await panel(page).getByRole("button", { name: "Notiz speichern" }).focus();
	await page.keyboard.press("Enter");
	await d.waitFor();
	await tabTo(page, "Meine Eingabe speichern");
	await page.keyboard.press("Enter");
	await until(page, () => document.querySelectorAll(".library-notes li").length === 2);
	assert.equal(await field.inputValue(), "");
	assert.deepEqual((await api("GET", `/assets/${id}`)).notes.map((n) => n.text).sort(), ["Von anderen", "Von mir"]);
	await page.done();
});

// ---- long and strange names ----

/** Nothing inside is wider than what holds it, but for what is cut with an ellipsis. */
async function inside(page, where) {
	await fits(page, where);
	const out = await page.evaluate(() => {
		const found = [];
		const cut = (e) => getComputedStyle(e).textOverflow === "ellipsis" || getComputedStyle(e).overflowX !== "visible";
		for (const e of document.querySelectorAll(".panel *, .vg-c *, dialog[open] *, .sd-file *, main h1")) {
			const box = e.getBoundingClientRect();
			if (box.width === 0 || e.closest(".vh, [hidden], svg")) continue;
			let up = e.parentElement;
			while (up && !cut(up) && !up.matches(".panel, .vg-c, dialog, .sd-file, main")) up = up.parentElement;
			const hold = (up ?? document.body).getBoundingClientRect();
			if (!cut(e) && !(up && cut(up) && !up.matches(".panel, dialog")) && box.right > hold.right + 1) found.push(`${e.tagName}.${e.className}`);
		}
		return found;
	});
	assert.deepEqual(out, [], where);
}

const LONG = `${"Langername".repeat(20)}.txt`; // 204 bytes, no space
const MOST = `${"ä".repeat(125)}.txt`; // 254 bytes
const TURNED = "Rechnung\u202Efdp.exe";
const HEBREW = "שלום עולם Nord 2027.txt";

test("long and bidirectional names stay in their place and say what they are", async () => {
	await files("Namen", LONG, MOST, HEBREW, "Vertrag.txt");
	await api("PATCH", `/assets/${await idOf("Vertrag.txt")}`, { title: TURNED });
	const { assets } = await api("GET", "/assets?folder=Namen");
	for (const [size, where] of [[{ width: 1440, height: 900 }, "desk"], [{ width: 360, height: 780 }, "phone"]]) {
		const page = await openPage(server, { who, size });
		for (const view of ["cards", "gallery", "list"]) {
			await open(page, { folder: "Namen", view });
			// the letters are not turned: the server drops what would turn them
			const turned = option(page, "Rechnungfdp.exe");
			await turned.waitFor();
			assert.equal(await turned.locator(".vg-n").getAttribute("dir"), "auto");
			await inside(page, `${view} ${where}`);
			await axe(page, `${view} ${where}`);
			await shot(page, `work-names-${view}-${where}`);
		}
		for (const a of assets) {
			await open(page, { folder: "Namen", file: a.asset });
			const details = where === "desk" ? panel(page) : dialog(page, "Details");
			await details.getByText("Fassungen").waitFor();
			await inside(page, `details ${where} ${a.title}`);
			const title = details.locator(".library-title bdi");
			assert.equal(/[\u202a-\u202e\u2066-\u2069]/.test(await title.innerText()), false);
		}
		await shot(page, `work-names-details-${where}`);
		await call(server, "POST", "/api/v1/basket", { add: assets.map((a) => a.asset) }, who);
		for (const [path, ready] of [["/app/basket", ".bk-name"], ["/app/send", ".sd-name"]]) {
			await goto(page, server, path);
			await page.locator(ready).nth(3).waitFor();
			assert.ok((await page.locator(`${ready} bdi`).allInnerTexts()).includes("Rechnungfdp.exe"));
			await inside(page, `${path} ${where}`);
			await axe(page, `${path} ${where}`);
			await shot(page, `work-names-${path}-${where}`);
		}
		await call(server, "POST", "/api/v1/basket", { clear: true }, who);
		await page.done();
	}
});

// ---- how it looks, and how it is reached ----

async function pictures() {
	const names = readdirSync(PICTURES).filter((n) => n.endsWith(".jpg")).slice(0, 8);
	await server.run("upload", "--folder", "Katalog 2027", ...names.map((n) => join(PICTURES, n)));
	const { assets } = await api("GET", "/assets?folder=Katalog+2027");
	const ids = assets.map((a) => a.asset);
	await api("PUT", `/assets/${ids[0]}/release`, { state: "conditions", credit: "© Studio Brandt" });
	await api("PUT", `/assets/${ids[1]}/release`, { state: "blocked", reason: "Keine Einwilligung" });
	for (const id of ids.slice(2, 6)) await api("PUT", `/assets/${id}/release`, { state: "cleared", until: day(200) });
	for (let i = 0; i < 600; i++) {
		const { cards } = (await call(server, "POST", "/api/v1/assets/cards", { ids }, who)).json;
		if (cards.every((c) => c.preview === "ready")) return;
		await new Promise((r) => setTimeout(r, 250));
	}
	assert.fail("no previews");
}

/** Every control is at least 24 px, with what it stands beside (WCAG 2.5.8 by axe); on touch 44. */
const small = (page, least) =>
	page.evaluate((px) => {
		const bad = [];
		for (const e of document.querySelectorAll("main button, main a.btn, nav a, nav button, dialog[open] button")) {
			const box = e.getBoundingClientRect();
			if (box.width > 0 && (box.height < px || box.width < px)) bad.push(`${e.className} ${e.textContent} ${box.width}x${box.height}`);
		}
		return bad;
	}, least);

test("dark, forced colours, reduced motion: whole, readable, reached by keys", async () => {
	await pictures();
	for (const [how, more] of [
		["dark", { dark: true }],
		["light", {}],
		["forced", { forcedColors: "active" }],
		["forced-dark", { forcedColors: "active", dark: true }],
		["motion", { reducedMotion: "no-preference" }],
	]) {
		const page = await openPage(server, { who, ...more });
		await open(page, { folder: "Katalog 2027", sort: "name" });
		await listbox(page).focus();
		await page.keyboard.press("Space");
		await page.keyboard.press("Shift+ArrowRight");
		await page.keyboard.press("Shift+ArrowRight");
		await bar(page).getByText("3 ausgewählt").waitFor();
		await until(page, () => [...document.querySelectorAll(".vg-c:not([hidden]) img")].every((i) => i.complete && i.naturalWidth > 0));
		await shot(page, `work-${how}`);
		await axe(page, how);
		await fits(page, how);
		assert.deepEqual(await small(page, 24), [], how);
		const shows = await panel(page).locator(".library-picture").boundingBox();
		assert.ok(shows.height > 150, "the picture of the panel is seen");
		if (how.startsWith("forced")) {
			// what is chosen is told by more than a colour that is gone
			const [on, off] = await page.evaluate(() =>
				["true", "false"].map((v) => getComputedStyle(document.querySelector(`.vg-c[aria-selected=${v}] .vg-i`)).outlineStyle),
			);
			assert.equal(on, "solid");
			assert.equal(off, "none");
		}
		await page.keyboard.press("Enter");
		await page.locator("dialog.library-viewer").waitFor();
		await axe(page, `${how} viewer`);
		await shot(page, `work-${how}-viewer`);
		await page.keyboard.press("Escape");
		await focused(page);
		await act(page, "Freigabe ändern …");
		await dialog(page, "Freigabe von 3 Dateien").waitFor();
		await axe(page, `${how} release`);
		await shot(page, `work-${how}-release`);
		await page.keyboard.press("Escape");
		await page.done();
	}
});

test("a phone of 360 px: filters behind one button, the bar over the whole width, details as a sheet", async () => {
	const page = await openPage(server, { who, size: { width: 360, height: 780 } });
	await open(page, { folder: "Katalog 2027", sort: "name" });
	const filters = page.getByRole("button", { name: "Filter", exact: true });
	const sendable = page.getByRole("button", { name: "Darf gesendet werden" });
	assert.equal(await sendable.isVisible(), false);
	await tabTo(page, "Filter");
	await page.keyboard.press("Enter");
	await sendable.waitFor();
	assert.equal(await filters.getAttribute("aria-expanded"), "true");
	await fits(page, "filters");
	await shot(page, "work-phone-filters");
	await tabTo(page, "Darf gesendet werden");
	await page.keyboard.press("Enter");
	await page.locator(".library-head").getByText("5 Dateien").waitFor();
	await page.getByRole("button", { name: "Filter (1)" }).waitFor();
	// what the filter took away is not in the way of what is left
	await until(page, () => [...document.querySelectorAll(".vg-c")].filter((e) => e.getBoundingClientRect().height > 0).length === 5);
	await tabTo(page, /^Filter \(1\)/, "Shift+Tab");
	await page.keyboard.press("Enter");
	assert.equal(await page.getByRole("button", { name: /^Filter entfernen/ }).isVisible(), false);
	await axe(page, "phone");
	await shot(page, "work-phone");

	await listbox(page).focus();
	await page.keyboard.press("Home");
	await page.keyboard.press("Space");
	await page.keyboard.press("Shift+ArrowRight");
	await bar(page).getByText("2 ausgewählt").waitFor();
	const box = await bar(page).boundingBox();
	assert.ok(box.width >= 360 - 2 * 16 - 1 && box.x >= 0, JSON.stringify(box));
	const bottom = await page.locator("nav.bottom").boundingBox();
	assert.ok(box.y + box.height <= bottom.y + 1, "the bar stands above the navigation");
	assert.equal(Math.round(bottom.y + bottom.height), 780);
	await fits(page, "bar");
	await axe(page, "phone bar");
	assert.deepEqual(await small(page, 24), []);
	await shot(page, "work-phone-bar");
	await page.keyboard.press("i");
	const sheet = dialog(page, "Details");
	await sheet.getByText("Die fünf Prüfungen").or(sheet.getByRole("list", { name: "Die fünf Prüfungen" })).first().waitFor();
	await sheet.getByText("Metadaten").waitFor();
	await axe(page, "sheet");
	await fits(page, "sheet");
	await shot(page, "work-phone-sheet");
	await page.keyboard.press("Escape");
	await sheet.waitFor({ state: "detached" });
	await focused(page);
	await page.keyboard.press("Escape");
	await option(page, /./).first().tap();
	await page.locator("dialog.library-viewer").waitFor();
	await axe(page, "phone viewer");
	await fits(page, "phone viewer");
	await shot(page, "work-phone-viewer");
	await page.done();
});
