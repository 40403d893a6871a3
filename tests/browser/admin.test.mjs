// SPDX-License-Identifier: AGPL-3.0-or-later
// Administration as a person does it: invite somebody who then signs in, change a role, close
// an access, the last administrator stays, keys, appearance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, call, checkEverywhere, enrol, goto, openPage, PHONE, setUp, shot } from "./harness.mjs";

const { server, who } = await setUp();

async function actionsOf(page, name, item) {
	await page.getByRole("button", { name: `Aktionen für ${name}` }).click();
	await page.getByRole("menuitem", { name: item }).click();
}

test("somebody invited signs in, changes role, and is shut out", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin");
	await page.getByRole("button", { name: "Person einladen" }).click();
	const dialog = page.getByRole("dialog", { name: "Person einladen" });
	await axe(page, "invite");
	await shot(page, "invite");
	await dialog.getByLabel("Name").fill("Jonas Behrens");
	await dialog.getByLabel("E-Mail-Adresse").fill("j.behrens@nordlicht.example");
	await dialog.getByLabel("Bearbeiten").check();
	await dialog.getByRole("button", { name: "Einladen" }).click();
	const secret = page.getByRole("dialog", { name: "Zugangslink" });
	const link = await secret.locator(".admin-secret").innerText();
	await axe(page, "link");
	await secret.getByRole("button", { name: "Fertig" }).click();
	const row = page.getByRole("row").filter({ hasText: "Jonas Behrens" });
	await row.getByText("Eingeladen").waitFor();

	const jonas = await enrol(server, new URL(link).hash.replace("#token=", ""));
	const me = () => call(server, "GET", "/api/v1/session", undefined, jonas);
	assert.equal((await me()).json.person.role, "editor");
	await page.reload();
	await row.getByText("Aktiv").waitFor();

	await actionsOf(page, "Jonas Behrens", "Name und Rolle ändern");
	const edit = page.getByRole("dialog", { name: "Jonas Behrens ändern" });
	await edit.getByLabel("Name").fill("Jonas Behrens-Voss");
	await edit.getByLabel("Ansehen").check();
	await edit.getByRole("button", { name: "Speichern" }).click();
	// not this role: the dialog is as it was
	await page.getByRole("dialog", { name: "Rolle von Jonas Behrens ändern?" }).getByRole("button", { name: "Abbrechen" }).click();
	assert.equal(await edit.getByLabel("Name").inputValue(), "Jonas Behrens-Voss");
	await edit.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Auch was schon gesendet ist, lässt sich sofort nicht mehr abrufen.").waitFor();
	await page.getByRole("button", { name: "Rolle ändern" }).click();
	await row.getByText("Ansehen").waitFor();
	await row.getByText("Jonas Behrens-Voss").waitFor();
	assert.equal((await me()).json.person.role, "viewer");

	await actionsOf(page, "Jonas Behrens-Voss", "Zugang sperren");
	await page.getByRole("button", { name: "Zugang sperren" }).click();
	await row.getByText("Gesperrt").waitFor();
	assert.equal((await me()).status, 401);
	await page.done();
});

test("the last administrator stays", async () => {
	const page = await openPage(server, { who });
	page.expected = [/^409 PATCH /];
	await goto(page, server, "/app/admin/people");
	const name = await page.locator("tr", { hasText: "(Sie)" }).locator("b").innerText();
	await actionsOf(page, name, "Zugang sperren");
	await page.getByRole("button", { name: "Zugang sperren" }).click();
	await page.getByText("Die letzte Person mit der Rolle Verwaltung muss bleiben.").first().waitFor();
	await page.done();
});

test("a key is shown once, works, and can be ended", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/keys");
	await page.getByRole("button", { name: "Zugang anlegen" }).click();
	const dialog = page.getByRole("dialog", { name: "Zugang anlegen" });
	await dialog.getByLabel("Wofür").fill("Webshop");
	await axe(page, "new key");
	await dialog.getByRole("button", { name: "Zugang anlegen" }).click();
	const key = await page.locator(".admin-secret").innerText();
	await page.getByRole("button", { name: "Fertig" }).click();
	const status = () => call(server, "GET", "/api/v1/status", undefined, { key });
	assert.equal((await status()).status, 200);
	await page.getByRole("button", { name: "Beenden: Webshop" }).click();
	await page.getByRole("dialog").getByRole("button", { name: "Beenden" }).click();
	await page.getByRole("row").filter({ hasText: "Webshop" }).getByText("Beendet").waitFor();
	assert.equal((await status()).status, 401);
	await page.done();
});

test("the appearance keeps what the server refuses", async () => {
	const page = await openPage(server, { who });
	page.expected = [/^4\d\d PATCH .*brand$/];
	await goto(page, server, "/app/admin/brand");
	await page.getByLabel("Name des Absenders").fill("Nordlicht Möbelwerke");
	await page.getByLabel("Adresse der Datenschutzerklärung").fill("ftp://nordlicht.example");
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByRole("alert").waitFor();
	assert.equal(await page.getByLabel("Name des Absenders").inputValue(), "Nordlicht Möbelwerke");
	await page.getByLabel("Adresse der Datenschutzerklärung").fill("https://nordlicht.example/datenschutz");
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Erscheinungsbild gespeichert.").first().waitFor();
	await page.done();
});

const PNG = Buffer.from(
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
	"base64",
);

test("what is typed waits while another section is looked at; the same logo can be chosen again", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/brand");
	const to = (name) => page.getByRole("navigation", { name: "Bereiche der Verwaltung" }).getByRole("link", { name }).click();
	const imprint = page.getByLabel("Impressum");
	await imprint.fill("Nordlicht Möbelwerke, Kiel");
	const logo = page.getByRole("img", { name: "Logo" });
	for (let i = 0; i < 2; i++) {
		await page.locator("input[type=file]").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: PNG });
		await logo.waitFor();
		if (i === 0) await page.getByRole("button", { name: "Logo entfernen" }).click();
	}
	await to("Einstellungen");
	const days = page.getByLabel("Unterbrochene Uploads aufheben (Tage)");
	await days.fill("9");
	await to("Erscheinungsbild");
	assert.equal(await imprint.inputValue(), "Nordlicht Möbelwerke, Kiel");
	await logo.waitFor();
	await page.getByText("Noch nicht gespeichert.").waitFor();
	// what is typed while it is saved is not overwritten by the answer
	await page.route("**/brand", async (r) => {
		await imprint.fill("Nordlicht Möbelwerke, Kiel und Lübeck");
		await r.continue();
	});
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Erscheinungsbild gespeichert.").first().waitFor();
	assert.equal(await imprint.inputValue(), "Nordlicht Möbelwerke, Kiel und Lübeck");
	const stored = (await call(server, "GET", "/api/v1/brand", undefined, who)).json;
	assert.equal(stored.imprint, "Nordlicht Möbelwerke, Kiel");
	assert.notEqual(stored.logo, null);
	await to("Einstellungen");
	assert.equal(await days.inputValue(), "9");
	await page.getByRole("button", { name: "Verwerfen" }).click();
	for (let i = 0; i < 400 && (await days.inputValue()) !== "7"; i++) await page.waitForTimeout(50);
	assert.equal(await days.inputValue(), "7");
	await page.done();
});

const settingOf = async (name) =>
	(await call(server, "GET", "/api/v1/settings", undefined, who)).json.find((s) => s.name === name);

test("settings are changed by keyboard, count at once, and go back to the file's", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/settings");
	const days = page.getByLabel("Unterbrochene Uploads aufheben (Tage)");
	assert.equal(await days.inputValue(), "7");
	await days.focus();
	await page.keyboard.press("Control+A");
	await page.keyboard.type("30");
	await page.keyboard.press("Tab"); // the way back, which came with the first key
	assert.equal(
		await page.evaluate(() => document.activeElement.innerText),
		"Unterbrochene Uploads aufheben (Tage): wie in der Datei (7)",
	);
	await page.keyboard.press("Tab");
	await page.keyboard.press("Tab"); // tries; then the rule for unscanned files
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	await page.getByText("Einstellungen gespeichert.").first().waitFor();
	assert.equal((await settingOf("upload.days")).value, "30");
	assert.equal((await settingOf("malware.unscanned")).value, "hold");
	await axe(page, "settings changed");
	await page.getByRole("button", { name: /^Unterbrochene Uploads aufheben.*Datei/ }).click();
	await page.getByRole("button", { name: /^Dateien ohne Virenprüfung.*Datei/ }).click();
	for (let i = 0; i < 400 && (await days.inputValue()) !== "7"; i++) await page.waitForTimeout(50); // drawn a moment later
	assert.equal(await days.inputValue(), "7");
	const answered = page.waitForResponse((r) => r.request().method() === "PATCH"); // the words of the first time may still be there
	await page.getByRole("button", { name: "Speichern" }).click();
	assert.ok((await answered).ok());
	assert.equal((await settingOf("upload.days")).changed_here, false);
	await page.done();
});

test("what cannot count is told beside its field, in the language of the reader", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/settings");
	await page.getByLabel("Versuche je E-Mail-Code").fill("0");
	await page.getByLabel("Gültigkeit einer Sendung (Tage)").fill("91");
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByRole("alert").getByText("Bitte prüfen Sie die markierten Felder.").waitFor();
	await page.getByText("Eine ganze Zahl von 1 bis 20.").waitFor();
	await page.getByText("Höchstens so lang wie die längste Gültigkeit: 90 Tage.").waitFor();
	assert.equal(await page.getByLabel("Versuche je E-Mail-Code").getAttribute("aria-invalid"), "true");
	await axe(page, "settings refused");
	assert.equal((await settingOf("limits.code_tries")).value, "5");
	await page.done();
	const english = await openPage(server, { who, lang: "en-GB" });
	await goto(english, server, "/app/admin/settings");
	await english.getByLabel("Tries for one mail code").fill("x");
	await english.getByRole("button", { name: "Save" }).click();
	await english.getByText("A whole number from 1 to 20.").waitFor();
	await english.done();
});

test("of two administrators the second sees that somebody was faster", async () => {
	const page = await openPage(server, { who });
	page.expected = [/^412 PATCH .*settings$/];
	await goto(page, server, "/app/admin/settings");
	const tries = page.getByLabel("Versuche je E-Mail-Code");
	await tries.fill("9");
	const other = await call(server, "PATCH", "/api/v1/settings", { "upload.days": "20" }, { key: server.key });
	assert.equal(other.status, 200);
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Jemand anderes hat die Einstellungen inzwischen geändert.").waitFor();
	assert.equal((await settingOf("limits.code_tries")).value, "5");
	await page.getByRole("button", { name: "Neuen Stand laden" }).click();
	await page.getByText("Jemand anderes hat").waitFor({ state: "detached" });
	assert.equal(await tries.inputValue(), "9");
	assert.equal(await page.getByLabel("Unterbrochene Uploads aufheben (Tage)").inputValue(), "20");
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Einstellungen gespeichert.").first().waitFor();
	assert.equal((await settingOf("limits.code_tries")).value, "9");
	await page.done();
});

test("the health of the system names what needs attention", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/health");
	await page.getByText("Etwas braucht Aufmerksamkeit.").waitFor(); // no mail relay, no scanner
	const row = (code) => page.getByRole("row").filter({ hasText: code });
	await row("Schadsoftware").getByText("Richten Sie clamd ein").waitFor();
	await row("E-Mail-Versand").getByText("prüfen", { exact: true }).waitFor();
	const told = (await call(server, "GET", "/api/v1/health", undefined, who)).json;
	assert.equal(await page.getByRole("row").count(), told.checks.length + 1);
	for (const role of ["front", "app", "keeper", "worker"]) await page.getByText(role).first().waitFor();
	await page.done();
});

test("work that was given up is listed, and started again", async () => {
	const page = await openPage(server, { who });
	await server.ask({
		sql:
			"INSERT INTO job (id, kind, state, due_us, fence, tries, error, created_us) " +
			"VALUES (1, 'render', 'dead', 0, 8, 8, 'no room on the disk', 1764064800000000)",
	});
	await goto(page, server, "/app/admin/health");
	const row = page.getByRole("row").filter({ hasText: "no room on the disk" });
	await row.getByText("Vorschau").waitFor();
	await axe(page, "jobs");
	await row.getByRole("button", { name: "Erneut starten" }).click();
	await page.getByText("Der Auftrag läuft wieder.").first().waitFor();
	await row.waitFor({ state: "detached" });
	await page.getByRole("heading", { name: "Aufgegebene Aufträge" }).waitFor({ state: "detached" });
	assert.deepEqual((await call(server, "GET", "/api/v1/jobs", undefined, who)).json, []);
	await page.done();
});

for (const section of ["people", "keys", "brand", "settings", "health"])
	test(`${section} in both themes at every size`, () => checkEverywhere(server, who, `/app/admin/${section}`));

test("on a phone the row of sections shows the chosen one", async () => {
	const page = await openPage(server, { who, size: PHONE });
	await goto(page, server, "/app/admin/health");
	const box = await page.locator(".tablist [aria-current]").boundingBox();
	assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, JSON.stringify(box));
	await page.done();
});
