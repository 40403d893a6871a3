// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is signed in, as a signal, and the guard that the client asks when the server says no.
// The two dialogs (sign in again, prove it is you) are loaded only when they are needed; many
// requests that fail together share one dialog.
import { computed, signal } from "@preact/signals";
import { t } from "../gen/i18n/common";
import { toast } from "../ui/Toast";
import { callRaw, jsonOf, Problem, remove, setGuard } from "./client";
import type { Scope, Session } from "./types";
import { arrived, departed } from "./whose";

/** undefined: not asked yet; null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
export const active = computed(() => session.value?.state === "active");

/** How long it lasts without a request, and when it ends in any case (by this machine's clock). */
export const times = signal<{ idleMs: number; endsAt: number } | null>(null);

/** The session that is being begun while the page of an older one lies below. */
export const beginning = signal<Session | null>(null);

export const may = (scope: Scope) => session.value?.scopes.includes(scope) === true;

/** Goes on with what the server said; false when the page is another person's and ends. */
export function take(s: Session): boolean {
	if (s.state === "active" && !arrived(s.person.id)) return false;
	session.value = s;
	return true;
}

/** One that ended is begun again over the page; with nobody signed in there is none. */
export async function refreshSession() {
	try {
		const answer = await callRaw("GET", "/session");
		const now = Date.parse(answer.headers.get("Date") ?? "");
		const s = await jsonOf<Session>(answer);
		if (!take(s)) return;
		times.value = {
			idleMs: Date.parse(s.idle_ends) - now,
			endsAt: Date.now() + Date.parse(s.ends) - now,
		};
	} catch (e) {
		if (!(e instanceof Problem) || e.status !== 401) throw e;
		if (active.value) await ask("sign-in");
		else session.value = null;
	}
}

/** Ends here what the server has ended already; where it could not, the person stays and is told. */
export async function signOut() {
	try {
		await remove("/session");
	} catch (e) {
		if (!(e instanceof Problem) || e.status === 0) return; // the shell says that it is offline
		if (e.status !== 401) return toast(t.failed(), { error: true });
	}
	await departed();
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

/** Before anybody signed in there is no page to keep: the sign-in screen is shown instead. */
export const signInAgain = () => (active.value ? ask("sign-in") : Promise.resolve(false));

setGuard({
	csrf: () => (beginning.value ?? session.value)?.csrf ?? null,
	signIn: signInAgain,
	stepUp: () => ask("step-up"),
	refresh: refreshSession,
});
