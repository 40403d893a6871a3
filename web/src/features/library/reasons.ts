// SPDX-License-Identifier: AGPL-3.0-or-later
// The server's reason codes in words, with the dates and lines that belong to them.
import { date } from "../../core/format";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import type { Asset } from "./asset";

type Reason = { code: string; [member: string]: unknown };

const day = (r: Reason, or: string | null | undefined): string => {
	const when =
		typeof r["date"] === "string" ? r["date"] : typeof r["until"] === "string" ? r["until"] : or;
	return when ? date(when as string, language.value) : "–";
};

const WORDS: Record<string, (r: Reason, a: Asset | null) => string> = {
	"release-draft": () => t.why_draft(),
	"release-in-review": () => t.why_in_review(),
	"release-blocked": (_, a) =>
		a?.release.reason ? t.why_blocked_because({ reason: a.release.reason }) : t.why_blocked(),
	"release-expired": (r, a) => t.why_release_expired({ date: day(r, a?.release.until) }),
	"release-conditions": (r, a) => {
		const credit = a?.release.credit || (typeof r["text"] === "string" ? r["text"] : "");
		const view = a?.release.view_only === true;
		if (view && credit) return t.why_view_credit({ credit });
		if (view) return t.why_view();
		return credit ? t.why_credit({ credit }) : t.why_conditions();
	},
	embargo: (r, a) => t.why_embargo({ date: day(r, a?.embargo) }),
	expired: (r, a) => t.why_expired({ date: day(r, a?.expires) }),
	"malware-unscanned": () => t.why_unscanned(),
	"malware-infected": () => t.why_infected(),
	damaged: () => t.why_damaged(),
	"ingest-pending": () => t.why_pending(),
	classification: () => t.why_class(),
	method: () => t.why_method(),
	"sender-role": () => t.why_role(),
	trashed: () => t.why_trashed(),
};

export const reasonText = (r: Reason, a: Asset | null): string =>
	WORDS[r.code]?.(r, a) ?? t.why_other({ code: r.code });
