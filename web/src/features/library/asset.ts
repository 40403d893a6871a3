// SPDX-License-Identifier: AGPL-3.0-or-later
// One file with everything the server knows of it, and its changes. Every change says which
// version of the file it was made from (If-Match); when somebody else was faster, both
// versions are kept for the person to choose. Changes go one after the other.
import { signal } from "@preact/signals";
import { call, get, Problem } from "../../api/client";
import type { Schema } from "../../api/types";
import { Lineage, turns } from "../../core/turn";
import { forget, wantCards } from "./state";

export type AssetVersion = Schema<"VersionRow">;

/** As it is decided, whole: what is not named is none. */
export type Release = Omit<Schema<"Release">, "set_by" | "set_at">;

export type Asset = Schema<"Asset">;

export type HistoryEvent = Schema<"History">["events"][number];

export type Edit = Partial<{
	title: string;
	folder: string;
	class: string;
	embargo: string | null;
	expires: string | null;
	keywords: string[];
	remove_keywords: string[];
	note: string;
	/** alone: it has an address of its own */
	release: Release;
}>;

export interface Conflict {
	mine: Edit;
	theirs: Asset;
	/** tells who waits for the edit how it ended */
	settled: (how: Saved) => void;
	failed: (why: unknown) => void;
}

/** `theirs`: somebody else was faster, and that shall stay. */
export type Saved = "saved" | "theirs";

/** The version of a file that a change is made from. */
export type Base = Pick<Asset, "asset" | "etag">;

export const asset = signal<Asset | null>(null);
export const history_ = signal<HistoryEvent[]>([]);
export const conflict = signal<Conflict | null>(null);
export const assetFailure = signal<unknown>(null);

let turn = 0;
let saves = 0;

export async function loadAsset(id: string): Promise<void> {
	const mine = ++turn;
	const before = saves;
	assetFailure.value = null;
	if (asset.value?.asset !== id) history_.value = [];
	try {
		const got = await get<Asset>(`/assets/${id}`);
		if (mine !== turn) return;
		// one that was on its way while something was saved is perhaps from before that
		if (saves !== before) return await loadAsset(id);
		asset.value = got;
		const past = await get<{ events: HistoryEvent[] }>(`/assets/${id}/history`);
		if (mine === turn) history_.value = past.events;
	} catch (e) {
		if (mine === turn) assetFailure.value = e;
	}
}

function show(now: Asset) {
	if (asset.value?.asset === now.asset) asset.value = { ...asset.value, ...now };
	forget([now.asset]);
	void wantCards([now.asset]).catch(() => undefined);
}

/** The file as it is then; null: that could not be read. */
async function put(edit: Edit, id: string, etag: string): Promise<Asset | null> {
	const headers = { "If-Match": etag.startsWith('"') ? etag : `"${etag}"` };
	if (edit.release === undefined)
		return call<Asset>("PATCH", `/assets/${id}`, { body: edit, headers });
	await call("PUT", `/assets/${id}/release`, { body: edit.release, headers });
	return get<Asset>(`/assets/${id}`).catch(() => null);
}

const own = new Lineage();

async function attempt(edit: Edit, { asset: id, etag }: Base): Promise<Saved> {
	try {
		const now = await put(edit, id, etag);
		saves++;
		if (now) {
			own.became(id, etag, now.etag);
			show(now);
		}
		return "saved";
	} catch (e) {
		if (!(e instanceof Problem) || e.status !== 412) throw e;
		const theirs =
			(e.members["current"] as Asset | undefined) ?? (await get<Asset>(`/assets/${id}`));
		return new Promise((settled, failed) => {
			conflict.value = { mine: edit, theirs, settled, failed };
		});
	}
}

const inTurn = turns();

/**
 * A conflict waits for the answer of its dialog, and those behind it wait, too; every other
 * refusal is thrown.
 */
export const save = (edit: Edit, { asset: id, etag }: Base): Promise<Saved> =>
	inTurn(() => attempt(edit, { asset: id, etag: own.newest(id, etag) }));

export function settle(keepMine: boolean) {
	const c = conflict.value;
	if (c === null) return;
	conflict.value = null;
	show(c.theirs);
	if (keepMine) attempt(c.mine, c.theirs).then(c.settled, c.failed);
	else c.settled("theirs");
}
