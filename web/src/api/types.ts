// SPDX-License-Identifier: AGPL-3.0-or-later
// What several features share of the staff API. A type only one feature needs stands there.
export type Role = "viewer" | "sender" | "editor" | "administrator";
export type Scope = "read" | "upload" | "edit" | "release" | "send" | "admin" | "outbox";

export interface Session {
	state: "totp" | "enrol" | "active";
	needs?: ("address" | "password" | "totp")[];
	person: { id: string; name: string; address: string; role: Role };
	scopes: Scope[];
	csrf: string;
	proved_until: string | null;
	idle_ends: string;
	ends: string;
	delivery_days: number;
	delivery_max_days: number;
}

export type VerdictName = "cleared" | "conditions" | "in_review" | "blocked";
export type CheckState = "ok" | "warn" | "stop" | "open" | "unchecked";
export interface Checks {
	release: CheckState;
	licence: CheckState;
	people: CheckState;
	audience: CheckState;
	dates: CheckState;
}

export interface Card {
	id: string;
	title: string;
	name: string;
	version: string;
	version_number: number;
	media_type: string;
	bytes: number;
	folder: string;
	state: string;
	verdict: VerdictName;
	reasons: { code: string; [member: string]: unknown }[];
	checks: Checks;
	width: number | null;
	height: number | null;
	pages: number | null;
	colour: string | null;
	blurhash: string | null;
	preview: "none" | "pending" | "ready" | "refused" | "damaged" | "timed_out" | "killed";
	embargo: string | null;
	expires: string | null;
	trashed: string | null;
	keywords: string[];
	duplicates: string[];
	stamp: string;
}
