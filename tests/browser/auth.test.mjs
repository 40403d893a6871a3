// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in as a person does it: the one-time link, password and second factor, recovery
// code, sign-out; a session that ends under an open page; the step-up. Keyboard where it counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, fits, goto, NARROW, openPage, PASSWORD, setUp, shot, totp } from "./harness.mjs";

const ADDRESS = "maren.olsen@nordlicht.example";
const { server } = await setUp({ enrolled: false });
let secret;
let recovery;

async function enter(page, steps = 0) {
	await page.getByLabel("E-Mail-Adresse").fill(ADDRESS);
	await page.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
	await page.keyboard.press("Enter");
	await page.getByLabel("Code aus Ihrer Authenticator-App").fill(totp(secret, steps));
	await page.keyboard.press("Enter");
}

test("nobody signed in sees the sign-in, whatever the address", async () => {
	const page = await openPage(server);
	page.expected = [/^401 POST .*session$/];
	await goto(page, server, "/app/library");
	await page.getByRole("heading", { name: "Anmelden" }).waitFor();
	await page.locator("input[type=email]:focus").waitFor();
	await axe(page);
	await shot(page, "sign-in");
	await page.keyboard.press("Enter");
	await page.getByText("Bitte ausfüllen.").nth(1).waitFor();
	assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("type")), "email");
	await axe(page, "empty");
	await page.getByLabel("E-Mail-Adresse").fill("niemand@nordlicht.example");
	await page.getByLabel("Passwort", { exact: true }).fill("falsch falsch falsch");
	await page.keyboard.press("Enter");
	await page.getByRole("alert").getByText("Adresse oder Passwort stimmt nicht.").waitFor();
	assert.equal(await page.getByLabel("E-Mail-Adresse").inputValue(), "niemand@nordlicht.example");
	await page.getByRole("button", { name: "English" }).click();
	await page.getByRole("heading", { name: "Sign in" }).waitFor();
	assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
	await page.done();
});

test("the first administrator sets up the access from the link", async () => {
	const page = await openPage(server);
	page.expected = [/^4\d\d POST .*password$/, /^401 POST .*totp-confirm$/];
	await goto(page, server, `/app/sign-in#token=${server.token}`);
	await page.getByRole("heading", { name: "Zugang einrichten" }).waitFor();
	assert.equal(new URL(page.url()).hash, "", "the token does not stay in the address");
	await axe(page, "password");
	await shot(page, "enrol-1");
	await page.getByLabel("Name").fill("Maren Olsen");
	await page.getByLabel("E-Mail-Adresse").fill(ADDRESS);
	await page.getByLabel("Neues Passwort").fill("zu kurz");
	await page.keyboard.press("Enter");
	await page.getByRole("alert").getByText("Mindestens 12 Zeichen").waitFor();
	await page.getByLabel("Neues Passwort").fill(PASSWORD);
	await page.keyboard.press("Enter");
	await page.getByRole("img", { name: "QR-Code" }).waitFor();
	await axe(page, "second factor");
	await page.getByText("Oder von Hand eingeben").click();
	await shot(page, "enrol-2");
	secret = await page.locator(".auth-secret").innerText();
	await page.getByLabel("Code aus Ihrer Authenticator-App").fill("000000");
	await page.keyboard.press("Enter");
	await page.getByRole("alert").getByText("Der Code stimmt nicht").waitFor();
	const left = 30_000 - (Date.now() % 30_000); // a code of the step before last is none
	if (left < 10_000) await page.waitForTimeout(left);
	await page.getByLabel("Code aus Ihrer Authenticator-App").fill(totp(secret, -1));
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Wiederherstellungscodes" }).waitFor();
	recovery = await page.locator(".auth-codes li").allInnerTexts();
	assert.equal(recovery.length, 10);
	await axe(page, "recovery codes");
	await shot(page, "enrol-3");
	assert.ok(await page.getByRole("button", { name: "Weiter" }).isDisabled());
	await page.getByLabel("Ich habe die Codes aufbewahrt.").check();
	await page.getByRole("button", { name: "Weiter" }).click();
	await page.getByRole("navigation", { name: "Hauptnavigation" }).first().waitFor();
	await page.getByText("MO", { exact: true }).waitFor();
	await page.done();
});

test("a link works once", async () => {
	const page = await openPage(server);
	page.expected = [/^401 POST .*link$/];
	await goto(page, server, `/app/sign-in#token=${server.token}`);
	await page.getByRole("alert").getByText("gilt nicht mehr").waitFor();
	await page.getByRole("heading", { name: "Anmelden" }).waitFor();
	await page.done();
});

test("password and code lead to the address that was asked for, sign-out ends it", async () => {
	const page = await openPage(server);
	await goto(page, server, "/app/account");
	await enter(page);
	await page.getByRole("heading", { name: "Mein Konto" }).waitFor();
	await page.getByText("Diese Sitzung").waitFor();
	await axe(page);
	await shot(page, "account");
	page.expected = [/^401 POST .*password$/, /^503 DELETE .*session$/];
	await page.getByRole("button", { name: "Passwort ändern" }).click();
	const change = page.getByRole("dialog", { name: "Passwort ändern" });
	await change.getByLabel("Bisheriges Passwort").fill("ganz anderes Passwort 9");
	await change.getByLabel("Neues Passwort").fill("noch ein langes Passwort 8");
	await page.keyboard.press("Enter");
	await change.getByRole("alert").getByText("Das bisherige Passwort stimmt nicht.").waitFor();
	await page.keyboard.press("Escape");
	const refuse = (r) => (r.request().method() === "DELETE" ? r.fulfill({ status: 503, json: { code: "busy" } }) : r.continue());
	await page.route("**/api/v1/session", refuse);
	await page.getByRole("button", { name: "Abmelden" }).click();
	await page.getByRole("region", { name: "Meldungen" }).getByText("Das hat nicht geklappt.").waitFor();
	await page.unroute("**/api/v1/session", refuse);
	await page.getByRole("button", { name: "Abmelden" }).click();
	await page.getByRole("heading", { name: "Anmelden" }).waitFor();
	await page.reload();
	await page.getByRole("heading", { name: "Anmelden" }).waitFor();
	await page.done();
});

test("before an idle session ends a line says so, and one key keeps it", async () => {
	const page = await openPage(server);
	await page.clock.install();
	await goto(page, server, "/app/account");
	// of what the page asks by itself
	const last = Promise.all(["basket", "overview"].map((what) => page.waitForResponse(new RegExp(`/api/v1/${what}$`))));
	await enter(page, 1);
	await page.getByRole("heading", { name: "Mein Konto" }).waitFor();
	await page.getByText("Diese Sitzung").waitFor();
	await last;
	await page.clock.fastForward("56:00");
	assert.equal(await page.getByRole("button", { name: "Angemeldet bleiben" }).count(), 0);
	await page.clock.fastForward("01:30");
	await page.getByText(/^Um .* werden Sie abgemeldet/).first().waitFor();
	await axe(page);
	const asked = page.waitForResponse((r) => r.url().endsWith("/api/v1/session") && r.ok());
	await page.getByRole("button", { name: "Angemeldet bleiben" }).focus();
	await page.keyboard.press("Enter");
	await asked;
	await page.getByRole("button", { name: "Angemeldet bleiben" }).waitFor({ state: "detached" });
	await page.clock.fastForward("30:00");
	assert.equal(await page.getByRole("button", { name: "Angemeldet bleiben" }).count(), 0);
	await page.done();
});

test("a recovery code lets in, once", async () => {
	for (const works of [true, false]) {
		const page = await openPage(server);
		if (!works) page.expected = [/^401 POST .*totp$/];
		await goto(page, server, "/app/account");
		await page.getByLabel("E-Mail-Adresse").fill(ADDRESS);
		await page.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
		await page.keyboard.press("Enter");
		await page.getByRole("button", { name: "Wiederherstellungscode verwenden" }).click();
		await page.getByLabel("Wiederherstellungscode", { exact: true }).fill(recovery[0]);
		await page.keyboard.press("Enter");
		if (works) await page.getByRole("heading", { name: "Mein Konto" }).waitFor();
		else await page.getByRole("alert").getByText("Der Code stimmt nicht").waitFor();
		await page.done();
	}
});

test("320 px hold the sign-in", async () => {
	const page = await openPage(server, { size: NARROW, dark: true });
	await goto(page, server, "/app");
	await axe(page);
	await fits(page);
	await shot(page, "sign-in-320");
	await page.done();
});
