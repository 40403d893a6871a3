// SPDX-License-Identifier: AGPL-3.0-or-later
// The overview: what wants attention today, each line a way there, and the last deliveries.
import { useEffect } from "preact/hooks";
import { number } from "../../core/format";
import { t } from "../../gen/i18n/overview";
import { language } from "../../i18n";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Icon, type IconName } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { Notice, type Tone } from "../../ui/Verdict";
import { DeliveryRows } from "../deliveries/rows";
import { loadOverview, type Overview, overview, overviewProblem } from "./state";

interface Kind {
	words: (a: { n: number }) => string;
	href: string;
	tone: Tone;
	icon: IconName;
}

const kinds: Record<string, Kind> = {
	withheld: {
		words: t.withheld,
		href: to("deliveries", {}),
		tone: "stop",
		icon: "stop",
	},
	infected: { words: t.infected, href: to("library", {}), tone: "stop", icon: "stop" },
	"mail-failed": {
		words: t["mail-failed"],
		href: to("deliveries", {}, { state: "all" }),
		tone: "stop",
		icon: "stop",
	},
	"in-review": {
		words: t["in-review"],
		href: to("library", {}, { state: "in_review" }),
		tone: "info",
		icon: "review",
	},
	expiring: { words: t.expiring, href: to("deliveries", {}), tone: "warn", icon: "clock" },
	"not-opened": { words: t["not-opened"], href: to("deliveries", {}), tone: "info", icon: "mail" },
	outbox: { words: t.outbox, href: to("outbox", {}), tone: "info", icon: "inbox" },
	"preview-failed": {
		words: t["preview-failed"],
		href: to("library", {}),
		tone: "warn",
		icon: "image",
	},
};

function Attention({ list }: { list: Overview["attention"] }) {
	const known = list.filter((a) => a.count > 0 && kinds[a.kind] !== undefined);
	if (known.length === 0)
		return (
			<p class="ov-calm">
				<Icon name="ok" /> {t.nothing()}
			</p>
		);
	return (
		<ul class="ov-list">
			{known.map((a) => {
				const kind = kinds[a.kind] as Kind;
				return (
					<li key={a.kind}>
						<a href={kind.href}>
							<span class={`tag ${kind.tone}`}>
								<Icon name={kind.icon} />
							</span>
							<span>{kind.words({ n: a.count })}</span>
							<Icon name="right" />
						</a>
					</li>
				);
			})}
		</ul>
	);
}

function Counts({ counts }: { counts: Overview["counts"] }) {
	const shown = [
		[t.assets(), counts.assets, to("library", {})],
		[t.deliveries(), counts.deliveries, to("deliveries", {}, { state: "all" })],
		[t.active(), counts.active, to("deliveries", {})],
	] as const;
	return (
		<ul class="ov-counts">
			{shown.map(([label, n, href]) => (
				<li key={label}>
					<a href={href}>
						<span class="ov-n num">{number(n, language.value)}</span>
						<span class="s muted">{label}</span>
					</a>
				</li>
			))}
		</ul>
	);
}

export default function OverviewPage() {
	const o = overview.value;
	useEffect(() => {
		loadOverview();
	}, []);
	return (
		<div class="main">
			<h1 tabIndex={-1}>{t.title()}</h1>
			{overviewProblem.value && (
				<Notice tone="stop" title={t.problem()} alert>
					<Button onClick={() => loadOverview()}>{t.again()}</Button>
				</Notice>
			)}
			{o === null && overviewProblem.value === null && <Skeleton lines={6} />}
			{o !== null && (
				<>
					<Counts counts={o.counts} />
					<section aria-labelledby="ov-today" class="stack">
						<h2 id="ov-today">{t.today()}</h2>
						<Attention list={o.attention} />
					</section>
					<section aria-labelledby="ov-recent" class="stack">
						<div class="row">
							<h2 id="ov-recent">{t.recent()}</h2>
							<a class="sp" href={to("deliveries", {})}>
								{t.all()}
							</a>
						</div>
						{o.recent.length > 0 ? (
							<DeliveryRows rows={o.recent} caption={t.recent()} />
						) : (
							<p class="muted">{t.no_recent()}</p>
						)}
					</section>
				</>
			)}
		</div>
	);
}
