#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What docs/internals/scale.md reckons with and no goal is set for: rows, a change, a password, a package, the database's round trips.

usage: bench/costs.py [--write] [--assets N]               (SQLite)
       tests/with_pg.sh bench/costs.py --db postgresql     (statements of a request alone)

Processor time of all processes of the server for each operation, the median of RUNS; a count of calls by strace (root).  Only
the disk's own time is wall time: a machine that does other work gives nearly the same figures.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from generate import make  # these beside this file
from library import JSON, ids_of
from machine import told
from run import store
from sides import cpu, settled
from sizes import new_database

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests/system")]
from geleit import Recipient, Server, Staff, sql, wait_for  # noqa: E402

HEADING = {"sqlite": "## What scale.md reckons with", "postgresql": "## Round trips to PostgreSQL"}
RUNS, TIMES, SIGN_INS = 5, 100, 20
ROWS, FEW = 20000, 2000         # files, and deliveries of ten of them
PACKED = 10000
SYNCED, WRITTEN = 200, 16384
ANNA, PASSWORD = {"name": "Anna Olsen", "address": "anna@geleit.example"}, "correct horse battery"


# ---- bytes of rows ----

def database_bytes(server):
    (pages,), = sql(server, "PRAGMA page_count")
    (size,), = sql(server, "PRAGMA page_size")
    return int(pages) * int(size)


def stored(assets, deliveries):
    with contextlib.closing(Closing(make(assets, deliveries))) as s:
        return database_bytes(s.server)


class Closing:
    def __init__(self, server):
        self.server = server

    def close(self):
        self.server.remove()


def rows():
    with contextlib.closing(Closing(Server().start())) as s:
        empty = database_bytes(s.server)
    files, with_deliveries = stored(ROWS, 0), stored(ROWS, FEW)
    yield "row of a file, with its indexes", (files - empty) / ROWS / 1e3, "KB"
    yield "delivery of ten files to two people, one of whom fetched them", (with_deliveries - files) / FEW / 1e3, "KB"


def disk():
    """What a change waits for: sixteen KB of a file that is there, as SQLite's log has it."""
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="geleit-bench-") as f:
        f.write(bytes(SYNCED * WRITTEN))
        os.fsync(f.fileno())
        took = []
        for i in range(SYNCED):
            os.pwrite(f.fileno(), os.urandom(WRITTEN), i * WRITTEN)
            begin = time.perf_counter()
            os.fdatasync(f.fileno())
            took.append((time.perf_counter() - begin) * 1000)
    yield f"fdatasync of the disk, wall clock, median of {SYNCED}", statistics.median(took), "ms"


# ---- processor time ----

class Line:
    """One connection with a key; what the server's processes spend on its requests."""

    def __init__(self, server):
        self.server, self.key = server, {"Authorization": "Bearer " + server.key(), **JSON}
        self.pids = [r["pid"] for r in server.run("status")["roles"]]
        self.line = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=120)

    def ask(self, method, path, body=None, headers=None):
        self.line.request(method, path, json.dumps(body) if body is not None else None, headers or self.key)
        a = self.line.getresponse()
        data = a.read()
        assert a.status in (200, 201), (path, a.status, data[:500])
        return json.loads(data) if a.headers["Content-Type"].startswith("application/json") else data

    def cost(self, work, times):
        """Milliseconds of one, the median of RUNS rounds."""
        def once():
            before = settled(self.pids)
            for i in range(times):
                work(i)
            return (settled(self.pids) - before) / times * 1000
        work(0)
        return statistics.median(once() for _ in range(RUNS))


def role_cost(line, role, work, times):
    """The same of one role alone, without what comes late."""
    pids = [r["pid"] for r in line.server.run("status")["roles"] if r["role"] == role]

    def once():
        before = cpu(pids)
        for i in range(times):
            work(i)
        return (cpu(pids) - before) / times * 1000
    return statistics.median(once() for _ in range(RUNS))


@contextlib.contextmanager
def calls(pids, names):
    """How often these system calls were made meanwhile, by name."""
    counted = {}
    with tempfile.NamedTemporaryFile("r", dir="/tmp", prefix="geleit-bench-") as out:
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=" + ",".join(names), "-o", out.name, *(w for p in pids for w in ("-p", str(p)))],
                                  stderr=subprocess.DEVNULL)
        wait_for(lambda: all("TracerPid:\t0\n" not in pathlib.Path(f"/proc/{p}/status").read_text() for p in pids), 60)
        try:
            yield counted
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(60)
        text = out.read()
        counted.update({n: len(re.findall(rf"\b{n}\(", text)) for n in names})


SYNCS = ("fsync", "fdatasync")


def changes(line, asset):
    def change(i):
        line.ask("PATCH", f"/api/v1/assets/{asset}", {"note": f"Stand {time.monotonic_ns()}"})
    yield "small change (the note of a file), all processes", line.cost(change, TIMES), "CPU ms"
    yield "the same, app alone", role_cost(line, "app", change, TIMES), "CPU ms"
    apps = [r["pid"] for r in line.server.run("status")["roles"] if r["role"] == "app"]
    with calls(apps, SYNCS) as counted:
        for i in range(TIMES):
            change(i)
    yield "the same, fsync and fdatasync of app", sum(counted.values()) / TIMES, "calls"
    with calls(apps, SYNCS) as counted:
        for i in range(TIMES):
            upload(line, i)
    yield "upload of a small file in one request, fsync and fdatasync of app", sum(counted.values()) / TIMES, "calls"


def upload(line, i):
    data = b"%d" % i
    line.line.request("POST", "/api/v1/uploads", data, {**line.key, "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
                                                        "Content-Type": "application/offset+octet-stream"})
    a = line.line.getresponse()
    a.read()
    assert a.status == 201, a.status


def passwords(line):
    Staff(line.server).enrol(line.server.sign_in_token(), PASSWORD, **ANNA)

    def check(i):
        wait_for(lambda: Staff(line.server).post("", address=ANNA["address"], password=PASSWORD).status == 200, 60)
    yield "password checked, all processes", line.cost(check, SIGN_INS), "CPU ms"


def package(line):
    """The request alone: the first byte came, and no more is taken."""
    files = ids_of(line.server.api("GET", "/api/v1/assets/layout?state=sendable"))[:PACKED]
    line.line.close()           # it was idle while passwords were checked
    sent = line.ask("POST", "/api/v1/deliveries", {"assets": files, "to": ["alle@customer.test"]})
    r = Recipient(line.server, sent["recipients"][0]["link"], "alle@customer.test").prove()

    def once():
        before = settled(line.pids)
        with r.stream(r.path + "/all.zip") as (a, _):
            assert a.read(4) == b"PK\3\4"
            return (settled(line.pids) - before) * 1000
    once()
    yield f"request of a package of {PACKED:,} files, to its first bytes", statistics.median(once() for _ in range(RUNS)), "CPU ms"


# ---- round trips of a request, on PostgreSQL ----

def requests(line):
    """What people do, each as a function of a number."""
    assets = ids_of(line.server.api("GET", "/api/v1/assets/layout?state=sendable"))
    number = line.ask("GET", "/api/v1/deliveries?limit=100")[0]["delivery"]
    asset = assets[0]

    def send(i):
        line.ask("POST", "/api/v1/deliveries", {"assets": assets[10 * i:10 * i + 10], "to": ["a@customer.test", "b@customer.test"]})
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="geleit-bench-") as f:
        f.write(os.urandom(1 << 20))
        f.flush()
        sent = line.server.run("send", f.name, "--release", "cleared", "--to", "bench@customer.test")
    reader = Recipient(line.server, sent["recipients"][0]["link"], "bench@customer.test").prove()
    cookie = {"Cookie": "__Host-geleit-r=" + reader.cookie}
    return [
        ("page of 100 files", lambda i: line.ask("GET", "/api/v1/assets?limit=100")),
        ("page of 100 deliveries", lambda i: line.ask("GET", "/api/v1/deliveries?limit=100")),
        ("a file", lambda i: line.ask("GET", "/api/v1/assets/" + asset)),
        ("a delivery", lambda i: line.ask("GET", "/api/v1/deliveries/" + number)),
        ("the recipient's page", lambda i: line.ask("GET", reader.path, None, cookie)),
        ("a download of 1 MiB", lambda i: line.ask("GET", reader.path + "/file/1", None, cookie)),
        ("a check of 10 files, 2 people", lambda i: line.ask("POST", "/api/v1/check", {"assets": assets[:10], "to": ["a@customer.test", "b@customer.test"]})),
        ("a note to a file", lambda i: line.ask("PATCH", "/api/v1/assets/" + asset, {"note": f"Stand {time.monotonic_ns()}"})),
        ("an upload in one request", lambda i: upload(line, i)),
        ("a sending of 10 files to 2 people", send),
    ]


def round_trips(line):
    """app sends to nobody else by a call of this name: each of them is a statement that waits for its answer."""
    apps = [r["pid"] for r in line.server.run("status")["roles"] if r["role"] == "app"]
    for what, work in requests(line):
        for i in range(TIMES // 5):         # each app prepares its statements once
            work(i)
        with calls(apps, ["sendto"]) as counted:
            for i in range(TIMES // 5, 2 * TIMES // 5):
                work(i)
        yield what + ": messages to the database", counted["sendto"] / (TIMES // 5), "calls"


# ---- the whole ----

def measure(db, assets):
    server = make(assets, assets // 10, db)
    server.patience = 120
    try:
        line = Line(server)
        if db != "sqlite":
            yield from round_trips(line)
            return
        yield from changes(line, ids_of(server.api("GET", "/api/v1/assets/layout"))[0])
        yield from passwords(line)
        yield from package(line)
    finally:
        server.remove()
    yield from rows()
    yield from disk()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help="store the table in bench/RESULTS.md")
    p.add_argument("--db", choices=HEADING, default="sqlite")
    p.add_argument("--assets", type=int, default=20000)
    args = p.parse_args()
    load, lines = os.getloadavg()[0], []
    for what, value, unit in measure(new_database(args.db), args.assets):
        lines.append(f"| {what} | {value:.3g} | {unit} |")
        print(lines[-1], file=sys.stderr, flush=True)
    command, how = {"sqlite": ("bench/costs.py", f"median of {RUNS} runs"),
                    "postgresql": ("tests/with_pg.sh bench/costs.py --db postgresql", f"mean of {TIMES // 5} requests")}[args.db]
    lines = [HEADING[args.db], "", *told(command, f"{how}, {args.assets:,} files and {args.assets // 10:,} deliveries", load), "",
             "| what | measured | unit |", "|---|---|---|", *lines]
    print("\n".join(lines))
    if args.write:
        store(lines)


if __name__ == "__main__":
    main()
