// SPDX-License-Identifier: AGPL-3.0-or-later
// What is done to the chosen files. Everything that can be undone is done at once and says so
// with an undo; a release asks first, in its dialog.
import type { Schema } from "../../api/types";
import { post } from "../../api/client";
import { t } from "../../gen/i18n/library";
import { navigate } from "../../router";
import { problemText } from "../../ui/problem";
import { toast } from "../../ui/Toast";
import { addToBasket, removeFromBasket } from "../basket/state";
import { asset, loadAsset } from "./asset";
import { forget, reload } from "./state";

const MOST = 10_000;

export interface Bulk {
	trash?: true;
	restore?: true;
	folder?: string;
	add_keywords?: string[];
	remove_keywords?: string[];
	class?: string;
	release?: {
		state: string;
		until: string | null;
		reason: string;
		credit: string;
		view_only: boolean;
	};
}

type BulkDone = Schema<"BulkDone">;

export function tell(e: unknown) {
	const { text, lang } = problemText(e);
	toast(text, { error: true, lang });
}

/** Everything on the page that shows these files: cards, the open panel, listing and folders. */
async function renewed(ids: readonly string[]) {
	const open = asset.value?.asset;
	forget(ids);
	await Promise.all([reload(), open && ids.includes(open) ? loadAsset(open) : null]);
}

/** Uploads arrived; one may be a new version of the file whose panel is open. */
export const arrived = () => renewed(asset.value ? [asset.value.asset] : []);

/** Done to all of them in parts; the toast's undo takes back every part. */
export async function bulk(
	ids: readonly string[],
	act: Bulk,
	said: (n: number) => string,
): Promise<boolean> {
	const undos: string[] = [];
	let done = 0;
	try {
		for (let at = 0; at < ids.length; ) {
			const part = ids.slice(at, at + MOST);
			const got = await post<BulkDone>("/assets/bulk", { ids: part, ...act });
			done += got.done;
			if (got.undo) undos.push(got.undo);
			at += part.length - got.left; // those a busy server did not get to come again
		}
	} catch (e) {
		tell(e);
		if (done === 0) return false;
	}
	void renewed(ids);
	const undo = async () => {
		for (const token of undos.reverse()) await post(`/undo/${token}`);
		void renewed(ids); // it is done, whenever the page shows it
	};
	toast(said(done), undos.length > 0 ? { undo } : {});
	return true;
}

async function inBasket(act: typeof addToBasket, ids: readonly string[]) {
	for (let at = 0; at < ids.length; at += MOST) await act(ids.slice(at, at + MOST));
}

export async function toBasket(ids: readonly string[]) {
	try {
		await inBasket(addToBasket, ids);
		const undo = () => inBasket(removeFromBasket, ids);
		toast(t.in_basket({ n: ids.length }), { undo });
	} catch (e) {
		tell(e);
	}
}

/** "Senden …": what is chosen goes into the basket, the send screen works on it. */
export async function send(ids: readonly string[]) {
	try {
		await addToBasket(ids.slice(0, MOST));
		navigate("/app/send");
	} catch (e) {
		tell(e);
	}
}

export const trash = (ids: readonly string[]) =>
	bulk(ids, { trash: true }, (n) => t.trashed({ n }));
export const restore = (ids: readonly string[]) =>
	bulk(ids, { restore: true }, (n) => t.restored({ n }));
