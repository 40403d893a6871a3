// SPDX-License-Identifier: AGPL-3.0-or-later
// The screen "deliveries".
import { t } from "../../gen/i18n/deliveries";

export default function Screen() {
	return (
		<div class="main">
			<h1>{t.title()}</h1>
		</div>
	);
}
