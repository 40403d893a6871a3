// SPDX-License-Identifier: AGPL-3.0-or-later
// One file of the grid as seven elements that are used again for other files. Nothing is written
// that is there already: what a style or an attribute is set to costs, also if it is the same.
import { blurhash } from "../core/blurhash";
import type { Box, Way } from "../core/layout";

export type CheckState = "ok" | "warn" | "stop" | "open" | "unchecked";

/** What a card shows; the words are ready for the screen. */
export interface Face {
	name: string;
	/** class and word of the state: ok, warn, stop, info, past */
	tone: string;
	state: string;
	bytes: string;
	kind: string;
	checks: readonly CheckState[];
	/** kind and checks in words, for those who do not see the line */
	spoken: string;
	colour: string | null;
	blurhash: string | null;
	/** address of the picture by its width, or null while there is none */
	picture: ((width: number) => string) | null;
	/** further columns of a list */
	folder: string;
	when: string;
}

const HASH = 24;
const CHECK_FILL: Record<CheckState, string> = {
	ok: "var(--l5-ok)",
	warn: "var(--l5-warn)",
	stop: "var(--l5-stop)",
	open: "var(--l5-open)",
	unchecked: "var(--l5-unchecked)",
};

/** The Freigabelinie as one background: five parts, each by shape and colour. */
const line5 = (checks: readonly CheckState[]) => checks.map((c) => CHECK_FILL[c]).join(",");

function made(tag: string, name: string): HTMLElement {
	const e = document.createElement(tag);
	e.className = name;
	return e;
}

export class Cell {
	readonly el = made("div", "vg-c wait");
	readonly box = made("div", "vg-i");
	index = -1;
	id = 0n;
	face: Face | undefined;
	private readonly img = document.createElement("img");
	private readonly name = made("div", "vg-n");
	private readonly tag = made("span", "vg-t");
	private readonly bytes = made("span", "vg-b num");
	private canvas: HTMLCanvasElement | null = null;
	private where: Box = { x: -1, y: -1, w: -1, h: -1 };
	/** of the box, as it was set last; "" of both: nothing */
	private look = { colour: "", line: "" };
	private marks: { selected?: boolean; active: boolean } = { active: false };

	constructor() {
		this.el.setAttribute("role", "option");
		this.box.dataset["kind"] = "";
		this.name.dir = "auto";
		this.img.alt = "";
		this.img.decoding = "async";
		this.img.draggable = false;
		this.img.hidden = true;
		this.box.append(this.img);
		this.el.append(this.box, this.name, this.tag, this.bytes);
		this.img.addEventListener("load", () => this.loaded());
		this.img.addEventListener("error", () => this.noPicture());
	}

	/** For another file; what it shows comes by fill(). */
	take(index: number, id: bigint, count: number, prefix: string) {
		this.index = index;
		this.id = id;
		this.el.id = `${prefix}${id}`;
		this.el.setAttribute("aria-posinset", String(index + 1));
		this.el.setAttribute("aria-setsize", String(count));
		if (this.el.hidden) this.el.hidden = false;
	}

	/** Out of view, its picture no longer asked for. It is hidden only if nobody takes it. */
	free() {
		this.index = -1;
		this.state(false, false);
		this.face = undefined;
		this.noPicture();
		this.noCanvas();
	}

	hide() {
		if (!this.el.hidden) this.el.hidden = true;
	}

	place(box: Box, y: number, way: Way) {
		const was = this.where;
		if (was.x !== box.x || was.y !== y) this.el.style.transform = `translate(${box.x}px,${y}px)`;
		if (was.w !== box.w) this.el.style.width = `${box.w}px`;
		if (was.h !== box.h && way !== "list") this.box.style.height = `${box.h}px`;
		this.where = { x: box.x, y, w: box.w, h: box.h };
	}

	/** Another way of showing: nothing of the place holds any more. */
	displace() {
		this.where = { x: -1, y: -1, w: -1, h: -1 };
		this.box.style.height = "";
	}

	fill(face: Face | undefined, way: Way) {
		if (face === this.face && face !== undefined) return;
		this.face = face;
		this.el.classList.toggle("wait", face === undefined);
		this.words(face, way);
		this.colours(face);
		this.noPicture();
		this.noCanvas();
		if (face?.blurhash && face.picture) this.placeholder(face.blurhash);
	}

	private words(face: Face | undefined, way: Way) {
		const columns =
			face && [face.when, face.folder, face.bytes].filter((s) => s !== "").join("\u2003");
		this.name.textContent = face?.name ?? "";
		this.tag.textContent = face?.state ?? "";
		this.tag.className = face ? `vg-t ${face.tone}` : "vg-t";
		this.bytes.textContent = (way === "list" ? columns : face?.bytes) ?? "";
		if (face) {
			this.el.setAttribute("aria-description", face.spoken);
			this.el.removeAttribute("aria-label");
		} else {
			this.el.removeAttribute("aria-description");
			this.el.setAttribute("aria-label", String(this.index + 1)); // until its name has come
		}
	}

	private colours(face: Face | undefined) {
		const look = { colour: face?.colour ?? "", line: face ? line5(face.checks) : "" };
		this.box.dataset["kind"] = face?.kind ?? "";
		this.box.classList.toggle("bare", face !== undefined && !face.picture);
		if (look.colour !== this.look.colour) this.box.style.backgroundColor = look.colour;
		if (look.line !== this.look.line) this.box.style.setProperty("--l5", look.line || "none");
		this.look = look;
	}

	private placeholder(hash: string) {
		const pixels = blurhash(hash, HASH, HASH);
		if (!pixels) return;
		const canvas = document.createElement("canvas");
		canvas.width = HASH;
		canvas.height = HASH;
		const image = new ImageData(new Uint8ClampedArray(pixels), HASH, HASH);
		canvas.getContext("2d")?.putImageData(image, 0, 0);
		this.canvas = canvas;
		this.box.prepend(canvas);
	}

	load(way: Way) {
		if (!this.face?.picture || this.img.hasAttribute("src")) return;
		const wide = this.where.w * devicePixelRatio;
		this.img.src = this.face.picture(way === "list" ? 64 : wide > 360 ? 640 : 320);
	}

	private loaded() {
		if (!this.img.hasAttribute("src")) return;
		this.img.hidden = false;
		this.noCanvas();
	}

	private noPicture() {
		if (this.img.hasAttribute("src")) this.img.removeAttribute("src");
		if (!this.img.hidden) this.img.hidden = true;
	}

	private noCanvas() {
		this.canvas?.remove();
		this.canvas = null;
	}

	state(selected: boolean, active: boolean) {
		if (selected !== this.marks.selected) this.el.setAttribute("aria-selected", String(selected));
		if (active !== this.marks.active) this.el.classList.toggle("on", active);
		this.marks = { selected, active };
	}

	/** Within the round mark in the corner of the picture. */
	onCheck(e: MouseEvent): boolean {
		const box = this.box.getBoundingClientRect();
		const x = e.clientX - box.left;
		const y = e.clientY - box.top;
		return x >= 0 && x < 44 && y >= 0 && y < 44;
	}
}
