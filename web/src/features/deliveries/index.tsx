// SPDX-License-Identifier: AGPL-3.0-or-later
// Deliveries: the list at /app/deliveries, one at /app/deliveries/NUMBER.
import { DeliveryList } from "./list";
import { DeliveryPage } from "./page";

export default function Deliveries({ params }: { params: { number?: string } }) {
	return params.number === undefined ? <DeliveryList /> : <DeliveryPage key={params.number} number={params.number} />;
}
