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
	const key = (e: KeyboardEvent, r: Row, i: number) => {
		const children = r.node.children?.length ?? 0;
		let to: string | null | undefined;
		if (e.key === "ArrowDown") to = rows[i + 1]?.node.id;
		else if (e.key === "ArrowUp") to = rows[i - 1]?.node.id;
		else if (e.key === "Home") to = rows[0]?.node.id;
		else if (e.key === "End") to = rows[rows.length - 1]?.node.id;
		else if (e.key === "ArrowRight" && children > 0 && !open.has(r.node.id)) set(r.node.id, true);
		else if (e.key === "ArrowRight" && children > 0) to = rows[i + 1]?.node.id;
		else if (e.key === "ArrowLeft" && open.has(r.node.id)) set(r.node.id, false);
		else if (e.key === "ArrowLeft") to = r.parent;
		else if (e.key === "Enter" || e.key === " ") p.onSelect(r.node.id);
		else return;
		e.preventDefault();
		if (!to) return;
		setFocus(to);
		const tree = (e.currentTarget as HTMLElement).parentElement;
		tree?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
	};
	return (
		<ul class="tree" role="tree" aria-label={p.label}>
			{rows.map((r, i) => {
				const has = (r.node.children?.length ?? 0) > 0;
				return (
					<li
						key={r.node.id}
						role="treeitem"
						data-id={r.node.id}
						class="tree-i"
						style={{ "--level": String(r.level - 1) }}
						aria-level={r.level}
						aria-expanded={has ? open.has(r.node.id) : undefined}
						aria-selected={r.node.id === p.selected}
						tabIndex={r.node.id === stop ? 0 : -1}
						onFocus={() => setFocus(r.node.id)}
						onClick={() => p.onSelect(r.node.id)}
						onKeyDown={(e) => key(e, r, i)}
					>
						<span
							class="tree-t"
							onClick={(e) => {
								if (!has) return;
								e.stopPropagation();
								set(r.node.id, !open.has(r.node.id));
							}}
						>
							{has && <Icon name={open.has(r.node.id) ? "down" : "right"} />}
						</span>
						<Icon name="folder" />
						<span class="tree-n">{r.node.label}</span>
						{r.node.count && <span class="c num">{r.node.count}</span>}
					</li>
				);
			})}
		</ul>
	);
}
