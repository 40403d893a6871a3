// SPDX-License-Identifier: AGPL-3.0-or-later
// Whose data lies in this browser: what this tab keeps (sessionStorage, and every signal of the
// page) and the uploads that go on later (IndexedDB). All of it is one person's. A session that
// ends by itself leaves it to that person; signing out, and anybody else who signs in here or in
// another tab, ends the page and wipes it. Only language and theme stay (localStorage).
import { uploadsAreOf } from "../dom/resume";

const OF = "geleit.of";
const START = "/app";
const tabs = new BroadcastChannel("geleit");
let whose = "";
let leaving = false;

/** Whether this page may go on for this person; if not, it is about to be gone. */
export function arrived(person: string): boolean {
	if (leaving) return false;
	if (whose === person) return true;
	if (whose !== "") {
		leave();
		return false;
	}
	whose = person;
	if (sessionStorage.getItem(OF) !== person) sessionStorage.clear();
	sessionStorage.setItem(OF, person);
	void uploadsAreOf(person);
	tabs.postMessage(person);
	return true;
}

/** The page ends: a new one knows nothing of what this one held. */
function leave() {
	leaving = true;
	sessionStorage.clear();
	location.replace(START);
}

/** Signed out: nothing stays, in no tab. */
export async function departed() {
	leaving = true;
	tabs.postMessage("");
	await uploadsAreOf("");
	leave();
}

tabs.onmessage = ({ data }) => {
	if (whose !== "" && data !== whose) leave();
};
// What still runs may write until the page is gone, and an upload would ask to stay.
addEventListener("pagehide", () => leaving && sessionStorage.clear());
addEventListener("beforeunload", (e) => leaving && e.stopImmediatePropagation(), true);
