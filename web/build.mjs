// SPDX-License-Identifier: AGPL-3.0-or-later
// The staff app: src/staff.tsx and css/app.css -> dist/, names with their hash, each with a
// .gz beside it, and manifest.json, from which the server's page and tools/gen_web.py read.
// Ends with an error when a budget (docs/internals/web.md) is exceeded.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import "./gen/i18n.mjs";

const KB = 1000;
const BUDGET = { first: 60 * KB, lazy: 20 * KB, all: 180 * KB, css: 14 * KB };
const ENTRY = "src/staff.tsx";
const LIBRARY = "src/features/library/index.tsx";
const root = fileURLToPath(new URL(".", import.meta.url));
const dist = process.env.GELEIT_WEB_DIST ?? `${root}dist`;

// Fonts are linked into the server already: their address is that of tools/gen_templates.py.
function fontAddress(path) {
	const data = readFileSync(`${root}fonts/${basename(path)}`);
	const hash = createHash("sha256").update(data).digest("hex").slice(0, 12);
	return `/static/${basename(path, ".woff2")}.${hash}.woff2`;
}
const fonts = {
	name: "fonts",
	setup(build) {
		build.onResolve({ filter: /\.woff2$/ }, ({ path }) => ({
			path: fontAddress(path),
			external: true,
		}));
	},
};

const options = {
	absWorkingDir: root,
	entryPoints: { staff: ENTRY, app: "css/app.css" },
	outdir: dist,
	bundle: true,
	splitting: true,
	format: "esm",
	target: ["es2022", "chrome120", "firefox128", "safari17.4"],
	minify: true,
	metafile: true,
	write: false,
	legalComments: "none",
	jsx: "automatic",
	jsxImportSource: "preact",
	entryNames: "[name]-[hash]",
	chunkNames: "[name]-[hash]",
	assetNames: "[name]-[hash]",
	define: { "process.env.NODE_ENV": '"production"' },
	logLevel: "warning",
};

// What is shared by different screens would become a file for each way of sharing: two dozen
// requests before the library is there. So all that the shell needs, and all that the library
// shares with any other screen, is made to be needed by every screen alike: one file.
const sources = (await esbuild.build({ ...options, plugins: [fonts] })).metafile.inputs;
const importsOf = (source, kind) =>
	(sources[source]?.imports ?? []).filter((i) => i.kind === kind && !i.external).map((i) => i.path);
function needs(source, seen = new Set()) {
	if (seen.has(source)) return seen;
	seen.add(source);
	for (const path of importsOf(source, "import-statement")) needs(path, seen);
	return seen;
}
const screens = [...new Set(Object.keys(sources).flatMap((s) => importsOf(s, "dynamic-import")))]
	.filter((s) => s.startsWith("src/"))
	.sort();
const others = screens.filter((s) => s !== LIBRARY).map((s) => needs(s));
const shared = [...needs(LIBRARY)].filter(
	(s) => s.startsWith("src/") && others.some((o) => o.has(s)),
);
const together = {
	name: "together",
	setup(build) {
		build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
			const source = relative(root, path);
			const also = source === ENTRY ? shared : screens.includes(source) ? [ENTRY] : [];
			if (also.length === 0) return null;
			const lines = also.map((s) => `import ${JSON.stringify(join(root, s))};`);
			return { contents: [readFileSync(path, "utf8"), ...lines].join("\n"), loader: "tsx" };
		});
	},
};
const result = await esbuild.build({ ...options, plugins: [fonts, together] });

// esbuild's own helpers for old module formats are a file that every script imports, and that few
// use: where nothing of it is named, the line goes. A start that only imports one file is that file.
const outputs = Object.fromEntries(
	Object.entries(result.metafile.outputs).map(([path, o]) => [basename(path), o]),
);
const isScript = (name) => extname(name) === ".js";
const helpers = Object.keys(outputs).filter(
	(n) => isScript(n) && Object.keys(outputs[n].inputs).length === 0 && !outputs[n].entryPoint,
);
for (const file of result.outputFiles.filter((f) => isScript(f.path)))
	for (const helper of helpers) {
		const bare = `import"./${helper}";`;
		if (!file.text.includes(bare)) continue;
		file.contents = Buffer.from(file.text.replaceAll(bare, ""));
		const own = outputs[basename(file.path)];
		own.imports = own.imports.filter((i) => basename(i.path) !== helper);
	}
const entryOf = (source) => Object.keys(outputs).find((n) => outputs[n].entryPoint === source);
function startOf(name) {
	const at = result.outputFiles.findIndex((f) => basename(f.path) === name);
	const only = /^import"\.\/([^"]+)";\s*$/.exec(result.outputFiles[at].text);
	if (only) result.outputFiles.splice(at, 1);
	return only ? only[1] : name;
}
const entry = startOf(entryOf(ENTRY));

// The tab's icon.
const icon = readFileSync(`${root}icons/geleit.svg`);
const iconName = `geleit-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
result.outputFiles.push({ path: iconName, contents: icon });

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const files = {};
for (const file of result.outputFiles) {
	const gz = gzipSync(file.contents, { level: 9 });
	const name = basename(file.path);
	writeFileSync(`${dist}/${name}`, file.contents);
	writeFileSync(`${dist}/${name}.gz`, gz);
	files[name] = { bytes: file.contents.length, gz: gz.length };
}

// What a script needs at once: itself and all it imports without import().
function closure(name, seen = new Set()) {
	if (seen.has(name)) return seen;
	seen.add(name);
	for (const i of outputs[name]?.imports ?? [])
		if (i.kind === "import-statement") closure(basename(i.path), seen);
	return seen;
}
const sum = (names) => [...names].reduce((n, name) => n + (files[name]?.gz ?? 0), 0);

const css = entryOf("css/app.css");
const first = closure(entry);
const library = closure(entryOf(LIBRARY));
// What each screen needs beside them, by its folder.
const own = (source) => [...closure(entryOf(source))].filter((n) => !first.has(n));
const ofScreens = Object.fromEntries(
	screens.filter((s) => s.endsWith("/index.tsx")).map((s) => [s.split("/").at(-2), own(s)]),
);
const scripts = Object.keys(files).filter(isScript);
writeFileSync(
	`${dist}/manifest.json`,
	`${JSON.stringify({ entry, css, icon: iconName, font: fontAddress("hg.woff2"), preload: [...first].filter((n) => n !== entry), screens: ofScreens, files }, null, "\t")}\n`,
);

const over = [];
function budget(what, gz, most) {
	console.log(`${what}: ${(gz / KB).toFixed(1)} of ${most / KB} KB gz`);
	if (gz > most) over.push(what);
}
budget("shell and library", sum(new Set([...first, ...library])), BUDGET.first);
for (const name of scripts.filter((n) => outputs[n].entryPoint && n !== entry)) {
	const own = [...closure(name)].filter((n) => !first.has(n));
	if (outputs[name].entryPoint !== LIBRARY) budget(outputs[name].entryPoint, sum(own), BUDGET.lazy);
}
budget("all scripts", sum(scripts), BUDGET.all);
budget("style sheet", sum([css]), BUDGET.css);
if (over.length > 0) {
	console.error(`over budget: ${over.join(", ")}`);
	process.exit(1);
}
