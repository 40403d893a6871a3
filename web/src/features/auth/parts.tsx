// SPDX-License-Identifier: AGPL-3.0-or-later
// Parts that sign-in, enrolment and the account share: a form with one action, the password
// field, the code field, the second factor with its QR code, the recovery codes.
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { QUIET, qrPath } from "../../core/qr";
import { t } from "../../gen/i18n/auth";
import { Button } from "../../ui/Button";
import { Check, Field, type FieldProps } from "../../ui/Field";
import { Notice } from "../../ui/Verdict";
import { type TotpSetup, totpConfirm, totpSetup, words } from "./state";

/** Runs an action once at a time and keeps its refusal. */
export function useAction(): {
	busy: boolean;
	error: string | null;
	run: (f: () => Promise<unknown>) => void;
} {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<string | null>(null);
	const run = (f: () => Promise<unknown>) => {
		if (busy) return;
		setBusy(true);
		setError(null);
		f()
			.catch((e: unknown) => setError(words(e)))
			.finally(() => setBusy(false));
	};
	return { busy, error, run };
}

/** Whether the form was to be sent: from then on an empty field says so. */
const Tried = createContext(false);

/** A field that must not be empty. */
export function Needed(p: FieldProps) {
	const isEmpty = useContext(Tried) && p.value.trim() === "";
	return <Field {...p} required error={isEmpty ? t.empty() : p.error} />;
}

/** Its fields are Needed; ready: they are filled in. */
export function Form(p: {
	onSubmit: () => Promise<unknown>;
	action: string;
	children: ComponentChildren;
	beside?: ComponentChildren;
	ready: boolean;
}) {
	const { busy, error, run } = useAction();
	const form = useRef<HTMLFormElement>(null);
	const [tries, setTries] = useState(0);
	useEffect(() => {
		if (tries > 0) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
	}, [tries]);
	return (
		<form
			ref={form}
			class="stack auth-form"
			noValidate
			onSubmit={(e) => {
				e.preventDefault();
				if (p.ready) run(p.onSubmit);
				else setTries(tries + 1);
			}}
		>
			{error && <Notice tone="stop" title={error} alert />}
			<Tried.Provider value={tries > 0}>{p.children}</Tried.Provider>
			<div class="row">
				<Button submit look="primary" busy={busy}>
					{p.action}
				</Button>
				{p.beside}
			</div>
		</form>
	);
}

export function Password(p: {
	label: string;
	value: string;
	onInput: (v: string) => void;
	fresh?: boolean;
	autofocus?: boolean;
}) {
	const [shown, show] = useState(false);
	return (
		<div class="auth-password">
			<Needed
				label={p.label}
				type={shown ? "text" : "password"}
				autocomplete={p.fresh ? "new-password" : "current-password"}
				hint={p.fresh ? t.new_password_hint() : undefined}
				value={p.value}
				onInput={p.onInput}
				autofocus={p.autofocus === true}
			/>
			<Check label={t.show_password()} checked={shown} onChange={show} />
		</div>
	);
}

export function Code({ value, onInput }: { value: string; onInput: (v: string) => void }) {
	return (
		<Needed
			label={t.code()}
			hint={t.code_hint()}
			autocomplete="one-time-code"
			inputmode="numeric"
			maxlength={9}
			mono
			autofocus
			value={value}
			onInput={onInput}
		/>
	);
}

function Qr({ rows }: { rows: number[][] }) {
	const size = rows.length + 2 * QUIET;
	return (
		<svg class="auth-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t.totp_qr()}>
			<path class="auth-paper" d={`M0 0h${size}v${size}h-${size}z`} />
			<path class="auth-ink" d={qrPath(rows)} />
		</svg>
	);
}

const grouped = (secret: string) => secret.replace(/(.{4})(?=.)/g, "$1 ");

/** Shows the secret, takes the first code, gives the recovery codes on. */
export function SecondFactor({ onDone }: { onDone: (codes: string[]) => void }) {
	const [setup, setSetup] = useState<TotpSetup | null>(null);
	const [code, setCode] = useState("");
	const begin = useAction();
	useEffect(() => begin.run(async () => setSetup(await totpSetup())), []);
	if (begin.error)
		return (
			<Notice tone="stop" title={begin.error} alert>
				<Button onClick={() => begin.run(async () => setSetup(await totpSetup()))}>
					{t.continue()}
				</Button>
			</Notice>
		);
	if (setup === null) return null;
	return (
		<Form
			action={t.confirm()}
			ready={code.trim() !== ""}
			onSubmit={async () => onDone((await totpConfirm(code)).recovery_codes)}
		>
			<p>{t.totp_text()}</p>
			<div class="auth-totp">
				<Qr rows={setup.qr} />
				<details>
					<summary>{t.totp_secret()}</summary>
					<p class="mono auth-secret">{grouped(setup.secret)}</p>
				</details>
			</div>
			<Code value={code} onInput={setCode} />
		</Form>
	);
}

function saveText(name: string, text: string) {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
	const [kept, setKept] = useState(false);
	const [copied, setCopied] = useState(false);
	const text = `${codes.join("\n")}\n`;
	return (
		<div class="stack">
			<p>{t.codes_text()}</p>
			<ul class="auth-codes mono">
				{codes.map((c) => (
					<li key={c}>{c}</li>
				))}
			</ul>
			<div class="row">
				<Button
					icon="copy"
					onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
				>
					{t.codes_copy()}
				</Button>
				<Button icon="download" onClick={() => saveText("geleit-codes.txt", text)}>
					{t.codes_save()}
				</Button>
				<span role="status" class="muted s">
					{copied ? t.copied() : ""}
				</span>
			</div>
			<Check label={t.codes_kept()} checked={kept} onChange={setKept} />
			<div class="row">
				<Button look="primary" disabled={!kept} onClick={onDone}>
					{t.continue()}
				</Button>
			</div>
		</div>
	);
}
