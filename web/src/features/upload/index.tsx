// SPDX-License-Identifier: AGPL-3.0-or-later
// The upload panel: what goes where, how far each file is, what went wrong in words, what was
// there already. It stays while one works elsewhere, and after a reload offers what is left.
import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { session } from "../../api/session";
import { bytes, number } from "../../core/format";
import { retriable } from "../../core/upload";
import { announce } from "../../dom/announce";
import { chosen, dropped, type Found } from "../../dom/files";
import { t } from "../../gen/i18n/upload";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { arrived } from "../library/acts";
import * as engine from "./engine";
import { discard, left, loadLeft } from "./left";
import { tryNow, unlock } from "./link";
import { follow, percent, pressed, Rows } from "./rows";
import { queue, seconds, type Target, whenArrived } from "./state";

const opened = signal(false);
const small = signal(false);
const target = signal<Target>({ folder: "" });
let root: HTMLElement | null = null;

const AT_ONCE = 100;

/** Of each of them: its files, AT_ONCE at a time, what could not be read, or that it has none. */
async function take(entries: readonly FileSystemEntry[], into: Target) {
	let part: Found[] = [];
	const hand = (least: number) => {
		if (part.length < least) return;
		engine.add(part, into);
		part = [];
	};
	for (const entry of entries) {
		let count = 0;
		for await (const found of dropped(entry)) {
			count++;
			if ("broken" in found)
				engine.addBroken(found.broken, found.isFile ? "unreadable" : "directory");
			else part.push(found);
			hand(AT_ONCE);
		}
		if (count === 0) engine.addBroken(entry.name, "no-files");
	}
	hand(1);
}

export interface Brought {
	/** of an input */
	files?: readonly File[];
	/** of a drop, see entriesOf() */
	entries?: readonly FileSystemEntry[];
}

/** Opens the panel; what is brought along is put into the queue at once. */
export function openUpload(brought: Brought = {}, into: Target = { folder: "" }) {
	if (root === null) {
		root = document.createElement("div");
		document.body.append(root);
		render(<Panel />, root);
		whenArrived(() => void arrived());
	}
	target.value = into;
	opened.value = true;
	small.value = false;
	void loadLeft();
	if (brought.entries) void take(brought.entries, into);
	if (brought.files) engine.add(chosen(brought.files), into);
}

const top = (folder: string) => folder || t.top();

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
				<p class="muted">{t.into({ folder: top(target.value.folder) })}</p>
			</div>
		</div>
	);
}

const MOST_LEFT = 5;

function Left() {
	const list = left.value;
	if (list.length === 0) return null;
	const sum = (of: "sent" | "bytes") => list.reduce((n, r) => n + r[of], 0);
	return (
		<div class="upload-p upload-i">
			<p>
				<Icon name="clock" />
				<span>
					{t.interrupted({ n: list.length, percent: percent(sum("sent"), sum("bytes")) })}
				</span>
			</p>
			<ul class="upload-l">
				{list.slice(0, MOST_LEFT).map((r) => (
					<li key={r.print}>
						<span>
							<span class="upload-n">{r.name}</span>
							<span class="muted num">
								{t.interrupted_file({ folder: top(r.folder), percent: percent(r.sent, r.bytes) })}
							</span>
						</span>
						<Button
							look="quiet"
							icon="close"
							label={t.remove({ name: r.name })}
							onClick={pressed(() => void discard(r))}
						/>
					</li>
				))}
				{list.length > MOST_LEFT && (
					<li class="muted">{t.more_items({ n: list.length - MOST_LEFT })}</li>
				)}
			</ul>
		</div>
	);
}

function leftWords(s: number | null): string {
	if (s === null) return "";
	if (s < 90) return t.left_seconds({ n: s });
	if (s < 5400) return t.left_minutes({ n: Math.round(s / 60) });
	return t.left_hours({ n: number(Math.round(s / 360) / 10, language.value) });
}

/** Why nothing goes on, and what ends it. */
function Waits() {
	follow();
	if (queue.locked)
		return (
			<p class="upload-w">
				<span>{t.locked()}</span>
				<Button onClick={pressed(unlock)}>{t.sign_in()}</Button>
			</p>
		);
	if (!queue.link.lost) return queue.held ? <p class="muted">{t.held()}</p> : null;
	const { at } = queue.link;
	return (
		<p class="upload-w">
			<span>
				{t.offline()}{" "}
				<span class="num">
					{at === null
						? t.looking()
						: t.next_try({ n: Math.max(1, Math.ceil((at - Date.now()) / 1000)) })}
				</span>
			</span>
			{at !== null && <Button onClick={pressed(tryNow)}>{t.try_now()}</Button>}
		</p>
	);
}

function Total() {
	follow();
	const s = queue.totals();
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
				{words} <span class="muted">{leftWords(seconds.value)}</span>
			</p>
			{s.open > 0 && <Waits />}
			{s.failed > 0 && <p class="error">{t.some_failed({ n: s.failed })}</p>}
		</div>
	);
}

function Foot() {
	follow();
	const s = queue.totals();
	return (
		<div class="upload-f">
			{s.count > 0 && <Choose folders={false} />}
			{s.open > 0 && (
				<Button onClick={() => engine.hold(!queue.held)}>
					{queue.held ? t.resume_all() : t.pause_all()}
				</Button>
			)}
			{queue.items.some((i) => retriable(i.error)) && (
				<Button onClick={pressed(() => void engine.retryAll())}>{t.retry_all()}</Button>
			)}
			{s.done > 0 && <Button onClick={pressed(engine.clear)}>{t.clear()}</Button>}
		</div>
	);
}

function useSaid() {
	const s = queue.totals();
	const { ended } = queue;
	const was = useRef(0);
	useEffect(() => {
		if (s.open > 0 || ended === was.current) return;
		was.current = ended;
		announce(s.failed > 0 ? t.some_failed({ n: s.failed }) : t.all_done({ n: s.done }));
	}, [s.open, ended]);
}

function Panel() {
	follow();
	useSaid();
	if (!opened.value || !session.value) return null;
	const none = queue.items.length === 0;
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
					onClick={pressed(() => {
						opened.value = false;
					})}
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
