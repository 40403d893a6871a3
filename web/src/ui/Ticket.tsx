// SPDX-License-Identifier: AGPL-3.0-or-later
// The eTicket: a card with a perforated stub that bears the number.
import type { ComponentChildren } from "preact";

export function Ticket(p: {
	number: string;
	stub?: ComponentChildren;
	children: ComponentChildren;
}) {
	return (
		<div class="ticket">
			<div class="stub">
				<span class="xs muted">eTicket</span>
				<span class="mono ticket-n">{p.number}</span>
				{p.stub}
			</div>
			<div class="body">{p.children}</div>
		</div>
	);
}
