// SPDX-License-Identifier: AGPL-3.0-or-later
// The files of the upload panel, one row each: how far it is, what went wrong in words and the
// way out of it, and what was there already.
import type { TargetedMouseEvent } from "preact";
import { bytes } from "../../core/format";
import { rechoosable, retriable, type UploadError, type UploadItem } from "../../core/upload";
import { chosen } from "../../dom/files";
import { focusBeside } from "../../dom/focus";
import { t } from "../../gen/i18n/upload";
import { language } from "../../i18n";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Tag } from "../../ui/Verdict";
import { trash } from "../library/acts";
import * as engine from "./engine";
import { queue, tick } from "./state";

/**
 * The queue's items change in place, so a part that shows them follows the tick: one that reads
 * any signal is drawn again for its signals and props alone.
 */
export const follow = () => tick.value;

/** A press that takes its own button away. */
export const pressed = (act: () => void) => (e: TargetedMouseEvent<HTMLButtonElement>) => {
	focusBeside(e.currentTarget);
	act();
};

export const percent = (sent: number, of: number) => Math.floor((100 * sent) / Math.max(1, of));

const ERROR: Record<UploadError, (detail: string) => string> = {
	empty: () => t.e_empty(),
	directory: () => t.e_directory(),
	"no-files": () => t.e_no_files(),
	differs: () => t.e_differs(),
	changed: () => t.e_changed(),
	gone: () => t.e_gone(),
	unreadable: () => t.e_unreadable(),
	elsewhere: () => t.e_elsewhere(),
	refused: (detail) => [t.e_refused(), detail].join(" "),
	"too-large": (most) =>
		most === ""
			? t.e_too_large()
			: t.e_too_large_for({ most: bytes(Number(most), language.value) }),
	"storage-full": () => t.e_storage(),
};

/** The file that is chosen takes the place of one that the browser can read no more. */
function ChooseAgain({ i }: { i: UploadItem }) {
	return (
		<label class="btn library-file">
			<span>
				{t.choose_again()} <span class="vh">{i.name}</span>
			</span>
			<input
				type="file"
				class="vh"
				onChange={(e) => {
					const files = chosen(e.currentTarget.files ?? []);
					const into = engine.targetOf(i);
					engine.drop(i);
					engine.add(files, into);
				}}
			/>
		</label>
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
					onClick={pressed(() => engine.pause(i))}
				/>
			)}
			{i.state === "paused" && (
				<Button
					look="quiet"
					icon="right"
					label={t.resume({ name })}
					onClick={pressed(() => engine.resume(i))}
				/>
			)}
			{i.state === "failed" && retriable(i.error) && (
				<Button
					look="quiet"
					icon="undo"
					label={t.retry({ name })}
					onClick={pressed(() => void engine.retry(i))}
				/>
			)}
			{i.state === "failed" && rechoosable(i.error) && <ChooseAgain i={i} />}
			<Button
				look="quiet"
				icon="close"
				label={t.remove({ name })}
				onClick={pressed(() => engine.drop(i))}
			/>
		</span>
	);
}

function Known({ i }: { i: UploadItem }) {
	follow();
	const done = pressed(() => {
		i.duplicates = [];
		tick.value++;
	});
	return (
		<div class="upload-s row">
			<Tag tone="warn">{t.duplicate()}</Tag>
			<a href={to("library", {}, { file: i.duplicates[0] ?? "" })}>{t.duplicate_open()}</a>
			<Button look="quiet" onClick={done}>
				{t.keep()}
			</Button>
			<Button
				look="quiet"
				onClick={pressed(() => {
					if (i.asset) void trash([i.asset]);
					engine.drop(i);
				})}
			>
				{t.discard()}
			</Button>
		</div>
	);
}

function stateOf(i: UploadItem): string {
	const size = bytes(i.bytes, language.value);
	const far = i.sent > 0 ? t.so_far({ percent: percent(i.sent, i.bytes), bytes: size }) : size;
	if (i.state === "running") return far;
	return `${i.state === "paused" ? t.paused() : t.waiting()} · ${far}`;
}

function Row({ i }: { i: UploadItem }) {
	follow();
	return (
		<li>
			<span class="upload-n" title={i.folder ? `${i.folder}/${i.name}` : i.name}>
				{i.name}
			</span>
			<Hands i={i} />
			{i.state === "running" || (i.sent > 0 && i.state !== "done" && i.state !== "failed") ? (
				<progress
					class="upload-s"
					aria-label={t.progress({ name: i.name })}
					max={i.bytes}
					value={i.sent}
				/>
			) : null}
			{i.state === "failed" && (
				<p class="upload-s error">{ERROR[i.error ?? "refused"](i.detail)}</p>
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
export function Rows() {
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
	for (const i of queue.items) buckets[rank(i)]?.push(i);
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
