// SPDX-License-Identifier: AGPL-3.0-or-later
// The upload panel: what goes where, how far each file is, what went wrong in words, what was
// there already. It stays while one works elsewhere, and after a reload offers what is left.
import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { session } from "../../api/session";
import { bytes, number } from "../../core/format";
import { retriable, type UploadError, type UploadItem } from "../../core/upload";
import { chosen, dropped } from "../../dom/files";
import { announce } from "../../dom/announce";
import { t } from "../../gen/i18n/upload";
import { language } from "../../i18n";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Tag } from "../../ui/Verdict";
import { arrived, trash } from "../library/acts";
import * as engine from "./engine";

const opened = signal(false);
const small = signal(false);
const target = signal<engine.Target>({ folder: "" });
let root: HTMLElement | null = null;

async function take(entries: readonly FileSystemEntry[], into: engine.Target) {
	let part = [];
	for await (const found of dropped(entries)) {
		if ("broken" in found) engine.addBroken(found.broken);
		else part.push(found);
		if (part.length >= 100) {
			engine.add(part, into);
			part = [];
		}
	}
	engine.add(part, into);
}

/**
 * The queue's items change in place, so a part that shows them follows the tick: one that reads
 * any signal is drawn again for its signals and props alone.
 */
const follow = () => engine.tick.value;

export interface Brought {
	/** of an input */
	files?: readonly File[];
	/** of a drop, see entriesOf() */
	entries?: readonly FileSystemEntry[];
}

/** Opens the panel; what is brought along is put into the queue at once. */
export function openUpload(brought: Brought = {}, into: engine.Target = { folder: "" }) {
	if (root === null) {
		root = document.createElement("div");
		document.body.append(root);
		render(<Panel />, root);
		engine.whenArrived(() => void arrived());
	}
	target.value = into;
	opened.value = true;
	small.value = false;
	void engine.loadLeft();
	if (brought.entries) void take(brought.entries, into);
	if (brought.files) engine.add(chosen(brought.files), into);
}

const ERROR: Record<UploadError, () => string> = {
	empty: t.e_empty,
	directory: t.e_directory,
	changed: t.e_changed,
	unreadable: t.e_unreadable,
	refused: t.e_refused,
	"too-large": t.e_too_large,
	"storage-full": t.e_storage,
	network: t.e_network,
};

function Choose({ folders }: { folders: boolean }) {
	return (
		<label class="btn library-file">
			<Icon name={folders ? "folder" : "file"} />
			<span>{folders ? t.folder() : t.files()}</span>
			<input
				type="file"
				class="vh"
				multiple
				ref={(el) => {
					if (el && folders) el.webkitdirectory = true;
				}}
				onChange={(e) => {
					engine.add(chosen(e.currentTarget.files ?? []), target.value);
					e.currentTarget.value = "";
				}}
			/>
		</label>
	);
}

function Begin() {
	return (
		<div class="upload-p">
			<div class="upload-drop">
				<p>{t.drop()}</p>
				<div class="row">
					<Choose folders={false} />
					<Choose folders />
				</div>
				<p class="muted">{t.into({ folder: target.value.folder || t.top() })}</p>
			</div>
		</div>
	);
}

function Left() {
	const list = engine.left.value;
	if (list.length === 0) return null;
	return (
		<div class="upload-p">
			<p>
				<Icon name="clock" /> {t.interrupted({ n: list.length })}
			</p>
			<ul class="upload-l">
				{list.slice(0, 5).map((r) => (
					<li key={r.print}>
						<span>
							{t.interrupted_file({
								name: r.name,
								percent: Math.floor((100 * r.sent) / Math.max(1, r.bytes)),
							})}
						</span>
						<Button
							look="quiet"
							icon="close"
							label={t.remove({ name: r.name })}
							onClick={() => void engine.dropLeft(r)}
						/>
					</li>
				))}
			</ul>
		</div>
	);
}

function Hands({ i }: { i: UploadItem }) {
	follow();
	const name = i.name;
	return (
		<span>
			{(i.state === "running" || i.state === "waiting") && (
				<Button
					look="quiet"
					icon="minus"
					label={t.pause({ name })}
					onClick={() => engine.pause(i)}
				/>
			)}
			{i.state === "paused" && (
				<Button
					look="quiet"
					icon="right"
					label={t.resume({ name })}
					onClick={() => engine.resume(i)}
				/>
			)}
			{i.state === "failed" && retriable(i.error) && (
				<Button
					look="quiet"
					icon="undo"
					label={t.retry({ name })}
					onClick={() => engine.retry(i)}
				/>
			)}
			<Button look="quiet" icon="close" label={t.remove({ name })} onClick={() => engine.drop(i)} />
		</span>
	);
}

function Known({ i }: { i: UploadItem }) {
	follow();
	const done = () => {
		i.duplicates = [];
		engine.tick.value++;
	};
	return (
		<div class="upload-s row">
			<Tag tone="warn">{t.duplicate()}</Tag>
			<a href={to("library", {}, { file: i.duplicates[0] ?? "" })}>{t.duplicate_show()}</a>
			<Button look="quiet" onClick={done}>
				{t.keep()}
			</Button>
			<Button
				look="quiet"
				onClick={() => {
					if (i.asset) void trash([i.asset]);
					engine.drop(i);
				}}
			>
				{t.discard()}
			</Button>
		</div>
	);
}

function stateOf(i: UploadItem): string {
	if (i.state === "waiting") return t.waiting();
	if (i.state === "paused") return t.paused();
	return bytes(i.bytes, language.value);
}

function Row({ i }: { i: UploadItem }) {
	follow();
	return (
		<li>
			<span class="upload-n" title={i.folder ? `${i.folder}/${i.name}` : i.name}>
				{i.name}
			</span>
			<Hands i={i} />
			{i.state === "running" || (i.state === "paused" && i.sent > 0) ? (
				<progress
					class="upload-s"
					aria-label={t.progress({ name: i.name })}
					max={i.bytes}
					value={i.sent}
				/>
			) : null}
			{i.state === "failed" && (
				<p class="upload-s error">
					{ERROR[i.error ?? "refused"]()} {i.detail}
				</p>
			)}
			{i.state === "done" && i.duplicates.length === 0 && (
				<span class="upload-s">
					<Tag tone="ok">{t.done()}</Tag>
				</span>
			)}
			{i.state !== "failed" && i.state !== "done" && (
				<span class="upload-s muted num">{stateOf(i)}</span>
			)}
			{i.duplicates.length > 0 && <Known i={i} />}
		</li>
	);
}

/** What needs eyes first: failed, doubled, running, then the others; never 5,000 rows. */
function Rows() {
	follow();
	const rank = (i: UploadItem) =>
		i.state === "failed"
			? 0
			: i.duplicates.length > 0
				? 1
				: i.state === "running"
					? 2
					: i.state === "done"
						? 4
						: 3;
	const buckets: UploadItem[][] = [[], [], [], [], []];
	for (const i of engine.queue.items) buckets[rank(i)]?.push(i);
	const all = buckets.flat();
	const most = 60;
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reached by keys
		<ul class="upload-l" tabIndex={0} aria-label={t.title()}>
			{all.slice(0, most).map((i) => (
				<Row key={i.key} i={i} />
			))}
			{all.length > most && <li class="muted">{t.more_items({ n: all.length - most })}</li>}
		</ul>
	);
}

function leftWords(s: number | null): string {
	if (s === null) return "";
	if (s < 90) return t.left_seconds({ n: s });
	if (s < 5400) return t.left_minutes({ n: Math.round(s / 60) });
	return t.left_hours({ n: number(Math.round(s / 360) / 10, language.value) });
}

function Total() {
	follow();
	const s = engine.queue.totals();
	if (s.count === 0) return null;
	const words = t.total({
		done: s.done,
		count: s.count,
		sent: bytes(s.sent, language.value),
		bytes: bytes(s.bytes, language.value),
	});
	return (
		<div class="upload-p">
			<progress aria-label={t.progress_all()} max={Math.max(1, s.bytes)} value={s.sent} />
			<p class="num">
				{words} <span class="muted">{leftWords(engine.seconds.value)}</span>
			</p>
			{engine.queue.offline && <p class="muted">{t.offline()}</p>}
			{s.failed > 0 && <p class="error">{t.some_failed({ n: s.failed })}</p>}
		</div>
	);
}

function Foot() {
	follow();
	const s = engine.queue.totals();
	return (
		<div class="upload-f">
			{s.count > 0 && <Choose folders={false} />}
			{s.open > 0 && (
				<Button onClick={() => engine.hold(!engine.queue.held)}>
					{engine.queue.held ? t.resume_all() : t.pause_all()}
				</Button>
			)}
			{engine.queue.items.some((i) => retriable(i.error)) && (
				<Button onClick={() => engine.retryAll()}>{t.retry_all()}</Button>
			)}
			{s.done > 0 && <Button onClick={() => engine.clear()}>{t.clear()}</Button>}
		</div>
	);
}

function useSaid() {
	const s = engine.queue.totals();
	const [was, set] = useState(0);
	useEffect(() => {
		if (was > 0 && s.open === 0)
			announce(s.failed > 0 ? t.some_failed({ n: s.failed }) : t.all_done({ n: s.done }));
		set(s.open);
	}, [s.open]);
}

function Panel() {
	follow();
	useSaid();
	if (!opened.value || !session.value) return null;
	const none = engine.queue.items.length === 0;
	return (
		<section class="upload" aria-label={t.title()}>
			<header class="upload-h">
				<h2>{t.title()}</h2>
				<Button
					look="quiet"
					icon={small.value ? "up" : "down"}
					label={small.value ? t.larger() : t.smaller()}
					onClick={() => {
						small.value = !small.value;
					}}
				/>
				<Button
					look="quiet"
					icon="close"
					label={t.close()}
					onClick={() => {
						opened.value = false;
					}}
				/>
			</header>
			<div>
				<Total />
				{!small.value && none && <Begin />}
				{!small.value && <Left />}
			</div>
			{small.value || none ? null : <Rows />}
			{small.value ? null : <Foot />}
		</section>
	);
}
