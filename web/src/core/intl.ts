// SPDX-License-Identifier: AGPL-3.0-or-later
// Intl's formatters, each made once: making one costs a hundred times what it costs to use it.
/** English as on the recipients' pages: the day before the month, 24 hours. */
const REGION: Record<string, string> = { en: "en-GB" };
const made = new Map<string, unknown>();

function once<T>(kind: string, language: string, options: object, make: () => T): T {
	const key = `${kind} ${language} ${JSON.stringify(options)}`;
	const there = made.get(key) as T | undefined;
	if (there !== undefined) return there;
	const format = make();
	made.set(key, format);
	return format;
}

export const dates = (language: string, o: Intl.DateTimeFormatOptions) =>
	once("date", language, o, () => new Intl.DateTimeFormat(REGION[language] ?? language, o));

const AUTO = { numeric: "auto" } as const;
export const spans = (language: string) =>
	once(
		"span",
		language,
		AUTO,
		() => new Intl.RelativeTimeFormat(REGION[language] ?? language, AUTO),
	);
