// SPDX-License-Identifier: AGPL-3.0-or-later
// What lies over every screen, signed in or not: live region, no connection, the end of the
// session, news. It has an element of its own, which goes into the dialog on top.
import { render } from "preact";
import { offline } from "../api/client";
import { setLiveRegion } from "../dom/announce";
import { followTop } from "../dom/modal";
import { t } from "../gen/i18n/shell";
import { Icon } from "../ui/Icon";
import { Toasts } from "../ui/Toast";
import { SessionEnd } from "./SessionEnd";

function Offline() {
	if (!offline.value) return null;
	return (
		<p class="offline" role="status">
			<Icon name="offline" /> {t.offline()}
		</p>
	);
}

function Overlays() {
	return (
		<>
			<div class="vh" role="status" aria-live="polite" ref={setLiveRegion} />
			<Offline />
			<div class="toasts">
				<SessionEnd />
				<Toasts />
			</div>
		</>
	);
}

export function startOverlays() {
	const root = document.createElement("div");
	root.className = "over";
	render(<Overlays />, root);
	followTop((top) => top.append(root));
}
