// SPDX-License-Identifier: AGPL-3.0-or-later
// The one way to the server; what comes is typed where it is used. Every request passes through
// guarded(): the CSRF header goes along, a session that ended is renewed in a dialog over the page
// and the request repeated, a step-up is asked for. Every refusal becomes a Problem with the
// server's code and words.
import { signal } from "@preact/signals";

export const BASE = "/api/v1";

/** Whether the last request reached the server. */
export const offline = signal(false);
/** When the server last took a request of this session, by this machine's clock. */
export const reached = { at: 0 };

export class Problem extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		readonly title: string,
		readonly detail: string,
		readonly members: Record<string, unknown>,
		/** seconds of Retry-After, 0 without */
		readonly retryAfter: number,
	) {
		super(detail || title || code);
	}
}

/** What the sign-in feature does for the client; set at start, so that there is no cycle. */
export interface Guard {
	csrf(): string | null;
	/** resolves true when the session works again */
	signIn(): Promise<boolean>;
	stepUp(): Promise<boolean>;
	/** reads the session (and its csrf) anew */
	refresh(): Promise<void>;
}
let guard: Guard | null = null;
export function setGuard(g: Guard) {
	guard = g;
}

let waiting = 0;
/** How many questions have no answer yet. */
export const underWay = () => waiting;

const isAbort = (e: unknown) => e instanceof DOMException && e.name === "AbortError";
const noConnection = () => new Problem(0, "offline", "", "", {}, 0);
const SAFE = new Set(["GET", "HEAD"]);
const aboutSession = (url: string) => /^\/api\/v1\/session($|\/)/.test(new URL(url).pathname);

async function reach(request: Request): Promise<Response> {
	const csrf = guard?.csrf();
	if (csrf && !SAFE.has(request.method)) request.headers.set("Geleit-CSRF", csrf);
	waiting++;
	try {
		const answer = await fetch(request);
		offline.value = false;
		if (answer.status !== 401) reached.at = Date.now();
		return answer;
	} catch (e) {
		if (isAbort(e)) throw e;
		offline.value = true;
		throw noConnection();
	} finally {
		waiting--;
	}
}

async function codeOf(answer: Response): Promise<string> {
	try {
		const body: unknown = await answer.clone().json();
		return typeof body === "object" && body !== null && "code" in body ? String(body.code) : "";
	} catch {
		return "";
	}
}

/** Mends what stands between the request and its effect; false when nothing can be done. */
async function mended(answer: Response): Promise<boolean> {
	if (guard === null) return false;
	const code = await codeOf(answer);
	if (answer.status === 401) return guard.signIn();
	if (code === "step-up-required") return guard.stepUp();
	if (code === "csrf") {
		await guard.refresh();
		return guard.csrf() !== null;
	}
	return false;
}

export async function guarded(request: Request): Promise<Response> {
	for (let tries = 0; ; tries++) {
		const answer = await reach(request.clone());
		const stopped = answer.status === 403 || (answer.status === 401 && !aboutSession(request.url));
		if (!stopped || tries >= 2 || !(await mended(answer))) return answer;
	}
}

export async function problemOf(answer: Response): Promise<Problem> {
	let members: Record<string, unknown> = {};
	try {
		members = (await answer.json()) as Record<string, unknown>;
	} catch {
		// an answer from something between us and the server
	}
	const text = (k: string) => (typeof members[k] === "string" ? (members[k] as string) : "");
	const wait = Number(answer.headers.get("Retry-After") ?? 0) || 0;
	return new Problem(
		answer.status,
		text("code") || `http-${answer.status}`,
		text("title"),
		text("detail"),
		members,
		wait,
	);
}

export interface CallOptions {
	query?: Record<string, string | number | boolean | null | undefined>;
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
}

function address(path: string, query: CallOptions["query"] = {}): string {
	const url = new URL(BASE + path, location.origin);
	for (const [k, v] of Object.entries(query))
		if (v !== null && v !== undefined && v !== "" && v !== false)
			url.searchParams.set(k, v === true ? "1" : String(v));
	return url.href;
}

/** The answer as it is, of any status below 400 (304 too); else a Problem is thrown. */
export async function callRaw(
	method: string,
	path: string,
	o: CallOptions = {},
): Promise<Response> {
	const headers = new Headers({ Accept: "application/json, */*;q=0.5", ...o.headers });
	const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-cache" };
	if (o.body !== undefined) {
		headers.set("Content-Type", "application/json");
		init.body = JSON.stringify(o.body);
	}
	if (o.signal) init.signal = o.signal;
	const answer = await guarded(new Request(address(path, o.query), init));
	if (answer.status >= 400) throw await problemOf(answer);
	return answer;
}

/** What is in an answer; one that is cut in the middle is a lost connection like any other. */
export async function inside<T>(answer: Response, read: (a: Response) => Promise<T>): Promise<T> {
	try {
		return await read(answer);
	} catch (e) {
		if (isAbort(e)) throw e;
		offline.value = true;
		throw noConnection();
	}
}

export const jsonOf = <T>(answer: Response) => inside(answer, (a) => a.json() as Promise<T>);

/** call<Card[]>("GET", "/folders"): the JSON of the answer, undefined for 204. */
export async function call<T>(method: string, path: string, o: CallOptions = {}): Promise<T> {
	const answer = await callRaw(method, path, o);
	if (answer.status === 204) return undefined as T;
	return jsonOf<T>(answer);
}

export const get = <T>(path: string, query?: CallOptions["query"], signal?: AbortSignal) =>
	call<T>("GET", path, { ...(query && { query }), ...(signal && { signal }) });
export const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, { body });
export const patch = <T>(path: string, body: unknown, headers?: Record<string, string>) =>
	call<T>("PATCH", path, { body, ...(headers && { headers }) });
export const remove = <T = void>(path: string) => call<T>("DELETE", path);
