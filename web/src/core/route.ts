// SPDX-License-Identifier: AGPL-3.0-or-later
// Typed addresses: "/app/library/{asset}" knows its parameters. No DOM, no Preact.
export type Params<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
	? { [K in Name]: string } & Params<Rest>
	: object;

/** The parameters of `path` by `pattern`, or null when it is another address. */
export function match(pattern: string, path: string): Record<string, string> | null {
	const want = pattern.split("/");
	const have = path.replace(/\/+$/, "").split("/");
	const params: Record<string, string> = {};
	if (want.length !== have.length) return null;
	for (const [i, part] of want.entries()) {
		const got = have[i] ?? "";
		const name = /^\{(\w+)\}$/.exec(part)?.[1];
		if (name === undefined ? part !== got : got === "") return null;
		if (name !== undefined) {
			try {
				params[name] = decodeURIComponent(got);
			} catch {
				return null;
			}
		}
	}
	return params;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** pattern + parameters + query -> address; empty query values are left out. */
export function href<P extends string>(pattern: P, params: Params<P>, query: Query = {}): string {
	const values = params as Record<string, string>;
	const path = pattern.replace(/\{(\w+)\}/g, (_, n: string) => encodeURIComponent(values[n] ?? ""));
	const q = new URLSearchParams();
	for (const [k, v] of Object.entries(query))
		if (v !== null && v !== undefined && v !== "" && v !== false)
			q.set(k, v === true ? "1" : String(v));
	const text = q.toString();
	return text === "" ? path : `${path}?${text}`;
}
