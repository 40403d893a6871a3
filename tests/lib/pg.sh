#!/bin/sh
# SPDX-License-Identifier: AGPL-3.0-or-later
# A throw-away PostgreSQL cluster for tests.
#
#   pg.sh start DIR    makes a cluster in DIR (new), starts it, prints its postgresql:// address
#   pg.sh stop DIR     stops it and removes DIR
#   pg.sh halt DIR HOW, pg.sh again DIR, pg.sh restart DIR HOW
#                      stops it (fast, immediate), starts it again, both
#
# initdb refuses root, so root becomes postgres for these programs.  Loopback
# only, on a free port.  Durability is off unless PG_DURABLE=1.  PG_WAL names
# another folder for the write-ahead log.
set -eu

bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}

as_owner() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups env -C "$dir" "$@"
	else
		env -C "$dir" "$@"
	fi
}

free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

again() {
	if ! as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 120 start >"$dir/start.log"; then
		cat "$dir/log" >&2
		exit 1
	fi
}

halt() {
	as_owner "$bin/pg_ctl" -D "$dir/data" -m "$1" -w stop >/dev/null
}

start() {
	port=$(free_port)
	mkdir -m 700 "$dir" "$dir/sock"
	echo secret >"$dir/pw"
	[ -z "${PG_WAL:-}" ] || mkdir -m 700 "$PG_WAL"
	[ "$(id -u)" != 0 ] || chown -R postgres "$dir" ${PG_WAL:+"$PG_WAL"}
	as_owner "$bin/initdb" -D "$dir/data" -U geleit -E UTF8 --locale=C.UTF-8 --auth-local=trust \
		--auth-host=scram-sha-256 --pwfile="$dir/pw" -N -k ${PG_WAL:+--waldir="$PG_WAL"} >"$dir/initdb.log"
	{
		printf '%s\n' "listen_addresses='127.0.0.1'" "port=$port" "unix_socket_directories='$dir/sock'" \
			max_connections=100 shared_buffers=64MB
		[ "${PG_DURABLE:-0}" = 1 ] || printf '%s\n' fsync=off full_page_writes=off synchronous_commit=off
	} >>"$dir/data/postgresql.conf"
	again
	as_owner "$bin/psql" -q -h "$dir/sock" -p "$port" -U geleit -d postgres -c 'CREATE DATABASE geleit' \
		-c 'CREATE DATABASE geleit_keys'
	echo "postgresql://geleit:secret@127.0.0.1:$port/geleit"
}

stop() {
	halt fast
	rm -r "$dir"
}

dir=${2:?pg.sh start|stop DIR}
case $1 in
start) start ;;
stop) stop ;;
halt) halt "${3:?how}" ;;
again) again ;;
restart)
	halt "${3:?how}"
	again
	;;
*)
	echo "pg.sh start|stop|halt|again|restart DIR" >&2
	exit 2
	;;
esac
