// SPDX-License-Identifier: AGPL-3.0-or-later
// The arithmetic of a picture that is looked at: scale and offset, kept so that the point under
// the pointer stays and the picture never leaves the window.
export interface View {
	/** 1: the whole picture fits */
	scale: number;
	x: number;
	y: number;
}
export interface Frame {
	width: number;
	height: number;
}

export const FIT: View = { scale: 1, x: 0, y: 0 };
/** of scale */
export const MOST = 8;

const limit = (v: number, most: number) => Math.max(-most, Math.min(most, v));

export function held(v: View, frame: Frame): View {
	const most = (side: number) => ((v.scale - 1) * side) / 2;
	return { scale: v.scale, x: limit(v.x, most(frame.width)), y: limit(v.y, most(frame.height)) };
}

/** px, py: from the middle of the frame. */
export function zoomed(v: View, by: number, frame: Frame, px = 0, py = 0): View {
	const scale = Math.max(1, Math.min(MOST, v.scale * by));
	const k = scale / v.scale;
	return held({ scale, x: px - (px - v.x) * k, y: py - (py - v.y) * k }, frame);
}
