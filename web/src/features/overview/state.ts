// SPDX-License-Identifier: AGPL-3.0-or-later
// What the overview says: what wants attention today, and the last deliveries.
import { signal } from "@preact/signals";
import { get, Problem } from "../../api/client";
import type { Row } from "../deliveries/state";

export interface Overview {
	attention: { kind: string; count: number }[];
	recent: Row[];
	counts: { assets: number; deliveries: number; active: number };
}

export const overview = signal<Overview | null>(null);
export const overviewProblem = signal<Problem | null>(null);

export async function loadOverview(): Promise<void> {
	try {
		overview.value = await get<Overview>("/overview");
		overviewProblem.value = null;
	} catch (e) {
		if (!(e instanceof Problem)) throw e;
		overviewProblem.value = e;
	}
}
