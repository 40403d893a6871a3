// SPDX-License-Identifier: AGPL-3.0-or-later
// Settings: those that can be changed while the server runs, as a form; the others as they
// stand in the file. What somebody else changed meanwhile is told, not overwritten; what is typed
// is kept while another page is looked at.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { callRaw, Problem, jsonOf } from "../../api/client";
import { bytes, number } from "../../core/format";
import { since } from "../../core/typed";
import { t } from "../../gen/i18n/admin";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Field, Select } from "../../ui/Field";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { Loading, Unsaved, words } from "./parts";

interface Setting {
	name: string;
	value: string;
	default: string;
	file: string;
	help: string;
	changeable: boolean;
	changed_here: boolean;
	kind: "number" | "word" | "text";
	min: number | null;
	max: number | null;
	words: string[];
}
interface Loaded {
	list: Setting[];
	etag: string;
}
/** What is typed, by name; null: as the file has it. */
type Edits = Record<string, string | null>;
type Errors = Record<string, string>;

/** With the settings it was typed into: those that somebody else made since are not overwritten. */
const typed = signal<{ edits: Edits; etag: string }>({ edits: {}, etag: "" });

/** Names and explanations in the language of the app; the server's own are English. */
const TEXTS: Record<string, { label: () => string; hint: () => string }> = {
	"delivery.days": { label: t.set_delivery_days, hint: t.set_delivery_days_hint },
	"delivery.max_days": { label: t.set_delivery_max_days, hint: t.set_delivery_max_days_hint },
	"upload.max_bytes": { label: t.set_upload_max_bytes, hint: t.set_upload_max_bytes_hint },
	"upload.days": { label: t.set_upload_days, hint: t.set_upload_days_hint },
	"limits.code_tries": { label: t.set_code_tries, hint: t.set_code_tries_hint },
	"malware.unscanned": { label: t.set_unscanned, hint: t.set_unscanned_hint },
};
const WORDS: Record<string, () => string> = {
	"": t.set_word_unset,
	allow: t.set_word_allow,
	hold: t.set_word_hold,
};

const n = (x: number) => number(x, language.value);
/** In the order of TEXTS; one that is new stands last. */
const placeOf = (s: Setting) => {
	const at = Object.keys(TEXTS).indexOf(s.name);
	return at < 0 ? Object.keys(TEXTS).length : at;
};
const labelOf = (s: Setting) => TEXTS[s.name]?.label() ?? s.name;
const wordOf = (word: string) => WORDS[word]?.() ?? word;

/** A value as people read it. */
function shown(s: Setting, value: string) {
	if (s.kind === "word") return wordOf(value);
	if (s.name === "upload.max_bytes" && /^\d+$/.test(value))
		return bytes(Number(value), language.value);
	return value === "" ? "–" : value;
}

async function answered(answer: Promise<Response>): Promise<Loaded> {
	const a = await answer;
	return { list: await jsonOf<Setting[]>(a), etag: a.headers.get("ETag") ?? "" };
}

const now = (s: Setting, edits: Edits) => {
	const typed = edits[s.name];
	if (typed === null) return s.file;
	return typed ?? s.value;
};

function complaint(s: Setting, value: string): string {
	if (s.kind !== "number" || s.min === null || s.max === null) return "";
	const good = /^\d{1,15}$/.test(value) && Number(value) >= s.min && Number(value) <= s.max;
	return good ? "" : t.set_range({ min: n(s.min), max: n(s.max) });
}

function complaints(list: Setting[], edits: Edits): Errors {
	const errors: Errors = {};
	for (const s of list) {
		const wrong = s.changeable ? complaint(s, now(s, edits)) : "";
		if (wrong) errors[s.name] = wrong;
	}
	const of = (name: string) => list.find((s) => s.name === name);
	const days = of("delivery.days");
	const most = of("delivery.max_days");
	if (days && most && !errors[days.name] && !errors[most.name])
		if (Number(now(days, edits)) > Number(now(most, edits)))
			errors[days.name] = t.set_days_over({ max: n(Number(now(most, edits))) });
	return errors;
}

function hintOf(s: Setting, value: string) {
	const text = TEXTS[s.name]?.hint() ?? s.help;
	return s.name === "upload.max_bytes" ? `${text} ${t.set_is({ value: shown(s, value) })}` : text;
}

function Input(p: {
	s: Setting;
	edits: Edits;
	error: string | undefined;
	onChange: (value: string | null) => void;
}) {
	const { s } = p;
	const value = now(s, p.edits);
	const common = { label: labelOf(s), hint: hintOf(s, value), error: p.error, value };
	const choices = ["", ...s.words].map((word) => ({ value: word, label: wordOf(word) }));
	const differs = p.edits[s.name] !== null && (s.changed_here || s.name in p.edits);
	return (
		<div>
			{s.kind === "word" ? (
				<Select {...common} choices={choices} onInput={p.onChange} />
			) : (
				<Field {...common} inputmode="numeric" onInput={(text) => p.onChange(text.trim())} />
			)}
			{differs && (
				<Button look="quiet" onClick={() => p.onChange(null)}>
					{t.set_reset({ name: labelOf(s), value: shown(s, s.file) })}
				</Button>
			)}
		</div>
	);
}

function Inputs(p: {
	list: Setting[];
	edits: Edits;
	errors: Errors;
	onChange: (edits: Edits) => void;
}) {
	const changeable = p.list.filter((s) => s.changeable);
	return (
		<>
			{changeable
				.sort((a, b) => placeOf(a) - placeOf(b))
				.map((s) => (
					<Input
						key={s.name}
						s={s}
						edits={p.edits}
						error={p.errors[s.name]}
						onChange={(value) => p.onChange({ ...p.edits, [s.name]: value })}
					/>
				))}
		</>
	);
}

/** A refusal that names its setting stands there, any other on top. */
function place(e: unknown, list: Setting[]): { top: string; at: Errors } {
	const [, name = "", why = ""] =
		/^([a-z_.]+): (.*)$/.exec(e instanceof Problem ? e.detail : "") ?? [];
	if (list.some((s) => s.name === name && s.changeable)) return { top: "", at: { [name]: why } };
	return { top: words(e), at: {} };
}

interface FormProps {
	loaded: Loaded;
	onLoaded: (l: Loaded) => void;
	again: () => Promise<Loaded | null>;
}

function Form(p: FormProps) {
	const { list } = p.loaded;
	const { edits } = typed.value;
	const isTyped = Object.keys(edits).length > 0;
	const etag = isTyped ? typed.value.etag : p.loaded.etag;
	const keep = (e: Edits, of = etag) => {
		typed.value = { edits: e, etag: of };
	};
	const [errors, setErrors] = useState<Errors>({});
	const [top, setTop] = useState("");
	const [stale, setStale] = useState(false);
	const [busy, setBusy] = useState(false);
	const send = async () => {
		const headers = { "If-Match": etag };
		const now = await answered(callRaw("PATCH", "/settings", { body: edits, headers }));
		keep(since(typed.value.edits, edits), now.etag);
		p.onLoaded(now);
		toast(t.set_saved());
	};
	const failed = (e: unknown) => {
		if (e instanceof Problem && e.status === 412) return setStale(true);
		const told = place(e, list);
		setTop(told.top);
		setErrors(told.at);
	};
	const save = async () => {
		const wrong = complaints(list, edits);
		setErrors(wrong);
		setTop(Object.keys(wrong).length > 0 ? t.set_wrong() : "");
		if (Object.keys(wrong).length > 0 || !isTyped) return;
		setBusy(true);
		await send().catch(failed);
		setBusy(false);
	};
	const reload = async () => {
		const now = await p.again();
		if (now === null) return;
		keep(typed.value.edits, now.etag);
		setStale(false);
	};
	const drop = () => {
		keep({});
		setErrors({});
		setTop("");
	};
	return (
		<form
			class="sheetbox stack admin-brand"
			noValidate
			onSubmit={(e) => {
				e.preventDefault();
				if (!busy) void save();
			}}
		>
			{top && <Notice tone="stop" title={top} alert />}
			{stale && (
				<Notice tone="warn" title={t.set_stale()} alert>
					<Button onClick={() => void reload()}>{t.set_stale_load()}</Button>
				</Notice>
			)}
			<Inputs list={list} edits={edits} errors={errors} onChange={keep} />
			<div class="row">
				<Button submit look="primary" busy={busy}>
					{t.save()}
				</Button>
				<Unsaved isTyped={isTyped} onDrop={drop} />
			</div>
		</form>
	);
}

function Value({ s }: { s: Setting }) {
	if (s.value === "set") return <span class="muted">{t.secret_set()}</span>;
	const text = s.value === "" ? "–" : s.value;
	return s.value === s.default ? <span class="mono">{text}</span> : <b class="mono">{text}</b>;
}

function OfTheFile({ list }: { list: Setting[] }) {
	return (
		<Table
			caption={t.set_of_file()}
			rows={list}
			keyOf={(s) => s.name}
			columns={[
				{
					key: "name",
					label: t.setting(),
					cell: (s) => (
						<span>
							<span class="mono b">{s.name}</span>
							<span class="hint" lang="en">
								{s.help}
							</span>
						</span>
					),
				},
				{ key: "value", label: t.value(), cell: (s) => <Value s={s} /> },
				{
					key: "default",
					label: t.default(),
					cell: (s) =>
						s.value === s.default ? (
							<span class="muted">{t.is_default()}</span>
						) : (
							<span class="mono">{s.default || "–"}</span>
						),
				},
			]}
		/>
	);
}

export function Settings() {
	const [loaded, setLoaded] = useState<Loaded | null>(null);
	const [error, setError] = useState<unknown>(null);
	const load = async (): Promise<Loaded | null> => {
		setError(null);
		try {
			const now = await answered(callRaw("GET", "/settings"));
			setLoaded(now);
			return now;
		} catch (e) {
			if (loaded === null) setError(e);
			else toast(words(e), { error: true });
			return null;
		}
	};
	useEffect(() => void load(), []);
	if (loaded === null) return <Loading error={error} again={() => void load()} />;
	return (
		<section class="stack">
			<h2>{t.settings()}</h2>
			<p class="muted">{t.set_text()}</p>
			<Form loaded={loaded} onLoaded={setLoaded} again={load} />
			<h3>{t.set_of_file()}</h3>
			<p class="muted">{t.settings_text()}</p>
			<OfTheFile list={loaded.list.filter((s) => !s.changeable)} />
		</section>
	);
}
