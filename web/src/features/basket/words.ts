// SPDX-License-Identifier: AGPL-3.0-or-later
// What a reason code says to people, in the language of the app; where a code of a newer server
// comes along, at least its name.
import { date } from "../../core/format";
import { t } from "../../gen/i18n/reason";
import { language } from "../../i18n";

interface AnyReason {
	code: string;
	date?: unknown;
	text?: unknown;
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

const dated: Record<string, (a: { date: string }) => string> = {
	"release-expired": t["release-expired"],
	embargo: t.embargo,
	expired: t.expired,
};

export function reasonWords(r: AnyReason): string {
	const day = typeof r.date === "string" ? date(r.date, language.value) : "";
	if (r.code === "release-conditions")
		return typeof r.text === "string" && r.text !== ""
			? t["release-conditions"]({ text: r.text })
			: t["release-conditions-plain"]();
	const withDate = dated[r.code];
	if (withDate) return withDate({ date: day });
	return plain[r.code]?.() ?? t.other({ code: r.code });
}
