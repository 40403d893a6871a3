// SPDX-License-Identifier: AGPL-3.0-or-later
// Two people at one file: what somebody else made of it beside one's own, to choose from.
import type { ComponentChildren } from "preact";
import { date, dateTime } from "../../core/format";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { type Asset, conflict, type Edit, type Release, settle } from "./asset";
import { className, stateName } from "./Filters";

const releaseWords = (r: Release) =>
	[
		stateName(r.state),
		r.until && t.until({ date: date(r.until, language.value) }),
		r.credit,
		r.view_only && t.view_only(),
		r.reason,
	]
		.filter(Boolean)
		.join(" · ");

function shown(edit: Edit, key: keyof Edit): string {
	const v = edit[key];
	if (Array.isArray(v)) return v.join(", ");
	if (v === null || v === undefined || v === "") return "–";
	if (typeof v === "object") return releaseWords(v);
	if (key === "class") return className(v);
	return key === "embargo" || key === "expires" ? date(v, language.value) : v;
}

const FIELD: Record<keyof Edit, () => string> = {
	title: t.title,
	folder: t.folder,
	class: t.class,
	embargo: t.embargo,
	expires: t.expires,
	keywords: t.keyword_add,
	remove_keywords: t.keywords,
	note: t.note_new,
	release: t.release,
};

function theirsOf(a: Asset, key: keyof Edit): ComponentChildren {
	if (key === "keywords" || key === "remove_keywords") return a.keywords.join(", ") || "–";
	if (key === "note") return a.notes[a.notes.length - 1]?.text ?? "–";
	return shown({ [key]: a[key] } as Edit, key);
}

export function ConflictDialog() {
	const c = conflict.value;
	if (c === null) return null;
	const keys = Object.keys(c.mine) as (keyof Edit)[];
	return (
		<Dialog
			title={t.conflict_title()}
			onClose={() => settle(false)}
			actions={
				<>
					<Button onClick={() => settle(false)}>{t.conflict_theirs()}</Button>
					<Button look="primary" onClick={() => settle(true)}>
						{t.conflict_mine()}
					</Button>
				</>
			}
		>
			<p>{t.conflict_text({ time: dateTime(c.theirs.changed, language.value) })}</p>
			{keys.map((k) => (
				<div class="library-conflict" key={k}>
					<p class="b">{FIELD[k]()}</p>
					<dl class="facts">
						<dt>{t.conflict_now()}</dt>
						<dd>{theirsOf(c.theirs, k)}</dd>
						<dt>{t.conflict_yours()}</dt>
						<dd>{shown(c.mine, k)}</dd>
					</dl>
				</div>
			))}
		</Dialog>
	);
}
