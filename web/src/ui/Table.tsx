// SPDX-License-Identifier: AGPL-3.0-or-later
// A real table from columns; on phones each row becomes a block with the column's name before
// the value. Sorting and paging are the server's work.
import type { ComponentChildren } from "preact";

export interface Column<T> {
	key: string;
	label: string;
	/** the label is for screen readers only (a column of buttons) */
	hideLabel?: boolean;
	number?: boolean;
	cell: (row: T) => ComponentChildren;
}

export interface TableProps<T> {
	caption: string;
	columns: readonly Column<T>[];
	rows: readonly T[];
	keyOf: (row: T) => string;
	class?: string;
}

export function Table<T>(p: TableProps<T>) {
	return (
		<table class={`tbl ${p.class ?? ""}`}>
			<caption class="vh">{p.caption}</caption>
			<thead>
				<tr>
					{p.columns.map((c) => (
						<th key={c.key} scope="col" class={c.number ? "n" : undefined}>
							{c.hideLabel ? <span class="vh">{c.label}</span> : c.label}
						</th>
					))}
				</tr>
			</thead>
			<tbody>
				{p.rows.map((row) => (
					<tr key={p.keyOf(row)}>
						{p.columns.map((c) => (
							<td
								key={c.key}
								class={c.number ? "n num" : undefined}
								data-label={c.hideLabel ? undefined : c.label}
							>
								{c.cell(row)}
							</td>
						))}
					</tr>
				))}
			</tbody>
		</table>
	);
}
