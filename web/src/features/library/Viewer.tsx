// SPDX-License-Identifier: AGPL-3.0-or-later
// A file large: arrows to its neighbours, pages, zoom by keys, wheel and buttons, moved with the
// pointer. Escape and "back" close it; the focus goes to where it was.
import { useEffect, useRef, useState } from "preact/hooks";
import { BASE } from "../../api/client";
import type { Card } from "../../api/types";
import { number, percent } from "../../core/format";
import { visible } from "../../core/words";
import { FIT, held, MOST, type View, zoomed } from "../../core/zoom";
import { openModal } from "../../dom/modal";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";
import { Tag } from "../../ui/Verdict";
import { picture, stateWord, toneOf } from "./face";
import { card, cardsStamp, wantCards } from "./state";

export interface ViewerProps {
	id: string;
	/** place in the listing; -1: not in it */
	index: number;
	count: number;
	onGo: (by: number) => void;
	onInfo: () => void;
	onClose: () => void;
}

const original = (c: Card) => `${BASE}/assets/${c.id}/versions/${c.version}/content`;

function Stage({
	c,
	page,
	view,
	set,
}: {
	c: Card;
	page: number;
	view: View;
	set: (v: View) => void;
}) {
	const ref = useRef<HTMLDivElement>(null);
	const src = picture(c);
	const frame = () => ({
		width: ref.current?.clientWidth ?? 1,
		height: ref.current?.clientHeight ?? 1,
	});
	if (/^(video|audio)\//.test(c.media_type ?? ""))
		return (
			<video
				class="library-film"
				src={original(c)}
				controls
				preload="metadata"
				{...(src && { poster: src(640) })}
			/>
		);
	if (!src) return <Empty icon="file" title={t.no_picture()} text={t.no_picture_text()} />;
	return (
		<div
			ref={ref}
			class="library-stage"
			onWheel={(e) => {
				e.preventDefault();
				const box = e.currentTarget.getBoundingClientRect();
				const x = e.clientX - box.left - box.width / 2;
				const y = e.clientY - box.top - box.height / 2;
				set(zoomed(view, e.deltaY < 0 ? 1.2 : 1 / 1.2, frame(), x, y));
			}}
			onPointerDown={(e) => view.scale > 1 && e.currentTarget.setPointerCapture(e.pointerId)}
			onPointerMove={(e) => {
				if (e.buttons !== 1 || view.scale === 1) return;
				set(held({ ...view, x: view.x + e.movementX, y: view.y + e.movementY }, frame()));
			}}
			onDblClick={() => set(view.scale > 1 ? FIT : zoomed(FIT, 2.5, frame()))}
		>
			<img
				key={`${c.version}-${page}`}
				src={page > 1 ? `${src(1600)}&page=${page}` : src(1600)}
				alt={visible(c.title)}
				draggable={false}
				style={{
					transform: `translate(${view.x}px,${view.y}px) scale(${view.scale})`,
					"background-color": c.colour ?? undefined,
				}}
			/>
		</div>
	);
}

function Pages({ c, page, set }: { c: Card; page: number; set: (n: number) => void }) {
	const pages = c.pages ?? 1;
	if (pages < 2) return null;
	return (
		<span class="row library-pages">
			<Button
				look="quiet"
				icon="up"
				label={t.page_before()}
				off={page <= 1}
				onClick={() => set(page - 1)}
			/>
			<span class="num">{t.page_of({ page, pages })}</span>
			<Button
				look="quiet"
				icon="down"
				label={t.page_after()}
				off={page >= pages}
				onClick={() => set(page + 1)}
			/>
		</span>
	);
}

const STEP = 1.4;
const frame = () => ({ width: innerWidth, height: innerHeight });
const larger = (v: View) => zoomed(v, STEP, frame());
const smaller = (v: View) => zoomed(v, 1 / STEP, frame());

interface Looking {
	view: View;
	setView: (v: View) => void;
	page: number;
	setPage: (n: number) => void;
}

function Zoom({ view, setView }: Looking) {
	return (
		<>
			<Button
				look="quiet"
				icon="minus"
				label={t.zoom_out()}
				off={view.scale <= 1}
				onClick={() => setView(smaller(view))}
			/>
			<span class="num s library-zoom" aria-live="polite">
				{percent(Math.round(view.scale * 100), language.value)}
			</span>
			<Button
				look="quiet"
				icon="plus"
				label={t.zoom_in()}
				off={view.scale >= MOST}
				onClick={() => setView(larger(view))}
			/>
		</>
	);
}

function Head({ p, c, l }: { p: ViewerProps; c: Card | undefined; l: Looking }) {
	return (
		<header class="library-viewer-h">
			<Button look="quiet" icon="back" onClick={p.onClose}>
				{t.back()}
			</Button>
			{c && (
				<strong class="library-viewer-n" dir="auto">
					{visible(c.title)}
				</strong>
			)}
			{p.index >= 0 && (
				<span class="muted num hide-s">
					{number(p.index + 1, language.value)} / {number(p.count, language.value)}
				</span>
			)}
			{c && <Tag tone={toneOf(c)}>{stateWord(c)}</Tag>}
			<span class="sp row">
				{c && <Pages c={c} page={l.page} set={l.setPage} />}
				<Zoom {...l} />
				{c && (
					<a class="btn q i" href={original(c)} download={c.name} title={t.download_original()}>
						<Icon name="download" />
						<span class="vh">{t.download_original()}</span>
					</a>
				)}
				<Button look="quiet" icon="info" label={t.details()} onClick={p.onInfo} />
			</span>
		</header>
	);
}

function Neighbours({ p }: { p: ViewerProps }) {
	return (
		<>
			<Button
				class="library-prev"
				icon="left"
				label={t.previous()}
				off={p.index <= 0}
				onClick={() => p.onGo(-1)}
			/>
			<Button
				class="library-next"
				icon="right"
				label={t.next()}
				off={p.index < 0 || p.index >= p.count - 1}
				onClick={() => p.onGo(1)}
			/>
		</>
	);
}

function onKey(e: KeyboardEvent, p: ViewerProps, l: Looking, pages: number) {
	if (e.target instanceof HTMLVideoElement || e.ctrlKey || e.metaKey || e.altKey) return;
	if (e.key === "ArrowLeft") p.onGo(-1);
	else if (e.key === "ArrowRight") p.onGo(1);
	else if (e.key === "+" || e.key === "=") l.setView(larger(l.view));
	else if (e.key === "-") l.setView(smaller(l.view));
	else if (e.key === "0") l.setView(FIT);
	else if (e.key === "i") p.onInfo();
	else if (e.key === "PageDown" && l.page < pages) l.setPage(l.page + 1);
	else if (e.key === "PageUp" && l.page > 1) l.setPage(l.page - 1);
	else return;
	e.preventDefault();
}

/**
 * How one file is looked at. Another file begins anew with its first frame: a reset after it
 * would take back a key that was pressed meanwhile.
 */
function useLooking(id: string): Looking {
	const [last, set] = useState({ id, view: FIT, page: 1 });
	const now = last.id === id ? last : { id, view: FIT, page: 1 };
	return {
		view: now.view,
		setView: (view) => set({ ...now, view }),
		page: now.page,
		setPage: (page) => set({ ...now, page }),
	};
}

export default function Viewer(p: ViewerProps) {
	void cardsStamp.value;
	const dialog = useRef<HTMLDialogElement>(null);
	const l = useLooking(p.id);
	const c = card(p.id);
	useEffect(() => {
		if (!dialog.current) return;
		const close = openModal(dialog.current);
		dialog.current.focus();
		return close;
	}, []);
	useEffect(() => {
		void wantCards([p.id]).catch(() => undefined);
	}, [p.id]);
	return (
		<dialog
			ref={dialog}
			class="library-viewer"
			aria-label={c ? visible(c.title) : t.viewer()}
			tabIndex={-1}
			onKeyDown={(e) => onKey(e, p, l, c?.pages ?? 0)}
			onCancel={(e) => {
				e.preventDefault();
				p.onClose();
			}}
		>
			<Head p={p} c={c} l={l} />
			<div class="library-viewer-b">
				{c && <Stage c={c} page={l.page} view={l.view} set={l.setView} />}
				<Neighbours p={p} />
			</div>
		</dialog>
	);
}
