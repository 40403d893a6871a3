// SPDX-License-Identifier: AGPL-3.0-or-later
// What is typed in a form and not saved yet, by the name of its field.

/** Of what is typed now, all but what was sent: that is saved, unless it was typed on since. */
export function since<T extends object>(typed: T, sent: Partial<T>): T {
	const before = new Map<string, unknown>(Object.entries(sent));
	const left = Object.entries(typed).filter(([k, v]) => !before.has(k) || before.get(k) !== v);
	return Object.fromEntries(left) as T;
}
