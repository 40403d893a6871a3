// SPDX-License-Identifier: AGPL-3.0-or-later
// What a file's details say of its preview: camera and time, or why there is none.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { call, goto, openPage, setUp } from "./harness.mjs";

const { server, who, folder } = await setUp();
const MAKE = `
import struct, sys, zlib
from PIL import Image
e = Image.Exif()
e[0x010F], e[0x0110], e[0x8769] = "Canon", "EOS R5", {0x9003: "2024:05:01 12:30:00"}
Image.new("RGB", (60, 40), "red").save(sys.argv[1] + "/photo.jpg", exif=e.tobytes())
def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
open(sys.argv[1] + "/large.png", "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">2I5B", 30000, 30000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(90001))) + chunk(b"IEND", b""))
`;

async function upload(name) {
	const { files } = await server.run("upload", join(folder, name));
	for (let i = 0; i < 600; i++) {
		const { json } = await call(server, "GET", `/api/v1/assets/${files[0].asset}`, undefined, who);
		if (json.preview !== "pending") return files[0].asset;
		await new Promise((done) => setTimeout(done, 100));
	}
	assert.fail(`${name} waits for its preview`);
}

before(() => execFileSync("/usr/bin/python3", ["-c", MAKE, folder]));

/** The value beside a name in the list of facts. */
const fact = (panel, name) =>
	panel.locator(`dt:text-is("${name}") + dd`).innerText();

test("camera and time are told, and why there is no preview", async () => {
	const [photo, large] = [await upload("photo.jpg"), await upload("large.png")];
	const page = await openPage(server, { who });
	await goto(page, server, `/app/library?file=${photo}`);
	const panel = page.getByRole("complementary", { name: "Details" });
	assert.equal(await fact(panel, "Kamera"), "Canon EOS R5");
	assert.equal(await fact(panel, "Aufgenommen"), "01.05.2024, 12:30");
	assert.equal(await panel.locator('dt:text-is("Ansicht")').count(), 0);
	await goto(page, server, `/app/library?file=${large}`);
	assert.equal(await fact(panel, "Ansicht"), "Keine: zu groß");
	assert.equal(await panel.locator('dt:text-is("Kamera")').count(), 0);
	await page.done();
});
