// SPDX-License-Identifier: AGPL-3.0-or-later
// A verdict in words: as a tag (icon + word) under a file, or as the box on top of a check.
import type { ComponentChildren } from "preact";
import type { VerdictName } from "../api/types";
import { t } from "../gen/i18n/common";
import { Icon, type IconName } from "./Icon";

export type Tone = "ok" | "warn" | "stop" | "info" | "past";
export const TONE: Record<VerdictName, Tone> = {
	cleared: "ok",
	conditions: "warn",
	in_review: "info",
	blocked: "stop",
};
const ICON: Record<Tone, IconName> = {
	ok: "ok",
	warn: "warn",
	stop: "stop",
	info: "review",
	past: "clock",
};

export const verdictWord = (v: VerdictName) =>
	({ cleared: t.cleared, conditions: t.conditions, in_review: t.in_review, blocked: t.blocked })[
		v
	]();
export const verdictSentence = (v: VerdictName) =>
	({
		cleared: t.may_be_sent,
		conditions: t.may_be_sent_conditions,
		in_review: t.not_reviewed,
		blocked: t.must_not_be_sent,
	})[v]();

export function Tag({
	tone,
	pill,
	children,
}: {
	tone: Tone;
	pill?: boolean;
	children: ComponentChildren;
}) {
	return (
		<span class={`tag ${tone}${pill ? " pill" : ""}`}>
			<Icon name={ICON[tone]} />
			{children}
		</span>
	);
}

export function VerdictTag({ verdict }: { verdict: VerdictName }) {
	return <Tag tone={TONE[verdict]}>{verdictWord(verdict)}</Tag>;
}

/** A calm box with an icon, a sentence and what to do. */
export function Notice(p: {
	tone: Tone;
	title: string;
	children?: ComponentChildren;
	alert?: boolean;
}) {
	return (
		<div class={`verdict ${p.tone}`} role={p.alert ? "alert" : undefined}>
			<p class="verdict-t">
				<Icon name={ICON[p.tone]} />
				<b>{p.title}</b>
			</p>
			{p.children && <div class="s">{p.children}</div>}
		</div>
	);
}
