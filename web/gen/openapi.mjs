// SPDX-License-Identifier: AGPL-3.0-or-later
// docs/openapi.yaml -> src/gen/openapi.d.ts, the types of the staff API.
import { mkdirSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const root = new URL("..", import.meta.url);
const types = await openapi(new URL("../docs/openapi.yaml", root), { silent: true });
mkdirSync(new URL("src/gen/", root), { recursive: true });
writeFileSync(
	new URL("src/gen/openapi.d.ts", root),
	`// made by gen/openapi.mjs\n${astToString(types)}`,
);
