// SPDX-License-Identifier: AGPL-3.0-or-later
// What stands where content will be. Nothing for 150 ms, old content dimmed meanwhile (class
// "dim"), this after a second: `late` does the waiting.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../gen/i18n/common";

export function useLate(ms: number): boolean {
	const [late, setLate] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLate(true), ms);
		return () => clearTimeout(timer);
	}, [ms]);
	return late;
}

export function Skeleton({
	lines = 3,
	children,
}: {
	lines?: number;
	children?: ComponentChildren;
}) {
	const late = useLate(1000);
	if (!late) return null;
	return (
		<div class="skeleton" role="status" aria-label={t.loading()}>
			{children ?? Array.from({ length: lines }, (_, i) => <i key={i} />)}
		</div>
	);
}
