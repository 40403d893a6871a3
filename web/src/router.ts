// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the app is: one signal over the History API. Plain links work; modified clicks,
// downloads and addresses outside /app are left to the browser.
import { computed, signal } from "@preact/signals";

export interface Place {
	path: string;
	query: URLSearchParams;
	/** counts every move, so that going to the same address is one, too */
	move: number;
}

const here = (move: number): Place => ({
	path: location.pathname,
	query: new URLSearchParams(location.search),
	move,
});

export const place = signal<Place>(here(0));
export const path = computed(() => place.value.path);
export const move = computed(() => place.value.move);

const leaving = new Set<() => void>();
/** Called before another entry of the history begins: what this one is to keep is written now. */
export function onLeave(write: () => void): () => void {
	leaving.add(write);
	return () => leaving.delete(write);
}

function push(state: unknown, to: string) {
	for (const write of leaving) write();
	history.pushState(state, "", to);
}

/** What a screen keeps in its entry; it puts scroll, choice and focus back itself. */
export interface Entry {
	library?: unknown;
	/** put there by this page, so that closing it may go back */
	over?: true;
}
export const entry = () => (history.state ?? {}) as Entry;

export function navigate(to: string, how: { replace?: boolean; state?: unknown } = {}) {
	if (how.replace) history.replaceState(how.state ?? null, "", to);
	else push(how.state ?? null, to);
	place.value = here(place.value.move + 1);
}

/** Changes the query of this address without a move: filters, the open file. */
export function setQuery(
	change: Record<string, string | null>,
	how: { push?: boolean; over?: true } = {},
) {
	const query = new URLSearchParams(location.search);
	for (const [k, v] of Object.entries(change)) {
		if (v === null || v === "") query.delete(k);
		else query.set(k, v);
	}
	const text = query.toString();
	const to = text === "" ? location.pathname : `${location.pathname}?${text}`;
	if (!how.push && to === location.pathname + location.search) return;
	if (how.push) push(how.over ? { over: true } : null, to);
	else history.replaceState(history.state, "", to);
	place.value = { path: location.pathname, query, move: place.value.move };
}

function ours(a: HTMLAnchorElement): boolean {
	return (
		a.origin === location.origin &&
		(a.pathname === "/app" || a.pathname.startsWith("/app/")) &&
		a.target === "" &&
		!a.hasAttribute("download")
	);
}

export function startRouter() {
	addEventListener("popstate", () => {
		// a jump to an element of this page is none of ours
		if (location.hash !== "" && location.pathname === place.value.path) return;
		place.value = here(place.value.move + 1);
	});
	document.addEventListener("click", (e) => {
		const a = e.target instanceof Element ? e.target.closest("a") : null;
		if (!(a instanceof HTMLAnchorElement) || e.defaultPrevented || e.button !== 0) return;
		if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || !ours(a)) return;
		if (a.hash !== "" && a.pathname === location.pathname) return;
		e.preventDefault();
		navigate(a.pathname + a.search);
	});
}
