// SPDX-License-Identifier: AGPL-3.0-or-later
// The answer of assets/layout: "GLY1", u32 count, u64 stamp, a byte of shape per file, padding
// to eight bytes, a u64 id per file, all little endian. Read without copying where it can be.
export interface Listing {
	/** false: the first of it, the rest is on its way */
	whole: boolean;
	stamp: bigint;
	ratios: Uint8Array;
	ids: BigUint64Array;
}

export const EMPTY: Listing = {
	whole: true,
	stamp: 0n,
	ratios: new Uint8Array(0),
	ids: new BigUint64Array(0),
};

const HEAD = 16;
const MAGIC = 0x31594c47;

/** first: how many were asked for at most; if there are fewer, they are all. */
export function decode(data: ArrayBuffer, first = Infinity): Listing {
	if (data.byteLength < HEAD) throw new Error("layout: too short");
	const view = new DataView(data);
	if (view.getUint32(0, true) !== MAGIC) throw new Error("layout: not GLY1");
	const count = view.getUint32(4, true);
	const start = (HEAD + count + 7) & ~7;
	if (data.byteLength !== start + 8 * count) throw new Error("layout: wrong length");
	return {
		whole: count < first,
		stamp: view.getBigUint64(8, true),
		ratios: new Uint8Array(data, HEAD, count),
		ids: new BigUint64Array(data, start, count),
	};
}

/** For tests and for listings made here: what decode reads. */
export function encode(stamp: bigint, ratios: Uint8Array, ids: BigUint64Array): ArrayBuffer {
	const start = (HEAD + ratios.length + 7) & ~7;
	const data = new ArrayBuffer(start + 8 * ids.length);
	const view = new DataView(data);
	view.setUint32(0, MAGIC, true);
	view.setUint32(4, ratios.length, true);
	view.setBigUint64(8, stamp, true);
	new Uint8Array(data, HEAD).set(ratios);
	new BigUint64Array(data, start).set(ids);
	return data;
}
