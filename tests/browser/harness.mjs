// SPDX-License-Identifier: AGPL-3.0-or-later
// What every browser test needs: the real server, Debian's Chromium, somebody signed in, and
// an eye on everything the page must not do. A page made here fails its test when it breaks the
// content policy, logs an error, throws, or asks anybody but our server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const web = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = web("playwright-core");
const AXE = readFileSync(web.resolve("axe-core/axe.min.js"), "utf8");

export const PASSWORD = "langes Passwort zum Testen 7";
const ARGS = [
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];
/** How long anything is waited for: two slow cores that do four things may take it. */
export const PATIENCE = 60_000;
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 320, height: 640 };

// ---- the server ----

export async function startServer(...settings) {
	const child = spawn(fileURLToPath(new URL("server.py", import.meta.url)), settings, {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const first = await lines.next();
	assert.ok(!first.done, "the server did not start");
	const server = JSON.parse(first.value);
	server.ask = async (what) => {
		child.stdin.write(`${JSON.stringify(what)}\n`);
		const { value } = await lines.next();
		const said = JSON.parse(value);
		if (said.error) throw new Error(said.error.slice(-3000)); // its end says what went wrong
		return said.ok;
	};
	/** geleit's command line, as the administrator */
	server.run = (...argv) => server.ask({ run: argv.map(String) });
	/** One that ends badly fails its file. */
	server.stop = () =>
		new Promise((resolve, reject) => {
			child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`server.py ended with ${code}`))));
			child.stdin.end();
		});
	return server;
}

/**
 * What the tests of one file share, gone when they end; `who` is the first administrator;
 * unprivileged: the browser may not read everything, whoever runs it.
 */
export async function setUp({ words = [], enrolled = true, unprivileged = false } = {}) {
	const server = await startServer(...words);
	if (unprivileged && process.getuid() === 0) chromiumPath = UNPRIVILEGED;
	const folder = mkdtempSync("/tmp/geleit-browser-");
	after(async () => {
		await closeBrowser();
		await server.stop();
		rmSync(folder, { recursive: true, force: true });
	});
	return { server, folder, who: enrolled ? await enrol(server) : null };
}

/** A call with a staff cookie (or the administrator's key), outside of any browser. */
export function call(server, method, path, body, who = {}) {
	const headers = { Accept: "application/json", Origin: server.url };
	if (who.cookie) headers.Cookie = `__Host-geleit-s=${who.cookie}`;
	else if (who.key) headers.Authorization = `Bearer ${who.key}`;
	if (who.csrf) headers["Geleit-CSRF"] = who.csrf;
	const sent = body === undefined ? "" : JSON.stringify(body);
	if (method !== "GET") headers["Content-Length"] = Buffer.byteLength(sent);
	if (body !== undefined) headers["Content-Type"] = "application/json";
	return new Promise((resolve, reject) => {
		const r = httpsRequest(server.url + path, { method, headers, rejectUnauthorized: false }, (answer) => {
			const parts = [];
			answer.on("data", (d) => parts.push(d));
			answer.on("end", () => {
				const text = Buffer.concat(parts).toString();
				const json = /json/.test(answer.headers["content-type"] ?? "") && text ? JSON.parse(text) : null;
				resolve({ status: answer.statusCode, headers: answer.headers, text, json });
			});
		});
		r.on("error", reject);
		r.end(sent);
	});
}

// ---- the second factor (RFC 6238) ----

function base32(text) {
	let bits = "";
	for (const c of text.replace(/[\s=]/g, ""))
		bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0");
	return Buffer.from(bits.match(/.{8}/g).map((b) => Number.parseInt(b, 2)));
}

const stepOf = (time) => Math.floor(time / 30000);

/** The code of now, or of `steps` times 30 s later. */
export function totp(secret, steps = 0) {
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(stepOf(Date.now()) + steps));
	const mac = createHmac("sha1", base32(secret)).update(counter).digest();
	const at = mac[19] & 15;
	return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

/** One that `who` has not used yet; the server takes those of the next 30 s, too, each once. */
export async function freshCode(who) {
	const step = Math.max(stepOf(Date.now()), who.step + 1);
	while (stepOf(Date.now()) < step - 1) await new Promise((done) => setTimeout(done, 500));
	who.step = step;
	return totp(who.secret, step - stepOf(Date.now()));
}

// ---- people ----

const cookieOf = (answer) => /__Host-geleit-s=([\w-]+)/.exec(answer.headers["set-cookie"]?.join() ?? "")?.[1];

/** Sets up an access from a one-time link; who can sign in afterwards. */
export async function enrol(server, token = server.token) {
	const begun = await call(server, "POST", "/api/v1/session/link", { token });
	assert.equal(begun.status, 200, begun.text);
	const who = { cookie: cookieOf(begun), csrf: begun.json.csrf, address: begun.json.person.address };
	const step = async (path, body) => {
		const a = await call(server, "POST", `/api/v1/session/${path}`, body, who);
		assert.ok(a.status < 300, `${path}: ${a.text}`);
		who.cookie = cookieOf(a) ?? who.cookie;
		if (a.json?.csrf) who.csrf = a.json.csrf;
		return a.json;
	};
	const first = who.address === ""; // the first administrator has none yet
	if (first) who.address = "maren.olsen@nordlicht.example";
	await step("password", { password: PASSWORD, ...(first && { name: "Maren Olsen", address: who.address }) });
	who.secret = (await step("totp-setup", {})).secret;
	who.step = stepOf(Date.now());
	who.recovery = (await step("totp-confirm", { code: totp(who.secret) })).recovery_codes;
	const now = await call(server, "GET", "/api/v1/session", undefined, who);
	assert.equal(now.json.state, "active", now.text);
	who.csrf = now.json.csrf;
	return who;
}

// ---- the browser ----

/** Of root, but without the right to read what it may not. */
const UNPRIVILEGED = fileURLToPath(new URL("chromium.sh", import.meta.url));
let chromiumPath = "/usr/bin/chromium";
let browser = null;
/** The one browser; what the first to ask adds to its arguments stays. */
export async function launched(...more) {
	// without a locale Chromium cannot read a folder with an umlaut that is dropped on it
	const env = { ...process.env, LC_ALL: "C.UTF-8" };
	browser ??= await chromium.launch({ executablePath: chromiumPath, args: [...ARGS, ...more], env });
	return browser;
}
export async function closeBrowser() {
	await browser?.close();
	browser = null;
}

/** Whether an address is anybody's but the server's; a name that only begins alike is foreign. */
export const isForeign = (address, server) =>
	!/^(blob|data|about):/.test(address) && new URL(address).origin !== new URL(server).origin;

/** A page of a fresh browser profile; `who` is signed in. Its faults are in page.faults. */
export async function openPage(server, { who, size = DESKTOP, dark = false, lang = "de-DE", ...more } = {}) {
	const context = await (await launched()).newContext({
		ignoreHTTPSErrors: true,
		viewport: size,
		colorScheme: dark ? "dark" : "light",
		locale: lang,
		reducedMotion: "reduce",
		hasTouch: size.width < 700,
		...more,
	});
	if (who)
		await context.addCookies([
			{ name: "__Host-geleit-s", value: who.cookie, url: server.url, secure: true, httpOnly: true, sameSite: "Strict" },
		]);
	await context.addInitScript(() => {
		document.addEventListener("securitypolicyviolation", (e) =>
			console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
		);
	});
	const page = await context.newPage();
	page.setDefaultTimeout(PATIENCE);
	page.faults = [];
	page.expected = []; // of "STATUS METHOD path": refusals that the test provokes
	page.on("console", (m) => {
		if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) page.faults.push(m.text());
	});
	page.on("response", (r) => {
		const said = `${r.status()} ${r.request().method()} ${new URL(r.url()).pathname}`;
		if (r.status() >= 400 && said !== "401 GET /api/v1/session" && !page.expected.some((re) => re.test(said)))
			page.faults.push(said);
	});
	page.on("pageerror", (e) => page.faults.push(String(e)));
	page.waiting = new Set(); // requests that have not ended
	for (const end of ["requestfinished", "requestfailed"]) page.on(end, (r) => page.waiting.delete(r));
	page.on("request", (r) => {
		page.waiting.add(r);
		if (isForeign(r.url(), server.url)) page.faults.push(`asks ${r.url()}`);
	});
	page.done = async () => {
		assert.deepEqual(page.faults, []);
		const now = (await context.cookies()).find((c) => c.name === "__Host-geleit-s");
		if (who && now) who.cookie = now.value; // a proof in the page changed it
		await context.close();
	};
	return page;
}

/** A listing of `n` files in the server's form, of the files named or of none there are. */
export function madeListing(n, ids = []) {
	const start = (16 + n + 7) & ~7;
	const data = Buffer.alloc(start + 8 * n);
	data.write("GLY1");
	data.writeUInt32LE(n, 4);
	data.writeBigUInt64LE(1n, 8);
	for (let i = 0; i < n; i++) {
		data[16 + i] = 100 + ((i * 37) % 60);
		data.writeBigUInt64LE(BigInt(ids[i % ids.length] ?? i + 1), start + 8 * i);
	}
	return data;
}

export async function goto(page, server, path) {
	await page.goto(server.url + path);
	await page.waitForSelector("h1");
	// rarely Chromium does not tell of the end of a request; what a test waits for itself decides
	await page.waitForLoadState("networkidle", { timeout: PATIENCE / 4 }).catch(() => {
		const which = [...(page.waiting ?? [])].map((r) => `${r.method()} ${r.url()}`);
		console.log(`${path}: not at rest, for ${which.join(", ") || "something new all the time"}`);
	});
}

/** Tab until the focus is on what has this name: its label, or what it says. */
export async function tabTo(page, name, key = "Tab") {
	const seen = [];
	for (let i = 0; i < 150; i++) {
		await page.keyboard.press(key);
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			return (
				e?.getAttribute("aria-label") ??
				e?.labels?.[0]?.textContent ??
				e?.textContent ??
				""
			).trim();
		});
		if (typeof name === "string" ? at === name : name.test(at)) return;
		seen.push(at.slice(0, 30));
	}
	assert.fail(`no way by keyboard to ${name}; on the way: ${seen.join(" > ")}`);
}

/** axe with the rules of WCAG 2.2 AA; a violation names the rule and the elements. */
export async function axe(page, where = "page") {
	await page.evaluate(AXE);
	const found = await page.evaluate(async () => {
		const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
		const r = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
		return r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join("; ")}`);
	});
	assert.deepEqual(found, [], where);
}

/** Nothing is wider than the screen (compare with screen.width: innerWidth grows along). */
export async function fits(page, where = "page") {
	const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.screen.width]);
	assert.ok(wide <= screen, `${where}: ${wide} px on a screen of ${screen}`);
}

const LOOKS = [
	["light", { size: DESKTOP }],
	["dark", { size: DESKTOP, dark: true }],
	["light", { size: PHONE }],
	["dark", { size: NARROW, dark: true }],
	["forced", { size: DESKTOP, forcedColors: "active" }],
];

/** axe and width in both themes, at three sizes, and in the system's own few colours. */
export async function checkEverywhere(server, who, path, ready) {
	for (const [look, how] of LOOKS) {
		const page = await openPage(server, { who, ...how });
		const where = `${path}-${how.size.width}-${look}`;
		await goto(page, server, path);
		if (ready) await ready(page);
		await axe(page, where);
		await fits(page, where);
		await shot(page, where);
		await page.done();
	}
}

/** A picture for human eyes, when GELEIT_SHOTS names a folder. */
export async function shot(page, name) {
	const folder = process.env.GELEIT_SHOTS;
	if (!folder) return;
	mkdirSync(folder, { recursive: true });
	await page.screenshot({ path: `${folder}/${name.replace(/[^\w.-]+/g, "_")}.png` });
}
