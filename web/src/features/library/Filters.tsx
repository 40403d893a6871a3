// SPDX-License-Identifier: AGPL-3.0-or-later
// The line of chips: what narrows the listing. A filter that is on stands first and has a cross.
import { useEffect, useId, useState } from "preact/hooks";
import { get } from "../../api/client";
import { whenIdle } from "../../dom/idle";
import { focusNeighbour } from "../../dom/focus";
import { t } from "../../gen/i18n/library";
import { setQuery } from "../../router";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { type Filters as F, filters } from "./state";

type Key = "q" | "state" | "type" | "class" | "keyword";

type Words = Record<string, (() => string) | undefined>;

export const stateName = (s: string) =>
	(
		({
			sendable: t.sendable,
			cleared: t.state_cleared,
			conditions: t.state_conditions,
			in_review: t.state_in_review,
			draft: t.state_draft,
			blocked: t.state_blocked,
			expired: t.state_expired,
		}) as Words
	)[s]?.() ?? s;
const typeName = (s: string) =>
	(
		({
			image: t.type_image,
			document: t.type_document,
			video: t.type_video,
			audio: t.type_audio,
			other: t.type_other,
		}) as Words
	)[s]?.() ?? s;
export const className = (s: string) =>
	(
		({
			public: t.class_public,
			internal: t.class_internal,
			confidential: t.class_confidential,
		}) as Words
	)[s]?.() ?? s;

const STATES = ["cleared", "conditions", "in_review", "draft", "blocked", "expired"];
const TYPES = ["image", "document", "video", "audio", "other"];
export const CLASSES = ["public", "internal", "confidential"] as const;

/** The chip goes, by which it was set or taken off. */
function set(key: Key, value: string | null) {
	focusNeighbour(document.activeElement?.closest(".fac") ?? null);
	setQuery({ [key]: value, file: null }, { push: true });
}

function words(key: Key, value: string): string {
	if (key === "state") return stateName(value);
	if (key === "type") return typeName(value);
	if (key === "class") return className(value);
	if (key === "keyword") return t.keyword_is({ keyword: value });
	return t.search_is({ q: value });
}

function On({ name, value }: { name: Key; value: string }) {
	return (
		<button
			type="button"
			class="chip on"
			aria-label={t.filter_off({ filter: words(name, value) })}
			onClick={() => set(name, null)}
		>
			{words(name, value)} <Icon name="close" />
		</button>
	);
}

function Choose(p: { name: Key; label: string; values: readonly string[] }) {
	return (
		<Menu
			class="chip"
			label={p.label}
			items={p.values.map((v) => ({
				label: p.name === "keyword" ? v : words(p.name, v),
				onSelect: () => set(p.name, v),
			}))}
		/>
	);
}

function useKeywords(): string[] {
	const [list, set_] = useState<string[]>([]);
	useEffect(() => {
		const ask = () =>
			get<{ label: string; count: number }[]>("/keywords").then(
				(k) => set_(k.map((e) => e.label)),
				() => undefined,
			);
		whenIdle(() => void ask());
	}, []);
	return list;
}

const KEYS: readonly Key[] = ["q", "state", "type", "class", "keyword"];

/** On a phone they stand behind one button, which says how many are on. */
export function Filters() {
	const f: F = filters.value;
	const keywords = useKeywords();
	const on = KEYS.filter((k) => f[k] !== "");
	const [open, setOpen] = useState(false);
	const id = useId();
	return (
		<>
			<button
				type="button"
				class={on.length > 0 ? "chip on library-filters" : "chip library-filters"}
				aria-expanded={open}
				aria-controls={id}
				onClick={() => setOpen(!open)}
			>
				{on.length > 0 ? t.filters_on({ n: on.length }) : t.filters()}
				<Icon name={open ? "up" : "down"} />
			</button>
			<div id={id} class={open ? "row fac open" : "row fac"} role="group" aria-label={t.filters()}>
				{on.map((k) => (
					<On key={k} name={k} value={f[k]} />
				))}
				{f.state === "" && (
					<button type="button" class="chip" onClick={() => set("state", "sendable")}>
						{t.sendable()}
					</button>
				)}
				{f.state === "" && <Choose name="state" label={t.release()} values={STATES} />}
				{f.type === "" && <Choose name="type" label={t.type()} values={TYPES} />}
				{f.class === "" && <Choose name="class" label={t.class()} values={CLASSES} />}
				{f.keyword === "" && keywords.length > 0 && (
					<Choose name="keyword" label={t.keyword()} values={keywords} />
				)}
			</div>
		</>
	);
}

const SORTS = ["newest", "oldest", "name"] as const;
const sortName = (s: string) =>
	(({ newest: t.sort_newest, oldest: t.sort_oldest, name: t.sort_name }) as Words)[s]?.() ?? s;

export function Sort() {
	const now = filters.value.sort;
	return (
		<Menu
			class="chip"
			end
			label={t.sort_by({ sort: sortName(now) })}
			items={SORTS.map((s) => ({
				label: sortName(s),
				checked: s === now,
				onSelect: () => setQuery({ sort: s === "newest" ? null : s }),
			}))}
		>
			{sortName(now)}
			<Icon name="down" />
		</Menu>
	);
}
