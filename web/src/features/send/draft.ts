// SPDX-License-Identifier: AGPL-3.0-or-later
// What is typed on the send screen: no DOM, so that its rules are tested on their own.  A draft
// becomes the body of a request in one place; the same body keeps its Idempotency-Key, so that
// a send repeated after a lost connection sends once.

export interface Draft {
	to: string[];
	subject: string;
	message: string;
	lang: "de" | "en";
	/** YYYY-MM-DD: the end of that day where the server is */
	expires: string;
	/** YYYY-MM-DDThh:mm here, "" at once */
	validFrom: string;
	/** "" no limit */
	limit: string;
}

export interface Body {
	assets: string[];
	to: string[];
	subject?: string;
	message?: string;
	lang: "de" | "en";
	expires?: string;
	valid_from?: string;
	limit?: number;
}

/** The day so many days from now, as a date field writes it. */
export function dayAfter(days: number, now = new Date()): string {
	const d = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
	const two = (n: number) => String(n).padStart(2, "0");
	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** The last moment of a day that a date field names, for showing it. */
export function endOfDay(day: string): Date | null {
	const d = new Date(`${day}T23:59:59`);
	return Number.isNaN(d.getTime()) ? null : d;
}

export function freshDraft(lang: Draft["lang"], days: number, now = new Date()): Draft {
	return {
		to: [],
		subject: "",
		message: "",
		lang,
		expires: dayAfter(days, now),
		validFrom: "",
		limit: "",
	};
}

export function isTouched(d: Draft): boolean {
	return d.to.length > 0 || d.subject !== "" || d.message !== "";
}

export type FieldName = "files" | "to" | "expires" | "validFrom" | "limit";
export type Fault =
	| "files-none"
	| "to-none"
	| "expires-past"
	| "from-after"
	| "from-bad"
	| "limit-bad";

/** What keeps the draft from being sent, by field; the check is asked apart from it. */
export function faultsOf(
	d: Draft,
	files: number,
	now = new Date(),
): Partial<Record<FieldName, Fault>> {
	const found: Partial<Record<FieldName, Fault>> = {};
	const end = endOfDay(d.expires);
	const from = d.validFrom === "" ? null : new Date(d.validFrom);
	if (files === 0) found.files = "files-none";
	if (d.to.length === 0) found.to = "to-none";
	if (d.expires !== "" && (end === null || end <= now)) found.expires = "expires-past";
	if (from !== null && Number.isNaN(from.getTime())) found.validFrom = "from-bad";
	else if (from !== null && end !== null && from >= end) found.validFrom = "from-after";
	if (d.limit !== "" && !/^[1-9][0-9]{0,5}$/.test(d.limit)) found.limit = "limit-bad";
	return found;
}

export function bodyOf(d: Draft, assets: string[]): Body {
	const from = d.validFrom === "" ? null : new Date(d.validFrom);
	return {
		assets,
		to: d.to,
		lang: d.lang,
		...(d.subject.trim() !== "" && { subject: d.subject.trim() }),
		...(d.message.trim() !== "" && { message: d.message.trim() }),
		...(d.expires !== "" && { expires: d.expires }),
		...(from !== null && { valid_from: from.toISOString().replace(/[.]\d+Z$/, "Z") }),
		...(d.limit !== "" && { limit: Number(d.limit) }),
	};
}

/** One key for one body: another body gets another key, the same body keeps its own. */
export function keyKeeper(make: () => string): (body: Body) => string {
	let text = "";
	let key = "";
	return (body) => {
		const now = JSON.stringify(body);
		if (now !== text || key === "") {
			text = now;
			key = make();
		}
		return key;
	};
}

/** A draft that was put away, or null when it is none of ours. */
export function readDraft(text: string | null, fresh: Draft): Draft | null {
	if (text === null) return null;
	try {
		const o = JSON.parse(text) as Partial<Draft>;
		const str = (k: "subject" | "message" | "expires" | "validFrom" | "limit") =>
			typeof o[k] === "string" ? o[k] : fresh[k];
		return {
			to: Array.isArray(o.to) ? o.to.filter((s) => typeof s === "string") : [],
			lang: o.lang === "en" || o.lang === "de" ? o.lang : fresh.lang,
			subject: str("subject"),
			message: str("message"),
			expires: str("expires"),
			validFrom: str("validFrom"),
			limit: str("limit"),
		};
	} catch {
		return null;
	}
}
