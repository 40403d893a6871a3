// SPDX-License-Identifier: AGPL-3.0-or-later
// i18n/de.json and en.json -> src/gen/i18n/SECTION.ts, each with a typed `t`.
// A section is {key: text} or {key: {one, other}}; {name} in a text is an argument, {n} chooses
// the plural. A key or an argument that one language lacks ends the build, and so does a key that
// no source names.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const read = (lang) => JSON.parse(readFileSync(new URL(`i18n/${lang}.json`, root), "utf8"));
const languages = { de: read("de"), en: read("en") };
const problems = [];

function args(message) {
	const texts = typeof message === "string" ? [message] : Object.values(message);
	const found = new Set(typeof message === "string" ? [] : ["n"]);
	for (const text of texts) for (const m of text.matchAll(/\{(\w+)\}/g)) found.add(m[1]);
	return [...found].sort();
}

function compare(a, b, where) {
	for (const key of Object.keys(a)) {
		const other = b[key];
		if (other === undefined) problems.push(`${where}.${key}: missing`);
		else if (typeof a[key] === "object" && !("other" in a[key]))
			compare(a[key], other, `${where}.${key}`);
		else if (args(a[key]).join() !== args(other).join())
			problems.push(`${where}.${key}: other arguments`);
	}
}
compare(languages.de, languages.en, "i18n/en.json");
compare(languages.en, languages.de, "i18n/de.json");

/** Its keys are kinds of events, as the server says them. */
const BY_THE_SERVER = ["events"];
const sources = readdirSync(new URL("src", root), { recursive: true })
	.map(String)
	.filter((name) => /\.tsx?$/.test(name) && !name.startsWith("gen/"))
	.map((name) => readFileSync(new URL(`src/${name}`, root), "utf8"));

/** As a word anywhere in what imports the section, or by t[`begin_${of it}_end`]. */
function unused(section, keys) {
	const text = sources.filter((s) => s.includes(`gen/i18n/${section}"`)).join("\n");
	const words = new Set(text.match(/[\w.-]+/g)?.flatMap((w) => [w, ...w.split(".")]));
	const made = [...text.matchAll(/\[`(\w*)\$\{[^}]+\}(\w*)`\]/g)];
	return keys.filter(
		(k) => !words.has(k) && !made.some(([, a, b]) => k.startsWith(a) && k.endsWith(b)),
	);
}
for (const [section, messages] of Object.entries(languages.de))
	if (!BY_THE_SERVER.includes(section))
		for (const key of unused(section, Object.keys(messages)))
			problems.push(`${section}.${key}: no source uses it`);
if (problems.length > 0) {
	console.error(problems.join("\n"));
	process.exit(1);
}

function signature(message) {
	const names = args(message);
	if (names.length === 0) return "";
	const plural = typeof message === "object";
	const fields = names.map((n) => `${n}: ${n === "n" && plural ? "number" : "string | number"}`);
	return `<{ ${fields.join("; ")} }>`;
}

const out = new URL("src/gen/i18n/", root);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [section, messages] of Object.entries(languages.de)) {
	const lines = Object.entries(messages).map(
		([key, de]) =>
			`\t${JSON.stringify(key)}: m${signature(de)}(${JSON.stringify(de)}, ${JSON.stringify(languages.en[section][key])}),`,
	);
	writeFileSync(
		new URL(`${section}.ts`, out),
		`// made by gen/i18n.mjs\nimport { m } from "../../i18n";\n\nexport const t = {\n${lines.join("\n")}\n};\n`,
	);
}
