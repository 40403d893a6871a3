// SPDX-License-Identifier: AGPL-3.0-or-later
// What an earlier page left half done: how far the server has it, and the way off the server.
import { signal } from "@preact/signals";
import { BASE, callRaw, Problem } from "../../api/client";
import { forgetUpload, interrupted, type Resumable } from "../../dom/resume";
import { prints } from "./state";

const LEFT_ASKED = 20;
const TUS = { headers: { "Tus-Resumable": "1.0.0" } };

export const left = signal<Resumable[]>([]);

const pathOf = (url: string) => new URL(url, location.href).pathname.slice(BASE.length);

export function notLeft(print: string) {
	left.value = left.value.filter((r) => r.print !== print);
}

async function forgetLeft(print: string) {
	await forgetUpload(print);
	notLeft(print);
}

/** Off the server too; that it was gone already, or that nobody answers, changes nothing here. */
export async function discard(r: { print: string; url: string }) {
	await forgetLeft(r.print);
	await callRaw("DELETE", pathOf(r.url), TUS).catch(() => undefined);
}

/** How far the server has it: the page that was left knew that up to the last piece only. */
async function stand(r: Resumable) {
	try {
		const a = await callRaw("HEAD", pathOf(r.url), TUS);
		r.sent = Number(a.headers.get("Upload-Offset") ?? r.sent);
		if (a.headers.get("Geleit-Asset") !== null) await forgetLeft(r.print);
	} catch (e) {
		if (e instanceof Problem && (e.status === 404 || e.status === 410)) await forgetLeft(r.print);
	}
	left.value = [...left.value];
}

export async function loadLeft() {
	left.value = (await interrupted()).filter((r) => !prints.has(r.print));
	await Promise.all(left.value.slice(0, LEFT_ASKED).map(stand));
}
