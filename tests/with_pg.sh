#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Run a command with a throw-away PostgreSQL in GELEIT_TEST_PG.
#
#   with_pg.sh COMMAND [ARGUMENT...]
#
# The answer is the command's.  A command that cannot get its server fails.
set -eu

pg=$(dirname "$0")/lib/pg.sh
top=$(mktemp -d "${TMPDIR:-/tmp}/geleit-pg.XXXXXX")
chmod 711 "$top"
trap 'sh "$pg" stop "$top/c" || true; rm -rf "$top"' EXIT
trap 'exit 1' HUP INT TERM

GELEIT_TEST_PG=$(sh "$pg" start "$top/c")
export GELEIT_TEST_PG
"$@"
