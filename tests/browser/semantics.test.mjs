// SPDX-License-Identifier: AGPL-3.0-or-later
// What a screen reader is told: the tree that Chromium gives to it, of the library, the send
// screen and the upload panel - landmarks, headings, roles, names, states, and the regions that
// say what changed.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, goto, openPage, setUp } from "./harness.mjs";

const { server, who, folder } = await setUp();

// ---- the tree ----

/** What somebody can act on, which has to say what it is. */
const ACTS = [
	"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "menuitem", "menuitemradio", "option",
	"listbox", "tree", "treeitem", "slider", "progressbar", "spinbutton", "tab", "dialog", "Iframe", "Date",
];
const LANDMARKS = ["banner", "main", "navigation", "search", "complementary", "region", "form", "contentinfo"];

/** The nodes that are told, in their order: role, name, description, properties, what is in them. */
async function tree(page) {
	const cdp = await page.context().newCDPSession(page);
	const { nodes } = await cdp.send("Accessibility.getFullAXTree");
	await cdp.detach();
	const by = new Map(nodes.map((n) => [n.nodeId, n]));
	const made = (n) => ({
		role: n.role?.value ?? "",
		name: (n.name?.value ?? "").trim(),
		description: n.description?.value ?? "",
		value: n.value?.value,
		...Object.fromEntries((n.properties ?? []).map((p) => [p.name, p.value.value])),
		inside: (n.childIds ?? []).flatMap((id) => kept(by.get(id))),
	});
	const kept = (n) => {
		if (!n) return [];
		const node = made(n);
		return n.ignored || ["none", "generic", "InlineTextBox"].includes(node.role) ? node.inside : [node];
	};
	const flat = (list) => list.flatMap((n) => [n, ...flat(n.inside)]);
	const all = flat(kept(nodes[0]));
	if (process.env.GELEIT_TREE)
		for (const n of all) console.log(JSON.stringify({ ...n, inside: n.inside.length }));
	return all;
}

const matches = (n, role, name) =>
	n.role === role && (name === undefined || (typeof name === "string" ? n.name === name : name.test(n.name)));
const every = (nodes, role, name) => nodes.filter((n) => matches(n, role, name));

function one(nodes, role, name) {
	const found = every(nodes, role, name);
	assert.equal(found.length, 1, `${role} ${name}: ${JSON.stringify(found.map((n) => n.name))}`);
	return found[0];
}

const flat = (n) => n.inside.flatMap((m) => [m, ...flat(m)]);
const text = (n) => [n, ...flat(n)].filter((m) => m.role === "StaticText").map((m) => m.name).join(" ");

/** Asked again until it holds: regions that are told change a moment after what they tell of. */
async function until(page, what, holds) {
	let nodes;
	for (let i = 0; i < 300; i++) {
		nodes = await tree(page);
		if (holds(nodes)) return nodes;
		await page.waitForTimeout(100);
	}
	assert.fail(`never: ${what}\n${nodes.filter((n) => n.live || n.role === "status").map((n) => `${n.role} ${text(n)}`).join("\n")}`);
}

/** Said by the polite region of the shell. */
const said = (page, words) =>
	until(page, words, (nodes) => every(nodes, "status").some((n) => n.live === "polite" && text(n) === words));

/** True of every screen: one of each landmark, headings in order, nothing to act on without a name. */
function sound(nodes) {
	for (const role of ["banner", "main", "search"]) one(nodes, role);
	one(nodes, "navigation", "Hauptnavigation");
	const names = nodes.filter((n) => LANDMARKS.includes(n.role)).map((n) => `${n.role} ${n.name}`);
	assert.equal(new Set(names).size, names.length, `each landmark is told from the others: ${names}`);
	const levels = every(nodes, "heading").map((n) => n.level);
	assert.equal(levels.filter((l) => l === 1).length, 1, `one h1: ${levels}`);
	const bare = nodes.filter((n) => ACTS.includes(n.role) && n.name === "");
	assert.deepEqual(bare.map((n) => n.role), [], "each has a name");
	const nameless = every(nodes, "image").filter((n) => n.name === "");
	assert.equal(nameless.length, 0, "a picture is named or left out");
}

// ---- the screens ----

function file(name, words) {
	const path = join(folder, name);
	writeFileSync(path, words);
	return path;
}

const NAMES = ["Regal.txt", "Sofa.txt", "Tisch.txt"];

test("the library: landmarks, the listing and its files, folders, what was chosen is said", async () => {
	await server.run("upload", "--folder", "Katalog/2027", ...NAMES.map((n) => file(n, `${n}\n`)));
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library?folder=Katalog/2027&sort=name");
	await page.getByRole("option", { name: "Tisch.txt" }).waitFor();
	let nodes = await until(page, "folders", (all) => every(all, "tree", "Ordner").length === 1);
	sound(nodes);
	assert.equal(one(nodes, "heading", "2027").level, 1);
	const list = one(nodes, "listbox", "Dateien");
	assert.equal(list.multiselectable, true);
	assert.equal(list.focusable, true);
	const options = every(nodes, "option");
	assert.deepEqual(options.map((n) => n.name.split(" ")[0]), NAMES, "first letters lead to them");
	for (const n of options) {
		assert.match(n.name, /\.txt In Prüfung \d+\sB$/, "name, state and size are its name");
		assert.match(n.description, /^TXT, Freigabe: .*, Lizenz: nicht geprüft, Personen: .*, Empfängerkreis: .*, Frist: /);
		assert.ok(!n.selected);
	}
	const folders = one(nodes, "tree", "Ordner");
	const items = flat(folders).filter((n) => n.role === "treeitem");
	assert.deepEqual(items.map((n) => [n.name.split(" ")[0], n.level, n.expanded ?? null]), [["Katalog", 1, true], ["2027", 2, null]]);
	assert.equal(items[1].selected, true);
	const pressed = every(nodes, "button").filter((n) => n.pressed !== undefined);
	assert.ok(pressed.some((n) => n.name === "Karten" && n.pressed === "true"));

	await page.getByRole("listbox").focus();
	await page.keyboard.press("Home");
	await page.keyboard.press("Space");
	await said(page, "1 ausgewählt");
	await page.keyboard.press("Shift+ArrowRight");
	nodes = await said(page, "2 ausgewählt");
	// the details beside the list may be there already, and have options, too
	const files = flat(one(nodes, "listbox", "Dateien")).filter((n) => n.role === "option");
	assert.deepEqual(files.map((n) => n.selected === true), [true, true, false]);
	assert.equal(one(nodes, "listbox", "Dateien").focused, true, "the focus stays on the list; the file is its active one");
	one(nodes, "region", "Auswahl");
	nodes = await until(page, "the details", (all) => every(all, "list", "Die fünf Prüfungen").length === 1);
	sound(nodes);
	const panel = one(nodes, "complementary", "Details");
	const levels = flat(panel).filter((n) => n.role === "heading").map((n) => n.level);
	assert.deepEqual([levels[0], Math.min(...levels.slice(1))], [2, 3]);
	const checks = flat(one(nodes, "list", "Die fünf Prüfungen")).filter((n) => n.role === "listitem").map(text);
	assert.equal(checks.length, 5);
	assert.match(checks[1], /^Lizenz: nicht geprüft/);
	await page.keyboard.press("Delete");
	await said(page, "2 Dateien im Papierkorb.");
	await page.keyboard.press("Control+z");
	await said(page, "Rückgängig gemacht.");
	await page.done();
});

test("the send screen: three named parts, fields with what is wrong with them, the verdict as it changes", async () => {
	const { json } = await call(server, "GET", "/api/v1/assets?limit=100", undefined, { key: server.key });
	const ids = json.assets.map((a) => a.asset);
	for (const id of ids.slice(1)) await server.run("release", id, "cleared");
	await call(server, "POST", "/api/v1/basket", { add: ids }, who);
	const page = await openPage(server, { who });
	await goto(page, server, "/app/send");
	let nodes = await until(page, "the verdict", (all) =>
		every(all, "status").some((n) => /1 von 3 Dateien darf nicht gesendet werden/.test(text(n))),
	);
	sound(nodes);
	for (const name of ["1 · Inhalt prüfen", "2 · Empfänger und Art", "3 · So sieht es der Empfänger"]) {
		one(nodes, "region", name);
		assert.equal(one(nodes, "heading", name).level, 2);
	}
	one(nodes, "Iframe", /./);
	const to = one(nodes, "combobox", "Empfänger");
	assert.equal(to.expanded, false);
	assert.equal(to.autocomplete, "list");
	assert.match(to.description, /./, "the hint belongs to the field");
	const languages = one(nodes, "group", /Sprache/);
	assert.deepEqual(flat(languages).filter((n) => n.role === "radio").map((n) => [n.name, n.checked]), [["Deutsch", "true"], ["English", "false"]]);
	assert.equal(one(nodes, "button", "3 Dateien senden").disabled, true);
	one(nodes, "button", `Entfernen: ${json.assets[0].title}`);

	// the verdict is said when it changes, without the focus going there
	await page.getByRole("button", { name: "Gesperrte Datei entfernen" }).click();
	await until(page, "cleared", (all) => every(all, "status").some((n) => n.live === "polite" && /^Darf gesendet werden/.test(text(n))));
	await page.getByRole("button", { name: "2 Dateien senden" }).click();
	nodes = await until(page, "what is missing", (all) => every(all, "alert").length > 0);
	assert.equal(one(nodes, "alert").live, "assertive");
	assert.equal(one(nodes, "combobox", "Empfänger").invalid, "true");
	await page.getByRole("combobox", { name: "Empfänger" }).fill("keine-adresse");
	await page.keyboard.press("Enter");
	nodes = await until(page, "the mistake at its field", (all) => /keine-adresse/.test(one(all, "combobox", "Empfänger").description));
	await page.getByRole("combobox", { name: "Empfänger" }).fill("anna@kunde.example");
	await page.keyboard.press("Enter");
	nodes = await said(page, "anna@kunde.example");
	one(nodes, "button", /anna@kunde\.example/);
	sound(nodes);
	await call(server, "POST", "/api/v1/basket", { clear: true }, who);
	await page.done();
});

test("the upload panel: a region, how far each file is, and its end is said", async () => {
	const page = await openPage(server, { who });
	await goto(page, server, "/app/library");
	let open;
	const gate = new Promise((go) => {
		open = go;
	});
	await page.route("**/api/v1/uploads/*", async (r) => {
		await gate;
		await r.continue();
	});
	await page.locator("header").getByRole("button", { name: "Hochladen" }).click();
	const region = page.getByRole("region", { name: "Hochladen" });
	await region.waitFor();
	sound(await tree(page));
	await region.locator("input[type=file]").first().setInputFiles([file("Eins.txt", "eins\n"), file("Zwei.txt", "zwei\n"), file("Leer.txt", "")]);
	await region.getByText("0 von 3 Dateien").waitFor();
	let nodes = await until(page, "progress", (all) => every(all, "progressbar").length === 3);
	sound(nodes);
	const panel = one(nodes, "region", "Hochladen");
	assert.equal(flat(panel).find((n) => n.role === "heading").level, 2);
	const all = one(nodes, "progressbar", "Gesamtfortschritt");
	assert.equal(Number(all.value), 0);
	for (const name of ["Eins.txt", "Zwei.txt"]) {
		one(nodes, "progressbar", `Fortschritt von ${name}`);
		one(nodes, "button", `Anhalten: ${name}`);
		one(nodes, "button", `Entfernen: ${name}`);
	}
	const rows = flat(one(nodes, "list", "Hochladen")).filter((n) => n.role === "listitem");
	assert.match(text(rows.find((n) => /Leer\.txt/.test(text(n)))), /Die Datei ist leer/);
	open();
	nodes = await said(page, "1 Datei nicht hochgeladen.");
	sound(nodes);
	await region.getByRole("button", { name: "Entfernen: Leer.txt" }).click();
	await region.locator("input[type=file]").first().setInputFiles([file("Drei.txt", "drei\n")]);
	await said(page, "3 Dateien hochgeladen.");
	await page.done();
});
