// SPDX-License-Identifier: AGPL-3.0-or-later
// What the sign-in says to the server, and its refusals in words. A session that lies over a
// page (`beginning`) becomes the session only when it is fully proved.
import { post, Problem } from "../../api/client";
import { beginning, refreshSession, take } from "../../api/session";
import type { Session, Schema } from "../../api/types";
import { t } from "../../gen/i18n/auth";

export function words(e: unknown): string {
	if (!(e instanceof Problem)) return t.failed({ code: "?" });
	switch (e.code) {
		case "wrong-credentials":
			return t.wrong_credentials();
		case "wrong-current":
			return t.wrong_current();
		case "wrong-code":
			return t.wrong_code();
		case "weak-password":
			return t.weak_password();
		case "bad-address":
			return t.bad_address();
		case "address-taken":
			return t.address_taken();
		case "link-dead":
			return t.link_dead();
		case "too-many-tries":
			return t.too_many({ n: Math.max(1, e.retryAfter) });
		case "offline":
			return t.offline();
		default:
			return t.failed({ code: e.code });
	}
}

/** Takes what the server answered; over a page, only once it is active. */
function took(s: Session, over: boolean): Session {
	if (over && s.state !== "active") {
		beginning.value = s;
	} else if (take(s)) {
		beginning.value = null;
		if (s.state === "active") refreshSession().catch(() => undefined); // for its times
	}
	return s;
}

export const signIn = async (address: string, password: string, over: boolean) =>
	took(await post<Session>("/session", { address: address.trim(), password }), over);

const digits = (code: string) => code.replace(/\s/g, "");

export const proveCode = async (code: string, over: boolean) =>
	took(await post<Session>("/session/totp", { code: digits(code) }), over);
export const proveRecovery = async (code: string, over: boolean) =>
	took(await post<Session>("/session/totp", { recovery: code.trim() }), over);

export const openLink = async (token: string) =>
	took(await post<Session>("/session/link", { token }), false);

export async function stepUp(proof: { code: string } | { recovery: string }) {
	const body = "code" in proof ? { code: digits(proof.code) } : { recovery: proof.recovery.trim() };
	take(await post<Session>("/session/step-up", body));
}

export interface NewAccess {
	password: string;
	/** when it is changed */
	current?: string;
	/** of the first administrator, who has none yet */
	address?: string;
	name?: string;
}
export const setPassword = async (access: NewAccess) =>
	took(await post<Session>("/session/password", access), false);

export type TotpSetup = Schema<"TotpOffer">;
export const totpSetup = () => post<TotpSetup>("/session/totp-setup");
/** The cookie and the csrf word are new then; the session is read when the codes were seen. */
export const totpConfirm = (code: string) =>
	post<{ recovery_codes: string[]; csrf: string }>("/session/totp-confirm", {
		code: digits(code),
	});
