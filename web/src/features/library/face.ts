// SPDX-License-Identifier: AGPL-3.0-or-later
// A card of the server as the grid draws it: words, tone, address of the picture.
import { BASE } from "../../api/client";
import type { Card, Checks } from "../../api/types";
import { bytes, date } from "../../core/format";
import { kindOf, visible } from "../../core/words";
import type { Face } from "../../dom/vgrid";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { checkName, checkState } from "../../ui/Line5";
import { TONE, type Tone, verdictWord } from "../../ui/Verdict";

export const ORDER = [
	"release",
	"licence",
	"people",
	"audience",
	"dates",
] as const satisfies readonly (keyof Checks)[];

export const picture = (c: Card) =>
	c.preview === "ready" || (c.preview === "damaged" && c.width !== null)
		? (size: number) => `${BASE}/assets/${c.id}/preview/${size}?version=${c.version}`
		: null;

export function toneOf(c: Card): Tone {
	if (c.trashed) return "past";
	if (
		c.state === "expired" ||
		c.reasons.some((r) => r.code === "expired" || r.code === "release-expired")
	)
		return "past";
	return TONE[c.verdict];
}

export function stateWord(c: Card): string {
	if (c.trashed) return t.in_trash();
	if (toneOf(c) === "past") return t.expired();
	return verdictWord(c.verdict);
}

const faces = new WeakMap<Card, { language: string; face: Face }>();

export function faceOf(c: Card): Face {
	const made = faces.get(c);
	if (made?.language === language.value) return made.face;
	const kind = kindOf(c.media_type, c.name);
	const face: Face = {
		name: visible(c.title || c.name),
		tone: toneOf(c),
		state: stateWord(c),
		bytes: bytes(c.bytes, language.value),
		kind,
		checks: ORDER.map((k) => c.checks[k]),
		spoken: [kind, ...ORDER.map((k) => `${checkName(k)}: ${checkState(c.checks[k])}`)].join(", "),
		colour: c.colour,
		blurhash: c.blurhash,
		picture: picture(c),
		folder: visible(c.folder),
		when: c.expires ? t.until({ date: date(c.expires, language.value) }) : "",
	};
	faces.set(c, { language: language.value, face });
	return face;
}
