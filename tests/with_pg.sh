#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# Run a command with an empty PostgreSQL database in GELEIT_TEST_PG.
#
#   with_pg.sh COMMAND [ARGUMENT...]
#
# The server is a throw-away one.  Below another with_pg.sh, whose server is in
# GELEIT_TEST_PG_SERVER, it is that one, with two new databases in it.  The answer
# is the command's.  A command that cannot get its server fails.
set -eu

pg=$(dirname "$0")/lib/pg.sh
if [ -n "${GELEIT_TEST_PG_SERVER-}" ]; then
	name=t$$_$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
	for n in "$name" "${name}_keys"; do
		psql -q "$GELEIT_TEST_PG_SERVER" -c "create database $n"
	done
	GELEIT_TEST_PG=${GELEIT_TEST_PG_SERVER%/*}/$name
	export GELEIT_TEST_PG
	exec "$@"
fi

top=$(mktemp -d "${TMPDIR:-/tmp}/geleit-pg.XXXXXX")
chmod 711 "$top"
trap 'sh "$pg" stop "$top/c" || true; rm -rf "$top"' EXIT
trap 'exit 1' HUP INT TERM

GELEIT_TEST_PG=$(sh "$pg" start "$top/c")
GELEIT_TEST_PG_SERVER=$GELEIT_TEST_PG
export GELEIT_TEST_PG GELEIT_TEST_PG_SERVER
"$@"
