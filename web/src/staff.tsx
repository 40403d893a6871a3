// SPDX-License-Identifier: AGPL-3.0-or-later
// Entry of the staff app: asks who is signed in, then shows the screen of this address in the
// shell, or the sign-in. A screen that fails keeps the shell and says so.
import { render } from "preact";
import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { active, asking, refreshSession, session } from "./api/session";
import { t } from "./gen/i18n/shell";
import { language } from "./i18n";
import { entry, move, path, startRouter } from "./router";
import { find, type Route } from "./routes";
import { startOverlays } from "./shell/Overlays";
import { Shell } from "./shell/Shell";
import { Button } from "./ui/Button";
import { Confirmation } from "./ui/Dialog";
import { Empty } from "./ui/Empty";
import { Skeleton } from "./ui/Skeleton";
import { startUndoKey } from "./ui/Toast";

// biome-ignore lint/suspicious/noExplicitAny: any screen, with its own properties
type Part = ComponentType<any>;

/** A part of another chunk; null while it comes. */
function useLoaded(
	load: () => Promise<Part>,
	key: unknown,
): { part: Part | null; failed: boolean } {
	const [state, set] = useState<{ key: unknown; part: Part | null; failed: boolean }>({
		key: null,
		part: null,
		failed: false,
	});
	useEffect(() => {
		let gone = false;
		load().then(
			(part) => gone || set({ key, part, failed: false }),
			() => gone || set({ key, part: null, failed: true }),
		);
		return () => {
			gone = true;
		};
	}, [key]);
	return state.key === key ? state : { part: null, failed: false };
}

function Failed({ again }: { again: () => void }) {
	return (
		<div class="main">
			<Empty icon="warn" title={t.screen_failed()} text={t.screen_failed_text()}>
				<Button onClick={again}>{t.again()}</Button>
			</Empty>
		</div>
	);
}

function Loaded({ route, params }: { route: Route; params: Record<string, string> }) {
	const { part: Screen, failed } = useLoaded(() => route.load().then((m) => m.default), route.load);
	const [error, reset] = useErrorBoundary();
	if (error) console.error(error);
	if (failed || error) return <Failed again={failed ? () => location.reload() : reset} />;
	if (Screen === null)
		return (
			<div class="main">
				<Skeleton lines={6} />
			</div>
		);
	return <Screen params={params} />;
}

/** Once the screen is there: its heading; false while it is still on its way. */
function focusHeading(): boolean {
	const heading = document.querySelector<HTMLElement>("main h1");
	heading?.setAttribute("tabindex", "-1");
	heading?.focus({ preventScroll: true });
	return heading !== null;
}

const FOCUS_EVERY_MS = 60;
const FOCUS_TRIES = 50;

function Page() {
	const found = find(path.value);
	const title = found?.route.title() ?? t.not_found();
	useEffect(() => {
		document.title = `${title} · Geleit`;
	}, [title]);
	useEffect(() => {
		if (move.value === 0 || entry().library !== undefined) return;
		scrollTo(0, 0);
		let tries = 0;
		const timer = setInterval(() => {
			if (focusHeading() || ++tries === FOCUS_TRIES) clearInterval(timer);
		}, FOCUS_EVERY_MS);
		return () => clearInterval(timer);
	}, [move.value]);
	if (found) return <Loaded key={found.route.pattern} route={found.route} params={found.params} />;
	return (
		<div class="main">
			<h1>{t.not_found()}</h1>
			<p>{t.not_found_text()}</p>
		</div>
	);
}

function Auth({ what }: { what: "SignIn" | "AskAgain" }) {
	const { part: Screen } = useLoaded(
		() => import("./features/auth/screens").then((m) => m[what]),
		what,
	);
	return Screen && <Screen />;
}

function App() {
	const enrolling = path.value === "/app/sign-in";
	if (session.value === undefined) return <Skeleton lines={6} />;
	return (
		<>
			{active.value && !enrolling ? (
				<Shell>
					<Page />
				</Shell>
			) : (
				<Auth what="SignIn" />
			)}
			<Confirmation />
			{asking.value && <Auth what="AskAgain" />}
		</>
	);
}

function Unreachable() {
	return (
		<main class="main">
			<Empty icon="offline" title={t.unreachable()} text={t.unreachable_text()}>
				<Button onClick={() => location.reload()}>{t.again()}</Button>
			</Empty>
		</main>
	);
}

/** So long a screen that is on its way is waited for, so that it asks before all is drawn. */
const SCREEN_MS = 200;

async function start() {
	const root = document.getElementById("app");
	if (root === null) return;
	document.documentElement.lang = language.value;
	startRouter();
	startOverlays();
	startUndoKey();
	// the screen comes while the server is asked who is signed in; a failure is told when it is shown
	const screen = find(path.value)
		?.route.load()
		.catch(() => undefined);
	try {
		await refreshSession();
		const prepared = screen?.then((s) => active.value && s?.prepare?.());
		await Promise.race([prepared, new Promise((go) => setTimeout(go, SCREEN_MS))]);
		render(<App />, root);
	} catch {
		render(<Unreachable />, root);
	}
}

void start();
