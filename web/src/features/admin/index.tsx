// SPDX-License-Identifier: AGPL-3.0-or-later
// Administration: people, keys, appearance, settings, health.
import { t } from "../../gen/i18n/admin";

export default function Admin() {
	return (
		<div class="main">
			<h1>{t.title()}</h1>
		</div>
	);
}
