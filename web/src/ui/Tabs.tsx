// SPDX-License-Identifier: AGPL-3.0-or-later
// Tabs with one tab stop; arrow keys choose. The chosen one belongs to the caller (an address).
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

export interface TabsProps<V extends string> {
	label: string;
	value: V;
	tabs: readonly { value: V; label: string }[];
	onChange: (v: V) => void;
	children: ComponentChildren;
}

export function Tabs<V extends string>(p: TabsProps<V>) {
	const id = useId();
	const list = useRef<HTMLDivElement>(null);
	const go = (step: number) => {
		const at = p.tabs.findIndex((tab) => tab.value === p.value);
		const next = p.tabs[(at + step + p.tabs.length) % p.tabs.length];
		if (!next) return;
		p.onChange(next.value);
		list.current?.querySelector<HTMLElement>(`[data-tab="${next.value}"]`)?.focus();
	};
	return (
		<div class="tabs">
			<div ref={list} class="tablist" role="tablist" aria-label={p.label}>
				{p.tabs.map((tab) => (
					<button
						key={tab.value}
						type="button"
						role="tab"
						id={`${id}-${tab.value}`}
						data-tab={tab.value}
						aria-selected={tab.value === p.value}
						aria-controls={`${id}-p`}
						tabIndex={tab.value === p.value ? 0 : -1}
						onClick={() => p.onChange(tab.value)}
						onKeyDown={(e) => {
							if (e.key === "ArrowRight") go(1);
							else if (e.key === "ArrowLeft") go(-1);
						}}
					>
						{tab.label}
					</button>
				))}
			</div>
			<div id={`${id}-p`} role="tabpanel" aria-labelledby={`${id}-${p.value}`}>
				{p.children}
			</div>
		</div>
	);
}
