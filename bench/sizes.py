#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the same work costs when a hundred times as much is stored.

usage: bench/sizes.py [--write] [--db postgresql] [SMALL LARGE]    (files; a tenth as many deliveries)

Two servers, filled by bench/generate.py, do the same in turns: list, open, send, download.  A row is the processor time of all
processes of the server (on PostgreSQL, below tests/with_pg.sh, with those of the database), the median of RUNS; its goal is at most
RATIO times that of the small one.  Then, on the large one: a delivery to 1,000 people, a check of 10,000 files for 5, the
first byte of a package of 10,000 files, and one verdict with facts loaded.
"""
import argparse
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

from generate import make  # these beside this file
from machine import told
from run import store
from sides import cpu

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests/system"), str(HERE.parent / "tests/lib")]
from geleit import BUILD, Recipient  # noqa: E402
from library import JSON, ids_of  # noqa: E402
from scoreboard import figure  # noqa: E402

RUNS, RATIO = 5, 1.3
SMALL, LARGE = 1000, 100000
FILES, MANY, PEOPLE = 10, 10000, 1000
BYTES = 1 << 20
HEADING = {"sqlite": "## Sizes", "postgresql": "## Sizes, PostgreSQL"}


# ---- processor time ----

def database_processes(url):
    """Those of the PostgreSQL cluster, its own apart: a connection is a process."""
    if url == "sqlite":
        return []
    folder = subprocess.run(["psql", "-qAt", url, "-c", "show data_directory"], check=True, capture_output=True, text=True).stdout.strip()
    parent = int((pathlib.Path(folder) / "postmaster.pid").read_text().split()[0])
    return [int(p) for p in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def at_rest(pids, seconds=20):
    """Late work counts: until less than four milliseconds were used in half a second, which looking for work takes."""
    last = cpu(pids)
    for _ in range(seconds * 2):
        time.sleep(0.5)
        now = cpu(pids)
        if now - last < 0.004:
            return now
        last = now
    return last


# ---- one of the two servers ----

class World:
    def __init__(self, assets, db):
        self.server = make(assets, assets // 10, db)
        self.server.patience = 120
        self.line = http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context(), timeout=120)
        self.key = {"Authorization": "Bearer " + self.server.key()}
        self.rnd, self.n = random.Random(1), itertools.count()
        self.may_go = ids_of(self.server.api("GET", "/api/v1/assets/layout?state=sendable"))
        self.assets = ids_of(self.server.api("GET", "/api/v1/assets/layout"))
        self.numbers = [d["delivery"] for d in self.get("/api/v1/deliveries?limit=100")]
        with open(self.server.dir.parent / "one.bin", "wb") as f:
            f.write(os.urandom(BYTES))
        sent = self.server.run("send", self.server.dir.parent / "one.bin", "--release", "cleared", "--to", "bench@customer.test")
        self.reader = Recipient(self.server, sent["recipients"][0]["link"], "bench@customer.test").prove()
        self.cookie = {"Cookie": "__Host-geleit-r=" + self.reader.cookie}
        self.pids = [r["pid"] for r in self.server.run("status")["roles"]] + database_processes(self.server.db)

    def connect(self):
        """Anew: it may have been closed while the other one worked."""
        self.line.close()
        self.line.connect()

    def ask(self, method, path, body=None, headers=None):
        self.line.request(method, path, body, headers or self.key)
        a = self.line.getresponse()
        data = a.read()
        assert a.status in (200, 201), (path, a.status, data[:500])
        return data

    def get(self, path):
        return self.server.api("GET", path).json()

    def send(self, files, to):
        return self.ask("POST", "/api/v1/deliveries", json.dumps({"assets": files, "to": to}), {**self.key, **JSON})


# ---- the rows: one piece of work, how often, does late work count ----

ROWS = [
    ("list: page of 100 files", lambda w: w.ask("GET", "/api/v1/assets?limit=100"), 50, False),
    ("list: page of 100 deliveries", lambda w: w.ask("GET", "/api/v1/deliveries?limit=100"), 20, False),
    ("list: 20 deliveries that run", lambda w: w.ask("GET", "/api/v1/deliveries?limit=20&state=active"), 20, False),
    ("open: a file", lambda w: w.ask("GET", "/api/v1/assets/" + w.rnd.choice(w.assets)), 100, False),
    ("open: its history", lambda w: w.ask("GET", f"/api/v1/assets/{w.rnd.choice(w.assets)}/history"), 100, False),
    ("open: a delivery", lambda w: w.ask("GET", "/api/v1/deliveries/" + w.rnd.choice(w.numbers)), 50, False),
    ("open: the recipient's page", lambda w: w.ask("GET", w.reader.path, None, w.cookie), 50, False),
    (f"check: {FILES} files, 2 people", lambda w: w.ask("POST", "/api/v1/check", check(w), {**w.key, **JSON}), 50, False),
    (f"send: {FILES} files to 2 people, with their mails", lambda w: w.send(w.rnd.sample(w.may_go, FILES), people(w, 2)), 10, True),
    ("download: 1 MiB, with its history", lambda w: w.ask("GET", w.reader.path + "/file/1", None, w.cookie), 20, True),
]


def people(w, n):
    return [f"bench{i}@customer.test" for i in itertools.islice(w.n, n)]


def check(w):
    return json.dumps({"assets": w.rnd.sample(w.may_go, FILES), "to": ["a@customer.test", "b@customer.test"]})


def one_value(w, work, times, late):
    w.connect()
    before = at_rest(w.pids) if late else cpu(w.pids)
    for _ in range(times):
        work(w)
    return ((at_rest(w.pids) if late else cpu(w.pids)) - before) / times * 1000


def compare(small, large):
    for what, work, times, late in ROWS:
        values = {small: [], large: []}
        for w in (small, large):
            w.connect()
            work(w)                         # what is prepared once
        for _ in range(RUNS):
            for w in (small, large):
                values[w].append(one_value(w, work, times, late))
        a, b = (statistics.median(values[w]) for w in (small, large))
        print(f"{what}: {a:.2f} {b:.2f} CPU ms, {b / a:.2f}", file=sys.stderr, flush=True)
        yield what, a, b


# ---- much at once ----

def timed(w, work):
    w.connect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def thousand_people(w):
    to = people(w, PEOPLE)
    before = at_rest(w.pids)
    wall = timed(w, lambda: w.send(w.rnd.sample(w.may_go, FILES), to))
    return wall, (at_rest(w.pids, 60) - before) / PEOPLE * 1000


def medians(pairs):
    return [statistics.median(v) for v in zip(*pairs)]


def large_check(w):
    body = json.dumps({"assets": w.may_go[:MANY], "to": [f"p{i}@customer.test" for i in range(5)]})
    return statistics.median(timed(w, lambda: w.ask("POST", "/api/v1/check", body, {**w.key, **JSON})) for _ in range(RUNS))


def first_byte(w):
    """From the last byte of the request to the first one of the archive behind the head."""
    sent = json.loads(w.send(w.may_go[:MANY], ["alle@customer.test"]))
    r = Recipient(w.server, sent["recipients"][0]["link"], "alle@customer.test").prove()
    took = []
    for _ in range(RUNS):
        with r.stream(r.path + "/file/1") as (a, _):        # the connection is made
            a.read(0)
        line = http.client.HTTPSConnection("localhost", w.server.port, context=w.server.context(), timeout=60)
        line.connect()
        begin = time.perf_counter()
        line.request("GET", r.path + "/all.zip", headers={"Cookie": "__Host-geleit-r=" + r.cookie})
        assert line.getresponse().read(4) == b"PK\3\4"
        took.append(time.perf_counter() - begin)
        line.close()
    return statistics.median(took)


def verdict_ns():
    program = BUILD / "src/model/verdict_cost"
    return statistics.median(float(subprocess.run([program], check=True, capture_output=True, text=True).stdout) for _ in range(RUNS))


def at_once(w):
    """(what, value, unit, goal)"""
    wall, each = medians(thousand_people(w) for _ in range(RUNS))
    yield f"send: {FILES} files to {PEOPLE:,} people, the answer", wall, "s", None
    yield "send: the same, all work with the mails, for each of them", each, "CPU ms", None
    yield f"check: {MANY:,} files for 5 people in one request", large_check(w), "s", 1.0
    yield f"package of {MANY:,} files: first byte after the request", first_byte(w) * 1000, "ms", 150
    yield "verdict: one file and person, facts loaded", verdict_ns() / 1000, "µs", 5.0


# ---- the whole ----

def met(value, goal):
    return "" if goal is None else "yes" if value <= goal else "**no**"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help="store the tables in bench/RESULTS.md")
    p.add_argument("--db", choices=HEADING, default="sqlite")
    p.add_argument("sizes", nargs="*", type=int, default=[SMALL, LARGE])
    args = p.parse_args()
    load, (n, m) = os.getloadavg()[0], args.sizes
    with contextlib.ExitStack() as end:
        worlds = []
        for size in args.sizes:
            worlds.append(World(size, new_database(args.db)))
            end.callback(worlds[-1].server.remove)
        rows = list(compare(*worlds))
        many = list(at_once(worlds[1])) if m >= 2 * MANY + 1000 else []
    lines = [f"| CPU ms | {n:,} files, {n // 10:,} deliveries | {m:,} files, {m // 10:,} deliveries | ratio | goal | met |", "|---|---|---|---|---|---|"]
    lines += [f"| {what} | {a:.2f} | {b:.2f} | {b / a:.2f} | ≤ {RATIO} | {met(b / a, RATIO)} |" for what, a, b in rows]
    if many:
        lines += ["", f"| with {m:,} files | measured | unit | goal | met |", "|---|---|---|---|---|"]
        lines += [f"| {what} | {v:.3g} | {unit} | {'≤ %g' % goal if goal else ''} | {met(v, goal)} |" for what, v, unit, goal in many]
    command = "bench/sizes.py" if args.db == "sqlite" else "tests/with_pg.sh bench/sizes.py --db postgresql"
    head = [HEADING[args.db], "", *told(command, f"median of {RUNS} runs", load), ""]
    print("\n".join([*head, *lines]))
    missed = [what for what, a, b in rows if b > RATIO * a] + [what for what, v, _, goal in many if goal and v > goal]
    figure("sizes, " + args.db, round(max(b / a for _, a, b in rows), 2), f"× CPU at most when {m // n} times as much is stored (goal {RATIO})",
           f"bench/sizes.py --db {args.db}")
    if args.write:
        store([*head, *lines])
    sys.exit(f"goals missed: {'; '.join(missed)}" if missed else 0)


def new_database(kind):
    """A pair of empty ones on the cluster of tests/with_pg.sh."""
    if kind == "sqlite":
        return kind
    url, name = os.environ["GELEIT_TEST_PG"], f"g{random.randrange(1 << 40):x}"
    for n in (name, name + "_keys"):
        subprocess.run(["psql", "-q", url, "-c", f"create database {n}"], check=True, stdout=subprocess.DEVNULL)
    return url.rsplit("/", 1)[0] + "/" + name


if __name__ == "__main__":
    main()
