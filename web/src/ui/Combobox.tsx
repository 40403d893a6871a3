// SPDX-License-Identifier: AGPL-3.0-or-later
// A text field with suggestions (ARIA combobox, list): what is typed always counts, a
// suggestion is taken with Enter or a click. `load` is asked 150 ms after the last key; an
// older answer never overtakes a newer one.
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { placeBeside } from "../dom/anchor";
import { Told } from "./Field";

export interface ComboboxProps<T> {
	label: string;
	hideLabel?: boolean;
	value: string;
	onInput: (text: string) => void;
	/** Enter or comma on typed text, without a suggestion chosen */
	onEnter?: (text: string) => void;
	onPick: (item: T) => void;
	load: (text: string, signal: AbortSignal) => Promise<T[]>;
	keyOf: (item: T) => string;
	show: (item: T) => ComponentChildren;
	placeholder?: string;
	hint?: string;
	error?: ComponentChildren;
	type?: "text" | "email" | "search";
	class?: string;
}

/** Asks for what fits `asked` and gives it to `take`; null: nothing is asked. */
function useFound<T>(asked: string | null, load: ComboboxProps<T>["load"], take: (l: T[]) => void) {
	useEffect(() => {
		if (asked === null) return;
		const stop = new AbortController();
		const timer = setTimeout(() => {
			load(asked, stop.signal).then(
				(found) => stop.signal.aborted || take(found),
				() => undefined,
			);
		}, 150);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [asked]);
}

interface ListProps<T> {
	p: ComboboxProps<T>;
	id: string;
	items: readonly T[];
	at: number;
	beside: RefObject<HTMLInputElement | null>;
	pick: (item: T) => void;
}

function List<T>({ p, id, items, at, beside, pick }: ListProps<T>) {
	const list = useRef<HTMLUListElement>(null);
	useEffect(() => {
		if (!list.current || !beside.current) return;
		if (items.length > 0) {
			if (!list.current.matches(":popover-open")) list.current.showPopover();
			placeBeside(list.current, beside.current);
		} else if (list.current.matches(":popover-open")) list.current.hidePopover();
	}, [items]);
	return (
		<ul ref={list} id={`${id}-l`} class="menu" role="listbox" aria-label={p.label} popover="manual">
			{items.map((item, i) => (
				<li
					key={p.keyOf(item)}
					id={`${id}-${i}`}
					class="mi"
					role="option"
					aria-selected={i === at}
					onMouseDown={(e) => {
						e.preventDefault();
						pick(item);
					}}
				>
					{p.show(item)}
				</li>
			))}
		</ul>
	);
}

/** Which suggestions are there, which one the keys are at, and what a key does. */
function useHands<T>(p: ComboboxProps<T>) {
	const [items, setItems] = useState<T[]>([]);
	const [at, setAt] = useState(-1);
	const [asked, setAsked] = useState<string | null>(null);
	const open = items.length > 0;
	useFound(asked, p.load, (found) => {
		setItems(found);
		setAt(-1);
	});
	const close = () => {
		setItems([]);
		setAsked(null);
		setAt(-1);
	};
	const pick = (item: T) => {
		close();
		p.onPick(item);
	};
	const key = (e: KeyboardEvent) => {
		const chosen = items[at];
		if (e.key === "ArrowDown" && open) setAt((at + 1) % items.length);
		else if (e.key === "ArrowUp" && open) setAt(at <= 0 ? items.length - 1 : at - 1);
		else if (e.key === "ArrowDown") setAsked(p.value);
		else if (e.key === "Enter" && chosen !== undefined) pick(chosen);
		else if ((e.key === "Enter" || e.key === ",") && p.onEnter && p.value.trim() !== "") {
			close();
			p.onEnter(p.value.trim());
		} else if (e.key === "Escape" && open) {
			close();
			e.stopPropagation();
		} else return;
		e.preventDefault();
	};
	return { items, at, open, setAsked, close, pick, key };
}

export function Combobox<T>(p: ComboboxProps<T>) {
	const id = useId();
	const input = useRef<HTMLInputElement>(null);
	const { items, at, open, setAsked, close, pick, key } = useHands(p);
	return (
		<div class={`fld ${p.class ?? ""}`}>
			<label for={id} class={p.hideLabel ? "vh" : undefined}>
				{p.label}
			</label>
			<input
				ref={input}
				id={id}
				class="in"
				type="text"
				inputMode={p.type ?? "text"}
				role="combobox"
				autocomplete="off"
				spellcheck={false}
				aria-autocomplete="list"
				aria-expanded={open}
				aria-controls={`${id}-l`}
				aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
				aria-describedby={p.error ? `${id}-e` : p.hint ? `${id}-h` : undefined}
				aria-invalid={p.error ? true : undefined}
				placeholder={p.placeholder}
				value={p.value}
				onInput={(e) => {
					p.onInput(e.currentTarget.value);
					setAsked(e.currentTarget.value);
				}}
				onKeyDown={key}
				onBlur={close}
			/>
			<List p={p} id={id} items={items} at={at} beside={input} pick={pick} />
			<Told id={id} hint={p.hint} error={p.error} />
		</div>
	);
}
