// SPDX-License-Identifier: AGPL-3.0-or-later
// Deliveries: the list at /app/deliveries, one at /app/deliveries/NUMBER.
import { DeliveryList } from "./list";
import { DeliveryPage } from "./page";

/** Two addresses share this screen; only the second names a number. */
export default function Deliveries({ params }: { params: unknown }) {
	const { number } = params as { number?: string };
	return number === undefined ? <DeliveryList /> : <DeliveryPage key={number} number={number} />;
}
