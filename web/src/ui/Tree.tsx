// SPDX-License-Identifier: AGPL-3.0-or-later
// A tree of folders (ARIA tree): one tab stop, arrows move, open and close, Enter chooses.
import { useState } from "preact/hooks";
import { Icon } from "./Icon";

export interface TreeNode {
	id: string;
	label: string;
	count?: string;
	children?: TreeNode[];
}

export interface TreeProps {
	label: string;
	nodes: readonly TreeNode[];
	selected: string | null;
	onSelect: (id: string) => void;
}

interface Row {
	node: TreeNode;
	level: number;
	parent: string | null;
}

function flatten(
	nodes: readonly TreeNode[],
	open: ReadonlySet<string>,
	level = 1,
	parent: string | null = null,
): Row[] {
	return nodes.flatMap((node) => [
		{ node, level, parent },
		...(node.children && open.has(node.id) ? flatten(node.children, open, level + 1, node.id) : []),
	]);
}

function ancestors(nodes: readonly TreeNode[], id: string | null): string[] {
	for (const node of nodes) {
		if (node.id === id) return [node.id];
		const below = node.children ? ancestors(node.children, id) : [];
		if (below.length > 0) return [node.id, ...below];
	}
	return [];
}

interface Branch {
	rows: readonly Row[];
	open: ReadonlySet<string>;
	set: (id: string, on: boolean) => void;
	focus: (id: string) => void;
	onSelect: (id: string) => void;
}

/** Where a key leads to, null for what it does in its place; undefined: it does nothing. */
function led(key: string, r: Row, i: number, b: Branch): string | null | undefined {
	const children = r.node.children?.length ?? 0;
	const isOpen = b.open.has(r.node.id);
	if (key === "ArrowDown") return b.rows[i + 1]?.node.id ?? null;
	if (key === "ArrowUp") return b.rows[i - 1]?.node.id ?? null;
	if (key === "Home") return b.rows[0]?.node.id ?? null;
	if (key === "End") return b.rows[b.rows.length - 1]?.node.id ?? null;
	if (key === "ArrowRight" && children > 0 && isOpen) return b.rows[i + 1]?.node.id ?? null;
	if (key === "ArrowLeft" && !isOpen) return r.parent;
	if (key === "ArrowRight" && children > 0) b.set(r.node.id, true);
	else if (key === "ArrowLeft") b.set(r.node.id, false);
	else if (key === "Enter" || key === " ") b.onSelect(r.node.id);
	else return undefined;
	return null;
}

function onKey(e: KeyboardEvent, r: Row, i: number, b: Branch) {
	const to = led(e.key, r, i, b);
	if (to === undefined) return;
	e.preventDefault();
	if (to === null) return;
	b.focus(to);
	const tree = (e.currentTarget as HTMLElement).parentElement;
	tree?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
}

interface ItemProps {
	r: Row;
	i: number;
	b: Branch;
	selected: boolean;
	stop: boolean;
}

function Item({ r, i, b, selected, stop }: ItemProps) {
	const has = (r.node.children?.length ?? 0) > 0;
	const isOpen = b.open.has(r.node.id);
	return (
		<li
			role="treeitem"
			data-id={r.node.id}
			class="tree-i"
			style={{ "--level": String(r.level - 1) }}
			aria-level={r.level}
			aria-expanded={has ? isOpen : undefined}
			aria-selected={selected}
			tabIndex={stop ? 0 : -1}
			onFocus={() => b.focus(r.node.id)}
			onClick={() => b.onSelect(r.node.id)}
			onKeyDown={(e) => onKey(e, r, i, b)}
		>
			<span
				class="tree-t"
				onClick={(e) => {
					if (!has) return;
					e.stopPropagation();
					b.set(r.node.id, !isOpen);
				}}
			>
				{has && <Icon name={isOpen ? "down" : "right"} />}
			</span>
			<Icon name="folder" />
			<span class="tree-n">{r.node.label}</span>
			{r.node.count && <span class="c num">{r.node.count}</span>}
		</li>
	);
}

export function Tree(p: TreeProps) {
	const [open, setOpen] = useState<ReadonlySet<string>>(
		() => new Set(ancestors(p.nodes, p.selected).slice(0, -1)),
	);
	const [focus, setFocus] = useState<string | null>(p.selected);
	const rows = flatten(p.nodes, open);
	const stop = rows.some((r) => r.node.id === focus) ? focus : (rows[0]?.node.id ?? null);
	const set = (id: string, on: boolean) => {
		const next = new Set(open);
		if (on) next.add(id);
		else next.delete(id);
		setOpen(next);
	};
	const branch: Branch = { rows, open, set, focus: setFocus, onSelect: p.onSelect };
	return (
		<ul class="tree" role="tree" aria-label={p.label}>
			{rows.map((r, i) => (
				<Item
					key={r.node.id}
					r={r}
					i={i}
					b={branch}
					selected={r.node.id === p.selected}
					stop={r.node.id === stop}
				/>
			))}
		</ul>
	);
}
