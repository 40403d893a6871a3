// SPDX-License-Identifier: AGPL-3.0-or-later
// What the server refuses, in words of the app, by its code. What it says itself is English: of
// a code that has no words here it is shown as that.
import { Problem } from "../api/client";
import { session } from "../api/session";
import { t as common } from "../gen/i18n/common";
import { t } from "../gen/i18n/problem";

const BASKET = 10_000;

const WORDS: Record<string, () => string> = {
	offline: common.offline,
	"expires-too-early": t["expires-too-early"],
	revoked: t.revoked,
	"bad-address": t["bad-address"],
	"bad-date": t["bad-date"],
	"folder-exists": t["folder-exists"],
	"bad-folder": t["bad-folder"],
	"bad-name": t["bad-name"],
	"bad-path": t["bad-name"],
	"bad-text": t["bad-text"],
	"too-long": t["too-long"],
	"too-many": t["too-many"],
	"basket-full": () => t["basket-full"]({ n: BASKET }),
	"undo-over": t["undo-over"],
	changed: t.changed,
	"not-found": t["not-found"],
	gone: t["not-found"],
	scope: t.scope,
	"no-space": t["no-space"],
	busy: t.busy,
};

/** null: there are none for its code. */
export function problemWords({ code }: Problem): string | null {
	const most = session.value?.delivery_max_days;
	if (code === "expires-too-late" && most !== undefined) return t["expires-too-late"]({ n: most });
	return WORDS[code]?.() ?? null;
}

/** Its words where only a text can stand (a toast), and whether they are the server's own. */
export function problemText(e: unknown): { text: string; lang?: "en" } {
	if (!(e instanceof Problem)) return { text: common.failed() };
	const words = problemWords(e);
	if (words !== null) return { text: words };
	const own = e.detail || e.title;
	return own === "" ? { text: common.failed() } : { text: own, lang: "en" };
}

export function Words({ of }: { of: unknown }) {
	const { text, lang } = problemText(of);
	return <span lang={lang}>{text}</span>;
}
