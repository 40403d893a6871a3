// SPDX-License-Identifier: AGPL-3.0-or-later
// tus-js-client in Node against the real server: cut at random bytes, fronts and apps killed, days
// later by the server's clock, two writers, offsets that do not fit, what is refused, expiry,
// termination. Judged by SHA-256.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:https";
import { createRequire } from "node:module";
import { after, afterEach, before, test } from "node:test";
import { call, startServer } from "./harness.mjs";
import { startWire } from "./wire.mjs";

const web = createRequire(new URL("../../web/package.json", import.meta.url));
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // the server's certificate is its own
const tus = web("tus-js-client");

const MiB = 1 << 20;
const DAY = 86_400; // seconds
let ahead = 0; // of the true time, the server's clock
let server;
let wire;

before(async () => {
	server = await startServer("--clock");
	wire = await startWire(server);
});
afterEach(() => {
	wire.rule = () => null;
	wire.seen.length = 0;
	wire.bytes = 0;
	wire.mend();
});
after(async () => {
	wire?.stop();
	await server?.stop();
});

const key = () => ({ Authorization: `Bearer ${server.key}` });
const shaOf = (data) => createHash("sha256").update(data).digest("hex");

/** An upload through the line to its end; resolves with the asset. */
function upload(data, options = {}) {
	return new Promise((go, no) => {
		let asset = null;
		const u = new tus.Upload(data, {
			endpoint: `${wire.url}/api/v1/uploads`,
			headers: key(),
			metadata: { filename: "Akte.bin" },
			chunkSize: 2 * MiB,
			retryDelays: [50, 100, 200, 400, 800, 1500, 3000],
			onAfterResponse(_, a) {
				asset = a.getHeader("geleit-asset") ?? asset;
			},
			onSuccess: () => go(asset),
			onError: no,
			...options,
		});
		options.begun?.(u);
		u.start();
	});
}

/** One request past tus-js-client and the line. */
function ask(method, path, headers = {}, body = null) {
	return new Promise((go, no) => {
		const r = request(server.url + path, { method, headers: { ...key(), "Tus-Resumable": "1.0.0", ...headers } }, (a) => {
			const parts = [];
			a.on("data", (d) => parts.push(d));
			a.on("end", () => go({ status: a.statusCode, headers: a.headers, text: Buffer.concat(parts).toString() }));
		});
		r.on("error", no);
		r.end(body);
	});
}

const OCTETS = { "Content-Type": "application/offset+octet-stream" };
const patch = (path, at, body, more = {}) => ask("PATCH", path, { ...OCTETS, "Upload-Offset": at, ...more }, body);
const begin = async (length) => (await ask("POST", "/api/v1/uploads", { "Upload-Length": length })).headers.location;

async function until(what, look) {
	for (let n = 0; n < 1000; n++) {
		const found = await look();
		if (found) return found;
		await new Promise((go) => setTimeout(go, 20));
	}
	assert.fail(`never: ${what}`);
}

const whole = new Set(); // uploads that came to their end, by asset
async function stored(asset) {
	const found = await until(
		`the hash of ${asset}`,
		async () =>
			(await call(server, "GET", `/api/v1/assets/${asset}`, undefined, { key: server.key })).json?.version?.sha256,
	);
	whole.add(asset);
	return found;
}

test("cut again and again at bytes nobody chose, nothing is lost or doubled", async () => {
	const data = randomBytes(17 * MiB); // eight pieces of 2 MiB that nearly arrive are not all of it
	let cuts = 0;
	wire.rule = (q) => {
		if (q.method !== "PATCH" || cuts >= 8) return null;
		cuts++;
		return { cutAfter: 1 + Math.floor(Math.random() * 2 * MiB) };
	};
	const asset = await upload(data);
	assert.equal(cuts, 8);
	assert.equal(await stored(asset), shaOf(data));
	assert.equal(wire.of("POST").length, 1);
});

test("answers that are lost after the commit", async () => {
	const data = randomBytes(5 * MiB);
	let lost = 0;
	wire.rule = (q) => (q.method === "PATCH" && lost++ < 2 ? { swallow: true } : null);
	assert.equal(await stored(await upload(data)), shaOf(data));
	assert.ok(lost > 2);
	assert.equal(wire.of("POST").length, 1);
});

async function kill(role) {
	for (const r of (await server.run("status")).roles) if (r.role === role) process.kill(r.pid, "SIGKILL");
}

test("a front that is killed in the middle", async () => {
	const data = randomBytes(8 * MiB);
	wire.rule = (q) => (q.method === "PATCH" ? { rate: MiB } : null);
	const going = upload(data, { chunkSize: 8 * MiB });
	await until("3 MiB", () => wire.bytes > 3 * MiB);
	await kill("front");
	assert.equal(await stored(await going), shaOf(data));
	assert.equal(wire.of("POST").length, 1, "it went on, it did not begin anew");
	assert.ok(wire.of("PATCH").length > 1);
});

test("apps that are killed while they take the pieces, until one was lost on the way", async () => {
	const data = randomBytes(16 * MiB);
	let asset = null;
	const going = upload(data, { chunkSize: MiB / 16 }).then((a) => (asset = a));
	const lost = () => wire.of("PATCH").some((s) => s.broken || s.status >= 500);
	for (let at = MiB; !lost() && asset === null; at += MiB / 4) {
		await until(`${at} bytes`, () => wire.bytes > at || asset !== null);
		await kill("app");
	}
	assert.ok(lost(), "an app had a piece when it was killed");
	assert.equal(await stored(await going), shaOf(data));
	assert.equal(wire.of("POST").length, 1, "it went on, it did not begin anew");
});

/** Begins or goes on and leaves after one piece; its address. */
const onePiece = (data, options = {}) =>
	new Promise((go, no) => {
		upload(data, { ...options, begun: (u) => (u.options.onChunkComplete = () => u.abort().then(() => go(u.url))) }).catch(no);
	});

async function later(seconds) {
	await server.ask({ clock: seconds });
	ahead += seconds;
}

function hasAWeek(head) {
	const week = Date.now() + 1000 * (ahead + 7 * DAY);
	const told = head.headers["upload-expires"];
	assert.ok(Math.abs(Date.parse(told) - week) < 60_000, told);
	return told;
}

test("other clients go on a day later and days later; the date until which they can is told", async () => {
	const data = randomBytes(6 * MiB);
	const address = await onePiece(data);
	const path = new URL(address).pathname;
	const head = await ask("HEAD", path);
	assert.equal(Number(head.headers["upload-offset"]), 2 * MiB);
	assert.equal(Number(head.headers["upload-length"]), 6 * MiB);
	const expires = hasAWeek(head);
	wire.seen.length = 0;
	await later(DAY);
	assert.equal(await onePiece(data, { uploadUrl: address }), address);
	await later(5 * DAY);
	assert.equal((await ask("HEAD", path)).headers["upload-expires"], expires);
	hasAWeek(await ask("HEAD", await begin(1)));
	assert.equal(await stored(await upload(data, { uploadUrl: address })), shaOf(data));
	assert.deepEqual(wire.of("PATCH").map((s) => s.offset), [2 * MiB, 4 * MiB]);
	assert.equal(wire.of("POST").length, 0);
});

test("after its date an upload is gone, and its client begins anew", async () => {
	const data = randomBytes(4 * MiB);
	const address = await onePiece(data);
	const path = new URL(address).pathname;
	await later(7 * DAY - 3600);
	assert.equal((await ask("HEAD", path)).status, 200);
	await later(3600);
	assert.equal((await ask("HEAD", path)).status, 410);
	assert.equal((await patch(path, 2 * MiB, data.subarray(2 * MiB))).status, 410);
	wire.seen.length = 0;
	assert.equal(await stored(await upload(data, { uploadUrl: address })), shaOf(data));
	assert.deepEqual([wire.of("HEAD")[0].path, wire.of("HEAD")[0].status], [path, 410]);
	assert.equal(wire.of("POST").length, 1);
	assert.deepEqual(wire.of("PATCH").map((s) => s.offset), [0, 2 * MiB]);
});

test("two writers on one upload: one of them each time, and the content is right", async () => {
	const data = randomBytes(6 * MiB);
	const path = await begin(data.length);
	wire.rule = (q) => (q.method === "PATCH" ? { rate: 8 * MiB } : null);
	const both = () => upload(data, { uploadUrl: wire.url + path, chunkSize: MiB });
	const [a, b] = await Promise.all([both(), both()]);
	assert.equal(a, b);
	assert.equal(await stored(a), shaOf(data));
	const took = wire.of("PATCH").filter((s) => s.status === 204 || s.status === 409);
	assert.equal(took.length, wire.of("PATCH").length, "each was taken, or told 409");
	assert.ok(took.some((s) => s.status === 409));
});

test("two at one offset: one is taken, the other is told where the upload stands", async () => {
	const [one, two] = [randomBytes(MiB), randomBytes(MiB)];
	const path = await begin(MiB);
	const said = await Promise.all([patch(path, 0, one), patch(path, 0, two)]);
	assert.deepEqual(said.map((s) => s.status).sort(), [204, 409]);
	const won = said[0].status === 204 ? 0 : 1;
	assert.equal(JSON.parse(said[1 - won].text).code, "offset-mismatch");
	assert.equal(await stored(said[won].headers["geleit-asset"]), shaOf([one, two][won]));
});

test("offsets that do not fit, and bodies that are too long", async () => {
	const path = await begin(10);
	for (const [at, body, status] of [[5, "abc", 409], [11, "abc", 409], ["x", "abc", 400], [0, "12345678901", 413]]) {
		const a = await patch(path, at, body);
		assert.equal(a.status, status, `${at}: ${a.text}`);
		assert.equal((await ask("HEAD", path)).headers["upload-offset"], "0");
	}
	assert.equal((await patch(path, 0, "1234567890")).status, 204);
	assert.equal((await patch(path, 0, "1")).status, 409);
});

test("a length that is to come later is refused clearly, and not offered", async () => {
	const offered = await ask("OPTIONS", "/api/v1/uploads");
	const words = offered.headers["tus-extension"].split(",");
	assert.deepEqual(words.sort(), ["checksum", "creation", "creation-with-upload", "expiration", "termination"]);
	assert.equal(offered.headers["tus-version"], "1.0.0");
	const e = await upload(randomBytes(10), { uploadLengthDeferred: true, retryDelays: null }).then(() => null, (x) => x);
	assert.equal(e.originalResponse.getStatus(), 400);
	assert.match(e.originalResponse.getBody(), /Upload-Length/);
});

test("another version of the protocol is refused with ours", async () => {
	const a = await ask("POST", "/api/v1/uploads", { "Tus-Resumable": "0.2.2", "Upload-Length": 3 });
	assert.deepEqual([a.status, a.headers["tus-version"]], [412, "1.0.0"]);
});

test("a checksum of each piece, one of them wrong", async () => {
	const data = randomBytes(3000);
	const path = await begin(data.length);
	const sum = (d) => `sha1 ${createHash("sha1").update(d).digest("base64")}`;
	const [a, b] = [data.subarray(0, 1000), data.subarray(1000)];
	assert.equal((await patch(path, 0, a, { "Upload-Checksum": sum(a) })).status, 204);
	assert.equal((await patch(path, 1000, b, { "Upload-Checksum": sum(a) })).status, 460);
	const last = await patch(path, 1000, b, { "Upload-Checksum": sum(b) });
	assert.equal(last.status, 204);
	assert.equal(await stored(last.headers["geleit-asset"]), shaOf(data));
});

test("terminated in the middle of a piece: gone, and nobody can go on with it", async () => {
	wire.rule = (q) => (q.method === "PATCH" ? { rate: 2 * MiB } : null);
	let u;
	upload(randomBytes(4 * MiB), { begun: (x) => (u = x) }).catch(() => undefined);
	await until("bytes on their way", () => wire.bytes > 0);
	await u.abort(true);
	const path = new URL(u.url).pathname;
	assert.equal((await ask("HEAD", path)).status, 404);
	assert.equal((await patch(path, 0, "x")).status, 404);
	assert.equal((await ask("DELETE", path)).status, 404);
	assert.equal((await server.run("fsck")).ok, true);
});

test("creation with upload: what arrives with it counts", async () => {
	const data = randomBytes(3 * MiB);
	assert.equal(await stored(await upload(data, { uploadDataDuringCreation: true })), shaOf(data));
	assert.equal(wire.of("POST")[0].body, 2 * MiB);
	assert.equal(wire.of("PATCH")[0].offset, 2 * MiB);
});

test("what was sent is told", () => {
	assert.ok(whole.size > 5);
	execFileSync("/usr/bin/python3", [
		new URL("../lib/scoreboard.py", import.meta.url).pathname,
		"tus-js-client",
		`${whole.size}`,
		"uploads cut, killed, doubled or resumed days later, each whole by SHA-256",
		"node --test tests/browser/tus.test.mjs",
	]);
});
