// SPDX-License-Identifier: AGPL-3.0-or-later
// A button with a menu: arrow keys, Home, End and first letters move, Enter does, Escape closes
// and the focus is on the button again.
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { placeBeside } from "../dom/anchor";
import { Icon, type IconName } from "./Icon";

export interface MenuItem {
	label: string;
	icon?: IconName;
	danger?: boolean;
	disabled?: boolean;
	/** for a choice among several */
	checked?: boolean;
	href?: string;
	onSelect?: () => void;
}

export interface MenuProps {
	label: string;
	/** what the button shows, its name in it; without it the label */
	children?: ComponentChildren;
	icon?: IconName;
	items: readonly (MenuItem | "line")[];
	class?: string;
	/** opens towards the start side */
	end?: boolean;
}

function move(menu: HTMLElement, key: string): boolean {
	const items = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled])")];
	const at = items.indexOf(document.activeElement as HTMLElement);
	let to = -1;
	if (key === "ArrowDown") to = (at + 1) % items.length;
	else if (key === "ArrowUp") to = (at - 1 + items.length) % items.length;
	else if (key === "Home") to = 0;
	else if (key === "End") to = items.length - 1;
	else if (key.length === 1) {
		const starts = (i: number) =>
			items[i]?.textContent?.trim().toLowerCase().startsWith(key.toLowerCase());
		for (let i = 1; i <= items.length && to < 0; i++) {
			const n = (at + i) % items.length;
			if (starts(n)) to = n;
		}
	}
	items[to]?.focus();
	return to >= 0;
}

function Item({ item, close }: { item: MenuItem; close: () => void }) {
	const act = () => {
		if (item.disabled) return;
		close();
		item.onSelect?.();
	};
	const common = {
		role: item.checked === undefined ? ("menuitem" as const) : ("menuitemradio" as const),
		class: item.danger ? "mi d" : "mi",
		tabIndex: -1,
		"aria-disabled": item.disabled || undefined,
		"aria-checked": item.checked,
		onClick: act,
	};
	const inside = (
		<>
			{item.icon && <Icon name={item.icon} />}
			<span>{item.label}</span>
			{item.checked && <Icon name="check" class="sp" />}
		</>
	);
	return item.href ? (
		<a href={item.href} {...common}>
			{inside}
		</a>
	) : (
		<button type="button" {...common}>
			{inside}
		</button>
	);
}

function onKey(e: KeyboardEvent, menu: HTMLElement, close: () => void) {
	const plain = !e.ctrlKey && !e.metaKey && e.key !== "Enter" && e.key !== " ";
	if (e.key === "Tab") menu.hidePopover();
	else if (e.key === "Escape") close();
	else if (plain && move(menu, e.key)) e.preventDefault();
}

function Items({ items, close }: { items: MenuProps["items"]; close: () => void }) {
	return (
		<>
			{items.map((item, i) =>
				item === "line" ? (
					<hr key={`line-${i}`} />
				) : (
					<Item key={item.label} item={item} close={close} />
				),
			)}
		</>
	);
}

export function Menu(p: MenuProps) {
	const id = useId();
	const button = useRef<HTMLButtonElement>(null);
	const menu = useRef<HTMLDivElement>(null);
	const bare = p.children === undefined && p.icon !== undefined;
	const close = () => {
		menu.current?.hidePopover();
		button.current?.focus();
	};
	// at once, not with the event of it: the next key may come before that
	const toggle = () => {
		if (!menu.current || !button.current) return;
		menu.current.togglePopover();
		if (!menu.current.matches(":popover-open")) return;
		placeBeside(menu.current, button.current, p.end);
		move(menu.current, "Home");
	};
	const toggled = () => {
		const open = menu.current?.matches(":popover-open") === true;
		button.current?.setAttribute("aria-expanded", String(open));
	};
	return (
		<>
			<button
				ref={button}
				type="button"
				class={p.class ?? (bare ? "btn i" : "btn")}
				aria-haspopup="menu"
				aria-expanded={false}
				aria-controls={id}
				aria-label={bare ? p.label : undefined}
				onClick={toggle}
			>
				{p.icon && <Icon name={p.icon} />}
				{p.children ?? (p.icon ? null : p.label)}
			</button>
			<div
				ref={menu}
				id={id}
				class="menu"
				role="menu"
				aria-label={p.label}
				popover="auto"
				onToggle={toggled}
				onKeyDown={(e) => onKey(e, e.currentTarget, close)}
			>
				<Items items={p.items} close={close} />
			</div>
		</>
	);
}
