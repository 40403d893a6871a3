// SPDX-License-Identifier: AGPL-3.0-or-later
// Where interrupted uploads go on, in IndexedDB, so that they outlive a reload. Forgotten when
// the person signs out, when another signs in, when the upload ends, and after the seven days
// the server keeps one.
// One window at a time may send a file: who does holds a lock with its print.
export interface Resumable {
	/** folder, path and name: what the person recognises */
	print: string;
	name: string;
	/** where it goes, and what had been chosen as the target then */
	folder: string;
	target: string;
	asset: string | null;
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

/** What this person began and no window sends now. */
export async function interrupted(): Promise<Resumable[]> {
	const all = ((await everything()) ?? []).filter((r) => r.of === owner);
	const now = Date.now();
	const stays = (r: Resumable) => now - r.at <= KEPT_MS;
	for (const r of all) if (!stays(r)) void forgetUpload(r.print);
	const held = new Set((await navigator.locks.query()).held?.map((l) => l.name));
	return all.filter((r) => stays(r) && !held.has(LOCK + r.print));
}

const LOCK = "geleit-upload:";

/** Call the answer to let go; null: another window has it. */
export function take(print: string): Promise<(() => void) | null> {
	return new Promise((given) => {
		void navigator.locks.request(LOCK + print, { ifAvailable: true }, (lock) => {
			if (lock === null) return given(null);
			return new Promise<void>((release) => given(release));
		});
	});
}
