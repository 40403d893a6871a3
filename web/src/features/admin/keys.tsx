// SPDX-License-Identifier: AGPL-3.0-or-later
// API keys: who has which, when it was last used, make one (its secret is shown once), end one.
import { useState } from "preact/hooks";
import { post, remove } from "../../api/client";
import type { Scope, Schema } from "../../api/types";
import { date, relative } from "../../core/format";
import { t } from "../../gen/i18n/admin";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Check, Field } from "../../ui/Field";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { FormDialog, Loading, SCOPES, scopeName, Secret, useData, words } from "./parts";

type Key = Schema<"KeyRow">;

function Create(p: { onClose: () => void; onDone: (secret: string) => void }) {
	const [name, setName] = useState("");
	const [scopes, setScopes] = useState<readonly Scope[]>(["read"]);
	const toggle = (s: Scope, on: boolean) =>
		setScopes(SCOPES.filter((x) => (x === s ? on : scopes.includes(x))));
	const create = async () =>
		p.onDone((await post<{ key: string }>("/keys", { name: name.trim(), scopes })).key);
	return (
		<FormDialog title={t.key_new()} action={t.key_new()} onSubmit={create} onClose={p.onClose}>
			<Field
				label={t.key_name()}
				hint={t.key_name_hint()}
				value={name}
				onInput={setName}
				required
				autofocus
			/>
			<fieldset class="bare">
				<legend class="b">{t.key_scopes()}</legend>
				<div class="admin-scopes">
					{SCOPES.map((s) => (
						<Check
							key={s}
							label={scopeName(s)}
							checked={scopes.includes(s)}
							onChange={(on) => toggle(s, on)}
						/>
					))}
				</div>
			</fieldset>
		</FormDialog>
	);
}

/** Asked first; true when it has ended. */
async function end(k: Key): Promise<boolean> {
	const sure = await confirm({
		title: t.key_end_title({ name: k.name }),
		text: t.key_end_text(),
		action: t.key_end(),
		danger: true,
	});
	if (!sure) return false;
	await remove(`/keys/${k.id}`);
	return true;
}

function End({ k, onEnd }: { k: Key; onEnd: (k: Key) => void }) {
	if (k.revoked) return <span class="muted">{t.key_ended()}</span>;
	return (
		<Button label={`${t.key_end()}: ${k.name}`} onClick={() => onEnd(k)}>
			{t.key_end()}
		</Button>
	);
}

const columns = (onEnd: (k: Key) => void): Column<Key>[] => [
	{ key: "name", label: t.key_name(), cell: (k) => <b>{k.name}</b> },
	{ key: "scopes", label: t.key_scopes(), cell: (k) => k.scopes.map(scopeName).join(", ") },
	{ key: "owner", label: t.key_owner(), cell: (k) => k.owner },
	{ key: "created", label: t.key_created(), cell: (k) => date(k.created, language.value) },
	{
		key: "used",
		label: t.key_used(),
		cell: (k) => (k.used ? relative(k.used, language.value) : t.never()),
	},
	{
		key: "end",
		label: t.actions(),
		hideLabel: true,
		number: true,
		cell: (k) => <End k={k} onEnd={onEnd} />,
	},
];

export function Keys() {
	const { data, error, load } = useData<Key[]>("/keys");
	const [creating, setCreating] = useState(false);
	const [secret, setSecret] = useState<string | null>(null);
	const ask = (k: Key) => {
		end(k)
			.then((ended) => (ended ? load() : undefined))
			.catch((e: unknown) => toast(words(e), { error: true }));
	};
	if (data === null) return <Loading error={error} again={() => void load()} />;
	return (
		<section class="stack">
			<div class="row">
				<h2>{t.keys()}</h2>
				<span class="sp">
					<Button look="primary" icon="plus" onClick={() => setCreating(true)}>
						{t.key_new()}
					</Button>
				</span>
			</div>
			{data.length === 0 && <Empty icon="key" title={t.keys_empty()} />}
			{data.length > 0 && (
				<Table caption={t.keys()} rows={data} keyOf={(k) => k.id} columns={columns(ask)} />
			)}
			{creating && (
				<Create
					onClose={() => setCreating(false)}
					onDone={(made) => {
						setSecret(made);
						void load();
					}}
				/>
			)}
			{secret !== null && (
				<Secret
					title={t.key_secret_title()}
					text={t.key_secret_text()}
					secret={secret}
					copy={t.key_copy()}
					onClose={() => setSecret(null)}
				/>
			)}
		</section>
	);
}
