// SPDX-License-Identifier: AGPL-3.0-or-later
// Whether the content of an uploaded file was there before is known once the server has read it:
// asked for many files at once, some seconds after they arrived.
import { post } from "../../api/client";
import type { Card } from "../../api/types";
import type { UploadItem } from "../../core/upload";
import { show } from "./state";

const FIRST_MS = 1500;
const MOST_MS = 30_000;
const AT_ONCE = 200;

const unread: UploadItem[] = [];
let timer = 0;
let delay = FIRST_MS;

export function look(item: UploadItem) {
	unread.push(item);
	delay = FIRST_MS;
	plan();
}

export function forget(item: UploadItem) {
	const at = unread.indexOf(item);
	if (at >= 0) unread.splice(at, 1);
}

function plan() {
	if (timer === 0 && unread.length > 0) timer = window.setTimeout(() => void ask(), delay);
}

const isRead = (c: Card | undefined) => !c?.reasons.some((r) => r.code === "ingest-pending");

/** Those not read yet go to the end of the line, and are asked for less and less often. */
async function ask() {
	timer = 0;
	const part = unread.splice(0, AT_ONCE);
	try {
		const { cards } = await post<{ cards: Card[] }>("/assets/cards", {
			ids: part.map((i) => i.asset),
		});
		const by = new Map(cards.map((c) => [c.id, c]));
		const open = part.filter((i) => !isRead(by.get(i.asset ?? "")));
		for (const i of part) i.duplicates = by.get(i.asset ?? "")?.duplicates ?? i.duplicates;
		unread.push(...open);
		delay = open.length === part.length ? Math.min(2 * delay, MOST_MS) : FIRST_MS;
	} catch {
		unread.push(...part); // no connection, or nobody signed in: later
		delay = Math.min(2 * delay, MOST_MS);
	}
	show();
	plan();
}
