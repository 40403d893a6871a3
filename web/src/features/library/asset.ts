// SPDX-License-Identifier: AGPL-3.0-or-later
// One file with everything the server knows of it, and its changes. Every change says which
// version of the file it was made from (If-Match); when somebody else was faster, both
// versions are kept for the person to choose.
import { signal } from "@preact/signals";
import { call, get, Problem } from "../../api/client";
import type { Card } from "../../api/types";
import { forget, wantCards } from "./state";

export interface AssetVersion {
	id: string;
	number: number;
	name: string;
	bytes: number;
	sha256: string | null;
	media_type: string | null;
	created: string;
	created_by: string | null;
}

export interface Asset extends Partial<Omit<Card, "version">> {
	asset: string;
	title: string;
	folder: string;
	class: "public" | "internal" | "confidential";
	embargo: string | null;
	expires: string | null;
	version: {
		version: string;
		number: number;
		name: string;
		bytes: number;
		sha256: string | null;
		type: string | null;
		malware: "not_scanned" | "clean" | "infected" | "error";
		scan_detail: string | null;
		scanned: string | null;
	};
	release: {
		state: string;
		until: string | null;
		reason: string;
		credit: string;
		view_only: boolean;
		/** null for a draft */
		set_by: string | null;
		set_at: string | null;
	};
	keywords: string[];
	notes: { id: string; text: string; author: string; at: string }[];
	versions?: AssetVersion[];
	preview_reason?: string | null;
	camera?: string | null;
	taken?: string | null;
	duplicates?: string[];
	created: string;
	changed: string;
	etag: string;
}

export interface HistoryEvent {
	id: string;
	kind: string;
	at: string;
	version: string | null;
	delivery: string | null;
	recipient: string | null;
	bytes: number | null;
	outcome: string | null;
}

export type Edit = Partial<{
	title: string;
	folder: string;
	class: string;
	embargo: string | null;
	expires: string | null;
	keywords: string[];
	remove_keywords: string[];
	note: string;
}>;

export interface Conflict {
	mine: Edit;
	theirs: Asset;
	/** what it was when the person began */
	base: Asset;
	/** tells who waits for the edit how it ended */
	settled: (how: Saved) => void;
}

/** `theirs`: somebody else was faster, and that shall stay. */
export type Saved = "saved" | "theirs";

export const asset = signal<Asset | null>(null);
export const history_ = signal<HistoryEvent[]>([]);
export const conflict = signal<Conflict | null>(null);
export const assetFailure = signal<unknown>(null);

let turn = 0;

export async function loadAsset(id: string) {
	const mine = ++turn;
	assetFailure.value = null;
	if (asset.value?.asset !== id) history_.value = [];
	try {
		const got = await get<Asset>(`/assets/${id}`);
		if (mine !== turn) return;
		asset.value = got;
		const past = await get<{ events: HistoryEvent[] }>(`/assets/${id}/history`);
		if (mine === turn) history_.value = past.events;
	} catch (e) {
		if (mine === turn) assetFailure.value = e;
	}
}

/** A conflict waits for the answer of its dialog; every other refusal is thrown. */
export async function save(edit: Edit, base: Asset): Promise<Saved> {
	const etag = base.etag.startsWith('"') ? base.etag : `"${base.etag}"`;
	try {
		const now = await call<Asset>("PATCH", `/assets/${base.asset}`, {
			body: edit,
			headers: { "If-Match": etag },
		});
		if (asset.value?.asset === now.asset) asset.value = { ...asset.value, ...now };
		forget([now.asset]);
		void wantCards([now.asset]).catch(() => undefined);
		return "saved";
	} catch (e) {
		if (!(e instanceof Problem) || e.status !== 412) throw e;
		const theirs =
			(e.members["current"] as Asset | undefined) ?? (await get<Asset>(`/assets/${base.asset}`));
		return new Promise((settled) => {
			conflict.value = { mine: edit, theirs, base, settled };
		});
	}
}

export async function settle(keepMine: boolean) {
	const c = conflict.value;
	if (c === null) return;
	conflict.value = null;
	if (asset.value?.asset === c.theirs.asset) asset.value = { ...asset.value, ...c.theirs };
	forget([c.theirs.asset]);
	void wantCards([c.theirs.asset]).catch(() => undefined);
	c.settled(keepMine ? await save(c.mine, c.theirs) : "theirs");
}
