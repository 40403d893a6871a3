// SPDX-License-Identifier: AGPL-3.0-or-later
// The Freigabelinie: five segments for the five checks (full = ok, striped = condition, cut =
// stop, hairline = open or not checked), always with the words beside it or for readers.
// Steps is the same line for the five steps of a delivery.
import type { Checks, CheckState } from "../api/types";
import { t } from "../gen/i18n/common";

const ORDER = ["release", "licence", "people", "audience", "dates"] as const;
const CLASS: Record<CheckState, string> = {
	ok: "",
	warn: "w",
	stop: "x",
	open: "n",
	unchecked: "n",
};

export const checkName = (check: keyof Checks) =>
	({
		release: t.check_release,
		licence: t.check_licence,
		people: t.check_people,
		audience: t.check_audience,
		dates: t.check_dates,
	})[check]();

export const checkState = (state: CheckState) =>
	({
		ok: t.check_ok,
		warn: t.check_warn,
		stop: t.check_stop,
		open: t.check_open,
		unchecked: t.check_unchecked,
	})[state]();

export function Line5({ checks, hidden }: { checks: Checks; hidden?: boolean }) {
	const words = ORDER.map((c) => `${checkName(c)}: ${checkState(checks[c])}`).join(", ");
	return (
		<div
			class="line5"
			{...(hidden ? { "aria-hidden": true } : { role: "img", "aria-label": words })}
		>
			{ORDER.map((c) => (
				<i key={c} class={CLASS[checks[c]]} />
			))}
		</div>
	);
}

export interface Step {
	label: string;
	state: "done" | "open" | "error";
}

export function Steps({ steps, label }: { steps: readonly Step[]; label: string }) {
	return (
		<ol class="steps" aria-label={label}>
			{steps.map((s) => (
				<li key={s.label} class={s.state === "done" ? "d" : s.state === "error" ? "e" : undefined}>
					{s.label}
					<span class="vh">
						:{" "}
						{s.state === "done"
							? t.step_done()
							: s.state === "error"
								? t.step_error()
								: t.step_open()}
					</span>
				</li>
			))}
		</ol>
	);
}
