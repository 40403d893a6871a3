// SPDX-License-Identifier: AGPL-3.0-or-later
// An empty place: what it is, why it is empty, one thing to do.
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon";

export function Empty(p: {
	icon: IconName;
	title: string;
	text?: ComponentChildren;
	children?: ComponentChildren;
}) {
	return (
		<div class="empty">
			<Icon name={p.icon} class="empty-i" />
			<p class="empty-t">{p.title}</p>
			{p.text && <p class="muted">{p.text}</p>}
			{p.children}
		</div>
	);
}
