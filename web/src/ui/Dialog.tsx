// SPDX-License-Identifier: AGPL-3.0-or-later
// A modal dialog on <dialog>: the browser holds the focus inside and gives it back. Escape and
// the cross close it, a click outside does not (input must not vanish). `sheet` comes from the
// right side. confirm() is a dialog with a question, for what cannot be undone.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { focusBeside } from "../dom/focus";
import { openModal } from "../dom/modal";
import { t } from "../gen/i18n/common";
import { Button } from "./Button";

export interface DialogProps {
	title: string;
	onClose: () => void;
	children: ComponentChildren;
	/** the row of buttons at the end */
	actions?: ComponentChildren;
	sheet?: boolean;
	wide?: boolean;
	/** no cross and no Escape: something must be decided */
	fixed?: boolean;
}

export function Dialog(p: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const d = ref.current;
		const before = document.activeElement;
		if (!d) return;
		const close = openModal(d);
		d.querySelector<HTMLElement>("[data-autofocus]")?.focus();
		return () => {
			close();
			if (!(before instanceof HTMLElement) || !before.isConnected) return;
			before.focus();
			focusBeside(before); // what was done here may take it away
		};
	}, []);
	return (
		<dialog
			ref={ref}
			class={`dlg${p.sheet ? " sheet" : ""}${p.wide ? " wide" : ""}`}
			aria-labelledby={id}
			onCancel={(e) => {
				e.preventDefault();
				if (!p.fixed) p.onClose();
			}}
		>
			<header class="dlg-h">
				<h2 id={id}>{p.title}</h2>
				{!p.fixed && <Button look="quiet" icon="close" label={t.close()} onClick={p.onClose} />}
			</header>
			<div class="dlg-b">{p.children}</div>
			{p.actions && <footer class="dlg-f">{p.actions}</footer>}
		</dialog>
	);
}

interface Question {
	title: string;
	text: ComponentChildren;
	action: string;
	danger?: boolean;
}
const question = signal<(Question & { answer: (yes: boolean) => void }) | null>(null);

/** Only for send, revoke, permanent deletion, change of role; everything else has an undo. */
export function confirm(q: Question): Promise<boolean> {
	return new Promise((resolve) => {
		question.value = {
			...q,
			answer(yes) {
				question.value = null;
				resolve(yes);
			},
		};
	});
}

/** Drawn once, by the shell. */
export function Confirmation() {
	const q = question.value;
	if (q === null) return null;
	return (
		<Dialog
			title={q.title}
			onClose={() => q.answer(false)}
			actions={
				<>
					<Button onClick={() => q.answer(false)}>{t.cancel()}</Button>
					<Button look={q.danger ? "danger" : "primary"} onClick={() => q.answer(true)}>
						{q.action}
					</Button>
				</>
			}
		>
			{typeof q.text === "string" ? <p>{q.text}</p> : q.text}
		</Dialog>
	);
}
