// SPDX-License-Identifier: AGPL-3.0-or-later
// Moves the bytes of the queue with tus: three files at a time, each from where it stopped,
// with the session's CSRF word, waiting while there is no connection.
import { signal } from "@preact/signals";
import type { DetailedError, Upload } from "tus-js-client";
import { BASE, post } from "../../api/client";
import { refreshSession, session } from "../../api/session";
import type { Card } from "../../api/types";
import { Rate, type UploadError, type UploadItem, UploadQueue } from "../../core/upload";
import type { Found } from "../../dom/files";
import { forgetUpload, interrupted, recall, remember, type Resumable } from "../../dom/resume";

const CHUNK = 8 * 1024 * 1024;
const SHOW_MS = 250;
const DUPLICATE_TRIES = 8;

export interface Target {
	folder: string;
	/** the file gets a new version instead of a new file being made */
	asset?: string | null;
}

interface Source {
	file: File;
	print: string;
	asset: string | null;
	upload: Upload | null;
}

export const queue = new UploadQueue();
/** counts up when the screen should look at the queue again */
export const tick = signal(0);
export const left = signal<Resumable[]>([]);
export const seconds = signal<number | null>(null);
/** called once whenever files arrived, so that the listing follows */
let arrived: () => void = () => {};
export const whenArrived = (act: () => void) => {
	arrived = act;
};

const sources = new Map<number, Source>();
const rate = new Rate();
let shown = 0;

function show() {
	if (shown !== 0) return;
	shown = window.setTimeout(() => {
		shown = 0;
		const t = queue.totals();
		rate.sample(t.sent, performance.now());
		seconds.value = t.open > 0 ? rate.left(t.bytes - t.sent) : null;
		tick.value++;
	}, SHOW_MS);
}

const join = (a: string, b: string) => [a, b].filter((p) => p !== "").join("/");

export function add(found: Iterable<Found>, target: Target) {
	for (const { file, folder } of found) {
		const into = target.asset ? target.folder : join(target.folder, folder);
		const item = queue.add(file.name, into, file.size);
		const print = `${target.asset ?? ""}:${join(into, file.name)}`;
		sources.set(item.key, { file, print, asset: target.asset ?? null, upload: null });
	}
	show();
	pump();
}

export function addBroken(path: string) {
	queue.add(path.slice(path.lastIndexOf("/") + 1), "", 0, "directory");
	show();
}

export async function loadLeft() {
	const running = new Set([...sources.values()].map((s) => s.print));
	left.value = (await interrupted()).filter((r) => !running.has(r.print));
}

export async function dropLeft(r: Resumable) {
	await forgetUpload(r.print);
	left.value = left.value.filter((x) => x !== r);
}

function pump() {
	for (const item of queue.start()) void begin(item);
	show();
}

/** A file that can be read no more (moved, a directory) is found before a byte is sent. */
async function readable(file: File): Promise<boolean> {
	try {
		await file.slice(0, 1).arrayBuffer();
		return true;
	} catch {
		return false;
	}
}

const errorOf: Record<number, UploadError> = { 413: "too-large", 507: "storage-full" };

function failed(item: UploadItem, e: Error | DetailedError) {
	const answer = "originalResponse" in e ? e.originalResponse : null;
	const status = answer?.getStatus() ?? 0;
	let detail = "";
	try {
		const said = JSON.parse(answer?.getBody() ?? "") as { detail?: string; title?: string };
		detail = said.detail || said.title || "";
	} catch {
		// not the server's own words
	}
	if (status === 0 && !navigator.onLine) return wait(item);
	void source(item)
		?.file.slice(0, 1)
		.arrayBuffer()
		.then(
			() => queue.fail(item, status === 0 ? "network" : (errorOf[status] ?? "refused"), detail),
			() => queue.fail(item, "unreadable"),
		)
		.finally(pump);
}

/** No connection: back to the line, in front of nothing that runs. */
function wait(item: UploadItem) {
	item.state = "waiting";
	queue.offline = true;
	show();
}

const source = (item: UploadItem) => sources.get(item.key);

async function begin(item: UploadItem) {
	const s = source(item);
	if (!s) return;
	if (!(await readable(s.file))) {
		queue.fail(item, "unreadable");
		return pump();
	}
	const known = await recall(s.print);
	if (known && (known.bytes !== s.file.size || known.modified !== s.file.lastModified)) {
		await forgetUpload(s.print);
		if (known.bytes !== s.file.size) {
			queue.fail(item, "changed");
			return pump();
		}
	}
	if (item.state === "running")
		await run(
			item,
			s,
			known && known.bytes === s.file.size && known.modified === s.file.lastModified
				? known.url
				: null,
		);
}

function metadata(item: UploadItem, s: Source): Record<string, string> {
	const meta: Record<string, string> = { filename: s.file.name };
	if (s.asset) meta["asset"] = s.asset;
	else if (item.folder !== "") meta["folder"] = item.folder;
	return meta;
}

async function run(item: UploadItem, s: Source, url: string | null) {
	const tus = await import("tus-js-client");
	if (item.state !== "running") return;
	let asset: string | null = null;
	let kept = 0;
	const keep = (sent: number) => {
		if (!upload.url) return;
		kept = sent;
		void remember({
			print: s.print,
			name: s.file.name,
			bytes: s.file.size,
			modified: s.file.lastModified,
			url: upload.url,
			sent,
			at: Date.now(),
		});
	};
	const upload: Upload = new tus.Upload(s.file, {
		endpoint: `${BASE}/uploads`,
		...(url && { uploadUrl: url }),
		metadata: metadata(item, s),
		chunkSize: CHUNK,
		retryDelays: [0, 1000, 3000, 8000, 15000],
		storeFingerprintForResuming: false,
		removeFingerprintOnSuccess: true,
		onBeforeRequest(request) {
			const csrf = session.value?.csrf;
			if (csrf) request.setHeader("Geleit-CSRF", csrf);
		},
		onAfterResponse(_, answer) {
			asset = answer.getHeader("Geleit-Asset") ?? asset;
			if (answer.getStatus() === 401 || answer.getStatus() === 403)
				void refreshSession().catch(() => undefined);
		},
		onUploadUrlAvailable: () => keep(0),
		onProgress(sent) {
			queue.progress(item, sent);
			show();
		},
		onChunkComplete(_, sent) {
			if (sent - kept >= CHUNK || sent === s.file.size) keep(sent);
		},
		onSuccess: () => void done(item, s, asset),
		onError: (e) => failed(item, e),
	});
	s.upload = upload;
	upload.start();
}

async function done(item: UploadItem, s: Source, asset: string | null) {
	queue.finish(item, asset);
	s.upload = null;
	pump();
	await forgetUpload(s.print);
	left.value = left.value.filter((r) => r.print !== s.print);
	look(item, s);
	if (queue.totals().open === 0 || queue.totals().done % 25 === 0) arrived();
}

// Whether the content was there before is known once the server has read it: asked for many
// files at once, some seconds after they arrived.
const unread: { item: UploadItem; tries: number }[] = [];
let looking = 0;

function look(item: UploadItem, s: Source) {
	if (item.asset === null || s.asset !== null) return;
	unread.push({ item, tries: 0 });
	if (looking === 0) looking = window.setTimeout(() => void ask(), 1500);
}

async function ask() {
	looking = 0;
	const part = unread.splice(0, 200);
	try {
		const { cards } = await post<{ cards: Card[] }>("/assets/cards", {
			ids: part.map((p) => p.item.asset),
		});
		const by = new Map(cards.map((c) => [c.id, c]));
		for (const p of part) {
			const c = by.get(p.item.asset ?? "");
			if (c && c.duplicates.length > 0) p.item.duplicates = c.duplicates;
			else if (c?.reasons.some((r) => r.code === "ingest-pending") && p.tries < DUPLICATE_TRIES)
				unread.push({ item: p.item, tries: p.tries + 1 });
		}
		arrived();
	} catch {
		// only a hint is missing
	}
	show();
	if (unread.length > 0) looking = window.setTimeout(() => void ask(), 2500);
}

// hands

export function pause(item: UploadItem) {
	void source(item)?.upload?.abort();
	queue.pause(item);
	pump();
}

export function resume(item: UploadItem) {
	queue.resume(item);
	pump();
}

export function retry(item: UploadItem) {
	queue.retry(item);
	pump();
}

export function retryAll() {
	for (const item of queue.items) queue.retry(item);
	pump();
}

export function hold(on: boolean) {
	if (on) for (const item of queue.hold()) void source(item)?.upload?.abort();
	queue.held = on;
	pump();
}

export function drop(item: UploadItem) {
	const s = source(item);
	if (s?.upload) void s.upload.abort(true).catch(() => undefined);
	if (s) void forgetUpload(s.print);
	sources.delete(item.key);
	queue.drop(item);
	pump();
}

export function clear() {
	for (const item of queue.items) if (item.state === "done") sources.delete(item.key);
	queue.clearDone();
	show();
}

addEventListener("online", () => {
	queue.offline = false;
	pump();
});
addEventListener("offline", () => {
	queue.offline = true;
	show();
});
addEventListener("beforeunload", (e) => {
	if (queue.items.some((i) => i.state === "running")) e.preventDefault();
});
