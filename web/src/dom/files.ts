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

async function* walk(entry: FileSystemEntry): AsyncGenerator<Found | { broken: string }> {
	try {
		if (entry.isFile) {
			yield { file: await fileOf(entry as FileSystemFileEntry), folder: parent(entry.fullPath) };
			return;
		}
		const reader = (entry as FileSystemDirectoryEntry).createReader();
		for (let part = await some(reader); part.length > 0; part = await some(reader))
			for (const e of part) yield* walk(e);
	} catch {
		yield { broken: entry.fullPath.replace(/^\/+/, "") };
	}
}

/** Call at once in the drop event: the browser forgets the items afterwards. */
export async function* dropped(data: DataTransfer): AsyncGenerator<Found | { broken: string }> {
	const entries = [...data.items].filter((i) => i.kind === "file").map((i) => i.webkitGetAsEntry());
	for (const entry of entries) if (entry) yield* walk(entry);
}
