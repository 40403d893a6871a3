// SPDX-License-Identifier: AGPL-3.0-or-later
// Where interrupted uploads go on, in IndexedDB, so that they outlive a reload. Forgotten when
// the person signs out, when another signs in, when the upload ends, and after the seven days
// the server keeps one.
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

/** Whose they are; "": nobody's, and nothing is kept. */
let owner = "";
type Owned = Resumable & { of?: string };
const everything = () => ask<Owned[]>("readonly", (s) => s.getAll() as IDBRequest<Owned[]>);

export async function remember(r: Resumable) {
	if (owner !== "") await ask("readwrite", (s) => s.put({ ...r, of: owner }));
}
export const forgetUpload = (print: string) =>
	ask("readwrite", (s) => s.delete(print)).then(() => undefined);

/** From now on they are this person's; those of anybody else are forgotten. */
export async function uploadsAreOf(person: string) {
	owner = person;
	for (const r of (await everything()) ?? []) if (r.of !== person) await forgetUpload(r.print);
}

export async function recall(print: string): Promise<Resumable | undefined> {
	const r = await ask<Owned>("readonly", (s) => s.get(print) as IDBRequest<Owned>);
	return r?.of === owner ? r : undefined;
}

export async function interrupted(): Promise<Resumable[]> {
	const all = ((await everything()) ?? []).filter((r) => r.of === owner);
	const now = Date.now();
	for (const r of all) if (now - r.at > KEPT_MS) void forgetUpload(r.print);
	return all.filter((r) => now - r.at <= KEPT_MS);
}
