// SPDX-License-Identifier: AGPL-3.0-or-later
// A reason in words, with what the open file says about it.
import { type AnyReason, reasonWords } from "../basket/words";
import type { Asset } from "./asset";

export const reasonText = (r: AnyReason, a: Asset | null): string =>
	reasonWords(r, a === null ? {} : { ...a.release, embargo: a.embargo, expires: a.expires });
