/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sql_scan - step over what is not SQL code: strings, names in quotes, comments
 *
 * Shared by the numbering of ? (db_pg) and the type words of migrations.
 *
 * Layer: db, private.
 */
#pragma once

/*
 * When p stands on '...', "...", $tag$...$tag$, -- or a block comment: the
 * address behind it (the end of the text when it is not closed).  Else p.
 */
const char *sql_skip(const char *p);
