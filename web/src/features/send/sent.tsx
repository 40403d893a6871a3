// SPDX-License-Identifier: AGPL-3.0-or-later
// After sending: the eTicket with its number, the personal links, and where to go from here.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../gen/i18n/send";
import { bytes } from "../../core/format";
import { announce } from "../../dom/announce";
import { language } from "../../i18n";
import { navigate } from "../../router";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Ticket } from "../../ui/Ticket";
import { toast } from "../../ui/Toast";
import type { Sent } from "./state";

/** A browser may refuse to copy: then the link stands here, to be copied by hand. */
function Link({ who, link }: { who: string; link: string }) {
	const [shown, show] = useState(false);
	const copy = () =>
		navigator.clipboard.writeText(link).then(
			() => toast(t.copied()),
			() => {
				show(true);
				announce(t.copy_failed());
			},
		);
	return (
		<li class="row">
			<span class="sd-name">{who}</span>
			<Button icon="copy" label={t.copy_for({ who })} onClick={() => void copy()}>
				{t.copy()}
			</Button>
			{shown && <Field label={t.copy_failed()} value={link} onInput={() => undefined} mono />}
		</li>
	);
}

/** The button that was pressed is gone: the focus is on what has become of it, and so is the title. */
function useHeading(title: string) {
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => heading.current?.focus(), []);
	useEffect(() => {
		const before = document.title;
		document.title = `${title} · Geleit`;
		return () => {
			document.title = before;
		};
	}, [title]);
	return heading;
}

export function SentPage({ sent }: { sent: Sent }) {
	const all = sent.files.reduce((n, f) => n + f.bytes, 0);
	const title = t.sent({ number: sent.delivery });
	const heading = useHeading(title);
	return (
		<div class="main sd-sent">
			<h1 ref={heading} tabIndex={-1}>
				{title}
			</h1>
			<Ticket number={sent.delivery}>
				<b>{t.point_files({ n: sent.files.length, bytes: bytes(all, language.value) })}</b>
				<ul class="stack s">
					{sent.recipients.map((r) => (
						<li key={r.address}>
							<Icon name="mail" /> {r.address} · <span class="muted">{t.sent_mail()}</span>
						</li>
					))}
				</ul>
			</Ticket>
			<div class="row">
				<a class="btn p" href={`/app/deliveries/${sent.delivery}`}>
					{t.sent_track()}
				</a>
				<Button onClick={() => navigate("/app/library")}>{t.sent_again()}</Button>
			</div>
			<details class="sd-links">
				<summary>{t.sent_links()}</summary>
				<p class="hint">{t.sent_links_text()}</p>
				<ul class="stack">
					{sent.recipients.map((r) => (
						<Link key={r.address} who={r.address} link={r.link} />
					))}
				</ul>
			</details>
		</div>
	);
}
