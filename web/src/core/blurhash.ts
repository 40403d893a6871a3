// SPDX-License-Identifier: AGPL-3.0-or-later
// Decodes a BlurHash (woltapp/blurhash, the public algorithm) into RGBA pixels: what stands in
// the place of a picture until it is there. null when the text is none.
const DIGITS =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const VALUE = new Map([...DIGITS].map((c, i) => [c, i]));

function number(hash: string, from: number, to: number): number {
	let n = 0;
	for (let i = from; i < to; i++) {
		const v = VALUE.get(hash[i] ?? "");
		if (v === undefined) return Number.NaN;
		n = n * 83 + v;
	}
	return n;
}

const linear = (v: number) => (v <= 10.31475 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4);

function srgb(v: number): number {
	const c = Math.max(0, Math.min(1, v));
	return Math.round((c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055) * 255);
}

const signed = (v: number) => Math.sign(v) * v * v;

function colours(hash: string, parts: number): Float64Array {
	const most = (number(hash, 1, 2) + 1) / 166;
	const out = new Float64Array(parts * 3);
	const dc = number(hash, 2, 6);
	out.set([linear(dc >> 16), linear((dc >> 8) & 255), linear(dc & 255)]);
	for (let i = 1; i < parts; i++) {
		const ac = number(hash, 4 + i * 2, 6 + i * 2);
		const part = [Math.floor(ac / 361), Math.floor(ac / 19) % 19, ac % 19];
		out.set(
			part.map((q) => signed((q - 9) / 9) * most),
			i * 3,
		);
	}
	return out;
}

export function blurhash(hash: string, width: number, height: number): Uint8ClampedArray | null {
	const size = number(hash, 0, 1);
	const nx = (size % 9) + 1;
	const ny = Math.floor(size / 9) + 1;
	if (Number.isNaN(number(hash, 0, hash.length)) || hash.length !== 4 + 2 * nx * ny) return null;
	const colour = colours(hash, nx * ny);
	const pixels = new Uint8ClampedArray(width * height * 4);
	for (let y = 0; y < height; y++)
		for (let x = 0; x < width; x++) {
			let r = 0;
			let g = 0;
			let b = 0;
			for (let j = 0; j < ny; j++)
				for (let i = 0; i < nx; i++) {
					const w = Math.cos((Math.PI * x * i) / width) * Math.cos((Math.PI * y * j) / height);
					const at = (j * nx + i) * 3;
					r += (colour[at] ?? 0) * w;
					g += (colour[at + 1] ?? 0) * w;
					b += (colour[at + 2] ?? 0) * w;
				}
			pixels.set([srgb(r), srgb(g), srgb(b), 255], (y * width + x) * 4);
		}
	return pixels;
}
