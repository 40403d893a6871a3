// SPDX-License-Identifier: AGPL-3.0-or-later
// A clock for tests that stands until it is told to tick: that of node:test is experimental in
// Debian 12's Node and leaves timers out there.
import type { TestContext } from "node:test";

interface Timer {
	at: number;
	every: number | null;
	act: () => void;
}

export interface Clock {
	/** What is due within so many milliseconds happens, in its order, also what that sets. */
	tick(ms: number): void;
}

/** setTimeout, setInterval and their clear of this test; the true ones are back after it. */
export function mockTimers(t: TestContext): Clock {
	const timers = new Map<number, Timer>();
	let now = 0;
	let last = 0;
	const set = (act: () => void, ms: number, every: number | null) => {
		timers.set(++last, { at: now + ms, every, act });
		return last;
	};
	const clear = (id: number) => timers.delete(id);
	const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
	t.after(() =>
		Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval }),
	);
	Object.assign(globalThis, {
		setTimeout: (act: () => void, ms = 0) => set(act, ms, null),
		setInterval: (act: () => void, ms = 1) => set(act, ms, ms),
		clearTimeout: clear,
		clearInterval: clear,
	});
	const next = (until: number) =>
		[...timers].filter(([, e]) => e.at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
	return {
		tick(ms) {
			const end = now + ms;
			for (let due = next(end); due; due = next(end)) {
				const [id, timer] = due;
				now = timer.at;
				if (timer.every === null) timers.delete(id);
				else timer.at += Math.max(1, timer.every);
				timer.act();
			}
			now = end;
		},
	};
}
