// SPDX-License-Identifier: AGPL-3.0-or-later
// "Firefox", "Linux" of a user agent, for the list of one's own sessions; null when unknown.
const BROWSERS: [RegExp, string][] = [
	[/\bEdg\//, "Edge"],
	[/\bFirefox\//, "Firefox"],
	[/Chrom(e|ium)\//, "Chrome"],
	[/\bVersion\/.*\bSafari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
	[/\b(iPhone|iPad)\b/, "iOS"],
	[/\bAndroid\b/, "Android"],
	[/\bWindows\b/, "Windows"],
	[/\bMac OS X\b/, "macOS"],
	[/\bLinux\b/, "Linux"],
];

export function device(agent: string): { browser: string; system: string } | null {
	const browser = BROWSERS.find(([re]) => re.test(agent))?.[1];
	const system = SYSTEMS.find(([re]) => re.test(agent))?.[1];
	return browser && system ? { browser, system } : null;
}
