// SPDX-License-Identifier: AGPL-3.0-or-later
// The screen of the feature library, loaded when its address is first shown.
import { t } from "../../gen/i18n/library";

export default function Screen() {
	return (
		<div class="main">
			<h1>{t.title()}</h1>
		</div>
	);
}
