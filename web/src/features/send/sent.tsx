// SPDX-License-Identifier: AGPL-3.0-or-later
// After sending: the eTicket with its number, the personal links, and where to go from here.
import { t } from "../../gen/i18n/send";
import { bytes } from "../../core/format";
import { language } from "../../i18n";
import { navigate } from "../../router";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Ticket } from "../../ui/Ticket";
import { toast } from "../../ui/Toast";
import type { Sent } from "./state";

async function copy(link: string) {
	await navigator.clipboard.writeText(link);
	toast(t.copied());
}

export function SentPage({ sent }: { sent: Sent }) {
	const all = sent.files.reduce((n, f) => n + f.bytes, 0);
	return (
		<div class="main sd-sent">
			<h1 tabIndex={-1}>{t.sent({ number: sent.delivery })}</h1>
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
						<li key={r.address} class="row">
							<span class="sd-name">{r.address}</span>
							<Button
								icon="copy"
								label={t.copy_for({ who: r.address })}
								onClick={() => copy(r.link)}
							>
								{t.copy()}
							</Button>
						</li>
					))}
				</ul>
			</details>
		</div>
	);
}
