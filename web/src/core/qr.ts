// SPDX-License-Identifier: AGPL-3.0-or-later
// The dark modules of a QR code as one path: a horizontal run is one rectangle.
export const QUIET = 4;

export function qrPath(rows: readonly (readonly number[])[]): string {
	let d = "";
	for (const [y, row] of rows.entries()) {
		for (let x = 0; x < row.length; x++) {
			if (!row[x]) continue;
			let run = 1;
			while (row[x + run]) run++;
			d += `M${x + QUIET} ${y + QUIET}h${run}v1h-${run}z`;
			x += run;
		}
	}
	return d;
}
