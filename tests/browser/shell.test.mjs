// SPDX-License-Identifier: AGPL-3.0-or-later
// The frame of every screen: how it is delivered, moving between screens with the keyboard, a
// session that ends under typed text, a step-up, languages and themes, small screens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, call, checkEverywhere, fits, goto, isForeign, openPage, PASSWORD, PHONE, setUp, shot, totp } from "./harness.mjs";

const { server, who } = await setUp();

test("what only begins like the server is foreign", () => {
	const at = "https://127.0.0.1:844";
	for (const own of [`${at}/app`, "blob:null/1", "data:,", "about:blank"]) assert.ok(!isForeign(own, at), own);
	for (const other of [`${at}3/`, `${at}@evil.example/`, "http://127.0.0.1:844/", "https://localhost:844/"])
		assert.ok(isForeign(other, at), other);
});

test("the page and its files are delivered as they should be", async () => {
	const root = await call(server, "GET", "/");
	assert.equal(root.status, 303);
	assert.equal(root.headers.location, "/app");
	const page = await call(server, "GET", "/app/library/12");
	assert.equal(page.status, 200);
	assert.equal(page.headers["cache-control"], "no-store");
	const policy = page.headers["content-security-policy"];
	assert.doesNotMatch(policy, /unsafe/);
	for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"])
		assert.ok(policy.includes(part), part);
	const script = /src="(\/static\/[a-z]+-[A-Z0-9]+\.js)"/.exec(page.text)[1];
	const file = await call(server, "GET", script);
	assert.equal(file.status, 200);
	assert.match(file.headers["cache-control"], /immutable/);
	assert.equal(file.headers.vary, "Accept-Encoding");
	assert.match(file.headers["content-type"], /^text\/javascript/);
	for (const gone of [script.replace("-", "-0"), script.replace(/-[A-Z0-9]+/, ""), "/app/a/b/c/d/e"])
		assert.equal((await call(server, "GET", gone)).status, 404, gone);
});

test("screens change without a new page, title and focus follow, back works", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/account");
	await page.evaluate(() => {
		window.sameDocument = true;
	});
	await page.getByRole("link", { name: "Verwaltung" }).click();
	await page.getByRole("heading", { name: "Verwaltung", level: 1 }).waitFor();
	await page.locator("h1:focus").waitFor();
	assert.equal(await page.title(), "Verwaltung · Geleit");
	assert.equal(await page.evaluate(() => window.sameDocument), true);
	assert.equal(await page.getByRole("link", { name: "Verwaltung" }).getAttribute("aria-current"), "page");
	await page.goBack();
	await page.getByRole("heading", { name: "Mein Konto" }).waitFor();
	await page.done();
});

test("the keyboard reaches search, skip link and account menu", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/account");
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Zum Inhalt springen");
	await page.keyboard.press("Enter");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
	await page.keyboard.press("/");
	assert.equal(await page.evaluate(() => document.activeElement?.id), "q");
	const menu = page.getByRole("button", { name: /^Angemeldet als/ });
	await menu.focus();
	await page.keyboard.press("Enter");
	await page.getByRole("menu").waitFor();
	await axe(page, "menu");
	await shot(page, "menu");
	assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Mein Konto");
	await page.keyboard.press("e");
	assert.equal(await page.evaluate(() => document.activeElement?.textContent), "English");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "My account" }).waitFor();
	await menu.or(page.getByRole("button", { name: /^Signed in as/ })).first().focus();
	await page.keyboard.press("Enter");
	await page.keyboard.press("Escape");
	await page.getByRole("menu").waitFor({ state: "hidden" });
	assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /Signed in as/);
	await page.done();
});

test("a session that ends under typed text is renewed over it", async () => {
	const page = await openPage(server, { who });
	page.expected = [/^401 /];
	await goto(page, server, "/app/admin/brand");
	await page.getByLabel("Name des Absenders").fill("Nordlicht Möbelwerke");
	await page.context().clearCookies();
	await page.getByRole("button", { name: "Speichern" }).click();
	const dialog = page.getByRole("dialog", { name: "Bitte erneut anmelden" });
	await dialog.waitFor();
	await axe(page, "dialog");
	await shot(page, "sign-in-again");
	await dialog.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
	await page.keyboard.press("Enter");
	await dialog.getByLabel("Code aus Ihrer Authenticator-App").fill(totp(who.secret, 1));
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await page.getByText("Erscheinungsbild gespeichert.").first().waitFor();
	assert.equal(await page.getByLabel("Name des Absenders").inputValue(), "Nordlicht Möbelwerke");
	await page.done();
	const brand = await call(server, "GET", "/api/v1/brand", undefined, who);
	assert.equal(brand.json.name, "Nordlicht Möbelwerke");
});

test("without the server the page says so and keeps what was typed", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/admin/brand");
	await page.getByLabel("Impressum").fill("Nordlicht GmbH");
	await page.context().setOffline(true);
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Keine Verbindung. Ihre Eingaben sind erhalten.").waitFor();
	assert.equal(await page.getByLabel("Impressum").inputValue(), "Nordlicht GmbH");
	await page.context().setOffline(false);
	await page.getByRole("button", { name: "Speichern" }).click();
	await page.getByText("Erscheinungsbild gespeichert.").first().waitFor();
	await page.done();
});

test("an address that is none says so inside the shell", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/nirgends");
	await page.getByRole("heading", { name: "Seite nicht gefunden" }).waitFor();
	await page.done();
});

test("phones have a bar at the bottom", async () => {
	const page = await openPage(server, { who, size: PHONE });
	await goto(page, server, "/app/account");
	await page.getByRole("button", { name: "Mehr" }).click();
	await page.getByRole("menuitem", { name: "Verwaltung" }).click();
	await page.getByRole("heading", { name: "Verwaltung", level: 1 }).waitFor();
	await fits(page);
	await page.done();
});

test("own account in both themes at every size", () => checkEverywhere(server, who, "/app/account"));
