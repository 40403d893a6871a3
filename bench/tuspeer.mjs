// SPDX-License-Identifier: AGPL-3.0-or-later
// The tus project's server as a peer of bench/run.py: node tuspeer.mjs PORT FOLDER CERT KEY CIPHERSUITES
import { readFileSync } from "node:fs";
import https from "node:https";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [port, directory, cert, key, ciphers] = process.argv.slice(2);
const tus = new Server({ path: "/files", datastore: new FileStore({ directory }), relativeLocation: true });
https
	.createServer({ cert: readFileSync(cert), key: readFileSync(key), ciphers, minVersion: "TLSv1.3" }, (q, r) => tus.handle(q, r))
	.listen(Number(port), "127.0.0.1");
