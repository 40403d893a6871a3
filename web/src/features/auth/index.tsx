// SPDX-License-Identifier: AGPL-3.0-or-later
// Own account: password, second factor, sessions.
import { t } from "../../gen/i18n/auth";

export default function Account() {
	return (
		<div class="main">
			<h1>{t.title()}</h1>
		</div>
	);
}
