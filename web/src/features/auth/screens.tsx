// SPDX-License-Identifier: AGPL-3.0-or-later
// The sign-in screen with all its steps (password, second factor, setting up an access from a
// link), and the two dialogs that ask again over a page, where nothing typed is lost.
import { useEffect, useState } from "preact/hooks";
import { asking, beginning, refreshSession, session } from "../../api/session";
import type { Session } from "../../api/types";
import { t } from "../../gen/i18n/auth";
import { language, setLanguage } from "../../i18n";
import { navigate, place } from "../../router";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Mark } from "../../ui/Icon";
import { Notice } from "../../ui/Verdict";
import { Code, Form, Needed, Password, RecoveryCodes, SecondFactor, useAction } from "./parts";
import { openLink, proveCode, proveRecovery, setPassword, signIn, stepUp, words } from "./state";

const HOME = "/app/sign-in";

function Credentials({ over, address: known }: { over: boolean; address?: string }) {
	const [address, setAddress] = useState(known ?? "");
	const [password, set] = useState("");
	return (
		<Form
			action={t.sign_in()}
			ready={address.trim() !== "" && password !== ""}
			onSubmit={() => signIn(address, password, over)}
		>
			<Needed
				label={t.address()}
				type="email"
				autocomplete="username"
				value={address}
				onInput={setAddress}
				disabled={known !== undefined}
				autofocus={known === undefined}
			/>
			<Password
				label={t.password()}
				value={password}
				onInput={set}
				autofocus={known !== undefined}
			/>
		</Form>
	);
}

function SecondStep({ over }: { over: boolean }) {
	const [code, setCode] = useState("");
	const [recovery, setRecovery] = useState(false);
	const other = (
		<Button look="quiet" onClick={() => setRecovery(!recovery)}>
			{recovery ? t.use_code() : t.use_recovery()}
		</Button>
	);
	return (
		<Form
			action={t.sign_in()}
			ready={code.trim() !== ""}
			beside={other}
			onSubmit={() => (recovery ? proveRecovery(code, over) : proveCode(code, over))}
		>
			{recovery ? (
				<Needed
					label={t.recovery()}
					hint={t.recovery_hint()}
					mono
					autofocus
					value={code}
					onInput={setCode}
				/>
			) : (
				<Code value={code} onInput={setCode} />
			)}
		</Form>
	);
}

function NewPassword({ s, onDone }: { s: Session; onDone: () => void }) {
	const asked = s.needs?.includes("address") ?? s.person.address === "";
	const [password, set] = useState("");
	const [address, setAddress] = useState("");
	const [name, setName] = useState(s.person.name);
	const missing = password === "" || (asked && (address.trim() === "" || name.trim() === ""));
	return (
		<Form
			action={t.continue()}
			ready={!missing}
			onSubmit={async () => {
				await setPassword({
					password,
					...(asked && { address: address.trim(), name: name.trim() }),
				});
				onDone();
			}}
		>
			{asked ? (
				<>
					<Needed label={t.name()} autocomplete="name" value={name} onInput={setName} />
					<Needed
						label={t.address()}
						type="email"
						autocomplete="username"
						hint={t.address_hint()}
						value={address}
						onInput={setAddress}
						autofocus
					/>
				</>
			) : (
				// for password managers: whose password this is
				<input
					class="vh"
					type="email"
					name="username"
					autocomplete="username"
					value={s.person.address}
					readOnly
					tabIndex={-1}
					aria-hidden="true"
				/>
			)}
			<Password label={t.new_password()} value={password} onInput={set} fresh autofocus={!asked} />
		</Form>
	);
}

function Enrol({ s }: { s: Session }) {
	const [passwordSet, setPasswordSet] = useState(s.needs?.includes("password") === false);
	const [codes, setCodes] = useState<string[] | null>(null);
	const step = codes ? 3 : passwordSet ? 2 : 1;
	const { error, run } = useAction();
	const finish = async () => {
		await refreshSession();
		navigate(to("home", {}), { replace: true });
	};
	return (
		<Card
			title={step === 1 ? t.setup_title() : step === 2 ? t.totp_title() : t.codes_title()}
			{...(s.person.address !== "" && {
				text: t.setup_of({ name: s.person.name, address: s.person.address }),
			})}
		>
			<p class="muted s">{t.setup_step({ now: step, all: 3 })}</p>
			{step === 1 && <NewPassword s={s} onDone={() => setPasswordSet(true)} />}
			{step === 2 && <SecondFactor onDone={setCodes} />}
			{error && <Notice tone="stop" title={error} alert />}
			{codes && <RecoveryCodes codes={codes} onDone={() => run(finish)} />}
		</Card>
	);
}

function Card(p: { title: string; text?: string; children: preact.ComponentChildren }) {
	useEffect(() => {
		document.title = `${p.title} · Geleit`;
		document.querySelector<HTMLElement>("main [data-autofocus]")?.focus();
	}, [p.title]);
	return (
		<main class="auth" id="main">
			<div class="auth-card">
				<p class="mark">
					<Mark />
					<span>Geleit</span>
				</p>
				<header class="stack auth-head">
					<h1>{p.title}</h1>
					{p.text && <p class="muted">{p.text}</p>}
				</header>
				{p.children}
			</div>
			<p class="auth-lang">
				<Button look="quiet" onClick={() => setLanguage(language.value === "de" ? "en" : "de")}>
					{language.value === "de" ? "English" : "Deutsch"}
				</Button>
			</p>
		</main>
	);
}

/** The token of a one-time link stands after #, where no log sees it, and is taken away at once. */
function takeToken(): string | null {
	const token = /^#token=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1] ?? null;
	if (token !== null) history.replaceState(null, "", HOME);
	return token;
}

export function SignIn() {
	const [token] = useState(takeToken);
	const [link, setLink] = useState<"none" | "opening" | "done" | "dead">(
		token ? "opening" : "none",
	);
	const [error, setError] = useState("");
	useEffect(() => {
		if (token === null) return;
		openLink(token).then(
			() => setLink("done"),
			(e: unknown) => {
				setError(words(e));
				setLink("dead");
			},
		);
	}, []);
	const s = session.value;
	const signedIn = s?.state === "active" && link !== "opening";
	useEffect(() => {
		if (signedIn && place.value.path === HOME) navigate(to("home", {}), { replace: true });
	}, [signedIn]);

	if (link === "opening" || signedIn) return null;
	if (s?.state === "enrol") return <Enrol s={s} />;
	if (s?.state === "totp")
		return (
			<Card title={t.code_title()} text={s.person.address}>
				<SecondStep over={false} />
			</Card>
		);
	return (
		<Card title={t.sign_in()}>
			{link === "dead" && (
				<Notice tone="warn" title={error} alert>
					{t.link_dead_text()}
				</Notice>
			)}
			<Credentials over={false} />
			<p class="s muted">{t.forgot()}</p>
		</Card>
	);
}

function Again({ done }: { done: (ok: boolean) => void }) {
	const address = session.value?.person.address ?? "";
	const begun = beginning.value;
	const proved = session.value !== undefined && begun === null;
	const [first] = useState(session.value);
	const renewed = proved && session.value !== first;
	useEffect(() => {
		if (renewed) done(true);
	}, [renewed]);
	return (
		<Dialog title={t.again_title()} fixed onClose={() => undefined}>
			<p>{t.again_text()}</p>
			{begun?.state === "totp" ? <SecondStep over /> : <Credentials over address={address} />}
			<p>
				<Button look="quiet" onClick={() => location.assign(to("home", {}))}>
					{t.other_person()}
				</Button>
			</p>
		</Dialog>
	);
}

function StepUp({ done }: { done: (ok: boolean) => void }) {
	const [recovery, setRecovery] = useState(false);
	const [proof, setProof] = useState("");
	const other = (
		<Button
			look="quiet"
			onClick={() => {
				setRecovery(!recovery);
				setProof("");
			}}
		>
			{recovery ? t.use_code() : t.use_recovery()}
		</Button>
	);
	return (
		<Dialog title={t.step_title()} onClose={() => done(false)}>
			<p>{t.step_text()}</p>
			<Form
				action={t.confirm()}
				beside={other}
				ready={proof.trim() !== ""}
				onSubmit={async () => {
					await stepUp(recovery ? { recovery: proof } : { code: proof });
					done(true);
				}}
			>
				{recovery ? (
					<Needed
						label={t.recovery()}
						hint={t.recovery_hint()}
						mono
						value={proof}
						onInput={setProof}
					/>
				) : (
					<Code value={proof} onInput={setProof} />
				)}
			</Form>
		</Dialog>
	);
}

export function AskAgain() {
	const ask = asking.value;
	if (ask === null) return null;
	return ask.kind === "sign-in" ? <Again done={ask.done} /> : <StepUp done={ask.done} />;
}
