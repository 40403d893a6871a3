// SPDX-License-Identifier: AGPL-3.0-or-later
// One delivery: its eTicket, each recipient's way, the history, and what can be done about it.
import { useLayoutEffect, useState } from "preact/hooks";
import { may } from "../../api/session";
import { bytes, date } from "../../core/format";
import { t } from "../../gen/i18n/deliveries";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { Ticket } from "../../ui/Ticket";
import { Notice } from "../../ui/Verdict";
import { ExtendDialog, LinkDialog, type RevokeAsk, RevokeDialog } from "./dialogs";
import { History } from "./history";
import { RecipientCard } from "./recipient";
import { StateTag } from "./rows";
import { type Delivery, delivery, deliveryProblem, loadDelivery, watchDelivery } from "./state";

const day = (when: string) => date(when, language.value);

function validity(d: Delivery): string {
	if (d.state === "expired") return t.ended({ date: day(d.expires) });
	const until = t.until({ date: day(d.expires) });
	return d.state === "scheduled" ? `${t.from({ date: day(d.valid_from) })} · ${until}` : until;
}

function Head({ d }: { d: Delivery }) {
	const sum = d.files.reduce((n, f) => n + f.bytes, 0);
	const facts = [
		t.files({ n: d.files.length }),
		bytes(sum, language.value),
		t.by({ who: d.sender.name || d.sender.address }),
	];
	const how = [validity(d), t.package(), t.code(), d.limit > 0 ? t.limit({ n: d.limit }) : ""];
	return (
		<Ticket number={d.delivery} stub={<StateTag state={d.state} />}>
			<b class="num">{facts.join(" · ")}</b>
			<span class="s">{how.filter(Boolean).join(" · ")}</span>
		</Ticket>
	);
}

type Ask =
	| { kind: "revoke"; ask: RevokeAsk }
	| { kind: "extend" }
	| { kind: "link"; who: string }
	| null;

function Asked({ d, ask, close }: { d: Delivery; ask: Ask; close: () => void }) {
	const done = () => void loadDelivery(d.delivery);
	if (ask === null) return null;
	if (ask.kind === "extend") return <ExtendDialog d={d} close={close} done={done} />;
	if (ask.kind === "link") return <LinkDialog d={d} who={ask.who} close={close} done={done} />;
	return <RevokeDialog ask={ask.ask} close={close} done={done} />;
}

function Buttons({ d, set }: { d: Delivery; set: (a: Ask) => void }) {
	if (!may("send") || d.state === "revoked" || d.state === "expired") return null;
	return (
		<div class="row dl-buttons">
			<Button icon="clock" onClick={() => set({ kind: "extend" })}>
				{t.extend()}
			</Button>
			<Button
				look="danger"
				onClick={() =>
					set({ kind: "revoke", ask: { number: d.delivery, recipient: null, delivery: d } })
				}
			>
				{t.revoke()}
			</Button>
		</div>
	);
}

function Trouble({ number }: { number: string }) {
	const p = deliveryProblem.value;
	if (p === null) return null;
	if (p.status === 404)
		return (
			<Empty icon="ticket" title={t.missing()} text={t.missing_text()}>
				<a class="btn" href="/app/deliveries">
					{t.title()}
				</a>
			</Empty>
		);
	return (
		<Notice tone="warn" title={p.code === "offline" ? t.offline() : t.failed()} alert>
			<Button onClick={() => loadDelivery(number)}>{t.again()}</Button>
		</Notice>
	);
}

function Whole({ d }: { d: Delivery }) {
	const [ask, set] = useState<Ask>(null);
	const on = {
		revoke: (who: string) =>
			set({ kind: "revoke", ask: { number: d.delivery, recipient: who, delivery: d } }),
		link: (who: string) => set({ kind: "link", who }),
	};
	return (
		<>
			<div class="dl-head">
				<Head d={d} />
				<Buttons d={d} set={set} />
			</div>
			{d.revoke_reason !== "" && <p>{t.revoked_because({ reason: d.revoke_reason })}</p>}
			{d.message !== "" && (
				<details class="dl-message">
					<summary>{t.message()}</summary>
					<p class="dl-text">{d.message}</p>
				</details>
			)}
			<div class="dl-cols">
				<section aria-labelledby="dl-who" class="stack">
					<h2 id="dl-who">{t.recipients()}</h2>
					<ul class="stack">
						{d.recipients.map((r) => (
							<RecipientCard key={r.address} d={d} r={r} on={on} />
						))}
					</ul>
				</section>
				<History d={d} />
			</div>
			<Asked d={d} ask={ask} close={() => set(null)} />
		</>
	);
}

export function DeliveryPage({ number }: { number: string }) {
	// before the first frame: what was wrong with another one is not said of this one
	useLayoutEffect(() => watchDelivery(number), [number]);
	const d = delivery.value?.delivery === number ? delivery.value : null;
	return (
		<div class="main">
			<a class="dl-back" href="/app/deliveries">
				<Icon name="back" /> {t.back()}
			</a>
			<h1 tabIndex={-1}>{d === null ? t.one({ number }) : d.subject || t.no_subject()}</h1>
			<Trouble number={number} />
			{d === null && deliveryProblem.value === null && <Skeleton lines={6} />}
			{d !== null && <Whole d={d} />}
		</div>
	);
}
