// SPDX-License-Identifier: AGPL-3.0-or-later
// The sender's appearance on recipient pages and in mails. What was typed is kept when the
// server refuses it, and while another page is looked at; the server makes the shades that can
// be read.
import type { Schema } from "../../api/types";
import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { patch } from "../../api/client";
import { since } from "../../core/typed";
import { t } from "../../gen/i18n/admin";
import { Button } from "../../ui/Button";
import { Field, TextArea } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { Loading, Unsaved, useData, words } from "./parts";

type Appearance = Schema<"Brand">;

/** undefined: as it is; null: none. */
type NewLogo = { data: string; url: string } | null | undefined;

const typed = signal<Partial<Omit<Appearance, "logo">>>({});
const newLogo = signal<NewLogo>(undefined);

function setLogo(logo: NewLogo) {
	if (newLogo.value) URL.revokeObjectURL(newLogo.value.url);
	newLogo.value = logo;
}

async function readPng(file: File): Promise<{ data: string; url: string }> {
	const bytes = new Uint8Array(await file.arrayBuffer());
	let text = "";
	for (let i = 0; i < bytes.length; i += 8192)
		text += String.fromCharCode(...bytes.subarray(i, i + 8192));
	return { data: btoa(text), url: URL.createObjectURL(file) };
}

function Logo({ now }: { now: string | null }) {
	const input = useRef<HTMLInputElement>(null);
	const [error, setError] = useState("");
	const fresh = newLogo.value;
	const shown = fresh === undefined ? now : (fresh?.url ?? null);
	const choose = (file: File | undefined) => {
		if (!file) return;
		setError(file.type === "image/png" ? "" : t.brand_logo_png());
		if (file.type === "image/png")
			readPng(file).then(setLogo, () => setError(t.brand_logo_unread()));
	};
	return (
		<div class="fld">
			<span class="b">{t.brand_logo()}</span>
			<div class="admin-logo">
				{shown ? (
					<img src={shown} alt={t.brand_logo()} />
				) : (
					<span class="muted">{t.brand_logo_none()}</span>
				)}
			</div>
			<div class="row">
				<input
					ref={input}
					type="file"
					accept="image/png"
					hidden
					onChange={(e) => {
						choose(e.currentTarget.files?.[0]);
						e.currentTarget.value = ""; // else the same file again would be no change
					}}
				/>
				<Button onClick={() => input.current?.click()}>{t.brand_logo_choose()}</Button>
				{shown && (
					<Button look="quiet" onClick={() => setLogo(null)}>
						{t.brand_logo_remove()}
					</Button>
				)}
			</div>
			{error && <p class="error">{error}</p>}
		</div>
	);
}

interface Part {
	b: Appearance;
	change: (part: Partial<Appearance>) => void;
}

function Names({ b, change }: Part) {
	return (
		<>
			<Field label={t.brand_name()} value={b.name} onInput={(name) => change({ name })} required />
			<Field
				label={t.brand_colour()}
				type="color"
				hint={t.brand_colour_hint()}
				value={b.colour}
				onInput={(colour) => change({ colour })}
			/>
		</>
	);
}

function Legal({ b, change }: Part) {
	return (
		<>
			<TextArea
				label={t.brand_imprint()}
				rows={6}
				value={b.imprint}
				onInput={(imprint) => change({ imprint })}
			/>
			<Field
				label={t.brand_privacy()}
				type="url"
				value={b.privacy}
				onInput={(privacy) => change({ privacy })}
			/>
		</>
	);
}

function Form({ now, onSaved }: { now: Appearance; onSaved: (b: Appearance) => void }) {
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const b = { ...now, ...typed.value };
	const change = (part: Partial<Appearance>) => {
		typed.value = { ...typed.value, ...part };
	};
	const isTyped = Object.keys(typed.value).length > 0 || newLogo.value !== undefined;
	const save = async () => {
		if (!isTyped) return;
		setBusy(true);
		setError(null);
		const [sent, logo] = [typed.value, newLogo.value];
		const picture = logo !== undefined && { logo: logo?.data ?? null };
		try {
			onSaved(await patch<Appearance>("/brand", { ...sent, ...picture }));
			typed.value = since(typed.value, sent);
			if (newLogo.value === logo) setLogo(undefined);
			toast(t.brand_saved());
		} catch (e) {
			setError(words(e));
		}
		setBusy(false);
	};
	const drop = () => {
		typed.value = {};
		setLogo(undefined);
	};
	return (
		<form
			class="sheetbox admin-brand"
			onSubmit={(e) => {
				e.preventDefault();
				if (!busy) void save();
			}}
		>
			{error && <Notice tone="stop" title={error} alert />}
			<Names b={b} change={change} />
			<Logo now={now.logo} />
			<Legal b={b} change={change} />
			<div class="row">
				<Button submit look="primary" busy={busy}>
					{t.save()}
				</Button>
				<Unsaved isTyped={isTyped} onDrop={drop} />
			</div>
		</form>
	);
}

export function Brand() {
	const { data, error, load, setData } = useData<Appearance>("/brand");
	if (data === null) return <Loading error={error} again={() => void load()} />;
	return (
		<section class="stack">
			<h2>{t.brand()}</h2>
			<p class="muted">{t.brand_text()}</p>
			<Form now={data} onSaved={setData} />
		</section>
	);
}
