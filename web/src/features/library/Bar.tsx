// SPDX-License-Identifier: AGPL-3.0-or-later
// What is chosen: how many, how large, may it go out, and what can be done with it.
import { useEffect, useState } from "preact/hooks";
import { may } from "../../api/session";
import { bytes } from "../../core/format";
import { NONE } from "../../core/selection";
import type { VirtualGrid } from "../../dom/vgrid";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Menu, type MenuItem } from "../../ui/Menu";
import { Tag } from "../../ui/Verdict";
import { restore, send, toBasket, trash } from "./acts";
import { cardsStamp, chosenIds, filters, selection, type Summary, summarise } from "./state";

export type Ask = "move" | "keywords" | "release" | "class";

/** Of what is chosen now; null while it is being counted. */
function useSummary(): Summary | null {
	const s = selection.value;
	const [sum, set] = useState<{ of: typeof s; is: Summary } | null>(null);
	const stamp = cardsStamp.value;
	useEffect(() => {
		const stop = new AbortController();
		const timer = setTimeout(() => {
			summarise(s, stop.signal).then(
				(got) => stop.signal.aborted || set({ of: s, is: got }),
				() => undefined,
			);
		}, 60);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [s, stamp]);
	return sum?.of === s ? sum.is : null;
}

function Verdicts({ sum }: { sum: Summary }) {
	return (
		<>
			{sum.conditions > 0 && (
				<Tag tone="warn" pill>
					{t.n_conditions({ n: sum.conditions })}
				</Tag>
			)}
			{sum.blocked > 0 && (
				<Tag tone="stop" pill>
					{t.n_blocked({ n: sum.blocked })}
				</Tag>
			)}
			{sum.review > 0 && (
				<Tag tone="info" pill>
					{t.n_review({ n: sum.review })}
				</Tag>
			)}
		</>
	);
}

export function actions(ask: (what: Ask) => void): (MenuItem | "line")[] {
	const list: (MenuItem | "line")[] = [];
	if (may("release"))
		list.push({ label: t.release_set(), icon: "shield", onSelect: () => ask("release") });
	if (may("edit"))
		list.push(
			{ label: t.move_to(), icon: "folder", onSelect: () => ask("move") },
			{ label: t.keywords_change(), icon: "edit", onSelect: () => ask("keywords") },
			{ label: t.class_set(), icon: "key", onSelect: () => ask("class") },
			"line",
			{ label: t.to_trash(), icon: "trash", danger: true, onSelect: () => void trash(chosenIds()) },
		);
	return list;
}

export function Bar({ grid, ask }: { grid: VirtualGrid | null; ask: (what: Ask) => void }) {
	const s = selection.value;
	const sum = useSummary();
	if (s.count === 0) return null;
	return (
		<section class="bar" aria-label={t.selection()}>
			<Button look="quiet" icon="close" label={t.choose_none()} onClick={() => grid?.set(NONE)} />
			<strong class="num">{t.chosen({ n: s.count })}</strong>
			{sum?.known && <span class="muted s num">{bytes(sum.bytes, language.value)}</span>}
			{sum && <Verdicts sum={sum} />}
			<span class="sp row">
				{filters.value.trash ? (
					<Button look="primary" icon="undo" onClick={() => void restore(chosenIds())}>
						{t.restore()}
					</Button>
				) : (
					<>
						{may("edit") || may("release") ? (
							<Menu label={t.more()} icon="more" class="btn q i" items={actions(ask)} end />
						) : null}
						<Button icon="basket" onClick={() => void toBasket(chosenIds())}>
							{t.to_basket()}
						</Button>
						{may("send") && (
							<Button look="primary" icon="ticket" onClick={() => void send(chosenIds())}>
								{t.send()}
							</Button>
						)}
					</>
				)}
			</span>
		</section>
	);
}
