// SPDX-License-Identifier: AGPL-3.0-or-later
// The whole walk, in German and in English: staff uploads, clears, collects and sends by keyboard
// alone; the mail comes to a real mailbox; the customer, on a phone, proves who he is and loads the
// ZIP; staff sees it and ends it; the customer is told so. axe on every page of both.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { axe, call, fits, goto, openPage, setUp, shot, tabTo } from "./harness.mjs";

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
		upload: "Hochladen",
		uploaded: "hochgeladen",
		release: "Freigabe ändern …",
		saveRelease: "Freigabe speichern",
		cleared: "Freigegeben",
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
		upload: "Upload",
		uploaded: "uploaded",
		release: "Change release …",
		saveRelease: "Save release",
		cleared: "Cleared",
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

/** By arrow keys to the file of this name, and only it is chosen. */
async function choose(page, name) {
	const file = page.getByRole("option", { name });
	await file.waitFor();
	await page.getByRole("listbox").first().focus();
	const at = () =>
		page.evaluate(
			() => document.getElementById(document.activeElement?.getAttribute("aria-activedescendant"))?.innerText ?? "",
		);
	await page.keyboard.press("Home");
	for (let i = 0; i < 20 && !(await at()).startsWith(name); i++) await page.keyboard.press("ArrowRight");
	await page.keyboard.press(" ");
	assert.equal(await file.getAttribute("aria-selected"), "true", `${name} is chosen, at ${await at()}`);
	assert.equal(await page.locator("[role=option][aria-selected=true]").count(), 1);
}

/** Upload by the panel, cleared by the dialog. */
async function uploadAndClear(page, w, path) {
	await goto(page, server, "/app/library");
	await press(page, w.upload);
	const panel = page.locator("input[type=file]").first();
	await panel.setInputFiles(path);
	await page.getByText(w.uploaded, { exact: true }).waitFor({ timeout: 20_000 });
	await axe(page, "uploaded");
	await choose(page, basename(path));
	await press(page, w.release);
	const dialog = page.getByRole("dialog");
	await dialog.waitFor();
	const cleared = dialog.getByRole("radio", { name: new RegExp(`^${w.cleared}`) });
	if (!(await cleared.isChecked())) {
		await cleared.focus();
		await page.keyboard.press(" ");
	}
	await axe(page, "release");
	await press(page, w.saveRelease);
	await dialog.waitFor({ state: "detached" });
}

async function collectAndSend(page, w, name, subject) {
	const taken = page.waitForResponse((r) => r.url().endsWith("/basket") && r.request().method() === "POST" && r.ok());
	await press(page, w.toBasket);
	await taken;
	const { cards } = (await call(server, "GET", "/api/v1/basket", undefined, who)).json;
	assert.deepEqual(
		cards.map((c) => c.name),
		[name],
	);
	await press(page, w.send);
	await page.getByRole("heading", { name: w.sendTitle }).waitFor();
	await tabTo(page, w.recipients);
	await page.keyboard.type(w.to);
	await page.keyboard.press("Enter");
	await page.getByText(w.checked).waitFor();
	await tabTo(page, w.subject);
	await page.keyboard.type(subject);
	const lang = page.getByRole("radio", { name: w.lang });
	if (!(await lang.isChecked())) {
		await lang.focus();
		await page.keyboard.press(" ");
	}
	await axe(page, "send");
	await press(page, w.sendOne);
	await page.getByRole("heading", { name: w.sent }).waitFor();
	await axe(page, "sent");
	await press(page, w.track);
	await page.getByRole("heading", { name: subject }).waitFor();
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
	test(`the whole walk: ${lang}`, { timeout: 180_000 }, async () => {
		const subject = `Motive ${lang}`;
		const path = join(folder, `Sofa_${lang}.txt`);
		writeFileSync(path, `Inhalt für ${lang}\n`.repeat(1000));
		const staff = await openPage(server, { who, lang: w.locale });
		await uploadAndClear(staff, w, path);
		await collectAndSend(staff, w, basename(path), subject);

		const customer = await openPage(server, { size: SMALL_PHONE, lang: w.locale });
		const zip = await fetchZip(customer, w, subject);
		const text = execFileSync("unzip", ["-p", zip, `*Sofa_${lang}.txt`]);
		assert.deepEqual(text, readFileSync(path));

		await staff.getByText(w.loaded).first().waitFor({ timeout: 20_000 });
		await axe(staff, "delivery");
		await press(staff, w.revoke);
		const dialog = staff.getByRole("dialog");
		await dialog.waitFor();
		await tabTo(staff, w.reason);
		await staff.keyboard.type("Falsche Fassung");
		await press(staff, w.end);
		await dialog.waitFor({ state: "detached" });

		await customer.reload();
		await customer.getByText(w.over).first().waitFor();
		await axe(customer, "over");
		const all = await call(server, "GET", `/api/v1/deliveries?q=${subject.replace(" ", "+")}`, undefined, who);
		assert.equal(all.json[0].state, "revoked");
		const one = await call(server, "GET", `/api/v1/deliveries/${all.json[0].delivery}`, undefined, who);
		const kinds = one.json.events.map((e) => e.kind);
		for (const k of ["recipient.opened", "recipient.verified", "download.complete", "delivery.revoked"])
			assert.ok(kinds.includes(k), k);
		await customer.done();
		await staff.done();
	});
}
