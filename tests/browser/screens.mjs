#!/usr/bin/env node
// SPDX-License-Identifier: AGPL-3.0-or-later
// docs/screens: every screen of the staff app and the recipient area over the demo library, in
// light and dark and on a phone.  One command: tests/browser/screens.mjs [FOLDER [SCREEN]]; the
// SCREEN "recipient" stands for all of theirs.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { call, closeBrowser, DESKTOP, enrol, goto, openPage, PHONE, startServer } from "./harness.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../docs/screens", import.meta.url));
const only = process.argv[3];
const KINDS = [
	["light", { size: DESKTOP }],
	["dark", { size: DESKTOP, dark: true }],
	["phone", { size: PHONE }],
];
const RECIPIENT = "j.behrens@hafenkontor.example";

const server = await startServer("--demo");
const token = server.token;
const who = await enrol(server, token);
mkdirSync(folder, { recursive: true });

async function shoot(page, name, kind) {
	await page.waitForLoadState("networkidle");
	await page.evaluate(() => document.fonts.ready);
	await page.waitForTimeout(300);
	await page.screenshot({ path: `${folder}/${name}-${kind}.jpg`, type: "jpeg", quality: 82 });
	console.log(`${name}-${kind}`);
}

/** One screen in all kinds; `ready` brings the page where it is to be seen. */
async function screen(name, path, { ready, signedIn = true } = {}) {
	for (const [kind, how] of only && only !== name ? [] : KINDS) {
		const page = await openPage(server, { who: signedIn ? who : undefined, ...how });
		await goto(page, server, path);
		await ready?.(page).catch(async (e) => {
			await shoot(page, name, kind);
			throw e;
		});
		await shoot(page, name, kind);
		if (page.faults.length > 0) console.error(name, kind, page.faults);
		await page.context().close();
	}
}

const api = async (method, path, body) => (await call(server, method, `/api/v1${path}`, body, who)).json;
const assets = (await api("GET", "/assets?limit=100")).assets;
const named = (title) => assets.find((a) => a.title === title).asset;
for (let pending = true; pending; ) {
	await new Promise((r) => setTimeout(r, 500));
	const { cards } = await api("POST", "/assets/cards", { ids: assets.map((a) => a.asset) });
	pending = cards.some((c) => c.preview === "pending");
}
const basket = ["Wohnraum in Salbei", "Sofa Skagen, CMYK", "Stuhl Havn, Eiche, Petrol", "Rahmenvertrag Hafenkontor"].map(named);
await api("POST", "/basket", { add: basket });
const [delivery] = await api("GET", "/deliveries");

await screen("sign-in", "/app", { signedIn: false });
await screen("overview", "/app");
await screen("library", "/app/library");
await screen("library-file", `/app/library/${named("Sofa Skagen, Schwarz, Ocker")}`);
const sofa = `/app/library?file=${named("Sofa Skagen, Schwarz, Ocker")}`;
await screen("library-details", sofa);
await screen("library-release", sofa, {
	ready: async (page) => {
		await page.getByRole("button", { name: "Freigabe ändern …" }).click();
		await page.getByRole("dialog", { name: /^Freigabe von/ }).waitFor();
	},
});
await screen("library-list", "/app/library?view=list");
await screen("upload", "/app/library?upload=1", {
	ready: async (page) => {
		const part = page.getByRole("region", { name: "Hochladen" });
		const name = `Katalog_2028_${page.viewportSize().width}.txt`;
		await part.locator("input[type=file]").first().setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.alloc(5e5, name) });
		await part.getByText("hochgeladen", { exact: true }).first().waitFor();
	},
});
await screen("account", "/app/account");
await screen("basket", "/app/basket");
await screen("sent", `/app/send?assets=${named("Wohnraum in Salbei")},${named("Wohnraum in Kalk")}`, {
	ready: async (page) => {
		await page.getByRole("combobox", { name: "Empfänger" }).fill("redaktion@magazin.example");
		await page.keyboard.press("Enter");
		await page.getByLabel("Betreff").fill("Motive für die Anzeige");
		await page.getByRole("button", { name: "2 Dateien senden" }).click();
		await page.getByRole("heading", { name: /^Gesendet/ }).waitFor();
	},
});
await screen("send", "/app/send", {
	ready: async (page) => {
		const field = page.getByRole("combobox", { name: "Empfänger" });
		await field.fill(RECIPIENT);
		await page.keyboard.press("Enter");
	},
});
await screen("deliveries", "/app/deliveries");
await screen("delivery", `/app/deliveries/${delivery.delivery}`);
await screen("outbox", "/app/outbox");
for (const part of ["people", "keys", "brand", "settings", "health"]) await screen(`admin-${part}`, `/app/admin/${part}`);

// ---- the recipient, who needs no script ----

for (const [kind, how] of only && only !== "recipient" ? [] : KINDS) {
	const sent = await api("POST", "/deliveries", {
		assets: [named("Wohnraum in Salbei"), named("Wohnraum in Kalk"), named("Datenblatt Sofa Skagen")],
		to: [RECIPIENT], subject: "Motive für die Anzeige", lang: "de",
		message: "Guten Tag Frau Behrens,\n\nanbei die Motive für die Anzeige im Januar.",
	});
	const page = await openPage(server, { ...how, javaScriptEnabled: true });
	await page.goto(sent.recipients[0].link);
	await shoot(page, "recipient-open", kind);
	await page.getByRole("button").first().click();
	await page.waitForURL(/\/d\//);
	await shoot(page, "recipient-arrival", kind);
	await page.getByRole("button", { name: "Code anfordern" }).click();
	await page.getByLabel(/Code/).first().waitFor();
	await shoot(page, "recipient-verify", kind);
	const code = await server.ask({ code: RECIPIENT });
	await page.getByLabel(/Code/).first().fill(code);
	await page.keyboard.press("Enter");
	await page.getByRole("link", { name: /Alles laden/ }).waitFor();
	await shoot(page, "recipient-package", kind);
	await page.goto(`${server.url}/d/0000-0000`);
	await shoot(page, "recipient-neutral", kind);
	await page.context().close();
}
await closeBrowser();
await server.stop();
