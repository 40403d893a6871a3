// SPDX-License-Identifier: AGPL-3.0-or-later
// What is typed in the panel and not saved yet, by file: another file may be looked at meanwhile.
import { signal } from "@preact/signals";

export interface Draft {
	/** etag: of the file as it was when the title was begun */
	title?: { text: string; etag: string } | undefined;
	note?: string | undefined;
	keyword?: string | undefined;
}

const drafts = signal<ReadonlyMap<string, Draft>>(new Map());

export const draftOf = (asset: string): Draft => drafts.value.get(asset) ?? {};

export function keepDraft(asset: string, part: Draft) {
	drafts.value = new Map(drafts.value).set(asset, { ...drafts.value.get(asset), ...part });
}
