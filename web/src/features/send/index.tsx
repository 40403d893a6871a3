// SPDX-License-Identifier: AGPL-3.0-or-later
// The send screen, a full page at /app/send: what goes (1), to whom and how (2), and what they
// will see (3).  `?assets=1,2` names files; without, it is the basket's.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { may, session } from "../../api/session";
import { dateInWords, inDays, timeOfDay } from "../../core/format";
import { focusBeside } from "../../dom/focus";
import { t } from "../../gen/i18n/send";
import { language } from "../../i18n";
import { move, place } from "../../router";
import { Button } from "../../ui/Button";
import { Field, TextArea } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { Words } from "../../ui/problem";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { basketOpen } from "../basket/state";
import { dayAfter, endOfDay, type Fault, isTouched } from "./draft";
import { Files } from "./files";
import { elsewhere, keepDraft, loadOther, savedAt, takeUpDraft } from "./kept";
import { Preview } from "./preview";
import { Recipients } from "./recipients";
import { SentPage } from "./sent";
import {
	changed,
	complete,
	draft,
	edit,
	faults,
	files,
	filesProblem,
	forget,
	keepChecking,
	leaveScreen,
	loaded,
	loadFiles,
	problem,
	reloadFiles,
	sendChecked,
	sending,
	sent,
	summary,
	waiting,
} from "./state";

const say: Record<Fault, () => string> = {
	"files-none": t["files-none"],
	"to-none": t["to-none"],
	"expires-past": t["expires-past"],
	"from-after": t["from-after"],
	"from-bad": t["from-bad"],
	"limit-bad": t["limit-bad"],
};

function faultAt(field: keyof typeof faults.value, asked: boolean): string | null {
	const fault = faults.value[field];
	return fault !== undefined && asked ? say[fault]() : null;
}

function Until({ asked }: { asked: boolean }) {
	const end = endOfDay(draft.value.expires);
	const late = problem.value?.code === "expires-too-late" ? problem.value : null;
	const echo =
		end === null
			? t.expires_none()
			: t.expires_echo({
					day: dateInWords(end, language.value),
					when: inDays(end, language.value),
				});
	return (
		<Field
			label={t.expires()}
			type="date"
			value={draft.value.expires}
			min={dayAfter(0)}
			max={dayAfter(session.value?.delivery_max_days ?? 90)}
			onInput={(expires) => edit({ expires })}
			hint={echo}
			error={late ? <Words of={late} /> : faultAt("expires", asked || draft.value.expires !== "")}
		/>
	);
}

function More({ asked }: { asked: boolean }) {
	const d = draft.value;
	return (
		<details class="sd-more" open={d.validFrom !== "" || d.limit !== ""}>
			<summary>{t.more()}</summary>
			<div class="stack">
				<Field
					label={t.valid_from()}
					type={"datetime-local" as "date"}
					value={d.validFrom}
					onInput={(validFrom) => edit({ validFrom })}
					hint={t.valid_from_now()}
					error={faultAt("validFrom", true)}
				/>
				<Field
					label={t.limit()}
					inputmode="numeric"
					value={d.limit}
					onInput={(limit) => edit({ limit: limit.trim() })}
					hint={t.limit_none()}
					error={faultAt("limit", asked || d.limit !== "")}
				/>
			</div>
		</details>
	);
}

const languages = [
	["de", "Deutsch"],
	["en", "English"],
] as const;

function Language() {
	return (
		<fieldset>
			<legend class="b">{t.lang()}</legend>
			<div class="row">
				{languages.map(([code, name]) => (
					<label key={code} class={draft.value.lang === code ? "chip on" : "chip"} lang={code}>
						<input
							type="radio"
							name="lang"
							checked={draft.value.lang === code}
							onChange={() => edit({ lang: code })}
						/>
						{name}
					</label>
				))}
			</div>
		</fieldset>
	);
}

function How({ asked }: { asked: boolean }) {
	const d = draft.value;
	return (
		<>
			<Recipients error={faultAt("to", asked)} />
			<Field
				label={t.subject()}
				value={d.subject}
				maxlength={400}
				onInput={(subject) => edit({ subject })}
			/>
			<TextArea
				label={t.message()}
				value={d.message}
				rows={5}
				maxlength={8000}
				onInput={(message) => edit({ message })}
			/>
			<Language />
			<Until asked={asked} />
			<More asked={asked} />
			<div class="sd-method">
				<b>
					<Icon name="download" /> {t.package()}
				</b>
				<p class="hint">{t.package_text()}</p>
			</div>
		</>
	);
}

function Trouble({ asked }: { asked: boolean }) {
	const p = problem.value;
	const open = Object.values(faults.value);
	if (p !== null && p.code !== "expires-too-late") {
		const known =
			p.code === "not-cleared" ? (changed.value.size > 0 ? t.changed : t["not-cleared"]) : null;
		const title = known?.() ?? (p.code === "offline" ? t.offline() : t.failed());
		return (
			<Notice tone="stop" title={title} alert>
				{known === null && p.code !== "offline" && <Words of={p} />}
			</Notice>
		);
	}
	if (!asked || open.length === 0) return null;
	return (
		<Notice tone="warn" title={t.todo()} alert>
			{open.map((f) => say[f]()).join(" ")}
		</Notice>
	);
}

function Foot({ ask }: { ask: () => void }) {
	const n = files.value.length;
	const go = () => {
		if (complete.value) sendChecked();
		else ask();
	};
	const busy = sending.value || waiting.value;
	return (
		<footer class="sd-foot">
			<span class="s muted">{may("send") ? t.logged() : t.may_not()}</span>
			<Button
				look="primary"
				large
				icon="ticket"
				busy={busy}
				disabled={!may("send") || summary.value.stopped > 0}
				onClick={go}
			>
				{busy ? t.busy() : n > 0 ? t.primary({ n }) : t.primary_none()}
			</Button>
		</footer>
	);
}

/** Given up, and given back for as long as the toast stands. */
function dropTyped(button: HTMLElement) {
	focusBeside(button);
	const before = draft.value;
	forget();
	toast(t.draft_dropped(), { undo: async () => edit(before) });
}

function takeOver(button: HTMLElement) {
	focusBeside(button);
	loadOther(draft).catch((e) => {
		if (!(e instanceof Problem)) throw e;
		toast(t.draft_failed(), { error: true });
	});
}

/** Where the draft is, and whether another window has gone on with it. */
function Kept() {
	const at = savedAt.value;
	if (elsewhere.value)
		return (
			<span class="sp row">
				<span role="alert">{t.draft_elsewhere()}</span>
				<Button look="quiet" onClick={(e) => takeOver(e.currentTarget)}>
					{t.draft_load()}
				</Button>
			</span>
		);
	return (
		<span class="sp row">
			<span class="muted s hide-s">
				{at === null ? t.kept() : t.draft_saved({ time: timeOfDay(at, language.value) })}
			</span>
			{isTouched(draft.value) && (
				<Button look="quiet" onClick={(e) => dropTyped(e.currentTarget)}>
					{t.draft_drop()}
				</Button>
			)}
		</span>
	);
}

function named(): string[] | null {
	const ids =
		place.value.query
			.get("assets")
			?.split(",")
			.filter((s) => /^[1-9][0-9]*$/.test(s)) ?? [];
	return ids.length > 0 ? ids : null;
}

/** Loads, checks on every change, keeps the draft, and asks anew when the window comes back. */
function useSending() {
	useEffect(() => {
		void takeUpDraft(draft);
		void loadFiles(named());
		const stop = [keepChecking(), keepDraft(draft)];
		const back = () => {
			if (document.visibilityState === "visible") void reloadFiles();
		};
		document.addEventListener("visibilitychange", back);
		return () => {
			for (const f of stop) f();
			document.removeEventListener("visibilitychange", back);
			leaveScreen();
		};
	}, []);
}

function Content() {
	if (filesProblem.value !== null)
		return (
			<Notice tone="stop" title={t.files_failed()} alert>
				<Button onClick={() => void loadFiles(named())}>{t.again()}</Button>
			</Notice>
		);
	return loaded.value ? <Files /> : <Skeleton lines={6} />;
}

function Sending() {
	const [asked, setAsked] = useState(false);
	useSending();
	if (sent.value !== null) return <SentPage sent={sent.value} />;
	return (
		<div class="sd">
			<div class="sd-top">
				<Button
					look="quiet"
					icon="back"
					onClick={() => {
						basketOpen.value = true;
					}}
				>
					{t.back()}
				</Button>
				<h1 tabIndex={-1}>{t.title()}</h1>
				<Kept />
			</div>
			<div class="sd-cols">
				<section aria-labelledby="sd-1">
					<h2 id="sd-1">{t.col1()}</h2>
					<Content />
				</section>
				<section aria-labelledby="sd-2">
					<h2 id="sd-2">{t.col2()}</h2>
					<How asked={asked} />
				</section>
				<section aria-labelledby="sd-3">
					<h2 id="sd-3">{t.col3()}</h2>
					<Preview />
				</section>
			</div>
			<div class="sd-trouble">
				<Trouble asked={asked} />
			</div>
			<Foot ask={() => setAsked(true)} />
		</div>
	);
}

/** Going to this address once more is a new visit, too. */
export default function SendPage() {
	return <Sending key={move.value} />;
}
