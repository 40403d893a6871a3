// SPDX-License-Identifier: AGPL-3.0-or-later
// The basket as a sheet from the right, over every screen: what is in it, what of it may not be
// sent, and the way to the send screen.  Removing is undone, not asked about.
import { useEffect } from "preact/hooks";
import { Problem } from "../../api/client";
import { may } from "../../api/session";
import type { Card } from "../../api/types";
import { bytes } from "../../core/format";
import { visible } from "../../core/words";
import { focusBeside } from "../../dom/focus";
import { t } from "../../gen/i18n/basket";
import { language } from "../../i18n";
import { navigate } from "../../router";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Line5 } from "../../ui/Line5";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { Notice, VerdictTag } from "../../ui/Verdict";
import {
	addToBasket,
	type Basket,
	basket,
	basketOpen,
	clearBasket,
	loadBasket,
	removeFromBasket,
} from "./state";
import { Thumb } from "./thumb";
import { reasonWords } from "./words";

const stopped = (c: Card) => c.verdict === "blocked" || c.verdict === "in_review";

function failed(e: unknown) {
	if (!(e instanceof Problem)) throw e;
	toast(t.failed(), { error: true });
}

function takeOut(ids: string[], said: string) {
	removeFromBasket(ids).then(() => toast(said, { undo: () => addToBasket(ids) }), failed);
}

function empty(cards: readonly Card[]) {
	const ids = cards.map((c) => c.id);
	clearBasket().then(
		() => toast(t.cleared(), ids.length > 0 ? { undo: () => addToBasket(ids) } : {}),
		failed,
	);
}

function Item({ card }: { card: Card }) {
	const name = visible(card.title || card.name);
	const reason = card.reasons[0];
	return (
		<li class="bk-row">
			<Thumb card={card} />
			<div class="bk-what">
				<b class="bk-name">
					<bdi>{name}</bdi>
				</b>
				<span class="row s">
					<VerdictTag verdict={card.verdict} />
					<span class="muted num">{bytes(card.bytes, language.value)}</span>
				</span>
				<Line5 checks={card.checks} />
				{reason && <span class="s muted">{reasonWords(reason)}</span>}
			</div>
			<Button
				look="quiet"
				icon="close"
				label={t.remove({ name })}
				onClick={(e) => {
					focusBeside(e.currentTarget);
					takeOut([card.id], t.removed({ name }));
				}}
			/>
		</li>
	);
}

function Content({ b }: { b: Basket }) {
	const bad = b.cards.filter(stopped).length;
	const warn = b.cards.filter((c) => c.verdict === "conditions").length;
	return (
		<div class="stack">
			<p class="num">
				{t.sum({ files: t.files({ n: b.cards.length }), bytes: bytes(b.bytes, language.value) })}
				{warn > 0 && ` · ${t.conditions({ n: warn })}`}
			</p>
			{bad > 0 && <Notice tone="stop" title={t.stopped({ n: bad })} />}
			<ul class="bk">
				{b.cards.map((c) => (
					<Item key={c.id} card={c} />
				))}
				{b.gone > 0 && (
					<li class="bk-row bk-gone">
						<span class="thumb thumb-none" />
						<div class="bk-what">
							<b>{t.gone_row()}</b>
							<span class="s muted">{t.gone({ n: b.gone })}</span>
						</div>
					</li>
				)}
			</ul>
		</div>
	);
}

function Actions({ b }: { b: Basket }) {
	const bad = b.cards.filter(stopped).map((c) => c.id);
	return (
		<>
			{bad.length > 0 && (
				<Button
					onClick={(e) => {
						focusBeside(e.currentTarget);
						takeOut(bad, t.removed_stopped({ n: bad.length }));
					}}
				>
					{t.remove_stopped()}
				</Button>
			)}
			<Button
				look="quiet"
				onClick={(e) => {
					focusBeside(e.currentTarget);
					empty(b.cards);
				}}
			>
				{t.clear()}
			</Button>
			{may("send") && b.cards.length > 0 && (
				<Button
					look="primary"
					icon="ticket"
					onClick={() => {
						basketOpen.value = false;
						navigate("/app/send");
					}}
				>
					{t.send()}
				</Button>
			)}
		</>
	);
}

function useBasket() {
	useEffect(() => {
		loadBasket().catch(failed);
	}, []);
	return basket.value;
}

const isEmpty = (b: Basket | null) => b !== null && b.cards.length + b.gone === 0;

function Inside({ b, leave }: { b: Basket | null; leave: () => void }) {
	if (b === null) return <Skeleton lines={4} />;
	if (!isEmpty(b)) return <Content b={b} />;
	return (
		<Empty icon="basket" title={t.empty()} text={t.empty_text()}>
			<a class="btn" href="/app/library" onClick={leave}>
				{t.to_library()}
			</a>
		</Empty>
	);
}

export function BasketSheet() {
	const b = useBasket();
	const close = () => {
		basketOpen.value = false;
	};
	const actions = b !== null && !isEmpty(b) && { actions: <Actions b={b} /> };
	return (
		<Dialog title={t.title()} sheet onClose={close} {...actions}>
			<Inside b={b} leave={close} />
		</Dialog>
	);
}

/** The same at an address of its own: for phones, and for a link in a new window. */
export default function BasketPage() {
	const b = useBasket();
	return (
		<div class="main bk-page">
			<h1 tabIndex={-1}>{t.title()}</h1>
			<Inside b={b} leave={() => undefined} />
			{b !== null && !isEmpty(b) && (
				<div class="row">
					<Actions b={b} />
				</div>
			)}
		</div>
	);
}
