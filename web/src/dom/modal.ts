// SPDX-License-Identifier: AGPL-3.0-or-later
// The modal dialogs that are open, the newest on top. All that is outside of that one can be
// neither pressed nor heard, so what belongs over every screen follows it.
const open: HTMLDialogElement[] = [];
let follow: (top: HTMLElement) => void = () => undefined;

const tell = () => follow(open.at(-1) ?? document.body);

/** Opens it; the function returned closes it. */
export function openModal(dialog: HTMLDialogElement): () => void {
	dialog.showModal();
	open.push(dialog);
	tell();
	return () => {
		open.splice(open.indexOf(dialog), 1);
		tell();
		dialog.close();
	};
}

/** Now, and whenever another one is on top; without a dialog it is the page. */
export function followTop(act: (top: HTMLElement) => void) {
	follow = act;
	tell();
}
