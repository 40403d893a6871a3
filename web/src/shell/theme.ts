// SPDX-License-Identifier: AGPL-3.0-or-later
// Light, dark, or what the system says; kept in this browser.
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEPT = "geleit.theme";

const kept = localStorage.getItem(KEPT);
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

function show() {
	if (theme.value === "system") delete document.documentElement.dataset["theme"];
	else document.documentElement.dataset["theme"] = theme.value;
}

export function setTheme(to: Theme) {
	theme.value = to;
	localStorage.setItem(KEPT, to);
	show();
}

show();
