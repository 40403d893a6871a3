#!/usr/bin/env node
// SPDX-License-Identifier: AGPL-3.0-or-later
// What the pages cost in a real browser: time to the largest picture or text, answers to keys and
// clicks, movement, bytes; the first pictures of a library of 100,000 files and each frame of
// scrolling through it.  Prints one line of JSON a row: {what, unit, value, goal}; bench/run.py
// --web makes the table of it.  usage: bench/web.mjs [PART...]   (parts: frames pictures staff recipient)
// Slow means slow 4G (1.6 Mbit/s, 150 ms) and a processor four times slower.  A busy machine makes
// a page slower, never faster: the least of RUNS counts.  Frames are time of the main thread.
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { call, closeBrowser, enrol, launched, madeListing, openPage, PHONE, startServer } from "../tests/browser/harness.mjs";

const RUNS = Number(process.env.RUNS ?? 5);
const FRAMES = 120;
const FILES = 100_000;
const SLOW = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const RECIPIENT = "j.behrens@hafenkontor.example";

const row = (what, unit, value, goal) => console.log(JSON.stringify({ what, unit, value, goal }));
const least = (list) => Math.min(...list);
const p75 = (list) => [...list].sort((a, b) => a - b)[Math.ceil(list.length * 0.75) - 1] ?? 0;

// ---- what a page says of itself ----

/** In the page, before anything of it. */
function probe() {
	const m = { lcp: 0, cls: 0, inp: {}, picture: 0 };
	window.measured = m;
	const watch = (type, act, more) =>
		new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({ type, buffered: true, ...more });
	watch("largest-contentful-paint", (e) => {
		m.lcp = e.startTime;
	});
	watch("layout-shift", (e) => {
		if (!e.hadRecentInput) m.cls += e.value;
	});
	watch(
		"event",
		(e) => {
			if (e.interactionId) m.inp[e.interactionId] = Math.max(m.inp[e.interactionId] ?? 0, e.duration);
		},
		{ durationThreshold: 16 },
	);
	const loaded = (e) => {
		if (m.picture === 0 && e.target.matches?.(".vg img")) m.picture = performance.now();
	};
	document.addEventListener("load", loaded, true); // what an element loads is not told to the window
}

async function measuredPage(server, how, slow) {
	const page = await openPage(server, how);
	await page.addInitScript(probe);
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Network.enable");
	if (slow) {
		await cdp.send("Network.emulateNetworkConditions", SLOW);
		await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
		page.setDefaultTimeout(30_000);
	}
	return { page, cdp };
}

/** One load; what it took and weighed. */
async function load({ page, cdp }, address, cold) {
	await page.goto("about:blank");
	if (cold) await cdp.send("Network.clearBrowserCache");
	await page.goto(address, { waitUntil: "load" });
	// the line may be idle while a slow processor still reads the scripts
	await page.locator("h1").first().waitFor();
	await page.waitForLoadState("networkidle");
	await page.waitForTimeout(500);
	return page.evaluate(() => {
		const files = performance.getEntriesByType("resource");
		const sum = (of) => of.reduce((n, r) => n + r.encodedBodySize, 0) / 1000;
		const inp = Object.values(window.measured.inp);
		return {
			...window.measured,
			inp,
			requests: files.filter((r) => r.initiatorType !== "img" && r.startTime <= window.measured.lcp).length + 1,
			scripts: sum(files.filter((r) => r.initiatorType === "script" || r.name.endsWith(".js"))),
		};
	});
}

const interactions = (page) =>
	page.evaluate(async () => {
		await new Promise((done) => setTimeout(done, 300));
		return Object.values(window.measured.inp);
	});

/** LCP cold and warm, movement, requests, and the answers to what `act` does. */
async function pageRows(server, name, address, how, goals, act) {
	const cold = [];
	const warm = [];
	const inp = [];
	for (let i = 0; i < RUNS; i++) {
		const at = await measuredPage(server, how, true);
		cold.push(await load(at, address, true));
		warm.push(await load(at, address, false));
		if (act) {
			await act(at.page);
			inp.push(p75(await interactions(at.page)));
		}
		await at.page.context().close();
	}
	row(`${name}: LCP, slow, cold`, "ms", least(cold.map((r) => r.lcp)), goals.lcp);
	if (goals.warm) row(`${name}: LCP, slow, warm`, "ms", least(warm.map((r) => r.lcp)), goals.warm);
	if (act) row(`${name}: INP (75 %), slow`, "ms", least(inp), goals.inp);
	row(`${name}: layout shift`, "", Math.max(...cold.map((r) => r.cls)), 0.02);
	row(`${name}: requests until then, beside pictures`, "", least(cold.map((r) => r.requests)), goals.requests);
	row(`${name}: scripts`, "KB gz", least(cold.map((r) => r.scripts)), goals.scripts);
}

// ---- scrolling through 100,000 files ----

const scroll = (page, frames) =>
	page.evaluate(
		(n) =>
			new Promise((done) => {
				const step = () => {
					scrollBy({ top: 120, behavior: "instant" });
					if (--n > 0) requestAnimationFrame(step);
					else done();
				};
				requestAnimationFrame(step);
			}),
		frames,
	);

const PARTS = ["ScriptDuration", "RecalcStyleDuration", "LayoutDuration"];

async function used(cdp) {
	const { metrics } = await cdp.send("Performance.getMetrics");
	return PARTS.map((k) => metrics.find((m) => m.name === k).value);
}

async function frames(server, who) {
	for (const view of ["cards", "gallery", "list"]) {
		const { page, cdp } = await measuredPage(server, { who });
		page.expected = [/./]; // the files of the made listing are nowhere
		await page.route("**/assets/layout*", (r) =>
			r.fulfill({ body: madeListing(FILES), contentType: "application/octet-stream" }),
		);
		await page.goto(`${server.url}/app/library?view=${view}`);
		await page.locator(".vg-c:not([hidden])").first().waitFor();
		await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
		await scroll(page, 30);
		const runs = [];
		for (let i = 0; i < RUNS; i++) {
			const before = await used(cdp);
			await scroll(page, FRAMES);
			const parts = (await used(cdp)).map((v, k) => ((v - before[k]) * 1000) / FRAMES);
			runs.push(parts);
		}
		const sums = runs.map((r) => r.reduce((a, b) => a + b, 0));
		const best = runs[sums.indexOf(least(sums))];
		console.error(view, "script, style, layout:", ...best.map((v) => v.toFixed(2)), "of", ...sums.map((v) => v.toFixed(2)));
		row(`${FILES} files as ${view}: one frame of scrolling`, "ms", least(sums), 4);
		await page.context().close();
	}
}

// ---- the staff ----

/** The demo library before 100,000 older files: all of it real, but for the content of those. */
async function pictures(server, who) {
	const times = [];
	for (let i = 0; i < RUNS; i++) {
		const at = await measuredPage(server, { who });
		const first = await load(at, `${server.url}/app/library`, true);
		await at.page.locator(".vg img:not([hidden])").first().waitFor();
		times.push(first.picture || (await at.page.evaluate(() => window.measured.picture)));
		await at.page.context().close();
	}
	row(`Library of ${FILES}: first picture, LAN`, "ms", least(times.filter((t) => t > 0)), 800);
}

async function inLibrary(page) {
	await page.getByRole("listbox").first().focus();
	for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "Space", "ArrowLeft", "Space", "Escape"])
		await page.keyboard.press(key);
	await page.keyboard.press("/");
	await page.keyboard.type("sofa");
	await page.keyboard.press("Enter");
	await page.waitForURL(/q=sofa/);
	await page.getByRole("listbox").first().getByRole("option").first().click();
}

async function inSend(page) {
	await page.getByLabel("Empfänger", { exact: true }).first().focus();
	await page.keyboard.type(RECIPIENT);
	await page.keyboard.press("Enter");
	await page.getByLabel("Betreff").focus();
	await page.keyboard.type("Motive Anzeige");
}

async function staff(server, who) {
	const { json } = await call(server, "GET", "/api/v1/assets?limit=100", undefined, who);
	const cleared = json.assets.filter((a) => a.verdict === "cleared").slice(0, 4);
	await call(server, "POST", "/api/v1/basket", { add: (cleared.length ? cleared : json.assets.slice(0, 4)).map((a) => a.asset) }, who);
	const goals = { lcp: 2500, warm: 1000, inp: 150, requests: 12 };
	await pageRows(server, "Library", `${server.url}/app/library`, { who }, { ...goals, scripts: 60 }, inLibrary);
	await pageRows(server, "Send", `${server.url}/app/send`, { who }, { ...goals, scripts: 80 }, inSend);
}

// ---- the recipient, on a phone ----

async function recipient(server, who) {
	const [one] = (await call(server, "GET", "/api/v1/assets?limit=100&state=sendable", undefined, who)).json.assets;
	const body = { assets: [one.asset], to: [RECIPIENT], subject: "Motive für die Anzeige", lang: "de" };
	const { json } = await call(server, "POST", "/api/v1/deliveries", body, who);
	const goals = { lcp: 1500, inp: 100, requests: 8, scripts: 10 };
	const link = json.recipients[0].link;
	await pageRows(server, "Recipient, link", link, { size: PHONE }, goals);
	const page = await openPage(server, { size: PHONE });
	const rows = async (name, act) => {
		const storageState = await page.context().storageState();
		await pageRows(server, `Recipient, ${name}`, page.url(), { size: PHONE, storageState }, goals, act);
	};
	await page.goto(link);
	await page.getByRole("button").first().click();
	await page.waitForURL(/\/d\//);
	await rows("arrival");
	await page.getByRole("button", { name: "Code anfordern" }).click();
	await page.getByLabel(/Code/).first().waitFor();
	await rows("code", async (p) => {
		await p.getByLabel(/Code/).first().focus();
		await p.keyboard.type("123");
	});
	await page.getByLabel(/Code/).first().fill(await server.ask({ code: RECIPIENT }));
	await page.keyboard.press("Enter");
	await page.getByRole("link", { name: /Alles laden/ }).waitFor();
	await rows("package");
	await page.context().close();
}

// ---- all of it ----

/** Without an exception for this key nothing would be cached, for the certificate is our own. */
function keyOf(server) {
	const cert = new X509Certificate(readFileSync(`${server.dir}/tls/cert.pem`));
	const key = cert.publicKey.export({ type: "spki", format: "der" });
	return createHash("sha256").update(key).digest("base64");
}

const ALL = { frames, pictures, staff, recipient };

async function measure(part) {
	const server = await startServer("--demo", ...(part === "pictures" ? [`--files=${FILES}`] : []));
	try {
		await launched(`--ignore-certificate-errors-spki-list=${keyOf(server)}`);
		await ALL[part](server, await enrol(server));
	} finally {
		await closeBrowser();
		await server.stop();
	}
}

for (const part of process.argv[2] ? process.argv.slice(2) : Object.keys(ALL)) await measure(part);
