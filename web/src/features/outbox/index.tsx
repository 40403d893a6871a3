// SPDX-License-Identifier: AGPL-3.0-or-later
// The outbox, newest first: what a mail says can be read while no SMTP server is set, which the
// server notes; so it opens on demand only.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { t } from "../../gen/i18n/outbox";
import { place, setQuery } from "../../router";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Field } from "../../ui/Field";
import { Skeleton } from "../../ui/Skeleton";
import { type Column, Table } from "../../ui/Table";
import { Words } from "../../ui/problem";
import { toast } from "../../ui/Toast";
import { Notice, Tag, type Tone } from "../../ui/Verdict";
import { loadMails, type Mail, mails, mailsProblem, readMail } from "./state";

const states: Record<string, [Tone, () => string]> = {
	not_sent: ["info", t.not_sent],
	queued: ["info", t.queued],
	accepted: ["ok", t.accepted],
	deferred: ["warn", t.deferred],
	failed: ["stop", t.failed],
	unknown: ["past", t.unknown],
};

function State({ mail }: { mail: Mail }) {
	const [tone, words] = states[mail.state] ?? ["past", t.unknown];
	return (
		<span class="stack ob-state">
			<Tag tone={tone}>{words()}</Tag>
			{mail.reply && <span class="s muted">{mail.reply}</span>}
		</span>
	);
}

async function open(mail: Mail, show: (m: Shown) => void) {
	try {
		show({ mail, text: await readMail(mail.id) });
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		toast(e.code === "mail-wiped" ? t.wiped() : t.composing({ detail: e.detail }), { error: true });
	}
}

interface Shown {
	mail: Mail;
	text: string;
}

const columns = (show: (m: Shown) => void): Column<Mail>[] => [
	{ key: "to", label: t.to(), cell: (m) => <span class="ob-to">{m.to}</span> },
	{ key: "subject", label: t.subject(), cell: (m) => m.subject },
	{ key: "state", label: t.state(), cell: (m) => <State mail={m} /> },
	{
		key: "action",
		label: t.action(),
		hideLabel: true,
		cell: (m) =>
			m.state === "not_sent" && (
				<Button look="quiet" label={t.show_name({ who: m.to })} onClick={() => open(m, show)}>
					{t.show()}
				</Button>
			),
	},
];

function List({ list, show }: { list: Mail[]; show: (m: Shown) => void }) {
	if (list.length === 0) return <Empty icon="mail" title={t.empty()} text={t.empty_text()} />;
	return <Table caption={t.title()} rows={list} keyOf={(m) => m.id} columns={columns(show)} />;
}

export default function Outbox() {
	const to = place.value.query.get("to") ?? "";
	const [shown, show] = useState<Shown | null>(null);
	const list = mails.value;
	useEffect(() => {
		const timer = setTimeout(() => loadMails(to), 200);
		return () => clearTimeout(timer);
	}, [to]);
	return (
		<div class="main">
			<h1 tabIndex={-1}>{t.title()}</h1>
			<p class="muted ob-text">{t.text()}</p>
			<div class="ob-filter">
				<Field label={t.search()} type="search" value={to} onInput={(v) => setQuery({ to: v })} />
			</div>
			{mailsProblem.value && (
				<Notice tone="stop" title={t.problem()} alert>
					<p>
						<Words of={mailsProblem.value} />
					</p>
					<Button onClick={() => loadMails(to)}>{t.again()}</Button>
				</Notice>
			)}
			{list === null && mailsProblem.value === null && <Skeleton lines={5} />}
			{list && <List list={list} show={show} />}
			{shown && (
				<Dialog title={shown.mail.subject} wide onClose={() => show(null)}>
					{/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard */}
					<pre class="ob-mail" tabIndex={0}>
						{shown.text}
					</pre>
				</Dialog>
			)}
		</div>
	);
}
