// SPDX-License-Identifier: AGPL-3.0-or-later
// Outlines on a grid of 24, stroke 1.75. An icon never stands alone for a state: a word is
// beside it, or its button has a label.
const round = (x: number, y: number, r: number) =>
	`M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
const box = (x: number, y: number) => `M${x} ${y}h7v7h-7z`;

const OUTLINES = {
	home: "M4 11.5 12 5l8 6.5V20h-5.5v-5h-5v5H4z",
	library: box(4, 4) + box(13, 4) + box(4, 13) + box(13, 13),
	folder: "M4 7a1 1 0 0 1 1-1h5l2 2.5h7a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z",
	ticket:
		"M4 8a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v2.2a2 2 0 0 0 0 3.6V16a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-2.2a2 2 0 0 0 0-3.6zM9.5 7.5v1.6m0 2.1v1.6m0 2.1v1.6",
	inbox: "M4 14v5h16v-5l-3-8H7zM4 14h5l1 2h4l1-2h5",
	shield: "M12 3.5 19 6v6c0 4.5-3 7.3-7 8.5-4-1.2-7-4-7-8.5V6zm-3.2 8.5 2.3 2.3 4.2-4.6",
	log: "M4 20h16M7 16v-5m5 5V6m5 10v-7",
	gear: `${round(12, 12, 3)}M12 4v3m0 10v3M4 12h3m10 0h3M6.5 6.5l2 2m7 7 2 2m0-11-2 2m-7 7-2 2`,
	search: `${round(11, 11, 6.5)}M16 16l4.5 4.5`,
	upload: "M12 16V5m-4.5 4.5L12 5l4.5 4.5M5 19h14",
	download: "M12 5v11m-4.5-4.500L12 16l4.5-4.500M5 19h14",
	basket: "M5 8h14l-1 12H6zM9 8V6.500a3 3 0 0 1 6 0V8",
	list: "M4 6.500h16M4 12h16M4 17.500h16",
	close: "m6 6 12 12M18 6 6 18",
	check: "m5 12.5 4.5 4.500L19 7.5",
	ok: `${round(12, 12, 8.5)}M8.3 12.300l2.6 2.6 4.8-5.2`,
	stop: "M8.5 3.500h7l5 5v7l-5 5h-7l-5-5v-7zM9 9l6 6m0-6-6 6",
	warn: "M12 4.5 21 19.500H3zM12 10v4.200M12 16.800v.1",
	review: `${round(12, 12, 8.5)}M12 11v5M12 8v.1`,
	info: `${round(12, 12, 8.5)}M12 11v5M12 8v.1`,
	clock: `${round(12, 12, 8.5)}M12 7.500V12l3 2`,
	more: round(6, 12, 0.8) + round(12, 12, 0.8) + round(18, 12, 0.8),
	back: "M19 12H5m6-6-6 6 6 6",
	left: "m15 5-7 7 7 7",
	right: "m9 5 7 7-7 7",
	down: "m6 9.5 6 6 6-6",
	up: "m6 14.5 6-6 6 6",
	plus: "M12 5v14M5 12h14",
	minus: "M5 12h14",
	trash: "M5 7h14M9.5 7V4.500h5V7M7 7l1 13h8l1-13M10.5 10.500v6m3-6v6",
	edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
	link: "M10 14a3.5 3.5 0 0 0 5 0l3.5-3.500a3.5 3.5 0 0 0-5-5L12 7M14 10a3.5 3.5 0 0 0-5 0l-3.5 3.500a3.5 3.5 0 0 0 5 5L12 17",
	copy: "M9 9h10v11H9zM6 15H5V4h10v2",
	mail: "M4 6.500h16v11H4zM4 7.500l8 6 8-6",
	person: `${round(12, 8.5, 3.5)}M5 20c.5-4 3.2-6 7-6s6.5 2 7 6`,
	people: `${round(9, 9, 3)}M3.5 19c.3-3.5 2.5-5 5.5-5s5.2 1.5 5.5 5M15 6.300a3 3 0 0 1 0 5.400M17 14.400c2 .6 3.2 2.1 3.5 4.6`,
	key: `${round(8, 15, 3.5)}M10.5 12.5 19 4m-3.5 3.5 3 3`,
	heart: "M4 12h4l2-5 4 10 2-5h4",
	brush: "M19 5l-8.5 8.500M7 14.500a3 3 0 0 1 3 3c0 2-2 2.5-5.5 2.5 1-1 .5-5.5 2.5-5.500z",
	undo: "M9 7 5 11l4 4M5 11h9a5 5 0 0 1 0 10h-3",
	zoom: `${round(11, 11, 6.5)}M16 16l4.5 4.500M11 8.500v5M8.5 11h5`,
	file: "M7 4h7l4 4v12H7zM14 4v4h4",
	film: "M4 6h16v12H4zM8 6v12m8-12v12M4 10h4m-4 4h4m8-4h4m-4 4h4",
	sound: "M5 10v4h3l4 4V6l-4 4zM15.5 9.500a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10",
	image: `M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 4.5${round(15.5, 9, 1.5)}`,
	offline:
		"M4 4l16 16M6 10.500a9 9 0 0 1 3-2M12 8c2.3 0 4.4 1 6 2.500M8.5 14a5 5 0 0 1 5-1.300M12 18v.1",
	door: "M14 4h5v16h-5M4 12h10m-4-4 4 4-4 4",
	menu: "M4 7h16M4 12h16M4 17h16",
} as const;

export type IconName = keyof typeof OUTLINES;

export function Icon({ name, class: extra }: { name: IconName; class?: string }) {
	return (
		<svg class={extra ? `ic ${extra}` : "ic"} viewBox="0 0 24 24" aria-hidden="true">
			<path d={OUTLINES[name]} stroke-dasharray={name === "review" ? "3 2.4" : undefined} />
		</svg>
	);
}

/** Geleit's mark: a ticket with a tick. */
export function Mark() {
	return (
		<svg viewBox="0 0 32 32" aria-hidden="true">
			<path
				fill="currentColor"
				d="M4 9a3 3 0 0 1 3-3h18a3 3 0 0 1 3 3v3.200a4 4 0 0 0 0 7.600V23a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-3.200a4 4 0 0 0 0-7.600z"
			/>
			<path class="mark-tick" d="m10.5 16.2 3.8 3.8 7.4-8" />
		</svg>
	);
}
