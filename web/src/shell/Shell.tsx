// SPDX-License-Identifier: AGPL-3.0-or-later
// The frame of every screen: rail (bottom bar on phones), top bar with search, upload, basket
// and account, the screen itself, and the basket over it.
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may, session, signOut } from "../api/session";
import { initials, number } from "../core/format";
import { whenIdle } from "../dom/idle";
import { interrupted } from "../dom/resume";
import { t } from "../gen/i18n/shell";
import { language, setLanguage } from "../i18n";
import { navigate, path, place } from "../router";
import { to } from "../routes";
import { Button } from "../ui/Button";
import { Icon, type IconName, Mark } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { setTheme, theme } from "./theme";
import { basket, basketOpen, counts, railSlot, refreshFacts, upload } from "./slots";

interface Entry {
	label: string;
	icon: IconName;
	href: string;
	count?: number | undefined;
}

function entries(): Entry[] {
	return [
		{ label: t.overview(), icon: "home", href: to("overview", {}) },
		{ label: t.library(), icon: "library", href: to("library", {}), count: counts.value?.assets },
		{
			label: t.basket(),
			icon: "basket",
			href: to("basket", {}),
			count: basket.value.count || undefined,
		},
		{
			label: t.deliveries(),
			icon: "ticket",
			href: to("deliveries", {}),
			count: counts.value?.deliveries,
		},
	];
}

function lower(): Entry[] {
	const list: Entry[] = [];
	if (may("outbox")) list.push({ label: t.outbox(), icon: "mail", href: to("outbox", {}) });
	if (may("admin")) list.push({ label: t.admin(), icon: "gear", href: to("admin", {}) });
	return list;
}

const isHere = (href: string) =>
	path.value === href ||
	path.value.startsWith(`${href}/`) ||
	(href === to("overview", {}) && path.value === "/app");

function Links({ list, counted }: { list: Entry[]; counted?: boolean }) {
	return (
		<ul class="nav">
			{list.map((e) => (
				<li key={e.href}>
					<a href={e.href} aria-current={isHere(e.href) ? "page" : undefined}>
						<Icon name={e.icon} />
						<span>{e.label}</span>
						{counted && e.count !== undefined && (
							<span class="c num">{number(e.count, language.value)}</span>
						)}
					</a>
				</li>
			))}
		</ul>
	);
}

function Rail() {
	return (
		<nav class="rail" aria-label={t.main_navigation()}>
			<a class="mark" href={to("overview", {})}>
				<Mark />
				<span>Geleit</span>
			</a>
			<Links list={entries()} counted />
			<div class="rail-slot">{railSlot.value}</div>
			<div class="sp2">
				<Links list={lower()} />
			</div>
		</nav>
	);
}

function BottomBar() {
	const more = lower();
	return (
		<nav class="bottom" aria-label={t.main_navigation()}>
			<Links list={entries()} />
			<Menu
				label={t.more()}
				class="bottom-m"
				end
				items={[
					...more.map((e) => ({ label: e.label, icon: e.icon, href: e.href })),
					{ label: t.account(), icon: "person" as const, href: to("account", {}) },
				]}
			>
				<Icon name="menu" />
				<span>{t.more()}</span>
			</Menu>
		</nav>
	);
}

function Search() {
	const input = useRef<HTMLInputElement>(null);
	useEffect(() => {
		const slash = (e: KeyboardEvent) => {
			const typing =
				e.target instanceof Element && e.target.closest("input, textarea, select, dialog") !== null;
			if (e.key !== "/" || typing || e.ctrlKey || e.metaKey || e.altKey) return;
			e.preventDefault();
			input.current?.focus();
		};
		addEventListener("keydown", slash);
		return () => removeEventListener("keydown", slash);
	}, []);
	const inLibrary = path.value === to("library", {});
	return (
		<form
			class="search"
			role="search"
			onSubmit={(e) => {
				e.preventDefault();
				const q = input.current?.value.trim() ?? "";
				const query = inLibrary ? new URLSearchParams(place.value.query) : new URLSearchParams();
				query.set("q", q);
				navigate(`${to("library", {})}${q === "" && !inLibrary ? "" : `?${query}`}`);
			}}
		>
			<Icon name="search" />
			<label class="vh" for="q">
				{t.search()}
			</label>
			<input
				ref={input}
				id="q"
				type="search"
				autocomplete="off"
				placeholder={t.search_placeholder()}
				value={inLibrary ? (place.value.query.get("q") ?? "") : ""}
			/>
			<span class="kbd hide-s" aria-hidden="true">
				/
			</span>
		</form>
	);
}

function Account() {
	const person = session.value?.person;
	if (!person) return null;
	return (
		<Menu
			label={t.account_of({ name: person.name })}
			class="av"
			end
			items={[
				{ label: t.account(), icon: "person", href: to("account", {}) },
				"line",
				{ label: "Deutsch", checked: language.value === "de", onSelect: () => setLanguage("de") },
				{ label: "English", checked: language.value === "en", onSelect: () => setLanguage("en") },
				"line",
				{
					label: t.theme_system(),
					checked: theme.value === "system",
					onSelect: () => setTheme("system"),
				},
				{
					label: t.theme_light(),
					checked: theme.value === "light",
					onSelect: () => setTheme("light"),
				},
				{
					label: t.theme_dark(),
					checked: theme.value === "dark",
					onSelect: () => setTheme("dark"),
				},
				"line",
				{ label: t.sign_out(), icon: "door", onSelect: () => void signOut() },
			]}
		>
			<span aria-hidden="true">{initials(person.name)}</span>
			<span class="vh">{t.account_of({ name: person.name })}</span>
		</Menu>
	);
}

/** A plain click opens the sheet over this screen; in a new window the basket is a page. */
function openSheet(e: MouseEvent) {
	if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
	e.preventDefault();
	basketOpen.value = true;
}

function Sheet() {
	const [part, set] = useState<ComponentType | null>(null);
	const open = basketOpen.value;
	useEffect(() => {
		if (open && part === null)
			import("../features/basket/index").then(
				(m) => set(() => m.BasketSheet),
				() => navigate(to("basket", {})),
			);
	}, [open]);
	if (!open || part === null) return null;
	const Part = part;
	return <Part />;
}

function Top() {
	const openUpload = () =>
		upload.value ? upload.value() : navigate(to("library", {}, { upload: true }));
	return (
		<header class="top">
			<Search />
			{may("upload") && (
				<Button class="hide-s" icon="upload" onClick={openUpload}>
					{t.upload()}
				</Button>
			)}
			<a class="btn hide-s" href={to("basket", {})} onClick={openSheet}>
				<Icon name="basket" />
				<span>{t.basket()}</span>
				<span class="num">{number(basket.value.count, language.value)}</span>
			</a>
			<span class="sp">
				<Account />
			</span>
		</header>
	);
}

/** After a reload: uploads that were interrupted show themselves. */
async function showInterrupted() {
	if (!may("upload")) return;
	const [first] = await interrupted();
	if (first) (await import("../features/upload/index")).openUpload({}, { folder: first.target });
}

export function Shell({ children }: { children: ComponentChildren }) {
	useEffect(() => {
		whenIdle(() => {
			void refreshFacts();
			void showInterrupted().catch(() => undefined); // without IndexedDB there are none
		});
	}, []);
	return (
		<>
			<a class="skip" href="#main">
				{t.skip()}
			</a>
			<div class="shell">
				<Rail />
				<div class="stage">
					<Top />
					<main id="main" class="screen" tabIndex={-1}>
						{children}
					</main>
				</div>
				<BottomBar />
				<Sheet />
			</div>
		</>
	);
}
