// SPDX-License-Identifier: AGPL-3.0-or-later
// A labelled input with its hint and its error, tied together for screen readers. Controlled:
// value and onInput. `Select`, `TextArea` and `Check` are the same for their elements.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Common {
	label: string;
	hint?: ComponentChildren;
	error?: ComponentChildren;
	name?: string;
	disabled?: boolean;
	required?: boolean;
}

interface Ids {
	id: string;
	"aria-describedby": string | undefined;
	"aria-invalid": true | undefined;
}

/** What stands below a control, where `aria-describedby` finds it. */
export function Told(p: Pick<Common, "hint" | "error"> & { id: string }) {
	return (
		<>
			{p.hint && (
				<p class="hint" id={`${p.id}-h`}>
					{p.hint}
				</p>
			)}
			{p.error && (
				<p class="error" id={`${p.id}-e`}>
					{p.error}
				</p>
			)}
		</>
	);
}

function Frame(p: Common & { control: (ids: Ids) => ComponentChildren }) {
	const id = useId();
	const described = [p.hint ? `${id}-h` : "", p.error ? `${id}-e` : ""].filter(Boolean).join(" ");
	return (
		<div class="fld">
			<label for={id}>{p.label}</label>
			{p.control({
				id,
				"aria-describedby": described || undefined,
				"aria-invalid": p.error ? true : undefined,
			})}
			<Told id={id} hint={p.hint} error={p.error} />
		</div>
	);
}

export interface FieldProps extends Common {
	value: string;
	onInput: (value: string) => void;
	type?: "text" | "email" | "password" | "search" | "date" | "number" | "url" | "color";
	autocomplete?: string;
	inputmode?: "numeric" | "email" | "text";
	placeholder?: string;
	minlength?: number;
	maxlength?: number;
	min?: string;
	max?: string;
	mono?: boolean;
	autofocus?: boolean;
}

// Preact's types know an element per type; here it is one that is chosen at run time.
const kind = (type: FieldProps["type"] = "text") => ({ type }) as { type: "text" };

export function Field(p: FieldProps) {
	return (
		<Frame
			{...p}
			control={(ids) => (
				<input
					{...ids}
					{...kind(p.type)}
					class={p.mono ? "in mono" : "in"}
					name={p.name}
					value={p.value}
					disabled={p.disabled}
					required={p.required}
					autocomplete={p.autocomplete ?? "off"}
					inputMode={p.inputmode}
					placeholder={p.placeholder}
					minLength={p.minlength}
					maxLength={p.maxlength}
					min={p.min}
					max={p.max}
					data-autofocus={p.autofocus || undefined}
					spellcheck={p.mono || p.type === "email" ? false : undefined}
					onInput={(e) => p.onInput(e.currentTarget.value)}
				/>
			)}
		/>
	);
}

export function TextArea(
	p: Common & { value: string; onInput: (v: string) => void; rows?: number; maxlength?: number },
) {
	return (
		<Frame
			{...p}
			control={(ids) => (
				<textarea
					{...ids}
					class="in"
					name={p.name}
					rows={p.rows ?? 4}
					maxLength={p.maxlength}
					disabled={p.disabled}
					required={p.required}
					value={p.value}
					onInput={(e) => p.onInput(e.currentTarget.value)}
				/>
			)}
		/>
	);
}

export interface Choice<V extends string> {
	value: V;
	label: string;
	disabled?: boolean;
}

export function Select<V extends string>(
	p: Common & { value: V; choices: readonly Choice<V>[]; onInput: (v: V) => void },
) {
	return (
		<Frame
			{...p}
			control={(ids) => (
				<select
					{...ids}
					class="in"
					name={p.name}
					disabled={p.disabled}
					value={p.value}
					onChange={(e) => p.onInput(e.currentTarget.value as V)}
				>
					{p.choices.map((c) => (
						<option key={c.value} value={c.value} disabled={c.disabled}>
							{c.label}
						</option>
					))}
				</select>
			)}
		/>
	);
}

export function Check(p: {
	label: ComponentChildren;
	checked: boolean;
	disabled?: boolean;
	onChange: (on: boolean) => void;
}) {
	return (
		<label class="ckl">
			<input
				type="checkbox"
				checked={p.checked}
				disabled={p.disabled}
				onChange={(e) => p.onChange(e.currentTarget.checked)}
			/>
			<span>{p.label}</span>
		</label>
	);
}

/** One of several cards with a plain consequence under each (the methods of a delivery). */
export function Options<V extends string>(p: {
	legend: string;
	name: string;
	value: V;
	options: readonly { value: V; label: string; text?: string; disabled?: boolean }[];
	onInput: (v: V) => void;
}) {
	return (
		<fieldset class="bare stack">
			<legend class="b">{p.legend}</legend>
			{p.options.map((o) => (
				<label class="opt" key={o.value}>
					<input
						type="radio"
						name={p.name}
						value={o.value}
						checked={p.value === o.value}
						disabled={o.disabled}
						onChange={() => p.onInput(o.value)}
					/>
					<span>
						<b>{o.label}</b>
						{o.text && <span class="hint">{o.text}</span>}
					</span>
				</label>
			))}
		</fieldset>
	);
}
