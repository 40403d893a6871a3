// SPDX-License-Identifier: AGPL-3.0-or-later
// The outbox: what was, is and will be mailed.  A mail can be read only while no SMTP server is
// set; the server notes each look.
import type { Schema } from "../../api/types";
import { signal } from "@preact/signals";
import { callRaw, get, inside, Problem } from "../../api/client";

export type Mail = Schema<"Mail">;

export const mails = signal<Mail[] | null>(null);
export const mailsProblem = signal<Problem | null>(null);

let asked = 0;

/** By what is an address already; an answer that a newer question has overtaken is not looked at. */
export async function loadMails(typed: string): Promise<void> {
	const mine = ++asked;
	const to = typed.includes("@") ? typed : "";
	try {
		const found = await get<Mail[]>("/outbox", { to });
		if (mine !== asked) return;
		mails.value = found.reverse();
		mailsProblem.value = null;
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		if (mine === asked) mailsProblem.value = e;
	}
}

export async function readMail(id: string): Promise<string> {
	return inside(await callRaw("GET", `/outbox/${encodeURIComponent(id)}`), (a) => a.text());
}
