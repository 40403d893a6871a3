// SPDX-License-Identifier: AGPL-3.0-or-later
// What was dropped or chosen, as files with their folders. A dropped tree is read entry by
// entry and handed on as it comes, so that 100,000 files never stand in memory at once.
export interface Found {
	file: File;
	/** folders below what was dropped, `A/B`; empty: none */
	folder: string;
}

const parent = (path: string) => path.replace(/^\/+/, "").split("/").slice(0, -1).join("/");

/** Of an <input type=file>, with or without webkitdirectory. */
export const chosen = (files: Iterable<File>): Found[] =>
	[...files].map((file) => ({ file, folder: parent(file.webkitRelativePath) }));

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((ok, no) => entry.file(ok, no));
const some = (reader: FileSystemDirectoryReader) =>
	new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));

/** What could not be read: the browser gives no reason. */
export interface Broken {
	broken: string;
	isFile: boolean;
}

/** The files of what was dropped, entry by entry. */
export async function* dropped(entry: FileSystemEntry): AsyncGenerator<Found | Broken> {
	try {
		if (entry.isFile) {
			yield { file: await fileOf(entry as FileSystemFileEntry), folder: parent(entry.fullPath) };
			return;
		}
		const reader = (entry as FileSystemDirectoryEntry).createReader();
		for (let part = await some(reader); part.length > 0; part = await some(reader))
			for (const e of part) yield* dropped(e);
	} catch {
		yield { broken: entry.fullPath.replace(/^\/+/, ""), isFile: entry.isFile };
	}
}

/** Call in the drop event itself: the browser forgets its items as soon as that has ended. */
export const entriesOf = (data: DataTransfer): FileSystemEntry[] =>
	[...data.items]
		.filter((i) => i.kind === "file")
		.map((i) => i.webkitGetAsEntry())
		.filter((e) => e !== null);

/** Why a file cannot be read now, in the browser's word ("NotFoundError"); null: it can. */
export async function unreadable(file: File): Promise<string | null> {
	try {
		await file.slice(0, 1).arrayBuffer();
		return null;
	} catch (e) {
		return e instanceof DOMException ? e.name : "NotReadableError";
	}
}
