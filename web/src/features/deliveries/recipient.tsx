// SPDX-License-Identifier: AGPL-3.0-or-later
// One recipient of a delivery: the step line, what became of the mail, every file's progress,
// and what can be done.
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../api/session";
import { type FileProgress, type Progress, type Step, stepsOf } from "../../core/delivery";
import { bytes } from "../../core/format";
import { t } from "../../gen/i18n/deliveries";
import { t as common } from "../../gen/i18n/common";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Skeleton";
import { Tag } from "../../ui/Verdict";
import { type Delivery, loadFiles, type Recipient } from "./state";

const size = (n: number) => bytes(n, language.value);

/** More files of one recipient than that are shown when they are asked for. */
const FEW = 20;

function stepWords(s: Step, p: Progress): string {
	if (s.key === "delivered") return s.state === "failed" ? t.undelivered() : t.delivered();
	if (s.key === "opened") return t.opened();
	if (s.key === "verified") return t.verified();
	if (s.state !== "running") return t.downloaded();
	return p.running > 0 ? t.downloading() : t.part({ done: p.complete, all: p.files });
}

const classOf = { done: "d", failed: "e", running: "r", open: undefined };

export function StepLine({ r }: { r: Recipient }) {
	return (
		<ol class="steps dl-steps" aria-label={t.steps_of({ who: r.address })}>
			{stepsOf(r).map((s) => (
				<li key={s.key} class={classOf[s.state]}>
					{stepWords(s, r.progress)}
					<span class="vh">
						{s.state === "done" && `: ${common.step_done()}`}
						{s.state === "open" && `: ${common.step_open()}`}
						{s.state === "failed" && `: ${common.step_error()}`}
					</span>
				</li>
			))}
		</ol>
	);
}

const mails: Record<string, () => string> = {
	queued: t.mail_queued,
	not_sent: t.mail_not_sent,
	accepted: t.mail_accepted,
	deferred: t.mail_deferred,
	failed: t.mail_failed,
	unknown: t.mail_unknown,
};

function MailLine({ r }: { r: Recipient }) {
	if (!r.mail) return null;
	const bad = r.mail.state === "failed";
	return (
		<p class={bad ? "s dl-bad" : "s muted"}>
			{mails[r.mail.state]?.() ?? r.mail.state}
			{r.mail.reply !== null &&
				r.mail.reply !== "" &&
				` · ${t.mail_reply({ reply: r.mail.reply })}`}
			{bad && ` · ${t.address_wrong()}`}
			{r.mail.state === "not_sent" && may("outbox") && (
				<>
					{" "}
					<a href={`/app/outbox?to=${encodeURIComponent(r.address)}`}>{t.to_outbox()}</a>
				</>
			)}
		</p>
	);
}

function fileWords(f: FileProgress, all: number): string {
	const args = { sent: size(f.sent_bytes), all: size(all) };
	if (f.complete) return t.file_complete();
	if (f.state === "running") return t.file_running(args);
	if (f.state === "interrupted" || f.sent_bytes > 0) return t.file_interrupted(args);
	return t.file_none();
}

function FileLine({ f, all }: { f: FileProgress; all: number }) {
	const moving = !f.complete && f.sent_bytes > 0;
	return (
		<li>
			<span class="dl-name">{f.name}</span>
			<span class="s muted num">{fileWords(f, all)}</span>
			{moving && (
				<progress max={all} value={f.sent_bytes} aria-label={t.progress_of({ name: f.name })}>
					{f.sent_bytes}
				</progress>
			)}
		</li>
	);
}

function FileLines({ d, files }: { d: Delivery; files: readonly FileProgress[] }) {
	const sizes = new Map(d.files.map((f) => [f.version, f.bytes]));
	return (
		<ul class="dl-files">
			{files.map((f) => (
				<FileLine key={f.version} f={f} all={sizes.get(f.version) ?? f.sent_bytes} />
			))}
		</ul>
	);
}

/** Asked for while somebody looks, and again when something moved meanwhile: one after another. */
function LoadedLines({ d, r }: { d: Delivery; r: Recipient }) {
	const p = r.progress;
	const now = `${p.complete} ${p.running} ${p.sent_bytes}`;
	const [files, setFiles] = useState<FileProgress[] | null>(null);
	const [told, setTold] = useState({ of: "", failed: false });
	const busy = useRef(false);
	useEffect(() => {
		if (busy.current || told.of === now) return;
		busy.current = true;
		loadFiles(d.delivery, r.address)
			.then(
				(found) => {
					setFiles(found);
					return false;
				},
				() => true,
			)
			.then((failed) => {
				busy.current = false;
				setTold({ of: now, failed });
			});
	}, [now, told]);
	return (
		<>
			{told.failed && <p role="alert">{t.failed()}</p>}
			{files !== null && <FileLines d={d} files={files} />}
			{files === null && !told.failed && <Skeleton lines={3} />}
		</>
	);
}

function Files({ d, r }: { d: Delivery; r: Recipient }) {
	const [open, setOpen] = useState(false);
	const p = r.progress;
	if (r.files !== null && p.files <= FEW) return <FileLines d={d} files={r.files} />;
	return (
		<details class="dl-many" onToggle={(e) => setOpen(e.currentTarget.open)}>
			<summary>
				<span class="num">{t.part({ done: p.complete, all: p.files })}</span>
				<span class="vh">: {r.address}</span>
			</summary>
			{open &&
				(r.files !== null ? <FileLines d={d} files={r.files} /> : <LoadedLines d={d} r={r} />)}
		</details>
	);
}

export interface RecipientActions {
	revoke: (address: string) => void;
	link: (address: string) => void;
}

function Actions({ d, r, on }: { d: Delivery; r: Recipient; on: RecipientActions }) {
	const open = (d.state === "active" || d.state === "scheduled") && r.state !== "revoked";
	if (!may("send") || !open) return null;
	return (
		<span class="row sp dl-acts">
			<Button
				look="quiet"
				icon="mail"
				label={t.link_send_name({ who: r.address })}
				onClick={() => on.link(r.address)}
			>
				{t.link_send()}
			</Button>
			{d.recipients.length > 1 && (
				<Button
					look="quiet"
					class="dl-red"
					label={t.revoke_one({ who: r.address })}
					onClick={() => on.revoke(r.address)}
				>
					{t.revoke_do()}
				</Button>
			)}
		</span>
	);
}

export function RecipientCard({ d, r, on }: { d: Delivery; r: Recipient; on: RecipientActions }) {
	return (
		<li class="dl-recipient">
			<div class="row">
				<h3 class="dl-name">{r.address}</h3>
				{r.state === "revoked" && (
					<Tag tone="stop" pill>
						{t.state_revoked()}
					</Tag>
				)}
				{r.state === "expired" && (
					<Tag tone="past" pill>
						{t.state_expired()}
					</Tag>
				)}
				<Actions d={d} r={r} on={on} />
			</div>
			<StepLine r={r} />
			{r.revoke_reason !== "" && <p class="s">{t.revoked_because({ reason: r.revoke_reason })}</p>}
			<MailLine r={r} />
			<Files d={d} r={r} />
		</li>
	);
}
