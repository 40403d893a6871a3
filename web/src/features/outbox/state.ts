// SPDX-License-Identifier: AGPL-3.0-or-later
// The outbox: what was, is and will be mailed.  A mail can be read only while no SMTP server is
// set; the server notes each look.
import { signal } from "@preact/signals";
import { callRaw, get, Problem } from "../../api/client";

export interface Mail {
	id: string;
	to: string;
	subject: string;
	state: string;
	reply: string | null;
}

export const mails = signal<Mail[] | null>(null);
export const mailsProblem = signal<Problem | null>(null);

export async function loadMails(to: string): Promise<void> {
	try {
		mails.value = (await get<Mail[]>("/outbox", { to })).reverse();
		mailsProblem.value = null;
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		mailsProblem.value = e;
	}
}

export async function readMail(id: string): Promise<string> {
	return (await callRaw("GET", `/outbox/${encodeURIComponent(id)}`)).text();
}
