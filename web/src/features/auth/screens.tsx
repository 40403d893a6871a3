// SPDX-License-Identifier: AGPL-3.0-or-later
// The sign-in screen, and the dialogs that ask again over a page.
import { asking } from "../../api/session";
import { t } from "../../gen/i18n/auth";
import { Dialog } from "../../ui/Dialog";

export function SignIn() {
	return (
		<main class="main">
			<h1>{t.sign_in()}</h1>
		</main>
	);
}

export function AskAgain() {
	const ask = asking.value;
	return (
		ask && (
			<Dialog title={t.sign_in()} onClose={() => ask.done(false)}>
				{null}
			</Dialog>
		)
	);
}
