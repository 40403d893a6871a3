// SPDX-License-Identifier: AGPL-3.0-or-later
// The sender's appearance on recipient pages and in mails. What was typed is kept when the
// server refuses it; the server makes the shades that can be read.
import { useRef, useState } from "preact/hooks";
import { patch } from "../../api/client";
import { t } from "../../gen/i18n/admin";
import { Button } from "../../ui/Button";
import { Field, TextArea } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { Loading, useData, words } from "./parts";

interface Appearance {
	name: string;
	colour: string;
	logo: string | null;
	imprint: string;
	privacy: string;
}

/** undefined: as it is; null: none. */
type NewLogo = { data: string; url: string } | null | undefined;

async function readPng(file: File): Promise<{ data: string; url: string }> {
	const bytes = new Uint8Array(await file.arrayBuffer());
	let text = "";
	for (let i = 0; i < bytes.length; i += 8192)
		text += String.fromCharCode(...bytes.subarray(i, i + 8192));
	return { data: btoa(text), url: URL.createObjectURL(file) };
}

function Logo(p: { now: string | null; fresh: NewLogo; onChange: (logo: NewLogo) => void }) {
	const input = useRef<HTMLInputElement>(null);
	const [error, setError] = useState("");
	const shown = p.fresh === undefined ? p.now : (p.fresh?.url ?? null);
	const choose = async (file: File | undefined) => {
		if (!file) return;
		setError(file.type === "image/png" ? "" : t.brand_logo_png());
		if (file.type === "image/png") p.onChange(await readPng(file));
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
					onChange={(e) => void choose(e.currentTarget.files?.[0])}
				/>
				<Button onClick={() => input.current?.click()}>{t.brand_logo_choose()}</Button>
				{shown && (
					<Button look="quiet" onClick={() => p.onChange(null)}>
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

function Form({ start }: { start: Appearance }) {
	const [b, set] = useState(start);
	const [logo, setLogo] = useState<NewLogo>(undefined);
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const change = (part: Partial<Appearance>) => set({ ...b, ...part });
	const save = async () => {
		setBusy(true);
		setError(null);
		const { name, colour, imprint, privacy } = b;
		const picture = logo !== undefined && { logo: logo?.data ?? null };
		try {
			set(await patch<Appearance>("/brand", { name, colour, imprint, privacy, ...picture }));
			setLogo(undefined);
			toast(t.brand_saved());
		} catch (e) {
			setError(words(e));
		}
		setBusy(false);
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
			<Logo now={b.logo} fresh={logo} onChange={setLogo} />
			<Legal b={b} change={change} />
			<div class="row">
				<Button submit look="primary" busy={busy}>
					{t.save()}
				</Button>
			</div>
		</form>
	);
}

export function Brand() {
	const { data, error, load } = useData<Appearance>("/brand");
	if (data === null) return <Loading error={error} again={() => void load()} />;
	return (
		<section class="stack">
			<h2>{t.brand()}</h2>
			<p class="muted">{t.brand_text()}</p>
			<Form start={data} />
		</section>
	);
}
