// SPDX-License-Identifier: AGPL-3.0-or-later
// What the sections of administration share: loading a list with its failure, refusals in
// words, a secret that is shown once, the names of roles and scopes.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get, Problem } from "../../api/client";
import type { Role, Scope } from "../../api/types";
import { focusNeighbour } from "../../dom/focus";
import { t } from "../../gen/i18n/admin";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";

export const ROLES: readonly Role[] = ["viewer", "sender", "editor", "administrator"];
export const SCOPES: readonly Scope[] = [
	"read",
	"upload",
	"edit",
	"release",
	"send",
	"outbox",
	"admin",
];

export const roleText = (role: Role) => t[`role_${role}_text`]();
export const scopeName = (scope: Scope | "all") => t[`scope_${scope}`]();

export function words(e: unknown): string {
	const code = e instanceof Problem ? e.code : "?";
	if (code === "last-administrator") return t.last_administrator();
	if (code === "address-taken") return t.address_taken();
	if (code === "bad-address") return t.bad_address();
	if (e instanceof Problem && e.status === 400 && e.detail !== "") return e.detail;
	return t.failed({ code });
}

/** What a path answers, and a way to ask again; that this failed is told over what is there. */
export function useData<T>(path: string) {
	const [data, setData] = useState<T | null>(null);
	const [error, setError] = useState<unknown>(null);
	const isThere = useRef(false);
	const load = async () => {
		setError(null);
		try {
			setData(await get<T>(path));
			isThere.current = true;
		} catch (e) {
			if (isThere.current) toast(words(e), { error: true });
			else setError(e);
		}
	};
	useEffect(() => void load(), [path]);
	return { data, error, load, setData };
}

export function Loading(p: { error: unknown; again: () => void }) {
	if (p.error === null) return <Skeleton lines={5} />;
	const forbidden = p.error instanceof Problem && p.error.status === 403;
	return (
		<Notice tone="stop" title={forbidden ? t.not_allowed() : t.load_failed()} alert>
			<Button onClick={p.again}>{t.again()}</Button>
		</Notice>
	);
}

/** A link or key that nobody can look up later. */
export function Secret(p: {
	title: string;
	text: string;
	secret: string;
	copy: string;
	onClose: () => void;
}) {
	const [copied, setCopied] = useState(false);
	return (
		<Dialog
			title={p.title}
			fixed
			onClose={p.onClose}
			actions={
				<Button look="primary" onClick={p.onClose}>
					{t.done()}
				</Button>
			}
		>
			<p>{p.text}</p>
			<p class="mono admin-secret">{p.secret}</p>
			<div class="row">
				<Button
					icon="copy"
					onClick={() => void navigator.clipboard.writeText(p.secret).then(() => setCopied(true))}
				>
					{p.copy}
				</Button>
				<span role="status" class="muted s">
					{copied ? t.copied() : ""}
				</span>
			</div>
		</Dialog>
	);
}

/** Beside the button of a form that keeps what is typed while other pages are looked at. */
export function Unsaved(p: { isTyped: boolean; onDrop: () => void }) {
	if (!p.isTyped) return null;
	return (
		<>
			<span class="muted s">{t.unsaved()}</span>
			<Button
				look="quiet"
				onClick={(e) => {
					focusNeighbour(e.currentTarget.parentElement);
					p.onDrop();
				}}
			>
				{t.unsaved_drop()}
			</Button>
		</>
	);
}

/** A form in a dialog: one action, its refusal on top, nothing lost; false: it stays open. */
export function FormDialog(p: {
	title: string;
	action: string;
	onSubmit: () => Promise<unknown>;
	onClose: () => void;
	children: ComponentChildren;
}) {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<string | null>(null);
	const submit = async (e: Event) => {
		e.preventDefault();
		if (busy) return;
		setBusy(true);
		setError(null);
		try {
			if ((await p.onSubmit()) === false) setBusy(false);
			else p.onClose();
		} catch (caught) {
			setError(words(caught));
			setBusy(false);
		}
	};
	return (
		<Dialog title={p.title} onClose={p.onClose}>
			<form class="stack admin-form" onSubmit={(e) => void submit(e)}>
				{error && <Notice tone="stop" title={error} alert />}
				{p.children}
				<div class="row">
					<Button submit look="primary" busy={busy}>
						{p.action}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
