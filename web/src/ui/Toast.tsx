// SPDX-License-Identifier: AGPL-3.0-or-later
// Short news at the lower edge, 10 s, with an undo. Pointer or focus on it stops the clock;
// Ctrl+Z takes the newest undo. An error stays until it is closed.
import { signal } from "@preact/signals";
import { announce } from "../dom/announce";
import { focusBeside } from "../dom/focus";
import { t } from "../gen/i18n/common";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface ToastEntry {
	id: number;
	text: string;
	kind: "plain" | "error";
	undo: (() => Promise<unknown>) | null;
	/** another language than the app's */
	lang: "en" | undefined;
	left: number;
}

const LIFE_MS = 10_000;
const TICK_MS = 250;
export const toasts = signal<readonly ToastEntry[]>([]);
const held = signal(false);
let last = 0;
let clock: ReturnType<typeof setInterval> | null = null;

/** What goes while pointer or focus is on it does not tell that they have left. */
function stand(list: readonly ToastEntry[]) {
	toasts.value = list;
	if (list.length === 0) held.value = false;
}

export const hold = (on: boolean) => {
	held.value = on;
};

export const close = (id: number) => stand(toasts.value.filter((e) => e.id !== id));

function tick() {
	if (!held.value)
		stand(
			toasts.value
				.map((e) => (e.kind === "error" ? e : { ...e, left: e.left - TICK_MS }))
				.filter((e) => e.left > 0),
		);
	if (toasts.value.length > 0 || clock === null) return;
	clearInterval(clock);
	clock = null;
}

interface How {
	undo?: () => Promise<unknown>;
	error?: boolean;
	lang?: "en" | undefined;
}

export function toast(text: string, how: How = {}) {
	const entry: ToastEntry = {
		id: ++last,
		text,
		kind: how.error ? "error" : "plain",
		undo: how.undo ?? null,
		lang: how.lang,
		left: LIFE_MS,
	};
	toasts.value = [...toasts.value.slice(-2), entry];
	announce(text);
	clock ??= setInterval(tick, TICK_MS);
}

async function undo(entry: ToastEntry) {
	close(entry.id);
	try {
		await entry.undo?.();
		toast(t.undone());
	} catch {
		toast(t.failed(), { error: true });
	}
}

const typing = (e: Event) =>
	e.target instanceof Element && e.target.closest("input, textarea, [contenteditable]") !== null;

export function startUndoKey() {
	addEventListener("keydown", (e) => {
		if (!(e.ctrlKey || e.metaKey) || e.shiftKey || e.key.toLowerCase() !== "z" || typing(e)) return;
		const newest = toasts.value.findLast((entry) => entry.undo !== null);
		if (!newest) return;
		e.preventDefault();
		void undo(newest);
	});
}

/** Where the focus was before it came here. */
let from: HTMLElement | null = null;

/** Drawn once, in the overlays. */
export function Toasts() {
	if (toasts.value.length === 0) return null;
	return (
		<section
			aria-label={t.news()}
			onPointerEnter={() => hold(true)}
			onPointerLeave={() => hold(false)}
			onFocusIn={(on) => {
				hold(true);
				const left = on.relatedTarget;
				if (left instanceof HTMLElement && !on.currentTarget.contains(left)) from = left;
			}}
			onFocusOut={() => hold(false)}
		>
			{toasts.value.map((e) => (
				<div key={e.id} class={e.kind === "error" ? "toast stop" : "toast"}>
					{e.kind === "error" && <Icon name="stop" />}
					<span lang={e.lang}>{e.text}</span>
					{e.undo && (
						<Button
							look="quiet"
							onClick={(on) => {
								focusBeside(on.currentTarget, () => from);
								void undo(e);
							}}
						>
							{t.undo()}
						</Button>
					)}
					<Button
						look="quiet"
						icon="close"
						label={t.close()}
						onClick={(on) => {
							focusBeside(on.currentTarget, () => from);
							close(e.id);
						}}
					/>
				</div>
			))}
		</section>
	);
}
