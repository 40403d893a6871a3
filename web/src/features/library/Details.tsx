// SPDX-License-Identifier: AGPL-3.0-or-later
// The panel beside the listing: picture, may it go out and why, the five checks, where it was
// used, what is known of it, its versions.
import { useEffect, useState } from "preact/hooks";
import { BASE } from "../../api/client";
import { may } from "../../api/session";
import type { Card, Checks, CheckState } from "../../api/types";
import { bytes, date, dateTime, dayMonth, number } from "../../core/format";
import { kindOf, visible } from "../../core/words";
import { focusNeighbour, focusRest } from "../../dom/focus";
import { t } from "../../gen/i18n/library";
import { language } from "../../i18n";
import { to } from "../../routes";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Icon, type IconName } from "../../ui/Icon";
import { checkName, checkState } from "../../ui/Line5";
import { Skeleton } from "../../ui/Skeleton";
import { Notice, verdictSentence, TONE } from "../../ui/Verdict";
import { restore } from "./acts";
import { type Asset, asset, assetFailure, type HistoryEvent, history_, loadAsset } from "./asset";
import { Edits, Title } from "./Edits";
import { ORDER, picture } from "./face";
import { stateName } from "./Filters";
import { reasonText } from "./reasons";
import { card, cardsStamp, wantCards } from "./state";

const ICON: Record<CheckState, IconName> = {
	ok: "ok",
	warn: "warn",
	stop: "stop",
	open: "review",
	unchecked: "minus",
};
const TONE_OF: Record<CheckState, string> = {
	ok: "ok",
	warn: "warn",
	stop: "stop",
	open: "info",
	unchecked: "muted",
};

function datesWords(a: Asset): string {
	const said = [
		a.embargo && t.embargo_until({ date: date(a.embargo, language.value) }),
		a.expires && t.expires_on({ date: date(a.expires, language.value) }),
	].filter(Boolean);
	return said.length > 0 ? said.join(" · ") : t.embargo_none();
}

function checkWords(check: keyof Checks, c: Card, a: Asset | null): string {
	const state = c.checks[check];
	if (state === "unchecked") return `${checkName(check)}: ${checkState(state)}`;
	if (check === "release" && a) return `${checkName(check)}: ${stateName(a.release.state)}`;
	if (check === "dates" && a) return datesWords(a);
	return `${checkName(check)}: ${checkState(state)}`;
}

/** Who said so, and when. */
function releasedBy({ state, set_by: name, set_at: at }: Asset["release"]): string {
	if (!name || !at) return "";
	const by = { name, date: date(at, language.value) };
	return state === "expired" ? t.release_given_by(by) : t.release_by(by);
}

function Checks5({ c, a }: { c: Card; a: Asset | null }) {
	const until = a?.release.until;
	return (
		<ul class="library-checks s" aria-label={t.checks()}>
			{ORDER.map((k) => (
				<li key={k}>
					<span class={`library-tone ${TONE_OF[c.checks[k]]}`}>
						<Icon name={ICON[c.checks[k]]} />
					</span>
					<span class={c.checks[k] === "unchecked" ? "muted" : undefined}>
						{checkWords(k, c, a)}
						{k === "release" && a && <span class="muted num"> {releasedBy(a.release)}</span>}
					</span>
					<span class="muted num">
						{k === "release" && until ? t.until({ date: date(until, language.value) }) : ""}
					</span>
				</li>
			))}
		</ul>
	);
}

function Verdict({ c, a }: { c: Card; a: Asset | null }) {
	const reasons = c.reasons.map((r) => reasonText(r, a));
	// a block says its reason itself; that of another release stands below
	if (a?.release.reason && a.release.state !== "blocked")
		reasons.push(t.release_because({ reason: a.release.reason }));
	return (
		<Notice tone={c.trashed ? "past" : TONE[c.verdict]} title={verdictSentence(c.verdict)}>
			{reasons.length > 0 && reasons.map((r) => <p key={r}>{r}</p>)}
		</Notice>
	);
}

// where it was

const TOLD: Record<string, (e: HistoryEvent) => string> = {
	"delivery.created": (e) => t.used_sent({ to: e.recipient ?? "", number: e.delivery ?? "" }),
	"download.complete": (e) => t.used_loaded({ to: e.recipient ?? "" }),
	"delivery.revoked": (e) => t.used_revoked({ number: e.delivery ?? "" }),
	"recipient.revoked": (e) => t.used_revoked({ number: e.delivery ?? "" }),
	"version.created": () => t.used_version(),
	"release.changed": () => t.used_release(),
	"asset.created": () => t.used_created(),
	"asset.changed": () => t.used_changed(),
	"asset.trashed": () => t.used_trashed(),
	"asset.restored": () => t.used_restored(),
	"delivery.withheld": (e) => t.used_withheld({ number: e.delivery ?? "" }),
};

function Usage() {
	const [all, setAll] = useState(false);
	const told = history_.value.filter((e) => TOLD[e.kind]).reverse();
	const shown = all ? told : told.slice(0, 6);
	return (
		<section class="stack">
			<h3>{t.usage()}</h3>
			{told.length === 0 && <p class="muted s">{t.usage_none()}</p>}
			<ol class="library-tl s">
				{shown.map((e) => (
					<li key={e.id} class={e.delivery ? "" : "p"}>
						<time class="muted num" dateTime={e.at} title={dateTime(e.at, language.value)}>
							{dayMonth(e.at, language.value)}
						</time>
						<p>
							{e.delivery ? (
								<a href={to("delivery", { number: e.delivery })}>{TOLD[e.kind]?.(e)}</a>
							) : (
								TOLD[e.kind]?.(e)
							)}
						</p>
					</li>
				))}
			</ol>
			{told.length > shown.length && (
				<Button
					look="quiet"
					onClick={(e) => {
						focusRest(e.currentTarget, e.currentTarget.previousElementSibling);
						setAll(true);
					}}
				>
					{t.show_all({ n: told.length })}
				</Button>
			)}
		</section>
	);
}

// versions

const upload = (files: File[], a: Asset) =>
	void import("../upload/index").then((u) =>
		u.openUpload({ files }, { asset: a.asset, folder: a.folder }),
	);

function NewVersion({ a }: { a: Asset }) {
	if (!may("upload")) return null;
	return (
		<label class="btn library-file">
			<Icon name="upload" />
			<span>{t.version_new()}</span>
			<input
				type="file"
				class="vh"
				onChange={(e) => {
					const files = [...(e.currentTarget.files ?? [])];
					e.currentTarget.value = "";
					if (files.length > 0) upload(files, a);
				}}
			/>
		</label>
	);
}

function Versions({ a }: { a: Asset }) {
	const list = [...(a.versions ?? [])].sort((x, y) => y.number - x.number);
	return (
		<section class="stack">
			<h3>{t.versions()}</h3>
			<ol class="library-versions s">
				{list.map((v) => (
					<li key={v.id}>
						<b class="num">{number(v.number, language.value)}</b>
						<span>
							<a href={`${BASE}/assets/${a.asset}/versions/${v.id}/content`} download={v.name}>
								<bdi>{visible(v.name)}</bdi>
							</a>
							<br />
							<span class="muted num">
								{[bytes(v.bytes, language.value), dateTime(v.created, language.value), v.created_by]
									.filter(Boolean)
									.join(" · ")}
							</span>
						</span>
					</li>
				))}
			</ol>
			<NewVersion a={a} />
		</section>
	);
}

const LARGE = ["pixels", "frames", "too-large", "svg-size"];

/** Why there is no preview, or not all of one; "" when nothing is to be said. */
function noPreview(c: Card, a: Asset): string {
	if (c.preview === "damaged") return t.preview_damaged();
	if (c.preview === "timed_out") return t.preview_slow();
	if (a.preview_reason === "locked") return t.preview_locked();
	if (LARGE.includes(a.preview_reason ?? "")) return t.preview_large();
	return c.preview === "refused" || c.preview === "killed" ? t.preview_not() : "";
}

const UNSCANNED: Record<string, () => string> = {
	"too-large": t.scan_too_large,
	encrypted: t.scan_encrypted,
	"scanner-failed": t.scan_failed,
};

/** What the scanner for malware said; "not scanned" never sounds like clean. */
function scanOf({ version: v }: Asset): string {
	const at = v.scanned ? dateTime(v.scanned, language.value) : "";
	if (v.malware === "clean") return t.scan_clean({ at });
	if (v.malware === "infected") return t.scan_infected({ what: v.scan_detail ?? "", at });
	return (UNSCANNED[v.scan_detail ?? ""] ?? t.scan_not)();
}

function Fact({ name, value }: { name: string; value: string | null | undefined }) {
	return value ? (
		<>
			<dt>{name}</dt>
			<dd>{value}</dd>
		</>
	) : null;
}

function Facts({ c, a }: { c: Card; a: Asset }) {
	const sum = a.version.sha256;
	return (
		<dl class="facts">
			<dt>{t.file_name()}</dt>
			<dd>
				<bdi>{visible(c.name)}</bdi>
			</dd>
			<dt>{t.type()}</dt>
			<dd>{kindOf(c.media_type, c.name)}</dd>
			<dt>{t.folder()}</dt>
			<dd>
				{a.folder === "" ? (
					"–"
				) : (
					<a href={to("library", {}, { folder: a.folder })}>
						<bdi>{visible(a.folder)}</bdi>
					</a>
				)}
			</dd>
			<dt>{t.added()}</dt>
			<dd class="num">{dateTime(a.created, language.value)}</dd>
			<Fact
				name={t.taken()}
				value={a.taken && dateTime(a.taken.replace(" ", "T"), language.value)}
			/>
			<Fact name={t.camera()} value={a.camera} />
			<Fact name={t.scan_of_it()} value={scanOf(a)} />
			<Fact name={t.preview_of_it()} value={noPreview(c, a)} />
			{sum && (
				<>
					<dt>{t.checksum()}</dt>
					<dd class="mono xs" title={sum}>
						{`${sum.slice(0, 4)} ${sum.slice(4, 8)} … ${sum.slice(-4)}`}
					</dd>
				</>
			)}
		</dl>
	);
}

const sizeOf = (c: Card) =>
	[
		bytes(c.bytes, language.value),
		c.width && c.height
			? `${number(c.width, language.value)} × ${number(c.height, language.value)}`
			: "",
		c.pages ? t.pages({ n: c.pages }) : "",
	].filter(Boolean);

export interface DetailsProps {
	id: string;
	onLook: () => void;
	onRelease: () => void;
}

function Picture({ c, onLook }: { c: Card; onLook: () => void }) {
	const src = picture(c);
	if (!src) return null;
	const shape = c.width && c.height ? `${c.width} / ${c.height}` : "3 / 2";
	return (
		<button
			type="button"
			class="library-picture"
			aria-label={t.look_at({ name: visible(c.title) })}
			onClick={onLook}
		>
			<img
				src={src(640)}
				alt=""
				style={{ "aspect-ratio": shape, "background-color": c.colour ?? undefined }}
			/>
		</button>
	);
}

function Head({ c, a }: { c: Card; a: Asset | null }) {
	return (
		<div>
			{a && may("edit") && !c.trashed ? (
				<Title key={a.asset} a={a} />
			) : (
				<h2 class="library-title">
					<bdi>{visible(c.title)}</bdi>
				</h2>
			)}
			<p class="muted s num">
				{[...sizeOf(c), a ? t.changed_on({ date: date(a.changed, language.value) }) : ""]
					.filter(Boolean)
					.join(" · ")}
			</p>
		</div>
	);
}

export function Details(p: DetailsProps) {
	const stamp = cardsStamp.value;
	const c = card(p.id);
	const a = asset.value?.asset === p.id ? asset.value : null;
	useEffect(() => {
		const timer = setTimeout(() => {
			void loadAsset(p.id);
			void wantCards([p.id]).catch(() => undefined);
		}, 120);
		return () => clearTimeout(timer);
	}, [p.id]);
	// what was changed elsewhere on this page
	useEffect(() => {
		if (c) void wantCards([p.id]).catch(() => undefined);
	}, [stamp]);
	if (!c && assetFailure.value) return <Empty icon="file" title={t.gone()} />;
	if (!c) return <Skeleton lines={8} />;
	return (
		<>
			<Picture c={c} onLook={p.onLook} />
			<Head c={c} a={a} />
			<div class="stack">
				<Verdict c={c} a={a} />
				{c.trashed && may("edit") && (
					<Button
						onClick={(e) => {
							focusNeighbour(e.currentTarget.closest(".panel, dialog"));
							void restore([c.id]);
						}}
					>
						{t.restore()}
					</Button>
				)}
				{!c.trashed && may("release") && <Button onClick={p.onRelease}>{t.release_set()}</Button>}
			</div>
			{c.duplicates.length > 0 && (
				<p class="s">
					<Icon name="copy" /> {t.duplicate_of()}{" "}
					<a href={to("library", {}, { file: c.duplicates[0] ?? "" })}>{t.duplicate_show()}</a>
				</p>
			)}
			<Checks5 c={c} a={a} />
			<Usage />
			{a && (
				<section class="stack">
					<h3>{t.metadata()}</h3>
					<Facts c={c} a={a} />
					<Edits key={a.asset} a={a} />
				</section>
			)}
			{a && <Versions a={a} />}
		</>
	);
}
