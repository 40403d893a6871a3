// SPDX-License-Identifier: AGPL-3.0-or-later
// A session ends by itself: some time after its last request, and in any case after some hours.
// Three minutes before, a line says so; the first kind can be kept by one key (WCAG 2.2, 2.2.1).
// Times are the server's, put on this machine's clock by what its answer said the time was.
import { signal, useSignalEffect } from "@preact/signals";
import { active, refreshSession, times } from "../api/session";
import { reached } from "../api/client";
import { timeOfDay } from "../core/format";
import { announce } from "../dom/announce";
import { t } from "../gen/i18n/shell";
import { language } from "../i18n";
import { Button } from "../ui/Button";

const WARN_MS = 180_000;
const LOOK_MS = 10_000;

interface End {
	at: number;
	/** it comes whatever is done */
	final: boolean;
}
const near = signal<End | null>(null);
/** The end that was told and put away. */
let seen = 0;

function look() {
	const is = times.value;
	const idle = is ? reached.at + is.idleMs : Number.POSITIVE_INFINITY;
	const at = Math.min(idle, is?.endsAt ?? Number.POSITIVE_INFINITY);
	const left = at - Date.now();
	const shown = active.value && left > 0 && left <= WARN_MS && at !== seen;
	if (!shown) {
		near.value = null;
	} else if (near.value?.at !== at) {
		near.value = { at, final: at !== idle };
		announce(text(near.value));
	}
}

function text(end: End): string {
	const at = { time: timeOfDay(end.at, language.value) };
	return end.final ? t.session_final(at) : t.session_idle(at);
}

async function stay() {
	await refreshSession();
	look();
}

function putAway(end: End) {
	seen = end.at;
	look();
}

/** Drawn once, above the news. */
export function SessionEnd() {
	useSignalEffect(() => {
		if (!active.value) return;
		const clock = setInterval(look, LOOK_MS);
		return () => clearInterval(clock);
	});
	const end = near.value;
	if (end === null) return null;
	return (
		<section aria-label={t.session()}>
			<div class="toast">
				<span>{text(end)}</span>
				{end.final ? (
					<Button look="quiet" icon="close" label={t.session_seen()} onClick={() => putAway(end)} />
				) : (
					<Button look="quiet" onClick={() => void stay()}>
						{t.session_stay()}
					</Button>
				)}
			</div>
		</section>
	);
}
