// SPDX-License-Identifier: AGPL-3.0-or-later
// What happened with a delivery, newest first, as the record has it.
import { useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { bytes, dateTime } from "../../core/format";
import { t as words } from "../../gen/i18n/events";
import { t } from "../../gen/i18n/deliveries";
import { focusRest } from "../../dom/focus";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { type Delivery, type Event, history, loadEarlier } from "./state";

const names = words as Record<string, () => string>;
/** What a person did not cause and need not see; an unknown kind is shown with its name. */
const quiet = new Set(["mail.queued"]);

function detail(d: Delivery, ev: Event): string {
	const file = d.files.find((f) => f.version === ev.version)?.name ?? "";
	const size = ev.bytes !== null && ev.bytes > 0 ? bytes(ev.bytes, language.value) : "";
	return [file, size, ev.recipient ?? ""].filter(Boolean).join(" · ");
}

function Earlier({ d }: { d: Delivery }) {
	const [busy, setBusy] = useState(false);
	const [failed, setFailed] = useState(false);
	const load = async (button: HTMLElement) => {
		setBusy(true);
		try {
			await loadEarlier(d.delivery, () => focusRest(button, button.previousElementSibling));
			setFailed(false);
		} catch (e) {
			if (!(e instanceof Problem)) throw e;
			setFailed(true);
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			{history.value.before > 0 && (
				<Button look="quiet" busy={busy} onClick={(e) => void load(e.currentTarget)}>
					{t.earlier()}
				</Button>
			)}
			{failed && <p role="alert">{t.failed()}</p>}
		</>
	);
}

export function History({ d }: { d: Delivery }) {
	const list = history.value.events
		.filter((e) => !quiet.has(e.kind))
		.sort((a, b) => b.at.localeCompare(a.at));
	return (
		<section aria-labelledby="dl-history" class="stack">
			<h2 id="dl-history">{t.history()}</h2>
			<ol class="dl-tl">
				{list.map((e) => (
					<li key={e.id} class={/(failed|revoked|withheld)$/.test(e.kind) ? "x" : undefined}>
						<time class="s muted num" dateTime={e.at}>
							{dateTime(e.at, language.value)}
						</time>
						<span>
							{names[e.kind]?.() ?? e.kind}
							<span class="s muted dl-detail">{detail(d, e)}</span>
						</span>
					</li>
				))}
			</ol>
			<Earlier d={d} />
		</section>
	);
}
