// SPDX-License-Identifier: AGPL-3.0-or-later
// Column 3 of the send screen: the page and the mail as the server will make them, in a frame
// that runs no script (it stays of our origin only so that it may read our fonts).  A hidden form is posted into the frame whenever something changed.
import { useEffect, useRef, useState } from "preact/hooks";
import { session } from "../../api/session";
import { bytes as size } from "../../core/format";
import { t } from "../../gen/i18n/send";
import { language } from "../../i18n";
import { Icon } from "../../ui/Icon";
import { bodyOf } from "./draft";
import { draft, files, stoppedFiles } from "./state";

const AFTER = 400;
const views = ["page", "mail", "phone"] as const;
type View = (typeof views)[number];
const names: Record<View, () => string> = {
	page: t.view_page,
	mail: t.view_mail,
	phone: t.view_phone,
};

/** What is left when the stopped ones are taken out: the preview shows what will really go. */
function goingFiles() {
	const bad = new Set(stoppedFiles.value);
	return files.value.filter((c) => !bad.has(c.id));
}

const bytesOf = (list: ReturnType<typeof goingFiles>) => list.reduce((sum, c) => sum + c.bytes, 0);

function fields(view: View): [string, string][] {
	const d = draft.value;
	const body = bodyOf(d, []);
	const going = goingFiles();
	return [
		["csrf", session.value?.csrf ?? ""],
		["view", view === "mail" ? "mail" : "page"],
		["lang", d.lang],
		["subject", d.subject],
		["message", d.message],
		["to", d.to[0] ?? ""],
		["count", String(going.length)],
		["bytes", String(bytesOf(going))],
		["expires", d.expires],
		["valid_from", body.valid_from ?? ""],
	];
}

function Points() {
	const to = draft.value.to.length;
	const going = goingFiles();
	const n = going.length;
	return (
		<ul class="sd-points s">
			{n > 0 && (
				<li>
					<Icon name="ok" /> {t.point_files({ n, bytes: size(bytesOf(going), language.value) })}
				</li>
			)}
			{to > 0 && (
				<li>
					<Icon name="ok" /> {t.point_to({ n: to })}
				</li>
			)}
			<li>
				<Icon name="ok" /> {t.point_revoke()}
			</li>
		</ul>
	);
}

export function Preview() {
	const [view, setView] = useState<View>("page");
	const form = useRef<HTMLFormElement>(null);
	const list = fields(view);
	const text = JSON.stringify(list);
	useEffect(() => {
		const timer = setTimeout(() => form.current?.submit(), AFTER);
		return () => clearTimeout(timer);
	}, [text]);
	return (
		<>
			<div class="row" role="group" aria-label={t.view()}>
				{views.map((v) => (
					<button
						key={v}
						type="button"
						class="chip"
						aria-pressed={v === view}
						onClick={() => setView(v)}
					>
						{names[v]()}
					</button>
				))}
			</div>
			<form ref={form} method="post" action="/api/v1/deliveries/preview" target="sd-preview" hidden>
				{list.map(([name, value]) => (
					<input key={name} type="hidden" name={name} value={value} />
				))}
			</form>
			<iframe
				class={`sd-frame sd-${view}`}
				name="sd-preview"
				title={t.preview_frame()}
				sandbox="allow-same-origin"
			/>
			<Points />
		</>
	);
}
