// SPDX-License-Identifier: AGPL-3.0-or-later
// What is asked before a delivery changes: revoking says honestly what was taken along already,
// extending names the new day, a new link says that the old one ends.
import { useEffect, useState } from "preact/hooks";
import { get, Problem } from "../../api/client";
import { session } from "../../api/session";
import { taken } from "../../core/delivery";
import { date, dateInWords, relative } from "../../core/format";
import { t } from "../../gen/i18n/deliveries";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field, TextArea } from "../../ui/Field";
import { Words } from "../../ui/problem";
import { toast } from "../../ui/Toast";
import { Notice } from "../../ui/Verdict";
import { dayAfter, endOfDay } from "../send/draft";
import { type Delivery, extend, newLink, revoke } from "./state";
import { t as common } from "../../gen/i18n/common";

/** Runs what a dialog is for: its trouble in words, and whether it is under way. */
function useDoing(done: () => void) {
	const [busy, setBusy] = useState(false);
	const [trouble, setTrouble] = useState<Problem | null>(null);
	const run = async (job: () => Promise<unknown>) => {
		setBusy(true);
		setTrouble(null);
		try {
			await job();
			done();
		} catch (e) {
			if (!(e instanceof Problem)) throw e;
			setTrouble(e);
		} finally {
			setBusy(false);
		}
	};
	return { busy, trouble, run };
}

function Trouble({ problem }: { problem: Problem | null }) {
	if (problem === null) return null;
	return (
		<Notice tone="stop" title={t.failed()} alert>
			<Words of={problem} />
		</Notice>
	);
}

/** From the list only the number is known: what was taken along is read first. */
function useDelivery(given: Delivery | null, number: string): Delivery | null {
	const [d, set] = useState(given);
	useEffect(() => {
		let gone = false;
		if (given === null)
			get<Delivery>(`/deliveries/${encodeURIComponent(number)}`).then(
				(found) => gone || set(found),
				() => undefined,
			);
		return () => {
			gone = true;
		};
	}, [number]);
	return given ?? d;
}

function Taken({ d, recipient }: { d: Delivery; recipient: string | null }) {
	const who = d.recipients.filter((r) => recipient === null || r.address === recipient);
	const sum = taken(who);
	return (
		<Notice
			tone={sum.complete > 0 ? "warn" : "info"}
			title={t.revoke_taken({ done: sum.complete, all: sum.files })}
		>
			{sum.begun > 0 && t.revoke_part({ n: sum.begun })}
		</Notice>
	);
}

export interface RevokeAsk {
	number: string;
	recipient: string | null;
	delivery: Delivery | null;
}

export function RevokeDialog({
	ask,
	close,
	done,
}: {
	ask: RevokeAsk;
	close: () => void;
	done: () => void;
}) {
	const [reason, setReason] = useState("");
	const d = useDelivery(ask.delivery, ask.number);
	const who = ask.recipient;
	const { busy, trouble, run } = useDoing(() => {
		toast(who === null ? t.revoked_all() : t.revoked_one({ who }));
		close();
		done();
	});
	return (
		<Dialog
			title={t.revoke_title()}
			onClose={close}
			actions={
				<>
					<Button onClick={close}>{common.cancel()}</Button>
					<Button
						look="danger"
						busy={busy}
						onClick={() => run(() => revoke(ask.number, who, reason))}
					>
						{t.revoke_do()}
					</Button>
				</>
			}
		>
			<p>{who === null ? t.revoke_all_text() : t.revoke_one_text({ who })}</p>
			{d && <Taken d={d} recipient={who} />}
			{who === null && (
				<TextArea
					label={t.revoke_reason()}
					rows={2}
					value={reason}
					onInput={setReason}
					maxlength={2000}
				/>
			)}
			<Trouble problem={trouble} />
		</Dialog>
	);
}

export function ExtendDialog({
	d,
	close,
	done,
}: {
	d: Delivery;
	close: () => void;
	done: () => void;
}) {
	const [day, setDay] = useState(() =>
		dayAfter(
			session.value?.delivery_days ?? 14,
			new Date(Math.max(Date.parse(d.expires), Date.now())),
		),
	);
	const end = endOfDay(day);
	const { busy, trouble, run } = useDoing(() => {
		toast(t.extended({ date: end ? date(end, language.value) : day }));
		close();
		done();
	});
	const early = end === null || end.getTime() <= Date.parse(d.expires);
	const error = () => {
		if (trouble?.code === "expires-too-late") return <Words of={trouble} />;
		return early ? t["expires-too-early"]() : null;
	};
	return (
		<Dialog
			title={t.extend_title()}
			onClose={close}
			actions={
				<>
					<Button onClick={close}>{common.cancel()}</Button>
					<Button
						look="primary"
						busy={busy}
						disabled={early}
						onClick={() => run(() => extend(d.delivery, day))}
					>
						{t.extend_do()}
					</Button>
				</>
			}
		>
			<Field
				label={t.extend_to()}
				type="date"
				value={day}
				onInput={setDay}
				autofocus
				hint={end ? `${dateInWords(end, language.value)}, ${relative(end, language.value)}` : ""}
				error={error()}
			/>
			{trouble?.code !== "expires-too-late" && <Trouble problem={trouble} />}
		</Dialog>
	);
}

export function LinkDialog(p: { d: Delivery; who: string; close: () => void; done: () => void }) {
	const { busy, trouble, run } = useDoing(() => {
		toast(t.link_done({ who: p.who }));
		p.close();
		p.done();
	});
	return (
		<Dialog
			title={t.link_title()}
			onClose={p.close}
			actions={
				<>
					<Button onClick={p.close}>{common.cancel()}</Button>
					<Button
						look="primary"
						icon="mail"
						busy={busy}
						onClick={() => run(() => newLink(p.d.delivery, p.who, true))}
					>
						{t.link_send()}
					</Button>
				</>
			}
		>
			<p>{t.link_text({ who: p.who })}</p>
			<p class="hint">{t.address_wrong()}</p>
			<Trouble problem={trouble} />
		</Dialog>
	);
}
