// SPDX-License-Identifier: AGPL-3.0-or-later
// Every address of the app. A feature's index.tsx is loaded when it is first shown; it gets the
// parameters of its address as props. A link made by to() does not compile when it is wrong; what
// is written out is not checked by anybody.
import type { ComponentType } from "preact";
import { href, match, type Params, type Query } from "./core/route";
import { t } from "./gen/i18n/shell";

// biome-ignore lint/suspicious/noExplicitAny: each screen's own parameters, checked in route()
type Screen = ComponentType<any>;
export interface Route {
	pattern: string;
	/** prepare: asks for what the screen will show, before it is there */
	load: () => Promise<{ default: Screen; prepare?: () => void }>;
	title: () => string;
}

function route<P extends string>(
	pattern: P,
	load: () => Promise<{ default: ComponentType<{ params: Params<P> }>; prepare?: () => void }>,
	title: () => string,
) {
	return { pattern, load, title };
}

export const routes = {
	home: route("/app", () => import("./features/overview/index"), t.overview),
	overview: route("/app/overview", () => import("./features/overview/index"), t.overview),
	library: route("/app/library", () => import("./features/library/index"), t.library),
	asset: route("/app/library/{asset}", () => import("./features/library/index"), t.library),
	basket: route("/app/basket", () => import("./features/basket/index"), t.basket),
	send: route("/app/send", () => import("./features/send/index"), t.send),
	deliveries: route("/app/deliveries", () => import("./features/deliveries/index"), t.deliveries),
	delivery: route(
		"/app/deliveries/{number}",
		() => import("./features/deliveries/index"),
		t.deliveries,
	),
	outbox: route("/app/outbox", () => import("./features/outbox/index"), t.outbox),
	account: route("/app/account", () => import("./features/auth/index"), t.account),
	admin: route("/app/admin", () => import("./features/admin/index"), t.admin),
	adminSection: route("/app/admin/{section}", () => import("./features/admin/index"), t.admin),
} as const;

export type RouteName = keyof typeof routes;

/** to("asset", {asset: id}, {q}) -> "/app/library/12?q=…" */
export function to<N extends RouteName>(
	name: N,
	params: Params<(typeof routes)[N]["pattern"]>,
	query?: Query,
): string {
	return href(routes[name].pattern, params, query);
}

export function find(
	path: string,
): { route: Route; name: RouteName; params: Record<string, string> } | null {
	for (const [name, r] of Object.entries(routes)) {
		const params = match(r.pattern, path);
		if (params) return { route: r as Route, name: name as RouteName, params };
	}
	return null;
}
