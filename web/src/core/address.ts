// SPDX-License-Identifier: AGPL-3.0-or-later
// Addresses as people paste them: a line, a list from a mail program, names with <addresses>.
// What comes out is clean or says what is wrong with it; a likely typing mistake is only a
// hint, since the server and the person decide.

export interface Parsed {
	good: string[];
	bad: string[];
}

const longest = 254;
const longestLocal = 64;
// What the server takes, too: letters of ASCII and the signs of RFC 5321 without quotes.
const local = /^[A-Za-z0-9.!#$%&'*+\-/=?^_`{|}~]+$/;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

export function domainOf(address: string): string {
	return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}

export function isAddress(s: string): boolean {
	const at = s.lastIndexOf("@");
	const name = s.slice(0, at);
	const labels = s.slice(at + 1).split(".");
	return (
		at > 0 &&
		at <= longestLocal &&
		s.length <= longest &&
		local.test(name) &&
		!name.startsWith(".") &&
		!name.endsWith(".") &&
		!name.includes("..") &&
		labels.length > 1 &&
		labels.every((l) => label.test(l))
	);
}

// A domain with letters beyond ASCII, as it is written in mail: bücher.example, xn--bcher-kva.example.
function ascii(domain: string): string {
	if ([...domain].every((c) => c < "\u0080")) return domain;
	return URL.canParse(`http://${domain}/`) ? new URL(`http://${domain}/`).hostname : domain;
}

// The case of the part before the @ is kept, the domain is written small and in ASCII.
function clean(s: string): string {
	const at = s.lastIndexOf("@");
	return s.slice(0, at + 1) + ascii(s.slice(at + 1)).toLowerCase();
}

// What stands between separators: commas, semicolons and lines, but not inside "quotes".
function split(text: string): string[] {
	const parts = text.match(/(?:"[^"\n]*"|[^,;\n\r"]|")+/g) ?? [];
	return parts.map((p) => p.trim()).filter((p) => p !== "");
}

// `Name <address>` is its address; several addresses with spaces between are several.
function unwrap(part: string): string[] {
	const inside = [...part.matchAll(/<\s*([^<>]*?)\s*>/g)].map((m) => m[1] ?? "");
	const found = inside.length > 0 ? inside : part.split(/\s+/);
	return found
		.map((s) => s.replace(/^mailto:/i, "").replace(/^['"]+|['".]+$/g, ""))
		.filter(Boolean);
}

export function parseAddresses(text: string): Parsed {
	const good: string[] = [];
	const bad: string[] = [];
	for (const raw of split(text).flatMap(unwrap)) {
		const cleaned = clean(raw);
		const [list, s] = isAddress(cleaned) ? [good, cleaned] : [bad, raw];
		if (!list.some((x) => x.toLowerCase() === s.toLowerCase())) list.push(s);
	}
	return { good, bad };
}

// Steps from a to b: a letter more, less, another, or two exchanged.
export function distance(a: string, b: string): number {
	const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
	const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
	for (let i = 1; i <= a.length; i++) {
		rows.push([i]);
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1] ? 0 : 1;
			let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
				least = Math.min(least, at(i - 2, j - 2) + 1);
			rows[i]?.push(least);
		}
	}
	return at(a.length, b.length);
}

const common = [
	"gmail.com",
	"googlemail.com",
	"gmx.de",
	"gmx.net",
	"web.de",
	"t-online.de",
	"outlook.com",
	"outlook.de",
	"hotmail.com",
	"yahoo.com",
	"yahoo.de",
	"icloud.com",
	"posteo.de",
	"mailbox.org",
	"freenet.de",
];

// The address that was probably meant: its domain is one letter off one that is known.  Short
// domains differ by a letter and are both right, so they need the known one to be ours.
export function meant(address: string, known: readonly string[]): string | null {
	const domain = domainOf(address);
	const all = [...known.map((d) => d.toLowerCase()), ...common];
	if (all.includes(domain)) return null;
	const near = all.find((d) => distance(domain, d) === 1 && d.length > 5);
	return near ? `${address.slice(0, address.lastIndexOf("@"))}@${near}` : null;
}

// New to us: nothing was ever sent to anyone there.
export function newDomains(addresses: readonly string[], known: readonly string[]): string[] {
	const had = new Set(known.map((d) => d.toLowerCase()));
	return [...new Set(addresses.map(domainOf))].filter((d) => !had.has(d));
}
