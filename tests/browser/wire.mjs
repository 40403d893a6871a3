// SPDX-License-Identifier: AGPL-3.0-or-later
// The line between a client and the real server, for tests that cut it: a proxy (CONNECT for
// browsers, plain HTTPS for Node) with the server's own certificate that counts every byte of a
// body, and slows, holds, swallows or breaks what a test names. navigator.onLine knows nothing.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { createServer as createNet } from "node:net";
import { TLSSocket } from "node:tls";

const wait = (ms) => new Promise((go) => setTimeout(go, ms));

/** What one request looked like from here; `body` counts what went on to the server. */
class Seen {
	constructor(q) {
		this.method = q.method;
		this.path = q.url.split("?")[0];
		this.headers = q.headers;
		this.offset = Number(q.headers["upload-offset"] ?? -1);
		this.body = 0;
		this.status = 0;
		this.asset = null;
		this.broken = false;
	}
}

/** Body to the server, `rate` bytes a second; throws when it has to break off. */
async function forward(q, up, seen, plan, wire) {
	for await (const part of q) {
		for (let at = 0; at < part.length; ) {
			while (wire.frozen) await wait(20);
			const most = Math.min(part.length - at, 16384, (plan.cutAfter ?? Infinity) - seen.body);
			if (most > 0) {
				if (!up.write(part.subarray(at, at + most))) await new Promise((go) => up.once("drain", go));
				at += most;
				seen.body += most;
				wire.bytes += most;
			}
			if (seen.body >= (plan.cutAfter ?? Infinity)) throw new Error("cut");
			if (plan.rate) await wait((1000 * most) / plan.rate);
		}
	}
	up.end();
}

function pass(wire, agent, port, q, a) {
	const seen = new Seen(q);
	wire.seen.push(seen);
	const plan = wire.rule(seen) ?? {};
	const up = httpsRequest({ host: "127.0.0.1", port, agent, method: q.method, path: q.url,
		headers: { ...q.headers, host: `localhost:${port}` },
		rejectUnauthorized: false, servername: "localhost" });
	const { socket } = q;
	const end = () => {
		seen.broken = true;
		up.destroy();
		socket.destroy();
	};
	q.on("close", () => q.complete || end());
	up.on("error", end);
	up.on("response", async (said) => {
		seen.status = said.statusCode;
		seen.asset = said.headers["geleit-asset"] ?? null;
		if (plan.swallow) return end();
		await plan.hold;
		while (wire.frozen) await wait(20);
		a.writeHead(said.statusCode, said.rawHeaders);
		said.pipe(a);
	});
	forward(q, up, seen, plan, wire).catch(end);
}

export async function startWire(server) {
	const to = new URL(server.url).port;
	const secure = { isServer: true, key: readFileSync(`${server.dir}/tls/key.pem`), cert: readFileSync(`${server.dir}/tls/cert.pem`) };
	const agent = new Agent({ keepAlive: false });
	const open = new Set();
	/** seen: all requests; bytes: of their bodies, that went on; rule(seen) gives {rate, cutAfter, swallow, hold} */
	const wire = { seen: [], bytes: 0, frozen: false, down: false, rule: () => null };
	const http = createServer((q, a) => pass(wire, agent, to, q, a));
	const talk = (socket) => {
		const tls = new TLSSocket(socket, secure);
		tls.on("error", () => socket.destroy());
		http.emit("connection", tls);
	};
	const track = (socket) => {
		open.add(socket);
		socket.on("close", () => open.delete(socket));
		socket.on("error", () => socket.destroy());
		return socket;
	};
	const gate = createServer();
	gate.on("connection", track);
	// a browser puts a proxy that does not answer aside for minutes: the line breaks behind it
	gate.on("connect", (q, socket) => {
		socket.write("HTTP/1.1 200 OK\r\n\r\n");
		if (wire.down) socket.end();
		else talk(socket);
	});
	const direct = createNet((socket) => (wire.down ? socket.destroy() : talk(track(socket))));
	const listen = (s) => new Promise((go) => s.listen(0, "127.0.0.1", () => go(s.address().port)));
	wire.proxy = { server: `http://127.0.0.1:${await listen(gate)}`, bypass: "<-loopback>" };
	wire.url = `https://localhost:${await listen(direct)}`;
	/** Every connection breaks, and new ones too until mend(). */
	wire.cut = () => {
		wire.down = true;
		for (const s of open) s.destroy();
	};
	wire.mend = () => {
		wire.down = false;
	};
	/** Requests of this method so far, the newest last. */
	wire.of = (method) => wire.seen.filter((s) => s.method === method && s.path.startsWith("/api/v1/uploads"));
	wire.stop = () => {
		wire.frozen = false;
		wire.cut();
		gate.close();
		direct.close();
		agent.destroy();
	};
	return wire;
}
