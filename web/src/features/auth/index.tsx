// SPDX-License-Identifier: AGPL-3.0-or-later
// Own account: who one is, password, second factor, and the sessions with a way to end them.
import type { Schema } from "../../api/types";
import { useEffect, useState } from "preact/hooks";
import { get, Problem, remove } from "../../api/client";
import { refreshSession, session, signOut } from "../../api/session";
import { device } from "../../core/agent";
import { dateTime, relative } from "../../core/format";
import { t } from "../../gen/i18n/auth";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { roleName } from "../../ui/role";
import { Skeleton } from "../../ui/Skeleton";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { Form, Password, RecoveryCodes, SecondFactor } from "./parts";
import { setPassword, words } from "./state";

type Entry = Schema<"SessionRow">;

function deviceName(agent: string): string {
	const d = device(agent);
	return d ? t.on(d) : t.unknown_device();
}

function Sessions() {
	const [list, setList] = useState<Entry[] | null>(null);
	const [error, setError] = useState<string | null>(null);
	const load = () => get<Entry[]>("/sessions").then(setList, (e: unknown) => setError(words(e)));
	useEffect(() => void load(), []);
	const end = async (s: Entry) => {
		try {
			await remove(`/sessions/${s.id}`);
			toast(t.session_ended());
			await load();
		} catch (e) {
			toast(words(e), { error: true });
		}
	};
	if (error) return <Notice tone="stop" title={error} alert />;
	if (list === null) return <Skeleton />;
	return (
		<Table
			caption={t.sessions()}
			rows={list}
			keyOf={(s) => s.id}
			columns={[
				{ key: "device", label: t.session_device(), cell: (s) => <b>{deviceName(s.agent)}</b> },
				{
					key: "begun",
					label: t.session_begun(),
					cell: (s) => dateTime(s.created, language.value),
				},
				{ key: "used", label: t.session_used(), cell: (s) => relative(s.used, language.value) },
				{
					key: "end",
					label: t.actions(),
					hideLabel: true,
					number: true,
					cell: (s) =>
						s.current ? (
							<span class="muted">{t.session_this()}</span>
						) : (
							<Button
								label={t.session_end_of({ device: deviceName(s.agent) })}
								onClick={() => void end(s)}
							>
								{t.session_end()}
							</Button>
						),
				},
			]}
		/>
	);
}

function ChangePassword({ onClose }: { onClose: () => void }) {
	const [current, setCurrent] = useState("");
	const [fresh, setFresh] = useState("");
	return (
		<Dialog title={t.change_password()} onClose={onClose}>
			<Form
				action={t.change_password()}
				ready={current !== "" && fresh !== ""}
				onSubmit={async () => {
					try {
						await setPassword({ password: fresh, current });
					} catch (e) {
						if (e instanceof Problem && e.status === 401)
							throw new Problem(401, "wrong-current", "", "", {}, 0);
						throw e;
					}
					toast(t.password_changed());
					onClose();
				}}
			>
				<Password label={t.current_password()} value={current} onInput={setCurrent} autofocus />
				<Password label={t.new_password()} value={fresh} onInput={setFresh} fresh />
			</Form>
		</Dialog>
	);
}

function RenewFactor({ onClose }: { onClose: () => void }) {
	const [codes, setCodes] = useState<string[] | null>(null);
	const finish = () => {
		toast(t.totp_changed());
		onClose();
	};
	return (
		<Dialog
			title={codes ? t.codes_title() : t.totp_title()}
			fixed={codes !== null}
			onClose={onClose}
		>
			{codes ? (
				<RecoveryCodes codes={codes} onDone={finish} />
			) : (
				<SecondFactor
					onDone={(fresh) => {
						setCodes(fresh);
						refreshSession().catch(() => undefined);
					}}
				/>
			)}
		</Dialog>
	);
}

export default function Account() {
	const [open, setOpen] = useState<"password" | "factor" | null>(null);
	const person = session.value?.person;
	if (!person) return null;
	return (
		<div class="main auth-account">
			<div class="row">
				<h1>{t.title()}</h1>
				<span class="sp">
					<Button icon="door" onClick={() => void signOut()}>
						{t.sign_out()}
					</Button>
				</span>
			</div>
			<section class="sheetbox">
				<h2>{person.name}</h2>
				<dl class="facts">
					<dt>{t.address()}</dt>
					<dd>{person.address}</dd>
					<dt>{t.role()}</dt>
					<dd>{roleName(person.role)}</dd>
				</dl>
			</section>
			<section class="sheetbox">
				<h2>{t.security()}</h2>
				<div class="row">
					<Button icon="key" onClick={() => setOpen("password")}>
						{t.change_password()}
					</Button>
					<Button icon="shield" onClick={() => setOpen("factor")}>
						{t.renew_totp()}
					</Button>
				</div>
			</section>
			<section class="sheetbox">
				<h2>{t.sessions()}</h2>
				<Sessions />
			</section>
			{open === "password" && <ChangePassword onClose={() => setOpen(null)} />}
			{open === "factor" && <RenewFactor onClose={() => setOpen(null)} />}
		</div>
	);
}
