// SPDX-License-Identifier: AGPL-3.0-or-later
// The recipients' field: an address after the other or a pasted list, remembered addresses
// below it; each taken one is a chip with what we know of it, and a likely mistake is named.
import { useEffect, useState } from "preact/hooks";
import { domainOf, meant, newDomains, parseAddresses } from "../../core/address";
import { date } from "../../core/format";
import { announce } from "../../dom/announce";
import { focusBeside } from "../../dom/focus";
import { t } from "../../gen/i18n/send";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Combobox } from "../../ui/Combobox";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/Verdict";
import {
	type Contact,
	contacts,
	draft,
	edit,
	findContacts,
	knownDomains,
	learnDomains,
} from "./state";

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function add(list: readonly string[]) {
	const have = draft.value.to;
	const fresh = list.filter((a) => !have.some((b) => same(a, b)));
	if (fresh.length > 0) edit({ to: [...have, ...fresh] });
}

function replace(old: string, by: string) {
	edit({ to: draft.value.to.map((a) => (a === old ? by : a)) });
}

function fieldOf(control: Element) {
	const all = control.closest(".sd-to");
	return () => all?.querySelector<HTMLElement>("input") ?? null;
}

function Chip({ address }: { address: string }) {
	const known = (contacts.value.get(address.toLowerCase())?.deliveries ?? 0) > 0;
	return (
		<li class="chip sd-chip">
			{known && (
				<span class="muted xs">
					<Icon name="shield" /> {t.to_chip_known()}
				</span>
			)}
			<span class="sd-name">{address}</span>
			<button
				type="button"
				class="sd-x"
				aria-label={t.to_remove({ who: address })}
				onClick={(e) => {
					focusBeside(e.currentTarget, fieldOf(e.currentTarget));
					edit({ to: draft.value.to.filter((a) => a !== address) });
				}}
			>
				<Icon name="close" />
			</button>
		</li>
	);
}

function Known({ address }: { address: string }) {
	const c = contacts.value.get(address.toLowerCase());
	if (!c || c.deliveries === 0 || c.last_sent === null) return null;
	return (
		<p class="hint">{t.to_known({ n: c.deliveries, date: date(c.last_sent, language.value) })}</p>
	);
}

function Hints({ learned }: { learned: boolean }) {
	const to = draft.value.to;
	const known = [...knownDomains.value];
	const slips = to.flatMap((a) => {
		const better = meant(a, known);
		return better === null ? [] : [{ a, better }];
	});
	const slipped = new Set(slips.map((s) => domainOf(s.a)));
	const fresh = learned ? newDomains(to, known).filter((d) => !slipped.has(d)) : [];
	return (
		<>
			{to.length === 1 && <Known address={to[0] ?? ""} />}
			{slips.map((s) => (
				<Notice key={s.a} tone="warn" title={t.to_meant({ what: s.better })}>
					<Button
						onClick={(e) => {
							focusBeside(e.currentTarget, fieldOf(e.currentTarget));
							replace(s.a, s.better);
						}}
					>
						{t.to_meant_take()}
					</Button>
				</Notice>
			))}
			{fresh.map((domain) => (
				<p key={domain} class="s sd-warn">
					<Icon name="warn" /> {t.new_domain({ domain })}
				</p>
			))}
		</>
	);
}

const row = (c: Contact) => (
	<span class="sd-contact">
		<b>{c.address}</b>
		<span class="s muted">
			{[c.name ?? "", c.deliveries > 0 ? t.to_known_row({ n: c.deliveries }) : ""]
				.filter(Boolean)
				.join(" · ")}
		</span>
	</span>
);

/** Whether the domains that are known have come. */
function useLearned(to: readonly string[]): boolean {
	const [learned, setLearned] = useState(false);
	useEffect(() => {
		let gone = false;
		setLearned(false);
		learnDomains(to).then(
			() => gone || setLearned(true),
			() => undefined,
		);
		return () => {
			gone = true;
		};
	}, [to.join()]);
	return learned;
}

function Chips({ to }: { to: readonly string[] }) {
	if (to.length === 0) return null;
	return (
		<ul class="row sd-chips" aria-label={t.to()}>
			{to.map((a) => (
				<Chip key={a} address={a} />
			))}
		</ul>
	);
}

const found = (q: string) => (q.trim() === "" ? Promise.resolve([]) : findContacts(q.trim()));

/** What is being typed, what of it is no address, and what takes it. */
function useTyped() {
	const [text, setText] = useState("");
	const [bad, setBad] = useState<string[]>([]);
	const take = (typed: string) => {
		const parsed = parseAddresses(typed);
		add(parsed.good);
		setBad(parsed.bad);
		setText(parsed.bad.join(", "));
		if (parsed.good.length > 0) announce(parsed.good.join(", "));
	};
	const type = (typed: string) => {
		setBad([]);
		if (/[,;]\s*$/.test(typed)) take(typed);
		else setText(typed);
	};
	const pick = (c: Contact) => {
		setText("");
		setBad([]);
		add([c.address]);
	};
	const paste = (e: ClipboardEvent) => {
		const pasted = e.clipboardData?.getData("text") ?? "";
		if (parseAddresses(pasted).good.length === 0 || text !== "") return;
		e.preventDefault();
		take(pasted);
	};
	return { text, bad, take, type, pick, paste };
}

export function Recipients({ error }: { error: string | null }) {
	const to = draft.value.to;
	const learned = useLearned(to);
	const { text, bad, take, type, pick, paste } = useTyped();
	return (
		<div class="stack sd-to" onPaste={paste} onFocusOut={() => text !== "" && take(text)}>
			<span class="b" aria-hidden="true">
				{t.to()}
			</span>
			<Chips to={to} />
			<Combobox<Contact>
				label={t.to()}
				hideLabel
				type="text"
				value={text}
				placeholder={to.length > 0 ? t.to_placeholder() : t.to_first()}
				hint={to.length === 0 ? t.to_hint() : ""}
				error={bad.length > 0 ? t.to_bad({ what: bad.join(", ") }) : error}
				onInput={type}
				onEnter={take}
				onPick={pick}
				load={found}
				keyOf={(c) => c.address}
				show={row}
			/>
			<Hints learned={learned} />
		</div>
	);
}
