// SPDX-License-Identifier: AGPL-3.0-or-later
// The Freigabelinie: five segments for the five checks (full = ok, striped = condition, cut =
// stop, hairline = open or not checked), always with the words beside it or for readers.
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
