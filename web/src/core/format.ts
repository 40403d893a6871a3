// SPDX-License-Identifier: AGPL-3.0-or-later
// Numbers, sizes, dates as people of the language write them. No message, only Intl.
import { dates, numbers, spans } from "./intl";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Decimal: 248 MB, 1,3 GB; two digits below ten. */
export function bytes(n: number, language: string): string {
	let unit = 0;
	let value = n;
	while (value >= 999.5 && unit < UNITS.length - 1) {
		value /= 1000;
		unit++;
	}
	return numbers(language, {
		style: "unit",
		unit: UNITS[unit] ?? "byte",
		unitDisplay: unit === 0 ? "long" : "short",
		maximumFractionDigits: unit > 0 && value < 9.95 ? 1 : 0,
	}).format(value);
}

export function number(n: number, language: string): string {
	return numbers(language).format(n);
}

export function date(when: string | number | Date, language: string): string {
	return dates(language, {
		day: "2-digit",
		month: "2-digit",
		year: "numeric",
	}).format(new Date(when));
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
