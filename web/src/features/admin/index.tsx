// SPDX-License-Identifier: AGPL-3.0-or-later
// Administration: its sections under addresses of their own, for those with the scope admin.
import { useEffect, useRef } from "preact/hooks";
import { may } from "../../api/session";
import { t } from "../../gen/i18n/admin";
import { to } from "../../routes";
import { Notice } from "../../ui/Verdict";
import { Brand } from "./brand";
import { Keys } from "./keys";
import { People } from "./people";
import { Settings } from "./settings";
import { Health } from "./system";

const SECTIONS = [
	{ name: "people", title: t.people, Part: People },
	{ name: "keys", title: t.keys, Part: Keys },
	{ name: "brand", title: t.brand, Part: Brand },
	{ name: "settings", title: t.settings, Part: Settings },
	{ name: "health", title: t.health, Part: Health },
] as const;

export default function Admin({ params }: { params: { section?: string } }) {
	const chosen = SECTIONS.find((s) => s.name === params.section) ?? SECTIONS[0];
	const nav = useRef<HTMLElement>(null);
	useEffect(() => {
		// on a phone the row is longer than the screen: the chosen one is to be seen
		nav.current
			?.querySelector("[aria-current]")
			?.scrollIntoView({ inline: "nearest", block: "nearest" });
	}, [chosen]);
	return (
		<div class="main">
			<h1>{t.title()}</h1>
			{may("admin") ? (
				<>
					<nav ref={nav} class="tablist" aria-label={t.sections()}>
						{SECTIONS.map((s) => (
							<a
								key={s.name}
								href={to("adminSection", { section: s.name })}
								aria-current={s === chosen ? "page" : undefined}
							>
								{s.title()}
							</a>
						))}
					</nav>
					<chosen.Part key={chosen.name} />
				</>
			) : (
				<Notice tone="stop" title={t.not_allowed()} />
			)}
		</div>
	);
}
