// SPDX-License-Identifier: AGPL-3.0-or-later
// What several features share of the staff API, as docs/openapi.yaml has it; one that only one
// feature needs stands there.
import type { components } from "../gen/openapi";

/** What docs/openapi.yaml calls so. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type Role = Schema<"Role">;
export type Scope = Schema<"Scope">;

export type Session = Schema<"Session">;

export type VerdictName = Schema<"VerdictState">;
export type CheckState = Schema<"CheckWord">;
export type Checks = Schema<"Checks">;

export type Card = Schema<"Card">;
