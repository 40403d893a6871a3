// SPDX-License-Identifier: AGPL-3.0-or-later
// Folders and trash in the rail; on narrow screens the same in a menu above the listing.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { may } from "../../api/session";
import { post, patch } from "../../api/client";
import { number } from "../../core/format";
import { type FolderNode, folderTree, visible } from "../../core/words";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { navigate } from "../../router";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { Tree, type TreeNode } from "../../ui/Tree";
import { Words } from "../../ui/problem";
import { filters, folders, loadFolders } from "./state";

export const openFolder = (path: string | null) =>
	navigate(to("library", {}, path === null ? {} : { folder: path }));

const node = (f: FolderNode): TreeNode => ({
	id: f.id,
	label: visible(f.label),
	count: number(f.count, language.value),
	...(f.children.length > 0 && { children: f.children.map(node) }),
});

/** A new folder inside the one that is open, or another name (and place) for it. */
function FolderDialog({ renames, onClose }: { renames: boolean; onClose: () => void }) {
	const here = filters.value.folder ?? "";
	const [path, setPath] = useState(renames ? here : here === "" ? "" : `${here}/`);
	const [error, setError] = useState<ComponentChildren>(null);
	const [busy, setBusy] = useState(false);
	const save = async () => {
		const wanted = path.trim().replace(/^\/+|\/+$/g, "");
		if (wanted === "") return setError(t.folder_needed());
		setBusy(true);
		try {
			const known = folders.value.find((f) => f.path === here);
			if (renames && known) await patch(`/folders/${known.id}`, { path: wanted });
			else await post("/folders", { path: wanted });
			await loadFolders();
			onClose();
			openFolder(wanted);
		} catch (e) {
			setError(<Words of={e} />);
			setBusy(false);
		}
	};
	return (
		<Dialog
			title={renames ? t.folder_rename() : t.folder_new()}
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>{t.cancel()}</Button>
					<Button look="primary" busy={busy} onClick={() => void save()}>
						{t.save()}
					</Button>
				</>
			}
		>
			<form
				onSubmit={(e) => {
					e.preventDefault();
					void save();
				}}
			>
				<Field
					label={t.folder_path()}
					hint={t.folder_hint()}
					value={path}
					error={error}
					onInput={setPath}
					autofocus
				/>
			</form>
		</Dialog>
	);
}

function Tools() {
	const [dialog, setDialog] = useState<"new" | "rename" | null>(null);
	if (!may("edit")) return null;
	return (
		<>
			<div class="library-tools">
				<Button look="quiet" icon="plus" label={t.folder_new()} onClick={() => setDialog("new")} />
				{filters.value.folder && (
					<Button
						look="quiet"
						icon="edit"
						label={t.folder_rename()}
						onClick={() => setDialog("rename")}
					/>
				)}
			</div>
			{dialog && <FolderDialog renames={dialog === "rename"} onClose={() => setDialog(null)} />}
		</>
	);
}

export function Folders() {
	const f = filters.value;
	const nodes = folderTree(folders.value).map(node);
	return (
		<div class="library-folders">
			<div class="library-folders-h">
				<p class="nav-h">{t.folders()}</p>
				<Tools />
			</div>
			{nodes.length > 0 && (
				<Tree
					key={f.folder ?? ""}
					label={t.folders()}
					nodes={nodes}
					selected={f.folder}
					onSelect={openFolder}
				/>
			)}
			<ul class="nav">
				<li>
					<a href={to("library", {}, { trash: true })} aria-current={f.trash ? "page" : undefined}>
						<Icon name="trash" />
						<span>{t.trash()}</span>
					</a>
				</li>
			</ul>
		</div>
	);
}

/** Phones have no rail: the folders are a chip. */
export function FolderMenu() {
	const all = folders.value.filter((f) => f.path !== "");
	return (
		<Menu
			class="chip library-folder-menu"
			label={t.folders()}
			items={[
				{ label: t.all_files(), icon: "library", href: to("library", {}) },
				...all.slice(0, 200).map((f) => ({
					label: visible(f.path),
					icon: "folder" as const,
					href: to("library", {}, { folder: f.path }),
				})),
				"line",
				{ label: t.trash(), icon: "trash", href: to("library", {}, { trash: true }) },
			]}
		/>
	);
}
