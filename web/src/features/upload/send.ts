// SPDX-License-Identifier: AGPL-3.0-or-later
// One turn of one file with tus-js-client: from where the server stands, in pieces of 8 MiB.
import type { DetailedError, HttpResponse, Upload } from "tus-js-client";
import { BASE } from "../../api/client";
import { session } from "../../api/session";
import type { UploadItem } from "../../core/upload";
import { remember } from "../../dom/resume";
import { linked, NO_LINK } from "./link";
import { queue, type Source, show } from "./state";

const CHUNK = 8 * 1024 * 1024;
/** What the same request may find otherwise in a moment: another writer, an error in passing. */
const AGAIN = [409, 423, 500];
const AGAIN_MS = [500, 2000, 5000];

function metadata(item: UploadItem, s: Source): Record<string, string> {
	const meta: Record<string, string> = { filename: s.file.name };
	if (s.target.asset) meta["asset"] = s.target.asset;
	else if (item.folder !== "") meta["folder"] = item.folder;
	return meta;
}

const keep = (item: UploadItem, s: Source, url: string, sent: number) =>
	remember({
		print: s.print,
		name: s.file.name,
		folder: item.folder,
		target: s.target.folder,
		asset: s.target.asset ?? null,
		bytes: s.file.size,
		modified: s.file.lastModified,
		url,
		sent,
		at: Date.now(),
	});

interface End {
	done(asset: string | null): void;
	/** answer: null when there was none */
	failed(answer: HttpResponse | null): void;
}

/** tus-js-client takes any refusal of HEAD for "begin anew"; that is right for these alone. */
class NoHead extends Error {
	constructor(readonly answer: HttpResponse) {
		super("HEAD");
	}
}
const ANEW = [404, 410, 423];

export async function send(item: UploadItem, s: Source, url: string | null, end: End) {
	const turn = s.turn;
	const tus = await import("tus-js-client");
	if (s.turn !== turn) return;
	let asset: string | null = null;
	let created = () => {};
	const mine = () => s.turn === turn;
	const upload: Upload = new tus.Upload(s.file, {
		endpoint: `${BASE}/uploads`,
		...(url && { uploadUrl: url }),
		metadata: metadata(item, s),
		chunkSize: CHUNK,
		retryDelays: AGAIN_MS,
		onShouldRetry: (e) => AGAIN.includes(answerOf(e)?.getStatus() ?? 0),
		storeFingerprintForResuming: false,
		onBeforeRequest(request) {
			s.moved = performance.now();
			const csrf = session.value?.csrf;
			if (csrf) request.setHeader("Geleit-CSRF", csrf);
		},
		onAfterResponse(request, answer) {
			s.moved = performance.now();
			asset = answer.getHeader("Geleit-Asset") ?? asset;
			const status = answer.getStatus();
			if (!NO_LINK.includes(status)) linked();
			if (request.getMethod() === "HEAD" && status >= 300 && !ANEW.includes(status))
				throw new NoHead(answer);
		},
		async onUploadUrlAvailable() {
			if (!mine()) void upload.abort();
			if (upload.url && (mine() || url === null)) await keep(item, s, upload.url, item.sent);
			created();
		},
		onProgress(sent) {
			s.moved = performance.now();
			if (!mine()) return;
			queue.progress(item, sent);
			show();
		},
		onChunkComplete(_, sent) {
			if (mine() && upload.url && sent < s.file.size) void keep(item, s, upload.url, sent);
		},
		onSuccess: () => mine() && end.done(asset),
		onError(e) {
			created();
			if (mine()) end.failed(answerOf(e));
		},
	});
	if (url === null)
		s.created = new Promise((go) => {
			created = go;
			s.settle = go;
		});
	s.upload = upload;
	s.moved = performance.now();
	upload.start();
}

function answerOf(e: Error | DetailedError): HttpResponse | null {
	if (!("originalResponse" in e)) return null;
	const inner: unknown = e.causingError;
	return e.originalResponse ?? (inner instanceof NoHead ? inner.answer : null);
}
