// SPDX-License-Identifier: AGPL-3.0-or-later
// Fills a message: {name} from the arguments, numbers in the language's own digits, {n} chooses
// between `one` and `other`, by the rule that German and English share.
import { number } from "./format";

export type Message = string | { one: string; other: string };

export function fill(
	message: Message,
	args: Record<string, string | number>,
	language: string,
): string {
	const text =
		typeof message === "string" ? message : Number(args["n"]) === 1 ? message.one : message.other;
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const value = args[name];
		if (value === undefined) return whole;
		return typeof value === "number" ? number(value, language, 3) : value;
	});
}
