// SPDX-License-Identifier: AGPL-3.0-or-later
// What needs an answer before it is done to files: the release with its conditions, the folder
// to move to, keywords, the class. Loaded when the first of them is asked.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../../api/client";
import { dateInWords } from "../../core/format";
import { focusNeighbour } from "../../dom/focus";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Combobox } from "../../ui/Combobox";
import { Dialog } from "../../ui/Dialog";
import { Check, Field, Options, Select, TextArea } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toast";
import { Words } from "../../ui/problem";
import { bulk, tell } from "./acts";
import { type Asset, asset, loadAsset, type Release as Whole, save } from "./asset";
import type { Ask } from "./Bar";
import { KeywordField } from "./Edits";
import { CLASSES, className, stateName } from "./Filters";
import { folders, loadFolders, reload } from "./state";

interface Props {
	ids: readonly string[];
	onClose: () => void;
}

function Actions(p: { label: string; busy?: boolean; onClose: () => void; onDo: () => void }) {
	return (
		<>
			<Button onClick={p.onClose}>{t.cancel()}</Button>
			<Button look="primary" busy={p.busy ?? false} onClick={p.onDo}>
				{p.label}
			</Button>
		</>
	);
}

// release

type State = "cleared" | "conditions" | "in_review" | "blocked" | "draft";
const STATES: readonly State[] = ["cleared", "conditions", "in_review", "blocked", "draft"];

interface Release extends Whole {
	state: State;
}

const stateText = (s: State) =>
	({
		cleared: t.release_cleared_text,
		conditions: t.release_conditions_text,
		in_review: t.release_review_text,
		blocked: t.release_blocked_text,
		draft: t.release_draft_text,
	})[s]();

function begin(a: Asset | null): Release {
	const known = a && STATES.includes(a.release.state as State);
	return {
		state: known ? (a.release.state as State) : "cleared",
		until: a?.release.until?.slice(0, 10) ?? null,
		reason: a?.release.reason ?? "",
		credit: a?.release.credit ?? "",
		view_only: a?.release.view_only ?? false,
	};
}

/** Only what belongs to the state goes to the server. */
function cut(r: Release): Release {
	const may = r.state === "cleared" || r.state === "conditions";
	const conditions = r.state === "conditions";
	return {
		state: r.state,
		until: may ? r.until : null,
		reason: r.reason.trim(),
		credit: conditions ? r.credit.trim() : "",
		view_only: conditions && r.view_only,
	};
}

function wrong(r: Release): string | null {
	if (r.state === "conditions" && r.credit.trim() === "" && !r.view_only)
		return t.release_needs_condition();
	if (r.state === "blocked" && r.reason.trim() === "") return t.release_needs_reason();
	return null;
}

/** Begins with what is stored of one file now: what the page read some time ago may be undone by it. */
function useBegin({ ids, onClose }: Props): Asset | null | undefined {
	const one = ids.length === 1 ? ids[0] : undefined;
	const [a, set] = useState<Asset | null | undefined>(one === undefined ? null : undefined);
	useEffect(() => {
		if (one === undefined) return;
		get<Asset>(`/assets/${one}`).then(set, (e) => {
			tell(e);
			onClose();
		});
	}, []);
	return a;
}

function ReleaseDialog(p: Props) {
	const a = useBegin(p);
	return a === undefined ? null : <ReleaseForm {...p} a={a} />;
}

interface ReleasePart {
	r: Release;
	change: (part: Partial<Release>) => void;
}

function Conditions({ r, change }: ReleasePart) {
	return (
		<>
			<Field
				label={t.credit()}
				hint={t.credit_hint()}
				value={r.credit}
				maxlength={400}
				onInput={(credit) => change({ credit })}
			/>
			<Check
				label={t.view_only()}
				checked={r.view_only}
				onChange={(view_only) => change({ view_only })}
			/>
		</>
	);
}

function Until({ r, change }: ReleasePart) {
	return (
		<Field
			label={t.valid_until()}
			type="date"
			hint={r.until ? dateInWords(r.until, language.value) : t.valid_open()}
			value={r.until ?? ""}
			onInput={(v) => change({ until: v === "" ? null : v })}
		/>
	);
}

function ReleaseFields({ r, change }: ReleasePart) {
	const conditions = r.state === "conditions";
	return (
		<>
			<Options
				legend={t.release()}
				name="release"
				value={r.state}
				options={STATES.map((s) => ({ value: s, label: stateName(s), text: stateText(s) }))}
				onInput={(state) => change({ state })}
			/>
			{conditions && <Conditions r={r} change={change} />}
			{(conditions || r.state === "cleared") && <Until r={r} change={change} />}
			<TextArea
				label={r.state === "blocked" ? t.reason_needed() : t.reason()}
				rows={2}
				maxlength={2000}
				value={r.reason}
				onInput={(reason) => change({ reason })}
			/>
		</>
	);
}

/** Of one file, from the version that the form began with; also when a colleague's shall stay. */
async function saveOne(a: Asset, r: Release) {
	const how = await save({ release: r }, a);
	if (asset.value?.asset === a.asset) void loadAsset(a.asset);
	void reload();
	if (how === "saved") toast(t.release_done({ n: 1 }));
}

/** False when it was not done, which has been told. */
async function saveRelease(ids: readonly string[], a: Asset | null, r: Release): Promise<boolean> {
	if (a === null) return bulk(ids, { release: r }, (n) => t.release_done({ n }));
	await saveOne(a, r);
	return true;
}

function ReleaseForm({ ids, onClose, a }: Props & { a: Asset | null }) {
	const [r, set] = useState<Release>(() => begin(a));
	const [error, setError] = useState<ComponentChildren>(null);
	const [busy, setBusy] = useState(false);
	const change = (part: Partial<Release>) => {
		setError(null);
		set({ ...r, ...part });
	};
	const save = async () => {
		const fault = wrong(r);
		if (busy) return;
		if (fault) return setError(fault);
		setBusy(true);
		try {
			if (await saveRelease(ids, a, cut(r))) return onClose();
		} catch (e) {
			setError(<Words of={e} />);
		}
		setBusy(false);
	};
	return (
		<Dialog
			wide
			title={t.release_title({ n: ids.length })}
			onClose={onClose}
			actions={
				<Actions label={t.release_save()} busy={busy} onClose={onClose} onDo={() => void save()} />
			}
		>
			<div class="stack">
				<ReleaseFields r={r} change={change} />
				{error && (
					<p class="error" role="alert">
						{error}
					</p>
				)}
				<p class="muted s">{t.release_logged()}</p>
			</div>
		</Dialog>
	);
}

// move, keywords, class

/** Once at a time. Done, the dialog goes; refused, it stays with all that was typed. */
function useDoing(onClose: () => void) {
	const [busy, setBusy] = useState(false);
	const run = async (act: () => Promise<boolean>) => {
		if (busy) return;
		setBusy(true);
		if (await act()) onClose();
		else setBusy(false);
	};
	return { busy, run: (act: () => Promise<boolean>) => void run(act) };
}

function MoveDialog({ ids, onClose }: Props) {
	const [path, setPath] = useState("");
	const wanted = path.trim().replace(/^\/+|\/+$/g, "");
	const { busy, run } = useDoing(onClose);
	const move = async () => {
		const done = await bulk(ids, { folder: wanted }, (n) =>
			t.moved({ n, folder: wanted === "" ? t.top_folder() : wanted }),
		);
		if (done) void loadFolders();
		return done;
	};
	const load = async (text: string) => {
		const low = text.trim().toLowerCase();
		return folders.value
			.filter((f) => f.path !== "" && f.path.toLowerCase().includes(low))
			.slice(0, 12);
	};
	return (
		<Dialog
			title={t.move_title({ n: ids.length })}
			onClose={onClose}
			actions={<Actions label={t.move()} busy={busy} onClose={onClose} onDo={() => run(move)} />}
		>
			<Combobox
				label={t.folder_path()}
				hint={t.folder_hint()}
				value={path}
				onInput={setPath}
				onPick={(f) => setPath(f.path)}
				load={load}
				keyOf={(f) => f.id}
				show={(f) => f.path}
			/>
		</Dialog>
	);
}

function KeywordsDialog({ ids, onClose }: Props) {
	const [how, setHow] = useState<"add" | "remove">("add");
	const [list, setList] = useState<string[]>([]);
	const [text, setText] = useState("");
	const { busy, run } = useDoing(onClose);
	const keep = () => {
		// what stands in the field is meant, too
		const all = [...new Set([...list, text.trim()])].filter((k) => k !== "");
		if (all.length === 0) return;
		const act = how === "add" ? { add_keywords: all } : { remove_keywords: all };
		run(() => bulk(ids, act, (n) => t.keywords_done({ n })));
	};
	return (
		<Dialog
			title={t.keywords_title({ n: ids.length })}
			onClose={onClose}
			actions={<Actions label={t.save()} busy={busy} onClose={onClose} onDo={keep} />}
		>
			<div class="stack">
				<Select
					label={t.keywords_how()}
					value={how}
					choices={[
						{ value: "add", label: t.keywords_add() },
						{ value: "remove", label: t.keywords_remove() },
					]}
					onInput={setHow}
				/>
				<ul class="row library-words">
					{list.map((k) => (
						<li key={k}>
							<button
								type="button"
								class="chip"
								aria-label={t.keyword_remove({ keyword: k })}
								onClick={(e) => {
									focusNeighbour(e.currentTarget.closest(".stack"));
									setList(list.filter((x) => x !== k));
								}}
							>
								{k} <Icon name="close" />
							</button>
						</li>
					))}
				</ul>
				<KeywordField
					text={text}
					onText={setText}
					onAdd={(k) => setList([...new Set([...list, k])])}
				/>
			</div>
		</Dialog>
	);
}

function ClassDialog({ ids, onClose }: Props) {
	const [value, set] = useState<(typeof CLASSES)[number]>("internal");
	const { busy, run } = useDoing(onClose);
	const keep = () => run(() => bulk(ids, { class: value }, (n) => t.class_done({ n })));
	return (
		<Dialog
			title={t.class_set()}
			onClose={onClose}
			actions={<Actions label={t.save()} busy={busy} onClose={onClose} onDo={keep} />}
		>
			<Select
				label={t.class()}
				value={value}
				choices={CLASSES.map((c) => ({ value: c, label: className(c) }))}
				onInput={set}
			/>
		</Dialog>
	);
}

const DIALOG = {
	release: ReleaseDialog,
	move: MoveDialog,
	keywords: KeywordsDialog,
	class: ClassDialog,
};

export default function Dialogs(p: Props & { what: Ask }) {
	const Which = DIALOG[p.what];
	return <Which ids={p.ids} onClose={p.onClose} />;
}
