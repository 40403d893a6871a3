// SPDX-License-Identifier: AGPL-3.0-or-later
// People: invite, name and role, close and open an access, a new access link. A change of role
// and everything that ends an access is asked about; the server asks for a fresh proof.
import { useState } from "preact/hooks";
import { patch, post } from "../../api/client";
import { session } from "../../api/session";
import type { Role, Schema } from "../../api/types";
import { relative } from "../../core/format";
import { t } from "../../gen/i18n/admin";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { confirm } from "../../ui/Dialog";
import { Field, Options } from "../../ui/Field";
import { Menu, type MenuItem } from "../../ui/Menu";
import { roleName } from "../../ui/role";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { Tag } from "../../ui/Verdict";
import { FormDialog, Loading, ROLES, roleText, Secret, useData, words } from "./parts";

export type Person = Schema<"PersonRow">;

function State({ p }: { p: Person }) {
	if (p.disabled) return <Tag tone="stop">{t.state_disabled()}</Tag>;
	if (p.state === "invited") return <Tag tone="info">{t.state_invited()}</Tag>;
	return <Tag tone="ok">{t.state_active()}</Tag>;
}

function RoleChoice(p: { value: Role; onInput: (r: Role) => void }) {
	return (
		<Options
			legend={t.role()}
			name="role"
			value={p.value}
			onInput={p.onInput}
			options={ROLES.map((r) => ({ value: r, label: roleName(r), text: roleText(r) }))}
		/>
	);
}

function Invite(p: { onClose: () => void; onDone: (link: string | null) => void }) {
	const [name, setName] = useState("");
	const [address, setAddress] = useState("");
	const [role, setRole] = useState<Role>("sender");
	const invite = async () => {
		const answer = await post<{ link: string | null }>("/people", {
			name: name.trim(),
			address: address.trim(),
			role,
		});
		toast(t.invited({ name: name.trim() }));
		p.onDone(answer.link);
	};
	return (
		<FormDialog title={t.invite()} action={t.invite_action()} onSubmit={invite} onClose={p.onClose}>
			<Field label={t.name()} value={name} onInput={setName} required autofocus />
			<Field label={t.address()} type="email" value={address} onInput={setAddress} required />
			<RoleChoice value={role} onInput={setRole} />
		</FormDialog>
	);
}

function Edit(p: { person: Person; onClose: () => void; onDone: () => void }) {
	const [name, setName] = useState(p.person.name);
	const [role, setRole] = useState(p.person.role);
	const save = async () => {
		const question = { name: p.person.name, role: roleName(role) };
		const sure =
			role === p.person.role ||
			(await confirm({
				title: t.role_question({ name: question.name }),
				text: role === "viewer" ? t.role_question_stops(question) : t.role_question_text(question),
				action: t.role_action(),
			}));
		if (!sure) return false;
		await patch(`/people/${p.person.id}`, { name: name.trim(), role });
		toast(t.changed());
		return p.onDone();
	};
	return (
		<FormDialog
			title={t.edit_title({ name: p.person.name })}
			action={t.save()}
			onSubmit={save}
			onClose={p.onClose}
		>
			<Field label={t.name()} value={name} onInput={setName} required autofocus />
			<RoleChoice value={role} onInput={setRole} />
		</FormDialog>
	);
}

async function setDisabled(p: Person, disabled: boolean): Promise<boolean> {
	const sure =
		!disabled ||
		(await confirm({
			title: t.disable_title({ name: p.name }),
			text: t.disable_text(),
			action: t.disable_action(),
			danger: true,
		}));
	if (!sure) return false;
	await patch(`/people/${p.id}`, { disabled });
	toast(disabled ? t.disabled_done() : t.enabled_done());
	return true;
}

async function reset(p: Person): Promise<{ link: string | null } | null> {
	const sure = await confirm({
		title: t.reset_title({ name: p.name }),
		text: t.reset_text(),
		action: t.reset_action(),
		danger: true,
	});
	if (!sure) return null;
	const answer = await post<{ link: string | null }>(`/people/${p.id}/reset`);
	if (answer.link === null) toast(t.reset_done());
	return answer;
}

interface Hands {
	edit: (p: Person) => void;
	/** a new link to sign in with */
	show: (link: string | null) => void;
	/** told when it fails; the list is read again */
	act: (f: () => Promise<unknown>) => void;
}

const closedItems = (p: Person, h: Hands): MenuItem[] => [
	{ label: t.enable(), icon: "check", onSelect: () => h.act(() => setDisabled(p, false)) },
];

const openItems = (p: Person, h: Hands): MenuItem[] => [
	{
		label: t.reset(),
		icon: "key",
		onSelect: () => h.act(async () => h.show((await reset(p))?.link ?? null)),
	},
	{
		label: t.disable(),
		icon: "stop",
		danger: true,
		onSelect: () => h.act(() => setDisabled(p, true)),
	},
];

function Actions({ p, h }: { p: Person; h: Hands }) {
	const items: MenuItem[] = [
		{ label: t.edit(), icon: "edit", onSelect: () => h.edit(p) },
		...(p.disabled ? closedItems(p, h) : openItems(p, h)),
	];
	return (
		<Menu label={t.actions_of({ name: p.name })} icon="more" class="btn q i" end items={items} />
	);
}

function Name({ p }: { p: Person }) {
	return (
		<span>
			<b>{p.name}</b>
			{p.id === session.value?.person.id && <span class="muted"> ({t.you()})</span>}
		</span>
	);
}

const columns = (h: Hands): Column<Person>[] => [
	{ key: "name", label: t.name(), cell: (p) => <Name p={p} /> },
	{ key: "address", label: t.address(), cell: (p) => p.address || "–" },
	{ key: "role", label: t.role(), cell: (p) => roleName(p.role) },
	{ key: "state", label: t.state(), cell: (p) => <State p={p} /> },
	{
		key: "last",
		label: t.last_sign_in(),
		cell: (p) => (p.last_sign_in ? relative(p.last_sign_in, language.value) : t.never()),
	},
	{
		key: "actions",
		label: t.actions(),
		hideLabel: true,
		number: true,
		cell: (p) => <Actions p={p} h={h} />,
	},
];

export function People() {
	const { data, error, load } = useData<Person[]>("/people");
	const [open, setOpen] = useState<"invite" | Person | null>(null);
	const [link, setLink] = useState<string | null>(null);
	const hands: Hands = {
		edit: setOpen,
		show: setLink,
		act: (f) => {
			f().then(load, (e: unknown) => toast(words(e), { error: true }));
		},
	};
	if (data === null) return <Loading error={error} again={() => void load()} />;
	return (
		<section class="stack">
			<div class="row">
				<h2>{t.people()}</h2>
				<span class="sp">
					<Button look="primary" icon="plus" onClick={() => setOpen("invite")}>
						{t.invite()}
					</Button>
				</span>
			</div>
			<Table caption={t.people()} rows={data} keyOf={(p) => p.id} columns={columns(hands)} />
			{open === "invite" && (
				<Invite
					onClose={() => setOpen(null)}
					onDone={(made) => {
						setLink(made);
						void load();
					}}
				/>
			)}
			{open !== null && open !== "invite" && (
				<Edit person={open} onClose={() => setOpen(null)} onDone={() => void load()} />
			)}
			{link !== null && (
				<Secret
					title={t.link_title()}
					text={t.link_text()}
					secret={link}
					copy={t.link_copy()}
					onClose={() => setLink(null)}
				/>
			)}
		</section>
	);
}
