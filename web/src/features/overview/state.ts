// SPDX-License-Identifier: AGPL-3.0-or-later
// What the overview says: what wants attention today, and the last deliveries.
import type { Schema } from "../../api/types";
import { signal } from "@preact/signals";
import { get, Problem } from "../../api/client";

export type Overview = Schema<"Overview">;

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
