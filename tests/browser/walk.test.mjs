// SPDX-License-Identifier: AGPL-3.0-or-later
// The whole walk, in German and in English: staff signs in, uploads, clears, collects and sends by
// keyboard alone, no focus set for it; the mail comes to a real mailbox; the customer, on a phone,
// proves who he is and loads the ZIP; staff sees it and ends it; the customer is told so; the
// reasons are kept. axe on every page of both.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { axe, call, fits, freshCode, goto, openPage, PASSWORD, setUp, shot, tabTo } from "./harness.mjs";

const SMALL_PHONE = { width: 360, height: 780 };
const { server, who, folder } = await setUp({ words: ["--mail"] });

const press = async (page, name) => {
	await tabTo(page, name);
	await page.keyboard.press("Enter");
};

const ALL = {
	de: {
		locale: "de-DE",
		to: "jana.behrens@customer.test",
		signIn: "Anmelden",
		code: "Code aus Ihrer Authenticator-App",
		overview: "Übersicht",
		library: /^Bibliothek ?\d*$/,
		upload: "Hochladen",
		choose: "Dateien wählen",
		files: "Dateien",
		basket: /^Mappe ?1$/,
		basketTitle: /^Mappe/,
		uploaded: "hochgeladen",
		release: "Freigabe ändern …",
		saveRelease: "Freigabe speichern",
		cleared: "Freigegeben",
		states: /^(Entwurf|Freigegeben|Mit Auflage|In Prüfung|Gesperrt)/,
		because: "Grund (freiwillig)",
		releaseReason: "Mit Frau Sandberg geklärt",
		revokeReason: "Falsche Fassung",
		toBasket: "In die Mappe",
		send: "Senden …",
		sendTitle: "Sendung vorbereiten",
		lang: "Deutsch",
		recipients: "Empfänger",
		checked: "Geprüft für alle Empfänger.",
		subject: "Betreff",
		sendOne: "1 Datei senden",
		sent: /^Gesendet\. eTicket/,
		track: "Sendung verfolgen",
		loaded: "Vollständig geladen",
		revoke: "Widerrufen",
		reason: "Grund (freiwillig, nur intern)",
		end: "Zugriff beenden",
		go: "Weiter zur Sendung",
		ask: "Code anfordern",
		field: "Code aus der E-Mail",
		next: "Weiter",
		zip: /^Alles laden \(ZIP/,
		over: "Diese Sendung wurde widerrufen",
	},
	en: {
		locale: "en-GB",
		to: "john.smith@customer.test",
		signIn: "Sign in",
		code: "Code from your authenticator app",
		overview: "Overview",
		library: /^Library ?\d*$/,
		upload: "Upload",
		choose: "Choose files",
		files: "Files",
		basket: /^Basket ?1$/,
		basketTitle: /^Basket/,
		uploaded: "uploaded",
		release: "Change release …",
		saveRelease: "Save release",
		cleared: "Cleared",
		states: /^(Draft|Cleared|Conditions apply|In review|Blocked)/,
		because: "Reason (optional)",
		releaseReason: "Agreed with Ms Sandberg",
		revokeReason: "Wrong version",
		toBasket: "Add to basket",
		send: "Send …",
		sendTitle: "Prepare delivery",
		lang: "English",
		recipients: "Recipients",
		checked: "Checked for all recipients.",
		subject: "Subject",
		sendOne: "Send 1 file",
		sent: /^Sent\. eTicket/,
		track: "Track delivery",
		loaded: "Downloaded in full",
		revoke: "Revoke",
		reason: "Reason (optional, internal)",
		end: "End access",
		go: "Continue to the delivery",
		ask: "Request code",
		field: "Code from the e-mail",
		next: "Continue",
		zip: /^Download all \(ZIP/,
		over: "This delivery was withdrawn",
	},
};

const at = (page, what) => page.evaluate(what);
const focused = (page) =>
	at(page, () => {
		const e = document.activeElement;
		return { type: e?.getAttribute("type"), label: (e?.labels?.[0]?.textContent ?? "").trim() };
	});

/** Tab into a group of choices, then its arrows until this one is chosen. */
async function pick(page, labels, wanted) {
	await tabTo(page, labels);
	for (let i = 0; i < 8; i++) {
		if (wanted.test((await focused(page)).label)) break;
		await page.keyboard.press("ArrowDown");
	}
	const now = await focused(page);
	assert.equal(now.type, "radio");
	assert.match(now.label, wanted);
	assert.ok(await at(page, () => document.activeElement.checked), "it is chosen");
}

/** By Tab to the listing, by arrow keys to the file of this name, and only it is chosen. */
async function choose(page, w, name) {
	const file = page.getByRole("option", { name });
	await file.waitFor();
	await tabTo(page, w.files);
	const cursor = () =>
		at(page, () => document.getElementById(document.activeElement?.getAttribute("aria-activedescendant"))?.innerText ?? "");
	await page.keyboard.press("Home");
	for (let i = 0; i < 20 && !(await cursor()).startsWith(name); i++) await page.keyboard.press("ArrowRight");
	await page.keyboard.press(" ");
	assert.equal(await file.getAttribute("aria-selected"), "true", `${name} is chosen, at ${await cursor()}`);
	assert.equal(await page.locator("[role=option][aria-selected=true]").count(), 1);
}

/** The focus is where the first letter belongs: nothing is clicked. */
async function signIn(page, w) {
	await goto(page, server, "/app");
	await page.getByRole("heading", { name: w.signIn }).waitFor();
	await axe(page, "sign-in");
	await page.keyboard.type(who.address);
	await page.keyboard.press("Tab");
	await page.keyboard.type(PASSWORD);
	await page.keyboard.press("Enter");
	await page.getByLabel(w.code).waitFor();
	await axe(page, "code");
	await page.keyboard.type(await freshCode(who));
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: w.overview }).first().waitFor();
	await axe(page, "overview");
	await press(page, w.library);
	await page.getByRole("heading", { name: w.library, level: 1 }).waitFor();
}

/** Upload by the panel; the file is named in the system's own dialog. */
async function upload(page, w, path) {
	await press(page, w.upload);
	await tabTo(page, w.choose);
	// the listing below is empty and offers the same
	if ((await focused(page)).type !== "file") await tabTo(page, w.choose);
	assert.equal((await focused(page)).type, "file");
	const chooser = page.waitForEvent("filechooser");
	await page.keyboard.press(" ");
	await (await chooser).setFiles(path);
	await page.getByText(w.uploaded, { exact: true }).waitFor();
	await axe(page, "uploaded");
}

async function clear(page, w) {
	await press(page, w.release);
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	await pick(page, w.states, new RegExp(`^${w.cleared}`));
	await tabTo(page, w.because);
	await page.keyboard.type(w.releaseReason);
	await axe(page, "release");
	await press(page, w.saveRelease);
	await dialog.waitFor({ state: "detached" });
}

async function collect(page, w, name) {
	const taken = page.waitForResponse((r) => r.url().endsWith("/basket") && r.request().method() === "POST" && r.ok());
	await press(page, w.toBasket);
	await taken;
	const { cards } = (await call(server, "GET", "/api/v1/basket", undefined, who)).json;
	assert.deepEqual(
		cards.map((c) => c.name),
		[name],
	);
	await press(page, w.basket);
	await page.getByRole("heading", { name: w.basketTitle }).first().waitFor();
	await axe(page, "basket");
}

async function send(page, w, subject) {
	await press(page, w.send);
	await page.getByRole("heading", { name: w.sendTitle }).waitFor();
	await tabTo(page, w.recipients);
	await page.keyboard.type(w.to);
	await page.keyboard.press("Enter");
	await page.getByText(w.checked).waitFor();
	await tabTo(page, w.subject);
	await page.keyboard.type(subject);
	await pick(page, /^(Deutsch|English)/, new RegExp(`^${w.lang}`));
	await axe(page, "send");
	await press(page, w.sendOne);
	await page.getByRole("heading", { name: w.sent }).waitFor();
	await axe(page, "sent");
	await press(page, w.track);
	await page.getByRole("heading", { name: subject }).waitFor();
}

async function revoke(page, w) {
	await press(page, w.revoke);
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	await tabTo(page, w.reason);
	await page.keyboard.type(w.revokeReason);
	await axe(page, "revoke");
	await press(page, w.end);
	await dialog.waitFor({ state: "detached" });
	await page.getByText(w.revokeReason).first().waitFor();
}

/** The customer's way from the mail to the ZIP; where it was saved. */
async function fetchZip(page, w, subject) {
	const first = await server.ask({ mail: w.to, count: 1 });
	assert.match(first.subject, new RegExp(subject));
	await page.goto(first.link);
	await axe(page, "open");
	await page.getByRole("button", { name: w.go }).click();
	await axe(page, "arrival");
	await fits(page);
	await page.getByRole("button", { name: w.ask }).click();
	const { code } = await server.ask({ mail: w.to, count: 2 });
	await page.getByLabel(w.field).fill(code);
	await axe(page, "verify");
	await page.getByRole("button", { name: w.next, exact: true }).click();
	const zip = page.getByRole("link", { name: w.zip });
	await zip.waitFor();
	await axe(page, "package");
	await fits(page);
	await shot(page, "walk-package");
	const [download] = await Promise.all([page.waitForEvent("download"), zip.click()]);
	return download.path();
}

for (const [lang, w] of Object.entries(ALL)) {
	test(`the whole walk: ${lang}`, async () => {
		const subject = `Motive ${lang}`;
		const path = join(folder, `Sofa_${lang}.txt`);
		writeFileSync(path, `Inhalt für ${lang}\n`.repeat(1000));
		const staff = await openPage(server, { lang: w.locale });
		staff.on("filechooser", () => {}); // from now on no dialog of the system opens, however busy the machine is
		await signIn(staff, w);
		await upload(staff, w, path);
		await choose(staff, w, basename(path));
		await clear(staff, w);
		await collect(staff, w, basename(path));
		await send(staff, w, subject);

		const customer = await openPage(server, { size: SMALL_PHONE, lang: w.locale });
		const zip = await fetchZip(customer, w, subject);
		const text = execFileSync("unzip", ["-p", zip, `*Sofa_${lang}.txt`]);
		assert.deepEqual(text, readFileSync(path));

		await staff.getByText(w.loaded).first().waitFor();
		await axe(staff, "delivery");
		await revoke(staff, w);

		await customer.reload();
		await customer.getByText(w.over).first().waitFor();
		await axe(customer, "over");
		const all = await call(server, "GET", `/api/v1/deliveries?q=${subject.replace(" ", "+")}`, undefined, who);
		assert.equal(all.json[0].state, "revoked");
		const one = await call(server, "GET", `/api/v1/deliveries/${all.json[0].delivery}`, undefined, who);
		assert.equal(one.json.revoke_reason, w.revokeReason);
		const file = await call(server, "GET", `/api/v1/assets/${one.json.files[0].asset}`, undefined, who);
		assert.equal(file.json.release.reason, w.releaseReason);
		const kinds = one.json.events.map((e) => e.kind);
		for (const k of ["recipient.opened", "recipient.verified", "download.complete", "delivery.revoked"])
			assert.ok(kinds.includes(k), k);
		await customer.done();
		await staff.done();
	});
}
