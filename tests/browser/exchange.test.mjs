// SPDX-License-Identifier: AGPL-3.0-or-later
// The exchange screens against the real server: from the basket over the send screen to the
// delivery and its revocation, by keyboard alone; what stops a send; what a lost session and a
// lost connection must not lose; axe and width on every screen.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { before, test } from "node:test";
import {
	axe,
	call,
	checkEverywhere,
	fits,
	goto,
	NARROW,
	openPage,
	setUp,
	shot,
	tabTo,
} from "./harness.mjs";

const { server, who, folder } = await setUp();
const assets = {};

async function upload(name, size) {
	writeFileSync(`${folder}/${name}`, name.padEnd(size, "."));
	const { files } = await server.run("upload", `${folder}/${name}`);
	return files[0].asset;
}

const api = (method, path, body) => call(server, method, `/api/v1${path}`, body, who);
async function ok(method, path, body) {
	const a = await api(method, path, body);
	assert.ok(a.status < 300, `${method} ${path}: ${a.status} ${a.text}`);
	return a.json;
}
const fillBasket = async (...names) => {
	await ok("POST", "/basket", { clear: true });
	await ok("POST", "/basket", { add: names.map((n) => assets[n]) });
};
const sendFor = async (to, subject) =>
	ok("POST", "/deliveries", { assets: [assets.sofa], to, subject, lang: "de", expires: "14d" });

before(async () => {
	assets.sofa = await upload("Sofa_Fjord_petrol_01.tif", 248_000);
	assets.chair = await upload("Stuhl_Lund_nussbaum.jpg", 8_400);
	assets.table = await upload("Tisch_Havn_eiche.psd", 51_200);
	assets.draft = await upload("Portrait_Sandberg_GF.jpg", 6_100);
	await server.run("release", assets.sofa, "cleared");
	await server.run("release", assets.chair, "cleared");
	await server.run("release", assets.table, "conditions", "--credit", "© Studio Brandt");
});

test("basket, send, delivery, revoke: by keyboard alone", async () => {
	await fillBasket("sofa", "chair", "draft");
	const page = await openPage(server, { who });
	await goto(page, server, "/app");

	// the basket lies over the screen
	await page.getByRole("link", { name: /^Mappe ?3$/ }).first().waitFor();
	await tabTo(page, /^Mappe ?3$/);
	await tabTo(page, /^Mappe ?3$/); // the rail's link first, then the top bar's
	await page.keyboard.press("Enter");
	const sheet = page.getByRole("dialog", { name: "Mappe" });
	await sheet.getByText("3 Dateien").waitFor();
	assert.match(await sheet.innerText(), /Portrait_Sandberg_GF/);
	assert.match(await sheet.innerText(), /1 Datei darf nicht gesendet werden/);
	await axe(page, "basket sheet");
	await shot(page, "basket-sheet");
	await page.keyboard.press("Escape");
	await sheet.waitFor({ state: "detached" });
	const at = await page.evaluate(() => [document.activeElement.className, document.activeElement.textContent]);
	assert.deepEqual(at, ["btn hide-s", "Mappe3"], "the focus comes back");
	await page.keyboard.press("Enter");
	await sheet.waitFor();
	await tabTo(page, "Senden …");
	await page.keyboard.press("Enter");

	// what may not go stands first and keeps the button shut
	await page.getByRole("heading", { name: "Sendung vorbereiten" }).waitFor();
	await page.locator("h1:focus").waitFor();
	await page.getByText("1 von 3 Dateien darf nicht gesendet werden").waitFor();
	const first = page.locator(".sd-file").first();
	assert.match(await first.innerText(), /Portrait_Sandberg_GF[\s\S]*Noch nicht geprüft/);
	assert.ok(await page.getByRole("button", { name: "3 Dateien senden" }).isDisabled());
	await axe(page, "send with a stopped file");
	await tabTo(page, "Gesperrte Datei entfernen");
	await page.keyboard.press("Enter");
	await page.getByText("Darf gesendet werden", { exact: true }).waitFor();

	// recipients and the rest
	await tabTo(page, "Empfänger");
	await page.keyboard.type("Jana Behrens <j.behrens@hafenkontor.example>, einkauf@moebelhaus.example");
	await page.keyboard.press("Enter");
	await page.getByText("Neue Domain: hafenkontor.example. Bitte Schreibweise prüfen.").waitFor();
	await page.getByText("Geprüft für alle Empfänger.").waitFor();
	await tabTo(page, "Betreff");
	await page.keyboard.type("Motive Anzeige Havn");
	await tabTo(page, "Nachricht");
	await page.keyboard.type("Guten Tag Frau Behrens");
	const frame = page.frameLocator("iframe[name=sd-preview]");
	await frame.getByText("Motive Anzeige Havn").first().waitFor();
	await shot(page, "send");
	await tabTo(page, "2 Dateien senden");
	await page.keyboard.press("Enter");

	// the eTicket
	const done = page.getByRole("heading", { name: /^Gesendet\. eTicket [0-9A-Z]{4}-[0-9A-Z]{4}$/ });
	await done.waitFor();
	const number = (await done.innerText()).slice(-9);
	// what was sent or taken out leaves the basket
	await until(async () => (await ok("GET", "/basket")).cards.length === 0);
	await axe(page, "sent");
	await shot(page, "sent");
	await tabTo(page, "Sendung verfolgen");
	await page.keyboard.press("Enter");

	// the delivery
	await page.getByRole("heading", { name: "Motive Anzeige Havn" }).waitFor();
	await page.getByRole("heading", { name: "j.behrens@hafenkontor.example" }).waitFor();
	await axe(page, "delivery");
	await shot(page, "delivery");

	// one recipient, then all
	await tabTo(page, "Zugriff beenden: einkauf@moebelhaus.example");
	await page.keyboard.press("Enter");
	const dialog = page.getByRole("dialog", { name: "Zugriff jetzt beenden?" });
	await dialog.getByText("Bereits geladen: 0 von 2 Dateien.").waitFor();
	await axe(page, "revoke dialog");
	await shot(page, "revoke");
	await tabTo(page, "Zugriff beenden");
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	const states = async () => (await ok("GET", `/deliveries/${number}`)).recipients.map((r) => r.state);
	assert.deepEqual((await states()).filter((s) => s === "revoked").length, 1);
	await tabTo(page, "Widerrufen");
	await page.keyboard.press("Enter");
	await dialog.waitFor();
	await tabTo(page, "Grund (freiwillig, nur intern)");
	await page.keyboard.type("Anzeige entfällt");
	await tabTo(page, "Zugriff beenden");
	await page.keyboard.press("Enter");
	await dialog.waitFor({ state: "detached" });
	await page.locator(".ticket").getByText("Widerrufen").waitFor();
	assert.equal((await ok("GET", `/deliveries/${number}`)).state, "revoked");
	await page.done();
});

test("in the basket's sheet news are within reach, and the focus stays", async () => {
	await fillBasket("sofa", "chair");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/overview");
	await page.locator("header").getByRole("link", { name: /^Mappe/ }).click();
	const sheet = page.getByRole("dialog", { name: "Mappe" });
	await sheet.getByText("2 Dateien").waitFor();
	const outs = sheet.getByRole("button", { name: /^Aus der Mappe nehmen/ });
	const left = await outs.last().getAttribute("aria-label");
	await outs.first().press("Enter");
	await sheet.getByText(/aus der Mappe genommen\.$/).first().waitFor();
	await sheet.locator("[aria-live]", { hasText: "aus der Mappe genommen" }).waitFor();
	await sheet.locator(`button:focus[aria-label="${left}"]`).waitFor();
	await page.keyboard.press("Enter");
	await sheet.locator("h2:focus").waitFor();
	await sheet.getByRole("region", { name: "Meldungen" }).hover(); // stops their clock
	await axe(page, "news in a sheet");
	await sheet.getByRole("button", { name: "Rückgängig" }).last().click();
	await sheet.getByText("1 Datei", { exact: false }).first().waitFor();
	await outs.first().waitFor();
	await page.keyboard.press("Escape");
	await sheet.waitFor({ state: "detached" });
	await page.locator("body > .over").getByRole("button", { name: "Rückgängig" }).waitFor();
	await page.done();
});

test("twice in one page: each time the screen begins anew", async () => {
	await fillBasket("sofa", "chair");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/send");
	const rows = page.locator(".sd-file");
	await page.getByRole("button", { name: "Entfernen: Stuhl_Lund_nussbaum" }).click();
	await page.getByText("1 Datei aus der Sendung genommen.").first().waitFor();
	assert.equal(await rows.count(), 1);
	assert.equal((await ok("GET", "/basket")).cards.length, 1);
	await page.getByRole("button", { name: "Rückgängig" }).click();
	await rows.nth(1).waitFor();
	assert.equal((await ok("GET", "/basket")).cards.length, 2);

	const sendTo = async (address, n) => {
		await page.getByRole("combobox", { name: "Empfänger" }).fill(address);
		await page.getByRole("combobox", { name: "Empfänger" }).press("Enter");
		// at once: a check that runs does not swallow it
		await page.getByRole("button", { name: n }).click();
		await page.locator("h1:focus", { hasText: /^Gesendet/ }).waitFor();
		assert.match(await page.title(), /^Gesendet\. eTicket .* · Geleit$/);
	};
	const sendFromSheet = async () => {
		await fillBasket("table");
		await page.locator("header").getByRole("link", { name: /^Mappe/ }).click();
		await page.getByRole("dialog", { name: "Mappe" }).getByRole("button", { name: "Senden …" }).click();
		await page.getByRole("heading", { name: "Sendung vorbereiten" }).waitFor();
		assert.match(await page.title(), /^Sendung vorbereiten/);
		await rows.filter({ hasText: "Tisch_Havn_eiche" }).waitFor();
	};
	await sendTo("eins@zwei.example", "2 Dateien senden");
	await page.evaluate(() => {
		navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
	});
	await page.getByText("Persönliche Links").click();
	await page.getByRole("button", { name: "Link kopieren: eins@zwei.example" }).click();
	assert.match(await page.getByLabel(/^Der Browser hat nicht kopiert/).inputValue(), /\/r\//);
	await sendFromSheet();
	await sendTo("zwei@zwei.example", "1 Datei senden");
	await page.getByRole("link", { name: "Bibliothek" }).first().click();
	await page.getByRole("heading", { name: "Bibliothek" }).waitFor();
	await sendFromSheet();
	assert.equal((await ok("GET", "/deliveries?q=zwei.example")).length, 2);
	await page.done();
});

test("a list pasted at once, a mistake named, a wrong one given back", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${assets.sofa}`);
	const field = page.getByRole("combobox", { name: "Empfänger" });
	await field.fill("a@gmial.com; b@moebelhaus.example, niemand");
	await field.press("Enter");
	await page.getByText("Das ist keine Mailadresse: niemand").waitFor();
	assert.equal(await field.inputValue(), "niemand", "what was typed stays to be mended");
	await page.getByText("Meinten Sie a@gmail.com?").waitFor();
	await page.getByRole("button", { name: "Übernehmen" }).click();
	assert.deepEqual(await page.locator(".sd-chip .sd-name").allInnerTexts(), [
		"a@gmail.com",
		"b@moebelhaus.example",
	]);
	await page.done();
});

test("an address known from before is offered", async () => {
	await ok("DELETE", "/draft"); // of the test before, which may have been kept
	await sendFor(["redaktion@magazin.example"], "Erste");
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${assets.sofa}`);
	const last = page.waitForResponse(/contacts\?q=reda$/);
	await page.getByRole("combobox", { name: "Empfänger" }).pressSequentially("reda");
	await last; // its answer begins the list anew
	await page.getByRole("option", { name: /redaktion@magazin\.example/ }).waitFor();
	await axe(page, "suggestions");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await page.getByText(/Bekannt: 1 Sendung/).waitFor();
	assert.equal(await page.getByText(/Neue Domain/).count(), 0);
	await page.done();
});

test("what changed since the check is refused and marked", async () => {
	const asset = await upload("Leuchte.jpg", 900);
	await server.run("release", asset, "cleared");
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${asset},${assets.sofa}`);
	const field = page.getByRole("combobox", { name: "Empfänger" });
	// a draft of before may have been checked for its recipients already
	const answer = page.waitForResponse(async (r) => /\/check$/.test(r.url()) && (await r.text()).includes("x@y.example"));
	await field.fill("x@y.example");
	await field.press("Enter");
	await answer;
	await page.getByText("Geprüft für alle Empfänger.").waitFor();
	await server.run("release", asset, "blocked", "--reason", "Irrtum");
	page.expected.push(/^403 POST \/api\/v1\/deliveries$/);
	const before = (await ok("GET", "/deliveries")).length;
	await page.getByRole("button", { name: "2 Dateien senden" }).click();
	await page.getByText("Seit Ihrer letzten Prüfung hat sich etwas geändert.").waitFor();
	assert.match(await page.locator(".sd-file").first().innerText(), /Leuchte[\s\S]*geändert/);
	assert.equal((await ok("GET", "/deliveries")).length, before, "nothing was sent");
	await page.done();
});

test("a lost connection loses nothing and sends once", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${assets.sofa}`);
	await page.getByRole("combobox", { name: "Empfänger" }).fill("x@offline.example");
	await page.getByRole("combobox", { name: "Empfänger" }).press("Enter");
	await page.getByLabel("Nachricht").fill("Bitte bis Freitag");
	await page.getByText("Geprüft für alle Empfänger.").waitFor();
	// the server gets it, the answer is lost: the worst case
	await page.route("**/api/v1/deliveries", async (route) => {
		await route.fetch();
		await route.abort();
	}, { times: 1 });
	await page.getByRole("button", { name: "1 Datei senden" }).click();
	await page.getByText("Doppelt gesendet wird nichts.").waitFor();
	assert.equal(await page.getByLabel("Nachricht").inputValue(), "Bitte bis Freitag");
	await page.getByRole("button", { name: "1 Datei senden" }).click();
	await page.getByRole("heading", { name: /^Gesendet/ }).waitFor();
	const all = await ok("GET", "/deliveries?q=offline.example");
	assert.equal(all.length, 1, "once, although asked for twice");
	await page.done();
});

test("a reload keeps the draft in this window", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${assets.sofa}`);
	await page.getByRole("combobox", { name: "Empfänger" }).fill("x@reload.example");
	await page.getByRole("combobox", { name: "Empfänger" }).press("Enter");
	await page.getByLabel("Betreff").fill("Bleibt");
	await page.reload();
	await page.getByText("x@reload.example").waitFor();
	assert.equal(await page.getByLabel("Betreff").inputValue(), "Bleibt");
	await page.getByRole("button", { name: "Entwurf verwerfen" }).click();
	await page.done();
});

const kept = async () => (await ok("GET", "/draft")).draft;
const until = async (what) => {
	for (let i = 0; i < 400; i++) {
		if (await what()) return;
		await new Promise((r) => setTimeout(r, 100));
	}
	assert.fail(`not in time: ${what}`);
};

test("another window goes on with the draft, and of two the slower is told", async () => {
	await ok("DELETE", "/draft");
	const one = await openPage(server, { who });
	await goto(one, server, `/app/send?assets=${assets.sofa}`);
	await one.getByRole("combobox", { name: "Empfänger" }).fill("y@draft.example");
	await one.getByRole("combobox", { name: "Empfänger" }).press("Enter");
	await one.getByLabel("Betreff").fill("Vom Büro");
	await one.getByText(/^Entwurf gespeichert, \d\d:\d\d$/).waitFor();
	await until(async () => (await kept())?.subject === "Vom Büro");

	const two = await openPage(server, { who });
	await goto(two, server, `/app/send?assets=${assets.sofa}`);
	await two.getByText("y@draft.example").first().waitFor();
	assert.equal(await two.getByLabel("Betreff").inputValue(), "Vom Büro");
	await two.getByLabel("Betreff").fill("Von zu Hause");
	await until(async () => (await kept()).subject === "Von zu Hause");

	one.expected = [/^412 PUT .*draft$/];
	await one.getByLabel("Nachricht").fill("Zu spät");
	await one.getByText("Der Entwurf wurde in einem anderen Fenster geändert.").waitFor();
	assert.equal((await kept()).message, "");
	await axe(one, "a draft changed elsewhere");
	await one.getByRole("button", { name: "Von dort übernehmen" }).click();
	await until(async () => (await one.getByLabel("Betreff").inputValue()) === "Von zu Hause");

	await two.getByRole("button", { name: "1 Datei senden" }).click();
	await two.getByRole("heading", { name: /^Gesendet/ }).waitFor();
	await until(async () => (await kept()) === null);
	await one.done();
	await two.done();
});

test("a draft is given up, and given back", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, `/app/send?assets=${assets.sofa}`);
	await page.getByLabel("Betreff").fill("Doch nicht");
	await until(async () => (await kept())?.subject === "Doch nicht");
	await page.getByRole("button", { name: "Entwurf verwerfen" }).click();
	assert.equal(await page.getByLabel("Betreff").inputValue(), "");
	await until(async () => (await kept()) === null);
	await page.getByRole("button", { name: "Rückgängig" }).first().click();
	await until(async () => (await kept())?.subject === "Doch nicht");
	await page.getByRole("button", { name: "Entwurf verwerfen" }).click();
	await until(async () => (await kept()) === null);
	await page.done();
});

test("the list keeps its filters in the address", async () => {
	await sendFor(["liste@magazin.example"], "Für die Liste");
	const page = await openPage(server, { who });
	await goto(page, server, "/app/deliveries");
	await page.getByRole("link", { name: "Für die Liste" }).waitFor();
	await page.getByRole("button", { name: "Widerrufen", exact: true }).first().click();
	await page.waitForURL(/state=revoked/);
	await page.getByLabel("Suchen in Sendungen").fill("gibt es nicht");
	await page.getByText("Nichts gefunden.").waitFor();
	assert.match(page.url(), /q=gibt/);
	await page.getByRole("button", { name: "Filter zurücksetzen" }).click();
	await page.getByRole("link", { name: "Für die Liste" }).waitFor();
	assert.doesNotMatch(page.url(), /[?]/);
	await page.route(/deliveries[?].*state=active/, (r) => r.fulfill({ json: [] }));
	await goto(page, server, "/app/deliveries");
	await page.getByText("Keine aktiven Sendungen.").waitFor(); // those that are over are there
	await page.done();
});

test("extending, and the link sent again", async () => {
	const { delivery, recipients } = await sendFor(["neu@magazin.example"], "Verlängern");
	const page = await openPage(server, { who });
	await goto(page, server, `/app/deliveries/${delivery}`);
	const before = (await ok("GET", `/deliveries/${delivery}`)).expires;
	await page.getByRole("button", { name: "Verlängern" }).click();
	const dialog = page.getByRole("dialog", { name: "Gültigkeit verlängern" });
	await dialog.getByRole("button", { name: "Verlängern" }).click();
	await dialog.waitFor({ state: "detached" });
	assert.ok((await ok("GET", `/deliveries/${delivery}`)).expires > before);
	await page.getByRole("button", { name: "Link erneut senden: neu@magazin.example" }).click();
	const ask = page.getByRole("dialog", { name: "Neuen Link senden?" });
	await ask.getByRole("button", { name: "Link erneut senden" }).click();
	await ask.waitFor({ state: "detached" });
	const events = (await ok("GET", `/deliveries/${delivery}`)).events.map((e) => e.kind);
	assert.ok(events.includes("delivery.extended") && events.includes("recipient.link"), events.join());
	assert.ok(recipients[0].link);
	await page.done();
});

test("the outbox shows what would have gone out", async () => {
	await sendFor(["post@magazin.example"], "Für den Ausgang");
	await until(async () => (await ok("GET", "/outbox?to=post@magazin.example")).some((m) => m.state === "not_sent"));
	const page = await openPage(server, { who });
	await goto(page, server, "/app/outbox");
	await page.getByRole("button", { name: "Ansehen: post@magazin.example" }).first().click();
	await page.locator(".ob-mail").getByText("To: post@magazin.example").waitFor();
	await axe(page, "a mail");
	await page.done();
});

test("every screen: axe, both themes, down to 320 px", async () => {
	await fillBasket("sofa", "draft");
	const { delivery } = await sendFor(["a@magazin.example", "b@magazin.example"], "Überall");
	for (const path of ["/app", "/app/basket", "/app/deliveries", `/app/deliveries/${delivery}`, "/app/outbox"])
		await checkEverywhere(server, who, path);
	await checkEverywhere(server, who, "/app/send", (page) => page.locator(".sd-file").first().waitFor());
	const page = await openPage(server, { who, size: NARROW });
	page.expected.push(/^404 GET \/api\/v1\/deliveries\/0000-0000$/);
	await goto(page, server, "/app/deliveries/0000-0000");
	await page.getByText("Diese Sendung gibt es nicht.").waitFor();
	await fits(page, "a delivery that is none");
	await page.done();
});

// the last: its thousand mails fill the outbox
test("many files for many people: the sum first, the rest when it is asked for", async () => {
	const names = Array.from({ length: 21 }, (_, i) => `${folder}/Blatt_${i + 10}.txt`);
	for (const n of names) writeFileSync(n, n);
	const to = Array.from({ length: 1000 }, (_, i) => ["--to", `leser${i}@viele.example`]).flat();
	const { delivery } = await server.run("send", ...names, ...to, "--release", "cleared");
	const page = await openPage(server, { who });
	const of = `/api/v1/deliveries/${delivery}`;
	await page.route(`**${of}`, async (route) => {
		const answer = await route.fetch();
		const { events, ...rest } = await answer.json();
		await route.fulfill({ json: { ...rest, events: events.slice(5), events_before: 5 } });
	});
	await goto(page, server, `/app/deliveries/${delivery}`);
	const one = page.locator(".dl-recipient").filter({ hasText: "leser998@viele.example" });
	await one.waitFor();
	assert.equal(await page.locator(".dl-recipient").count(), 1000);
	assert.equal(await page.locator(".dl-files").count(), 0, "twenty-one thousand lines");
	await one.locator("summary").focus();
	await page.keyboard.press("Enter");
	await one.getByText("Blatt_30.txt").waitFor();
	assert.equal(await one.getByRole("listitem").filter({ hasText: "nicht geladen" }).count(), 21);

	const beginning = page.locator(".dl-tl").getByText("Gesendet", { exact: false });
	assert.equal(await beginning.count(), 0);
	const earlier = page.getByRole("button", { name: "Frühere Einträge zeigen" });
	await earlier.focus();
	await page.keyboard.press("Enter");
	await beginning.waitFor();
	await earlier.waitFor({ state: "detached" });
	assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
	await one.scrollIntoViewIfNeeded();
	await shot(page, "delivery-many");
	await page.unrouteAll({ behavior: "ignoreErrors" }); // it looks again and again
	await page.done();
});
