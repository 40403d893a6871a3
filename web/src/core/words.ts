// SPDX-License-Identifier: AGPL-3.0-or-later
// Small readings of a card: its kind for the corner of the picture, its folder as a tree.
import type { Schema } from "../api/types";

const KIND: Record<string, string> = {
	"image/jpeg": "JPEG",
	"image/tiff": "TIFF",
	"image/png": "PNG",
	"image/gif": "GIF",
	"image/webp": "WebP",
	"image/avif": "AVIF",
	"image/heic": "HEIC",
	"image/svg+xml": "SVG",
	"image/vnd.adobe.photoshop": "PSD",
	"application/pdf": "PDF",
	"application/zip": "ZIP",
	"text/plain": "TXT",
	"video/mp4": "MP4",
	"video/quicktime": "MOV",
	"audio/mpeg": "MP3",
};

/** "TIFF"; what is unknown is named by the end of the file's name. */
export function kindOf(type: string | null, name: string): string {
	const known = KIND[type ?? ""];
	if (known) return known;
	const end = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1];
	return end ? end.toUpperCase() : (type?.split("/")[1] ?? "").slice(0, 6).toUpperCase();
}

// Bidi overrides and isolates, zero width, line ends: nothing may look like another name.
const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** One line as it is shown: what would hide or turn letters is written out, ⟨U+202E⟩. */
export function visible(line: string): string {
	return line.replace(
		HIDDEN,
		(c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
	);
}

export type Folder = Schema<"Folder">;

export interface FolderNode {
	id: string;
	label: string;
	count: number;
	children: FolderNode[];
}

/** Sorted paths -> a tree; a folder that is only part of a longer path is in it, too. Counts of
 * the server are per folder; a node shows itself and everything below. */
export function folderTree(folders: readonly Folder[]): FolderNode[] {
	const top: FolderNode[] = [];
	const known = new Map<string, FolderNode>();
	const at = (path: string): FolderNode => {
		const found = known.get(path);
		if (found) return found;
		const cut = path.lastIndexOf("/");
		const node: FolderNode = { id: path, label: path.slice(cut + 1), count: 0, children: [] };
		known.set(path, node);
		(cut < 0 ? top : at(path.slice(0, cut)).children).push(node);
		return node;
	};
	for (const f of folders) {
		if (f.path === "") continue;
		at(f.path);
		for (let p = f.path; p !== ""; p = p.slice(0, Math.max(0, p.lastIndexOf("/"))))
			at(p).count += f.count;
	}
	return top;
}
