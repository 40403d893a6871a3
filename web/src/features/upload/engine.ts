// SPDX-License-Identifier: AGPL-3.0-or-later
// Moves the bytes of the queue with tus: three files at a time, each from where it stopped.
// What passes by itself (no connection, a session that ended) makes a file wait, never fail.
// Each start of a file is a turn; what an older turn still answers is not heard.
import type { HttpResponse } from "tus-js-client";
import { callRaw } from "../../api/client";
import { refreshSession } from "../../api/session";
import type { UploadError, UploadItem } from "../../core/upload";
import { type Found, unreadable } from "../../dom/files";
import { forgetUpload, recall, take } from "../../dom/resume";
import { forget, look } from "./known";
import { discard, left, notLeft } from "./left";
import { backToLine, locked, lost, NO_LINK } from "./link";
import { send } from "./send";
import {
	halt,
	prints,
	pump,
	queue,
	type Source,
	show,
	source,
	sources,
	type Target,
	tell,
	whenTurn,
} from "./state";

// ---- what comes in ----

const join = (a: string, b: string) => [a, b].filter((p) => p !== "").join("/");
const isSame = (f: File, g: { bytes: number; modified: number }) =>
	f.size === g.bytes && f.lastModified === g.modified;
const printOf = (folder: string, name: string, asset: string | null | undefined) =>
	`${asset ?? ""}:${join(folder, name)}`;

/**
 * A file of the same place and name is in the list. What has ended makes room; the same one
 * once more goes on if it stood still (null: nothing to add); another one gets a print of its own.
 */
function besides(old: UploadItem, file: File, print: string): string | null {
	const s = source(old);
	if (old.state === "failed") drop(old);
	if (old.state === "failed" || old.state === "done") return print;
	queue.resume(old);
	const same = s && isSame(file, { bytes: s.file.size, modified: s.file.lastModified });
	return same ? null : `${print}:${file.size}:${file.lastModified}`;
}

/** An interrupted upload of this very file, into whatever folder it was begun. */
const twin = (file: File, target: Target) =>
	left.value.find(
		(r) => r.name === file.name && r.asset === (target.asset ?? null) && isSame(file, r),
	);

function addOne({ file, folder }: Found, target: Target) {
	let into = target.asset ? target.folder : join(target.folder, folder);
	let print = printOf(into, file.name, target.asset);
	if (!left.value.some((r) => r.print === print)) {
		const r = twin(file, target);
		if (r) ({ folder: into, print } = r);
	}
	const old = prints.get(print);
	const own = old ? besides(old, file, print) : print;
	if (own === null) return;
	const item = queue.add(file.name, into, file.size);
	prints.set(own, item);
	sources.set(item.key, {
		file,
		print: own,
		target,
		upload: null,
		turn: 0,
		created: Promise.resolve(),
		settle: () => {},
		unlock: null,
		moved: 0,
		renewed: 0,
	});
}

export function add(found: Iterable<Found>, target: Target) {
	for (const f of found) addOne(f, target);
	pump();
}

export function addBroken(path: string, error: UploadError) {
	queue.add(path.slice(path.lastIndexOf("/") + 1), "", 0, error);
	show();
}

/** What a file is chosen for that the browser could no longer read. */
export const targetOf = (item: UploadItem): Target => ({
	folder: item.folder,
	asset: source(item)?.target.asset ?? null,
});

// ---- one file's turn ----

function fail(item: UploadItem, error: UploadError, detail = "") {
	const s = source(item);
	if (s) halt(s);
	queue.fail(item, error, detail);
	pump();
}

async function begin(item: UploadItem) {
	const s = source(item);
	if (!s) return;
	const turn = ++s.turn;
	await s.created;
	const why = await unreadable(s.file);
	const unlock = await take(s.print);
	if (s.turn !== turn) return unlock?.();
	if (unlock === null) return fail(item, "elsewhere");
	s.unlock = unlock;
	if (why !== null) return fail(item, why === "NotFoundError" ? "gone" : "unreadable");
	const known = await recall(s.print);
	if (s.turn !== turn) return;
	if (known && !isSame(s.file, known)) return fail(item, "differs");
	if (known) notLeft(s.print);
	await send(item, s, known?.url ?? null, {
		done: (asset) => void done(item, s, asset),
		failed: (answer) => void failed(item, s, answer),
	});
}

whenTurn((item) => void begin(item));

async function done(item: UploadItem, s: Source, asset: string | null) {
	s.upload = null;
	// the record goes while the lock is held: no window may take it for an interrupted one
	await forgetUpload(s.print);
	halt(s);
	queue.finish(item, asset);
	notLeft(s.print);
	if (asset !== null && !s.target.asset) look(item);
	pump();
	tell();
}

// ---- what went wrong ----

function said(answer: HttpResponse | null): { code: string; words: string } {
	try {
		const p = JSON.parse(answer?.getBody() ?? "") as Record<string, unknown>;
		return { code: String(p["code"] ?? ""), words: String(p["detail"] || p["title"] || "") };
	} catch {
		return { code: "", words: "" }; // not the server's own words
	}
}

async function failed(item: UploadItem, s: Source, answer: HttpResponse | null) {
	const status = answer?.getStatus() ?? 0;
	const { code, words } = said(answer);
	if (status === 401) return locked(item, s);
	if (code === "csrf" && s.renewed++ < 3) return renew(item, s);
	if (NO_LINK.includes(status)) return broken(item, s);
	if (status === 413) return fail(item, "too-large", await allowed());
	fail(item, status === 507 ? "storage-full" : "refused", words);
}

async function allowed(): Promise<string> {
	const a = await callRaw("OPTIONS", "/uploads").catch(() => null);
	return a?.headers.get("Tus-Max-Size") ?? "";
}

/** A browser says the same of a lost connection and of a file that it can read no more. */
async function broken(item: UploadItem, s: Source) {
	const { turn } = s;
	const why = await unreadable(s.file);
	if (s.turn !== turn) return;
	if (why === null) return lost(item, s);
	const url = s.upload?.url;
	fail(item, why === "NotFoundError" ? "gone" : "changed");
	s.upload = null;
	if (url) await discard({ print: s.print, url });
}

async function renew(item: UploadItem, s: Source) {
	await refreshSession().catch(() => undefined);
	backToLine(item, s);
	pump();
}

// ---- hands ----

export function pause(item: UploadItem) {
	const s = source(item);
	if (s) halt(s);
	queue.pause(item);
	pump();
}

export function resume(item: UploadItem) {
	queue.resume(item);
	pump();
}

async function restart(item: UploadItem) {
	const s = source(item);
	const known = s && item.error === "differs" ? await recall(s.print) : undefined;
	if (known) await discard(known);
	queue.retry(item);
}

export async function retry(item: UploadItem) {
	await restart(item);
	pump();
}

export async function retryAll() {
	for (const item of queue.items) await restart(item);
	pump();
}

export function hold(on: boolean) {
	if (on)
		for (const item of queue.hold()) {
			const s = source(item);
			if (s) halt(s);
		}
	queue.held = on;
	pump();
}

/** Out of the list, and off the server what had arrived of it. */
export function drop(item: UploadItem) {
	const s = source(item);
	if (s) {
		halt(s);
		if (item.state !== "done") void cleanUp(s);
		if (prints.get(s.print) === item) prints.delete(s.print);
	}
	sources.delete(item.key);
	forget(item);
	queue.drop(item);
	pump();
}

async function cleanUp(s: Source) {
	await s.created;
	const url = s.upload?.url ?? (await recall(s.print))?.url;
	if (url) await discard({ print: s.print, url });
}

export function clear() {
	for (const item of queue.items) {
		const s = source(item);
		if (item.state !== "done" || !s) continue;
		sources.delete(item.key);
		if (prints.get(s.print) === item) prints.delete(s.print);
	}
	queue.clearDone();
	show();
}

addEventListener("beforeunload", (e) => {
	if (queue.items.some((i) => i.state === "running")) e.preventDefault();
});
