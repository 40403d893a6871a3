// SPDX-License-Identifier: AGPL-3.0-or-later
// Where interrupted uploads go on, in IndexedDB, so that they outlive a reload. Forgotten when
// the person signs out, when the upload ends, and after the seven days the server keeps one.
export interface Resumable {
	/** folder, path and name: what the person recognises */
	print: string;
	name: string;
	bytes: number;
	modified: number;
	url: string;
	sent: number;
	at: number;
}

const NAME = "geleit-uploads";
const STORE = "uploads";
const KEPT_MS = 7 * 86_400_000;

let opened: Promise<IDBDatabase | null> | null = null;

function open(): Promise<IDBDatabase | null> {
	opened ??= new Promise((resolve) => {
		try {
			const request = indexedDB.open(NAME, 1);
			request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "print" });
			request.onsuccess = () => resolve(request.result);
			request.onerror = () => resolve(null);
		} catch {
			resolve(null);
		}
	});
	return opened;
}

/** Without IndexedDB (private windows) uploads work, they only do not survive a reload. */
async function ask<T>(
	mode: IDBTransactionMode,
	act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
	const db = await open();
	if (!db) return undefined;
	return new Promise((resolve) => {
		const request = act(db.transaction(STORE, mode).objectStore(STORE));
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => resolve(undefined);
	});
}

export const remember = (r: Resumable) => ask("readwrite", (s) => s.put(r)).then(() => undefined);
export const forgetUpload = (print: string) =>
	ask("readwrite", (s) => s.delete(print)).then(() => undefined);
export const forgetUploads = () => ask("readwrite", (s) => s.clear()).then(() => undefined);
export const recall = (print: string) =>
	ask<Resumable>("readonly", (s) => s.get(print) as IDBRequest<Resumable>);

export async function interrupted(): Promise<Resumable[]> {
	const all =
		(await ask<Resumable[]>("readonly", (s) => s.getAll() as IDBRequest<Resumable[]>)) ?? [];
	const now = Date.now();
	for (const r of all) if (now - r.at > KEPT_MS) void forgetUpload(r.print);
	return all.filter((r) => now - r.at <= KEPT_MS);
}
