// SPDX-License-Identifier: AGPL-3.0-or-later
// The library: listing with filters, what is chosen, the details beside it. The address says
// everything: folder, filters, order, view, the open file and whether it is shown large.
import { effect, signal, untracked } from "@preact/signals";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../api/session";
import type { Way } from "../../core/layout";
import { visible } from "../../core/words";
import { entriesOf } from "../../dom/files";
import { whenIdle } from "../../dom/idle";
import type { VirtualGrid } from "../../dom/vgrid";
import { t } from "../../gen/i18n/library";
import { entry, navigate, place, setQuery } from "../../router";
import { to } from "../../routes";
import { railSlot, upload } from "../../shell/slots";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Icon, type IconName } from "../../ui/Icon";
import { Words } from "../../ui/problem";
import { restore, send, toBasket, trash } from "./acts";
import { type Ask, Bar } from "./Bar";
import { ConflictDialog } from "./Conflict";
import { Details } from "./Details";
import { Filters, Sort } from "./Filters";
import { FolderMenu, Folders } from "./Folders";
import { backTo, Grid } from "./Grid";
import {
	beginListing,
	busy,
	chosenIds,
	cursor,
	failure,
	filtered,
	filters,
	listing,
	loaded,
	loadFolders,
	loadListing,
	openFile,
	reload,
	selection,
	viewing,
	wantedList,
	way,
} from "./state";

export { prepare } from "./state";

const WIDE = "(min-width: 70.01rem)";
const wide = signal(matchMedia(WIDE).matches);
matchMedia(WIDE).addEventListener("change", (e) => {
	wide.value = e.matches;
});
/** The panel follows the cursor until it is closed; i opens it again. */
const follows = signal(true);

const idAt = (index: number) =>
	index >= 0 && index < listing.value.ids.length ? String(listing.value.ids[index]) : null;
const indexOf = (id: string | null) =>
	id === null ? -1 : listing.value.ids.indexOf(BigInt(/^\d+$/.test(id) ? id : 0));

function useLater<P>(
	on: boolean,
	load: () => Promise<{ default: ComponentType<P> }>,
): ComponentType<P> | null {
	const [part, set] = useState<ComponentType<P> | null>(null);
	useEffect(() => {
		if (on && part === null) void load().then((m) => set(() => m.default));
	}, [on]);
	return on ? part : null;
}

const openUpload = (entries?: readonly FileSystemEntry[]) =>
	void import("../upload/index").then((u) =>
		u.openUpload(entries ? { entries } : {}, { folder: filters.value.folder ?? "" }),
	);

// head

const WAYS: readonly { way: Way; icon: IconName; label: () => string }[] = [
	{ way: "cards", icon: "library", label: t.view_cards },
	{ way: "gallery", icon: "image", label: t.view_gallery },
	{ way: "list", icon: "list", label: t.view_list },
];

function Views() {
	return (
		<span class="row" role="group" aria-label={t.view()}>
			{WAYS.map((w) => (
				<button
					key={w.way}
					type="button"
					class={w.way === way.value ? "chip on" : "chip"}
					aria-pressed={w.way === way.value}
					onClick={() => setQuery({ view: w.way === "cards" ? null : w.way })}
				>
					<Icon name={w.icon} />
					<span>{w.label()}</span>
				</button>
			))}
		</span>
	);
}

function heading(): string {
	const f = filters.value;
	if (f.trash) return t.trash();
	if (f.folder) return visible(f.folder.slice(f.folder.lastIndexOf("/") + 1));
	return t.title_library();
}

function Head() {
	const n = listing.value.ids.length;
	return (
		<div class="row library-head">
			<h1>
				<bdi>{heading()}</bdi>
			</h1>
			{loaded.value && listing.value.whole && <span class="muted num">{t.files({ n })}</span>}
			<span class="sp row">
				<FolderMenu />
				<Views />
				<Sort />
			</span>
		</div>
	);
}

// empty

const reset = () =>
	setQuery(
		{ q: null, state: null, type: null, class: null, keyword: null, file: null },
		{ push: true },
	);

function Nothing() {
	const f = filters.value;
	if (failure.value)
		return (
			<Empty icon="warn" title={t.list_failed()} text={<Words of={failure.value} />}>
				<Button onClick={() => void reload()}>{t.again()}</Button>
			</Empty>
		);
	if (!loaded.value || listing.value.ids.length > 0) return null;
	if (filtered.value)
		return (
			<Empty icon="search" title={f.q ? t.empty_search({ q: f.q }) : t.empty_filter()}>
				<Button onClick={reset}>{t.reset_filters()}</Button>
			</Empty>
		);
	if (f.trash) return <Empty icon="trash" title={t.empty_trash()} text={t.empty_trash_text()} />;
	return (
		<Empty
			icon="upload"
			title={t.empty_library()}
			text={may("upload") ? t.empty_library_text() : t.empty_library_wait()}
		>
			{may("upload") && (
				<Button look="primary" onClick={() => openUpload()}>
					{t.choose_files()}
				</Button>
			)}
		</Empty>
	);
}

// keys and pointers of the grid

interface Hands {
	ask: (what: Ask, ids?: readonly string[]) => void;
}

/** Acts on what is chosen, else on the file under the cursor. */
function targets(): string[] {
	const chosen = chosenIds();
	const at = idAt(cursor.value);
	return chosen.length > 0 ? chosen : at ? [at] : [];
}

function onKey(e: KeyboardEvent, h: Hands): boolean {
	if (e.ctrlKey || e.metaKey || e.altKey) return false;
	const ids = targets();
	if (ids.length === 0) return false;
	const f = filters.value;
	if (e.key === "i") info();
	else if (e.key === "b" && !f.trash) void toBasket(ids);
	else if (e.key === "s" && !f.trash && may("send")) void send(ids);
	else if (e.key === "Delete" && may("edit")) void (f.trash ? restore(ids) : trash(ids));
	else if (e.key === "." || e.key === "ContextMenu") more();
	else if (e.key === "m" && may("edit")) h.ask("move", ids);
	else return false;
	return true;
}

function more() {
	document.querySelector<HTMLElement>(".bar [aria-haspopup=menu]")?.click();
}

function info() {
	const at = openFile.value ? null : idAt(cursor.value);
	follows.value = at !== null;
	setQuery({ file: at });
}

const look = (id = openFile.value) => setQuery({ file: id, look: "1" }, { push: true, over: true });

// drop files anywhere

function useDrop(): boolean {
	const [over, set] = useState(false);
	useEffect(() => {
		const stop = new AbortController();
		const files = (e: DragEvent) =>
			e.dataTransfer?.types.includes("Files") === true && may("upload");
		const on = (name: "dragover" | "dragleave" | "drop", act: (e: DragEvent) => void) =>
			addEventListener(name, (e) => files(e) && act(e), { signal: stop.signal });
		on("dragover", (e) => {
			e.preventDefault();
			set(true);
		});
		on("dragleave", (e) => e.relatedTarget === null && set(false));
		on("drop", (e) => {
			e.preventDefault();
			set(false);
			if (e.dataTransfer) openUpload(entriesOf(e.dataTransfer));
		});
		return () => stop.abort();
	}, []);
	return over;
}

function useLibrary(params: { asset?: string }) {
	useEffect(() => {
		if (params.asset)
			navigate(to("library", {}, { file: params.asset, look: true }), { replace: true });
		railSlot.value = <Folders />;
		if (may("upload")) upload.value = () => openUpload();
		const stop = effect(() => {
			void wantedList.value;
			// what it reads itself, such as the open file, is no reason to ask again
			untracked(beginListing);
		});
		whenIdle(() => void loadFolders());
		if (place.value.query.get("upload") === "1") {
			setQuery({ upload: null });
			if (may("upload")) openUpload();
		}
		const fresh = () => document.visibilityState === "visible" && void loadListing();
		document.addEventListener("visibilitychange", fresh);
		const timer = setInterval(fresh, 20_000);
		return () => {
			stop();
			railSlot.value = null;
			upload.value = null;
			clearInterval(timer);
			document.removeEventListener("visibilitychange", fresh);
		};
	}, []);
}

const HELD_MS = 90;

type MaybeGrid = VirtualGrid | null;
type Asked = { what: Ask; ids: readonly string[] } | null;

/**
 * The panel follows the cursor. A held key is followed at its end; what is chosen at once, so
 * that the panel does not offer to act on the file before.
 */
function useFollowing() {
	const timer = useRef(0);
	return (index: number, chosen = false) => {
		clearTimeout(timer.current);
		if (!wide.value || !follows.value) return;
		timer.current = window.setTimeout(() => setQuery({ file: idAt(index) }), chosen ? 0 : HELD_MS);
	};
}

function Panel({ children, onClose }: { children: ComponentChildren; onClose: () => void }) {
	return (
		<aside class="panel" aria-label={t.details()}>
			<Button
				class="library-panel-x"
				look="quiet"
				icon="close"
				label={t.details_close()}
				onClick={onClose}
			/>
			{children}
		</aside>
	);
}

/** Beside the listing, or over it where there is no room. */
function Beside({ id, onRelease, grid }: { id: string; onRelease: () => void; grid: MaybeGrid }) {
	const details = <Details key="details" id={id} onLook={() => look()} onRelease={onRelease} />;
	const close = () => {
		follows.value = false;
		setQuery({ file: null });
		grid?.el.focus({ preventScroll: true });
	};
	if (wide.value) return <Panel onClose={close}>{details}</Panel>;
	if (viewing.value) return null;
	return (
		<Dialog sheet title={t.details()} onClose={close}>
			<div class="library-sheet">{details}</div>
		</Dialog>
	);
}

function Large({ id, grid }: { id: string | null; grid: MaybeGrid }) {
	const Viewer = useLater(viewing.value && id !== null, () => import("./Viewer"));
	if (!Viewer || id === null) return null;
	const go = (by: number) => {
		const next = indexOf(id) + by;
		const there = idAt(next);
		if (there === null) return;
		setQuery({ file: there });
		grid?.set(selection.value, next);
		grid?.reveal(next);
	};
	const info = () => {
		follows.value = true;
		setQuery({ look: null });
	};
	const close = () => {
		if (entry().over) return backTo(id);
		setQuery({ look: null, ...(!wide.value && { file: null }) });
		setTimeout(() => grid?.el.focus({ preventScroll: true }), 0);
	};
	return (
		<Viewer
			id={id}
			index={indexOf(id)}
			count={listing.value.ids.length}
			onGo={go}
			onInfo={info}
			onClose={close}
		/>
	);
}

function Drop() {
	if (!useDrop()) return null;
	return (
		<div class="library-drop" aria-hidden="true">
			<p>
				<Icon name="upload" /> {t.drop_here({ folder: filters.value.folder || t.title_library() })}
			</p>
		</div>
	);
}

export default function Library({ params }: { params: unknown }) {
	const [grid, setGrid] = useState<MaybeGrid>(null);
	const [asked, setAsked] = useState<Asked>(null);
	const follow = useFollowing();
	useLibrary(params as { asset?: string });
	const id = openFile.value;
	const Dialogs = useLater(asked !== null, () => import("./Dialogs"));
	const ask = (what: Ask, ids: readonly string[] = chosenIds()) =>
		ids.length > 0 && setAsked({ what, ids });
	return (
		<div class={id && wide.value ? "work" : undefined}>
			<div class="main library">
				<Head />
				<Filters />
				<div class={busy.value ? "library-grid dim" : "library-grid"}>
					<Grid
						take={setGrid}
						onOpen={(index) => look(idAt(index))}
						onActive={follow}
						onKey={(e) => onKey(e, { ask })}
						onMenu={() => setTimeout(more, 0)}
					/>
				</div>
				<Nothing />
				<Bar grid={grid} ask={ask} />
			</div>
			{id && <Beside id={id} grid={grid} onRelease={() => ask("release", [id])} />}
			<Large id={id} grid={grid} />
			{Dialogs && asked && (
				<Dialogs what={asked.what} ids={asked.ids} onClose={() => setAsked(null)} />
			)}
			<ConflictDialog />
			<Drop />
		</div>
	);
}
