// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbers, sizes, dates as people of the language write them, without words of our own. Numbers,
// percents and sizes are written here and not by Intl, whose first formatter costs 50 ms before
// anything is shown; the test compares the two. Units are those of the recipients' pages.
import { dates, spans } from "./intl";

const GROUP: Record<string, string> = { de: ".", en: "," };
const POINT: Record<string, string> = { de: ",", en: "." };
const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** With at most so many digits behind the point, none of them a 0 at the end. */
export function number(n: number, language: string, digits = 0): string {
	const rounded = Math.round(Math.abs(n) * 10 ** digits) / 10 ** digits;
	const [whole = "", behind = ""] = rounded.toFixed(digits).split(".");
	const sign = n < 0 && /[1-9]/.test(whole + behind) ? "-" : "";
	const end = behind.replace(/0+$/, "");
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, GROUP[language] ?? ",");
	return sign + grouped + (end && (POINT[language] ?? ".") + end);
}

/** 100: "100 %" in German, "100%" in English. */
export const percent = (n: number, language: string) =>
	`${number(n, language)}${language === "de" ? "\u00a0%" : "%"}`;

/** Decimal: 248 MB, 1,3 GB; two digits below ten. */
export function bytes(n: number, language: string): string {
	let unit = 0;
	let value = n;
	while (value >= 999.5 && unit < UNITS.length - 1) {
		value /= 1000;
		unit++;
	}
	const amount = number(value, language, unit > 0 && value < 9.95 ? 1 : 0);
	return `${amount}\u00a0${UNITS[unit] ?? ""}`;
}

export function date(when: string | number | Date, language: string): string {
	return dates(language, {
		day: "2-digit",
		month: "2-digit",
		year: "numeric",
	}).format(new Date(when));
}

/** "26.11.", "26/11": where the year is told beside it. */
export function dayMonth(when: string | number | Date, language: string): string {
	return dates(language, { day: "2-digit", month: "2-digit" }).format(new Date(when));
}

export function dateTime(when: string | number | Date, language: string): string {
	return dates(language, {
		day: "2-digit",
		month: "2-digit",
		year: "numeric",
		hour: "2-digit",
		minute: "2-digit",
	}).format(new Date(when));
}

/** "10:42" */
export function timeOfDay(when: string | number | Date, language: string): string {
	return dates(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(when));
}

/** "Montag, 7. Dezember 2026": the echo of a date field. */
export function dateInWords(when: string | number | Date, language: string): string {
	return dates(language, { dateStyle: "full" }).format(new Date(when));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
	["year", 365 * 86400],
	["month", 30 * 86400],
	["day", 86400],
	["hour", 3600],
	["minute", 60],
];

/** "vor 3 Stunden", "in 14 Tagen", measured from `now`. */
export function relative(when: string | number | Date, language: string, now = Date.now()): string {
	const seconds = (new Date(when).getTime() - now) / 1000;
	const names = spans(language);
	for (const [unit, size] of STEPS)
		if (Math.abs(seconds) >= size) return names.format(Math.round(seconds / size), unit);
	return names.format(0, "second");
}

/** "in 14 Tagen": whole days of the calendar, whatever the hour is. */
export function inDays(when: Date, language: string, now = new Date()): string {
	const dayOf = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000;
	return spans(language).format(dayOf(when) - dayOf(now), "day");
}

/** "MO" of "Maren Olsen". */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/);
	const picked = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
	return picked
		.map((w) => [...(w ?? "")][0] ?? "")
		.join("")
		.toUpperCase();
}
