// SPDX-License-Identifier: AGPL-3.0-or-later
// What is changed in the panel: title, class, dates, keywords, notes. A field is saved when it
// is left; title and note when that is asked for, and until then they are kept (drafts.ts).
import type { Schema } from "../../api/types";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { get } from "../../api/client";
import { may } from "../../api/session";
import { dateTime } from "../../core/format";
import { visible } from "../../core/words";
import { focusNeighbour } from "../../dom/focus";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Combobox } from "../../ui/Combobox";
import { Select, TextArea } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toast";
import { tell } from "./acts";
import { type Asset, asset, type Base, type Edit, save, type Saved } from "./asset";
import { draftOf, keepDraft } from "./drafts";
import { CLASSES, className } from "./Filters";

/** How it ended; null: it failed, was told, and the input is to stay. */
async function saved(edit: Edit, base: Base | null = asset.value): Promise<Saved | null> {
	if (base === null) return null;
	try {
		const how = await save(edit, base);
		if (how === "saved") toast(t.saved());
		return how;
	} catch (e) {
		tell(e);
		return null;
	}
}

export function Title({ a }: { a: Asset }) {
	const draft = draftOf(a.asset).title;
	const id = useId();
	const place = useRef<HTMLDivElement>(null);
	/** Begun or ended by hand: another file that is looked at takes no focus. */
	const [byHand, setByHand] = useState(0);
	const isOpen = draft !== undefined;
	useEffect(() => {
		if (byHand > 0) place.current?.querySelector<HTMLElement>("input, button")?.focus();
	}, [isOpen, byHand]);
	const keep = (text: string) =>
		keepDraft(a.asset, { title: { text, etag: draft?.etag ?? a.etag } });
	const begin = () => {
		keep(a.title);
		setByHand(byHand + 1);
	};
	const end = () => {
		keepDraft(a.asset, { title: undefined });
		setByHand(byHand + 1);
	};
	const done = async () => {
		if (!draft) return;
		const title = draft.text.trim();
		const base = { asset: a.asset, etag: draft.etag };
		if (title !== "" && title !== a.title && (await saved({ title }, base)) === null) return;
		if (draftOf(a.asset).title?.text === draft.text) end(); // else more was typed meanwhile
	};
	if (!draft)
		return (
			<div ref={place}>
				<h2 class="library-title">
					<bdi>{visible(a.title)}</bdi>{" "}
					<Button look="quiet" icon="edit" label={t.title_edit()} onClick={begin} />
				</h2>
			</div>
		);
	return (
		<div ref={place}>
			<form
				class="library-title-form"
				onSubmit={(e) => {
					e.preventDefault();
					void done();
				}}
			>
				<label class="vh" for={id}>
					{t.title()}
				</label>
				<input
					id={id}
					class="in"
					value={draft.text}
					maxLength={400}
					onInput={(e) => keep(e.currentTarget.value)}
					onKeyDown={(e) => e.key === "Escape" && end()}
				/>
				<div class="row">
					<Button look="primary" submit>
						{t.save()}
					</Button>
					<Button onClick={end}>{t.cancel()}</Button>
				</div>
			</form>
		</div>
	);
}

const dayOf = (when: string | null) => (when ? when.slice(0, 10) : "");

/** A browser tells every date on the way while a year is typed (0002, 0020, …): only what stands
 * there when the field is left, or with Enter, is meant. */
function DateEdit(p: {
	label: string;
	value: string | null;
	onSave: (v: string | null) => Promise<Saved | null>;
}) {
	const id = useId();
	const [text, setText] = useState<string | null>(null);
	/** Enter saves it, and leaving the field must not do so again. */
	const saving = useRef<string | null>(null);
	useEffect(() => setText(null), [p.value]);
	const done = async (e: Event & { currentTarget: HTMLInputElement }) => {
		const v = e.currentTarget.value;
		if (v === (saving.current ?? dayOf(p.value)) || !e.currentTarget.validity.valid) return;
		saving.current = v;
		if ((await p.onSave(v === "" ? null : v)) === "theirs") setText(null);
		if (saving.current === v) saving.current = null;
	};
	return (
		<div class="fld">
			<label for={id}>{p.label}</label>
			<input
				id={id}
				class="in num"
				type="date"
				min="1900-01-01"
				value={text ?? dayOf(p.value)}
				onInput={(e) => setText(e.currentTarget.value)}
				onBlur={(e) => void done(e)}
				onKeyDown={(e) => e.key === "Enter" && void done(e)}
			/>
		</div>
	);
}

type Keyword = Schema<"Keyword">;

export function KeywordField(p: {
	text: string;
	onText: (text: string) => void;
	onAdd: (label: string) => void;
}) {
	const add = (label: string) => {
		p.onText("");
		p.onAdd(label);
	};
	return (
		<Combobox<Keyword>
			label={t.keyword_add()}
			value={p.text}
			onInput={p.onText}
			onEnter={add}
			onPick={(k) => add(k.label)}
			load={(prefix, signal) => get<Keyword[]>("/keywords", { prefix }, signal)}
			keyOf={(k) => k.label}
			show={(k) => k.label}
		/>
	);
}

function Keywords({ a }: { a: Asset }) {
	return (
		<div class="stack">
			<ul class="row library-words" aria-label={t.keywords()}>
				{a.keywords.map((k) => (
					<li key={k}>
						<button
							type="button"
							class="chip"
							aria-label={t.keyword_remove({ keyword: k })}
							onClick={(e) => {
								focusNeighbour(e.currentTarget.closest(".stack"));
								void saved({ remove_keywords: [k] });
							}}
						>
							{k} <Icon name="close" />
						</button>
					</li>
				))}
			</ul>
			<KeywordField
				text={draftOf(a.asset).keyword ?? ""}
				onText={(keyword) => keepDraft(a.asset, { keyword })}
				onAdd={(k) => void saved({ keywords: [k] })}
			/>
		</div>
	);
}

function Notes({ a }: { a: Asset }) {
	const text = draftOf(a.asset).note ?? "";
	const add = async () => {
		const note = text.trim();
		if (note === "" || (await saved({ note })) !== "saved") return;
		if (draftOf(a.asset).note === text) keepDraft(a.asset, { note: "" });
	};
	return (
		<div class="stack">
			<ul class="library-notes s">
				{a.notes.map((n) => (
					<li key={n.id}>
						<p>{n.text}</p>
						<p class="muted">
							{n.author} · {dateTime(n.at, language.value)}
						</p>
					</li>
				))}
			</ul>
			{may("edit") && (
				<>
					<TextArea
						label={t.note_new()}
						rows={2}
						maxlength={8000}
						value={text}
						onInput={(note) => keepDraft(a.asset, { note })}
					/>
					{text.trim() !== "" && <Button onClick={() => void add()}>{t.note_add()}</Button>}
				</>
			)}
		</div>
	);
}

function Read({ a }: { a: Asset }) {
	return (
		<dl class="facts">
			<dt>{t.class()}</dt>
			<dd>{className(a.class)}</dd>
			<dt>{t.keywords()}</dt>
			<dd>{a.keywords.join(", ") || "–"}</dd>
		</dl>
	);
}

/** Shows what was chosen while it is saved, and what holds when that was refused. */
function Class({ a }: { a: Asset }) {
	const [chosen, choose] = useState<Asset["class"] | null>(null);
	return (
		<Select
			label={t.class()}
			value={chosen ?? a.class}
			choices={CLASSES.map((c) => ({ value: c, label: className(c) }))}
			onInput={(v) => {
				choose(v);
				void saved({ class: v }).then(() => choose((now) => (now === v ? null : now)));
			}}
		/>
	);
}

export function Edits({ a }: { a: Asset }) {
	if (!may("edit") || a.trashed)
		return (
			<>
				<Read a={a} />
				<Notes a={a} />
			</>
		);
	return (
		<>
			<Class a={a} />
			<div class="library-dates">
				<DateEdit label={t.embargo()} value={a.embargo} onSave={(embargo) => saved({ embargo })} />
				<DateEdit label={t.expires()} value={a.expires} onSave={(expires) => saved({ expires })} />
			</div>
			<Keywords a={a} />
			<h3>{t.notes()}</h3>
			<Notes a={a} />
		</>
	);
}
