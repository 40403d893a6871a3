// SPDX-License-Identifier: AGPL-3.0-or-later
// The names of the roles.
import type { Role } from "../api/types";
import { t } from "../gen/i18n/common";

export const roleName = (role: Role) =>
	({
		viewer: t.role_viewer,
		sender: t.role_sender,
		editor: t.role_editor,
		administrator: t.role_administrator,
	})[role]();
