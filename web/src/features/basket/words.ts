// SPDX-License-Identifier: AGPL-3.0-or-later
// What a reason code says to people, in the language of the app; where a code of a newer server
// comes along, at least its name.
import { date } from "../../core/format";
import { t } from "../../gen/i18n/reason";
import { language } from "../../i18n";

export interface AnyReason {
	code: string;
	date?: unknown;
	text?: unknown;
}

/** What is known of its file, where more is known than the reason itself says. */
interface Known {
	reason?: string | null;
	credit?: string | null;
	view_only?: boolean;
	until?: string | null;
	embargo?: string | null;
	expires?: string | null;
}

const plain: Record<string, () => string> = {
	"release-draft": t["release-draft"],
	"release-in-review": t["release-in-review"],
	"release-blocked": t["release-blocked"],
	"malware-unscanned": t["malware-unscanned"],
	"malware-infected": t["malware-infected"],
	damaged: t.damaged,
	"identity-level": t["identity-level"],
	classification: t.classification,
	method: t.method,
	"recipient-blocked": t["recipient-blocked"],
	"sender-role": t["sender-role"],
	"ingest-pending": t["ingest-pending"],
	trashed: t.trashed,
};

const dated: Record<string, [(a: { date: string }) => string, "until" | "embargo" | "expires"]> = {
	"release-expired": [t["release-expired"], "until"],
	embargo: [t.embargo, "embargo"],
	expired: [t.expired, "expires"],
};

function conditions(r: AnyReason, known: Known): string {
	const text = known.credit || (typeof r.text === "string" ? r.text : "");
	if (known.view_only === true)
		return text ? t["release-view-credit"]({ text }) : t["release-view"]();
	return text ? t["release-conditions"]({ text }) : t["release-conditions-plain"]();
}

export function reasonWords(r: AnyReason, known: Known = {}): string {
	if (r.code === "release-conditions") return conditions(r, known);
	if (r.code === "release-blocked" && known.reason)
		return t["release-blocked-because"]({ reason: known.reason });
	const withDate = dated[r.code];
	if (withDate === undefined) return plain[r.code]?.() ?? t.other({ code: r.code });
	const [say, member] = withDate;
	const when = typeof r.date === "string" ? r.date : known[member];
	return say({ date: when ? date(when, language.value) : "–" });
}
