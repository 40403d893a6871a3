// SPDX-License-Identifier: AGPL-3.0-or-later
// A button. `look`: plain, primary (one a screen), quiet, danger. With `icon` alone it needs a
// label. While `busy` or `off` it keeps its place and its focus, and does nothing.
import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { Icon, type IconName } from "./Icon";

export type Look = "plain" | "primary" | "quiet" | "danger";
const CLASS: Record<Look, string> = {
	plain: "btn",
	primary: "btn p",
	quiet: "btn q",
	danger: "btn d",
};

export interface ButtonProps {
	children?: ComponentChildren;
	icon?: IconName;
	label?: string;
	look?: Look;
	large?: boolean;
	busy?: boolean;
	disabled?: boolean;
	/** cannot be pressed now, but keeps the focus it has */
	off?: boolean;
	submit?: boolean;
	pressed?: boolean;
	class?: string;
	title?: string;
	onClick?: (e: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function Button(props: ButtonProps) {
	const { children, icon, look = "plain", busy = false } = props;
	const only = icon !== undefined && children === undefined;
	return (
		<button
			type={props.submit ? "submit" : "button"}
			class={`${CLASS[look]}${only ? " i" : ""}${props.large ? " lg" : ""} ${props.class ?? ""}`}
			aria-label={props.label}
			title={props.title ?? (only ? props.label : undefined)}
			aria-busy={busy || undefined}
			aria-disabled={busy || props.off || undefined}
			aria-pressed={props.pressed}
			disabled={props.disabled}
			onClick={(e) => {
				if (busy || props.off) e.preventDefault();
				else props.onClick?.(e);
			}}
		>
			{icon && <Icon name={icon} />}
			{children !== undefined && <span>{children}</span>}
		</button>
	);
}
