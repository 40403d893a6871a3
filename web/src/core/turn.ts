// SPDX-License-Identifier: AGPL-3.0-or-later
// Changes of one person that follow each other quickly: one waits for the other, and is made from
// what the other left behind.

/** Jobs one after the other, whether or not the one before failed. */
export function turns(): <T>(job: () => Promise<T>) => Promise<T> {
	let last: Promise<unknown> = Promise.resolve();
	return (job) => {
		const next = last.then(job, job);
		last = next.catch(() => undefined);
		return next;
	};
}

/**
 * What this page itself made of a version: a change that was begun from an older one is a change
 * of the newest of them, unless somebody else came in between.
 */
export class Lineage {
	#next = new Map<string, string>();

	became(id: string, before: string, after: string) {
		if (before !== after) this.#next.set(`${id} ${before}`, after);
	}

	newest(id: string, etag: string): string {
		let now = etag;
		for (let next = this.#next.get(`${id} ${now}`); next; next = this.#next.get(`${id} ${now}`))
			now = next;
		return now;
	}
}
