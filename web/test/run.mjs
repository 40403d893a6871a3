// SPDX-License-Identifier: AGPL-3.0-or-later
// Bundles every src/**/*.test.ts with esbuild and runs node --test on the result: what stands in
// core/ and in the features' state needs no browser.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import "../gen/i18n.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const tests = readdirSync(`${root}src`, { recursive: true })
	.map(String)
	.filter((n) => n.endsWith(".test.ts"))
	.sort();
const out = mkdtempSync(join(root, "node_modules/.tests-"));
await esbuild.build({
	absWorkingDir: root,
	entryPoints: tests.map((n) => `src/${n}`),
	outdir: out,
	outExtension: { ".js": ".mjs" },
	bundle: true,
	format: "esm",
	platform: "node",
	target: "node18",
	jsx: "automatic",
	jsxImportSource: "preact",
	logLevel: "warning",
});
const built = readdirSync(out, { recursive: true })
	.map(String)
	.filter((n) => n.endsWith(".test.mjs"))
	.map((n) => join(out, n));
const done = spawnSync(process.execPath, ["--test", ...built], { stdio: "inherit" });
rmSync(out, { recursive: true });
process.exit(built.length > 0 ? (done.status ?? 1) : 1);
