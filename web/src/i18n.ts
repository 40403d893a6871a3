// SPDX-License-Identifier: AGPL-3.0-or-later
// The language of the app and its messages. Texts stand in i18n/de.json and en.json only; the
// generator turns each section into src/gen/i18n/SECTION.ts with a typed `t`.
import { signal } from "@preact/signals";
import { fill, type Message } from "./core/message";

export type Language = "de" | "en";

const KEPT = "geleit.language";

function first(): Language {
	const kept = localStorage.getItem(KEPT);
	if (kept === "de" || kept === "en") return kept;
	return navigator.language.startsWith("en") ? "en" : "de";
}

export const language = signal<Language>(first());

export function setLanguage(to: Language) {
	localStorage.setItem(KEPT, to);
	document.documentElement.lang = to;
	language.value = to;
}

/** One message in both languages; reads the language when called, so components follow it. */
export const m =
	<A = void>(de: Message, en: Message) =>
	(args: A): string =>
		fill(
			language.value === "de" ? de : en,
			(args ?? {}) as Record<string, string | number>,
			language.value,
		);
