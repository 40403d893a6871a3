// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is signed in, as a signal, and the guard that the client asks when the server says no.
// The two dialogs (sign in again, prove it is you) are loaded only when they are needed; many
// requests that fail together share one dialog.
import { computed, signal } from "@preact/signals";
import { callRaw, Problem, remove, setGuard } from "./client";
import type { Scope, Session } from "./types";

/** undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
export const active = computed(() => session.value?.state === "active");

/** How long it lasts without a request, and when it ends in any case (by this machine's clock). */
export const times = signal<{ idleMs: number; endsAt: number } | null>(null);

/** The session that is being begun while the page of an older one lies below. */
export const beginning = signal<Session | null>(null);

export const may = (scope: Scope) => session.value?.scopes.includes(scope) === true;

export async function refreshSession() {
	try {
		const answer = await callRaw("GET", "/session");
		const now = Date.parse(answer.headers.get("Date") ?? "");
		const s = (await answer.json()) as Session;
		session.value = s;
		times.value = {
			idleMs: Date.parse(s.idle_ends) - now,
			endsAt: Date.now() + Date.parse(s.ends) - now,
		};
	} catch (e) {
		if (!(e instanceof Problem) || e.status !== 401) throw e;
		session.value = null;
	}
}

export async function signOut() {
	await remove("/session");
	session.value = null;
}

export type Asking = { kind: "sign-in" | "step-up"; done: (ok: boolean) => void };
/** The dialog that lies over the page now; drawn by the shell. */
export const asking = signal<Asking | null>(null);

const waiting = new Map<Asking["kind"], Promise<boolean>>();
function ask(kind: Asking["kind"]): Promise<boolean> {
	const open = waiting.get(kind);
	if (open) return open;
	const answer = new Promise<boolean>((resolve) => {
		asking.value = {
			kind,
			done(ok) {
				asking.value = null;
				waiting.delete(kind);
				resolve(ok);
			},
		};
	});
	waiting.set(kind, answer);
	return answer;
}

setGuard({
	csrf: () => (beginning.value ?? session.value)?.csrf ?? null,
	// Before anybody signed in there is no page to keep: the sign-in screen is shown instead.
	signIn: () => (active.value ? ask("sign-in") : Promise.resolve(false)),
	stepUp: () => ask("step-up"),
	refresh: refreshSession,
});
