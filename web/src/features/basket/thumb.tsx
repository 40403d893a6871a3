// SPDX-License-Identifier: AGPL-3.0-or-later
// A file as a small picture in a row: its preview where there is one, else what kind of file it
// is on its colour.  Always beside the file's name, so it says nothing to a screen reader.
import { useState } from "preact/hooks";
import type { Card } from "../../api/types";
import { Icon, type IconName } from "../../ui/Icon";

function iconOf(card: Pick<Card, "media_type">): IconName {
	const kind = card.media_type?.split("/")[0]; // null: not read yet
	if (kind === "image") return "image";
	if (kind === "video") return "film";
	if (kind === "audio") return "sound";
	return "file";
}

export function Thumb({ card }: { card: Card }) {
	const [broken, setBroken] = useState(false);
	if (card.preview !== "ready" || broken)
		return (
			<span class="thumb thumb-none">
				<Icon name={iconOf(card)} />
			</span>
		);
	return (
		<img
			class="thumb"
			src={`/api/v1/assets/${card.id}/preview/320?version=${card.version}`}
			alt=""
			loading="lazy"
			decoding="async"
			onError={() => setBroken(true)}
		/>
	);
}
