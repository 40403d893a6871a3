# SPDX-License-Identifier: AGPL-3.0-or-later
"""Crash points by name: each role dies before or after each message, fsync, rename and commit of what is done with a file.

tests/helpers/faults.c is preloaded into the real server.  An operation runs once while every point that it passes is
written down; then again for each point, and there the process is killed, or stands still until all are killed at once,
or its n-th system call or allocation fails.  After each the one oracle: tests/lib/oracle.py.

A run takes a share, another one each time; its seed is printed, GELEIT_CRASH_SEED=N repeats it, GELEIT_LONG=1 takes all.
"""
import collections
import contextlib
import errno
import functools
import http.client
import itertools
import operator
import os
import random
import signal
import struct
import sys
import threading
import time
import zlib

import pytest

import geleit
from conftest import database
from geleit import Recipient, sql, wait_for

sys.path.insert(0, str(geleit.ROOT / "tests/lib"))
import faults  # noqa: E402
import oracle  # noqa: E402
from clamd import Clamd  # noqa: E402
from scoreboard import system_figure  # noqa: E402

LONG = os.environ.get("GELEIT_LONG") == "1"
SEED = int(os.environ.get("GELEIT_CRASH_SEED", random.SystemRandom().randrange(10 ** 6)))
COMMAND = "GELEIT_LONG=1 pytest tests/system/test_87_crash_points.py" if LONG else "pytest tests/system/test_87_crash_points.py"
ROLES = {"upload": ["front", "app", "keeper", "worker"], "ingest": ["worker", "keeper"], "send": ["front", "app", "keeper", "worker", "egress"],
         "download": ["front", "app", "keeper"], "revoke": ["front", "app", "worker"]}
MUTE = {("revoke", "worker")}       # who puts the event into the log, and asks nobody
MASTER = ["upload", "send", "download"]        # in which an app dies, and the master at a point of bringing it back
HELPERS = {"scan": ["worker", "scan"], "preview": ["worker", "media"]}      # who is asked about a file
STEPS = ["send", "receive", "fsync", "rename", "unlink", "commit"]
LOOKED_ON = 0.3         # seconds after an operation's end
RETRIES = 4             # of a point that was not passed, when all are taken
MISSED_MOST = 0.04      # of them so many may never be passed
RESTART_AFTER = 4       # deaths of one role: it comes back after 0.1 s, 0.2, 0.4, ...
tried, asked_for, never = collections.Counter(), collections.Counter(), []


def picture():
    """A PNG of one colour by chance."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + os.urandom(3) * 64) * 64
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class World:
    def __init__(self, db, settings=()):
        self.server = geleit.Server(db=db, settings=settings)
        self.server.bare = True
        self.faults = faults.Faults(self.server.dir.parent / "faults")
        self.start()
        self.client = oracle.Client(self.server)
        self.ready = self.client.wait_ready(self.client.upload(os.urandom(30_000)))
        self.items = []
        self.point = None       # the one that is armed
        self.deaths = collections.Counter()

    def start(self):
        self.server.start(below=self.faults.below())

    def again(self):
        assert self.server.stop() == 0
        self.start()
        self.deaths.clear()

    # ---- the operations: what is made ready, then what is watched ----

    def upload(self):
        return lambda: self.client.wait_ready(self.client.upload(os.urandom(70_000), 2))

    def ingest(self):
        """In crumbs, so that it is also merged."""
        return lambda: self.client.wait_ready(self.client.upload(os.urandom(70_000), 4))

    def scan(self):
        return lambda: self.client.wait(lambda a=self.client.upload(os.urandom(20_000)): self.client.version(a)["malware"] == "clean")

    def preview(self):
        def wait(asset):
            self.client.wait(lambda: (a := self.client.try_once("GET", f"/api/v1/assets/{asset}/preview/320")) and a.status == 200)
        return lambda: wait(self.client.upload(picture(), name=".png"))

    def send(self):
        return lambda: self.client.wait_mailed(self.client.send(self.ready))

    def revoke(self):
        number = self.client.send(self.ready)
        self.client.wait_mailed(number)

        def revoke():
            self.client.revoke(number)
            self.client.wait(lambda: oracle.outside_the_log(self.server) == [])
        return revoke

    def new_package(self):
        files = [os.urandom(150_000 + i) for i in range(20)]
        assets = [self.client.upload(f) for f in files]
        for a in assets:
            self.client.wait_ready(a)
        number = self.client.send(*assets)
        self.recipient = Recipient(self.server, self.client.sent[number][2], self.client.sent[number][1]).prove()
        self.items = [(number, i + 1, f) for i, f in enumerate(files)]

    def its_front_cut_it(self):
        """Died, alone or with all others, or could not go on: what the reset overtook counts as not arrived."""
        return self.point and self.faults.struck and (self.point.action == "hold" or self.point.role in ("front", "master"))

    def is_recorded(self, number, position):
        """Complete, or its front could not say so; no other role's death or failure is an excuse."""
        f = self.client.ask("GET", f"/api/v1/deliveries/{number}").json()["recipients"][0]["files"][position - 1]
        return f["complete"] or self.its_front_cut_it()

    def download(self):
        if not self.items:
            self.new_package()
        number, position, want = self.items.pop()

        def fetch():
            oracle.download(self.recipient, f"{self.recipient.path}/file/{position}", want)
            wait_for(lambda: self.is_recorded(number, position), 120)
        return fetch

    # ---- one point ----

    def while_an_app_dies(self, operation):
        """And is brought back."""
        run = getattr(self, operation)()

        def both():
            wait_for(lambda: oracle.is_whole(self.server, self.client.everybody), 120)
            os.kill(oracle.roles_of(self.server)["app", 0], signal.SIGKILL)
            self.deaths["app"] += 1
            run()
            wait_for(lambda: self.faults.struck or oracle.is_whole(self.server, self.client.everybody), 120)
        return both

    def made_ready(self, operation, role):
        return self.while_an_app_dies(operation) if role == "master" else getattr(self, operation)()

    def counted(self, operation, role):
        run = self.made_ready(operation, role)
        with self.faults.record() as counts:
            run()
            time.sleep(LOOKED_ON)
        return counts

    def passed(self, operation, role=""):
        """Every point of it, counted.  Who is asked whether it is done is asked more or less often: what each run passes counts."""
        self.made_ready(operation, role)()
        return functools.reduce(operator.and_, [self.counted(operation, role) for _ in range(3 if LONG else 1)])

    def end_all(self, done, point):
        """The master dies at its point, or while another stands still at a held one: everybody goes with it, and it is started anew."""
        while not self.faults.struck and not done.is_set():
            time.sleep(0.01)
        if not self.faults.struck:
            return
        if point.role == "master":
            self.server.process.wait(10)
        oracle.kill_all(self.server)
        self.start()
        self.deaths.clear()

    def look_on(self):
        """As long as counting did: what the roles do by themselves afterwards was counted, too."""
        end = time.monotonic() + 2 * LOOKED_ON
        while not self.faults.struck and time.monotonic() < end:
            time.sleep(0.02)

    def strike(self, operation, point):
        """True when the point was passed."""
        run, done, self.point = self.made_ready(operation, point.role), threading.Event(), point
        ends_all = point.action == "hold" or point.role == "master"
        with self.faults.armed(point):
            ender = threading.Thread(target=self.end_all, args=(done, point))
            if ends_all:
                ender.start()
            try:
                run()
                self.look_on()
            finally:
                done.set()
                if ends_all:
                    ender.join()
            struck = bool(self.faults.struck)
        self.point = None
        wait_for(lambda: oracle.is_whole(self.server, self.client.everybody), 120)
        if struck and not ends_all:
            self.deaths[point.role] += 1
        oracle.check(self.server, [self.client])
        if max(self.deaths.values(), default=0) >= RESTART_AFTER:
            self.again()
        return struck


@pytest.fixture(scope="module")
def world(cluster, request):
    w, failed = World(database(cluster)), request.session.testsfailed
    yield w
    w.client.check(0)
    w.server.remove()
    for unit, n in tried.items() if request.session.testsfailed == failed else ():
        system_figure("crash points", f"{n} of {asked_for[unit]}" if LONG else n, unit + (", all" if LONG else ", a share"), COMMAND)


@pytest.fixture(scope="module")
def plan(world):
    """What each operation passes, made when it is first asked for."""
    made = {}

    def of(operation):
        if operation not in made:
            made[operation] = world.passed(operation)
        return made[operation]
    return of


@pytest.fixture(scope="module", autouse=True)
def seed(request):
    shown = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    with shown():
        print(f"\ncrash points: GELEIT_CRASH_SEED={SEED}", flush=True)
    yield
    with shown():
        print("".join(f"\nnever passed: {what}" for what in never), flush=True)


def shuffled(points):
    """By chance, but from each role and kind one after another."""
    rnd, groups = random.Random(f"{SEED} {len(points)}"), collections.defaultdict(list)
    for p in points:
        groups[p.role, p.kind, p.action].append(p)
    queues = list(groups.values())
    rnd.shuffle(queues)
    for q in queues:
        rnd.shuffle(q)
    return [p for row in itertools.zip_longest(*queues) for p in row if p]


MANY = 16       # of which hardly all are passed by


def sweep(world, operation, points, most, unit):
    """So many of them that were really passed, or all: an operation goes its way a little differently each time."""
    missed, passed = [], 0

    def is_passed(p):
        try:
            return world.strike(operation, p)
        except (AssertionError, OSError) as e:
            raise AssertionError(f"{operation}: {p} (GELEIT_CRASH_SEED={SEED}): {e}\n{world.server.log_text()[-1500:]}") from e
    for p in points if LONG else shuffled(points)[:max(4 * most, MANY)]:
        if is_passed(p):
            passed += 1
        else:
            missed.append(p)
        if passed == most and not LONG:
            break
    for _ in range(RETRIES if LONG else 0):
        missed = [p for p in missed if not is_passed(p)]
    passed = len(points) - len(missed) if LONG else passed
    never.extend(f"{operation}: {p}" for p in missed if LONG)
    tried[unit] += passed
    asked_for[unit] += len(points)
    assert passed and len(missed) <= max(1, MISSED_MOST * len(points)) if LONG else passed == min(most, len(points)), (
        f"{operation}: {passed} of {len(points)} points were passed, not {', '.join(map(str, missed))}")


@pytest.mark.parametrize("operation", ROLES)
def test_killed_at(world, plan, operation):
    points = faults.points(plan(operation), ROLES[operation], STEPS)
    kinds = {(p.role, p.kind) for p in points}
    assert {(r, k) for r in ROLES[operation] if (operation, r) not in MUTE for k in ("send", "receive")} <= kinds, kinds
    assert set(ROLES[operation]) == {p.role for p in points}
    sweep(world, operation, points, 5, "points at which a role was killed")


@pytest.mark.parametrize("operation", ROLES)
def test_all_killed_at(world, plan, operation):
    points = faults.points(plan(operation), ROLES[operation], STEPS, ["hold"])
    sweep(world, operation, points, 1, "points at which all were killed at once")


@pytest.mark.parametrize("operation", MASTER)
def test_the_master_killed_at(world, operation):
    """Alone, at its own points, which it has only while it brings a role back; the others go with it."""
    points = faults.points(world.passed(operation, "master"), ["master"], STEPS)
    assert {"send", "receive"} <= {p.kind for p in points}
    sweep(world, operation, points, 2, "points at which the master was killed")


# ---- calls that fail ----

# What the kernel may say at them: kind, of what, errors.
ERRORS = [("fsync", None, [errno.EIO]), ("rename", None, [errno.EIO, errno.ENOSPC]), ("unlink", None, [errno.EIO]),
          ("write", 2, [errno.ENOSPC, errno.EIO]), ("send", None, [errno.ENOBUFS]), ("commit", None, [errno.ECONNRESET]),
          ("create", None, [errno.ENOSPC, errno.EROFS, errno.EMFILE]), ("open", None, [errno.EMFILE, errno.EIO]), ("read", 2, [errno.EIO])]


def failures(counts, roles):
    found = []
    for kind, detail, errors in ERRORS:
        these = {k: n for k, n in counts.items() if detail in (None, k[2])}
        found += faults.points(these, roles, [kind], ["fail"], errors)
    return found + faults.points({k: n for k, n in counts.items() if k[2] == 2}, roles, ["write"], ["short"])


@pytest.mark.parametrize("operation", ROLES)
def test_a_call_fails(world, plan, operation):
    sweep(world, operation, failures(plan(operation), ROLES[operation]), 4, "system calls that failed")


@pytest.mark.parametrize("detail", [1, 2], ids=["folder", "file"])
def test_what_was_not_synced_is_not_acknowledged(world, detail):
    """The fsync of a part or of its folder fails: an error, the offset stays, and the part is not tried again."""
    client, point = world.client, faults.Point("app", "fsync", detail, 1, "fail", errno.EIO)
    path = client.begin_upload(os.urandom(50_000), client.new_name())
    with world.faults.armed(point):
        client.send_piece(path, 0, 50_000)
        assert world.faults.struck
    assert client.answers[-1][2] >= 500 and client.stands_at(path)[0] == 0
    client.go_on(path)
    oracle.check(world.server, [client])


def test_a_commit_that_was_not_synced_is_not_acknowledged(world):
    client, number = world.client, world.client.send(world.ready)
    if world.server.db != "sqlite":
        pytest.skip("PostgreSQL syncs its own journal")
    client.wait_mailed(number)
    client.ask("GET", "/api/v1/assets?limit=1")     # the key's last use is written once a minute
    with world.faults.armed(faults.Point("app", "fsync", 3, 1, "fail", errno.EIO)):
        told = client.try_once("POST", f"/api/v1/deliveries/{number}/revoke", {"reason": "crash"}, {"Content-Type": "application/json"})
        assert world.faults.struck and told.status >= 500
    client.check_delivery(number)
    client.revoke(number)
    oracle.check(world.server, [client])


def record_of(client, number):
    """What the delivery says of its one file."""
    return client.ask("GET", f"/api/v1/deliveries/{number}").json()["recipients"][0]["files"][0]


@pytest.mark.parametrize("kind,error", [("read", errno.EIO), ("open", errno.EIO), ("open", errno.EMFILE)])
def test_a_download_that_cannot_be_read_is_cut_and_not_complete(world, kind, error):
    """Then it is whole again, from its beginning."""
    client, content = world.client, os.urandom(900_000)
    number = client.send(client.wait_ready(client.upload(content)))
    r = Recipient(world.server, client.sent[number][2], client.sent[number][1]).prove()
    path, n = f"{r.path}/file/1", 8 if kind == "read" else 1
    with world.faults.armed(faults.Point("front", kind, 2, n, "broken", error)):
        with contextlib.suppress(OSError, http.client.HTTPException), r.stream(path) as (a, _):
            told, got = int(a.headers["Content-Length"]), bytearray()
            while piece := a.read1(1 << 16):
                got += piece
        assert world.faults.struck
        assert a.status == 200 and len(got) < told == len(content) and content.startswith(got)
        assert (len(got) > 0) == (kind == "read")
        wait_for(lambda: record_of(client, number)["state"] == "interrupted")
    oracle.download(r, path, content)
    wait_for(lambda: record_of(client, number)["complete"], 120)
    oracle.check(world.server, [client])


def tried_to_read(server, asset, kind):
    """How often its job has failed; it does not wait for the next time."""
    where = f"kind = '{kind}' AND state = 'queued' AND version_id = (SELECT max(id) FROM version WHERE asset_id = {asset})"
    failed = sql(server, f"SELECT tries, error FROM job WHERE {where} AND error IS NOT NULL")
    sql(server, f"UPDATE job SET due_us = 1 WHERE {where} AND tries < 2")
    return int(failed[0][0]) if failed else 0


@pytest.mark.parametrize("role,kind,n,error", [("worker", "read", 1, errno.EIO), ("worker", "read", 4, errno.EIO), ("worker", "open", 1, errno.EIO),
                                               ("worker", "open", 1, errno.EMFILE), ("scan", "read", 1, errno.EIO), ("scan", "read", 4, errno.EIO)])
def test_a_file_that_cannot_be_read_for_a_while_is_called_nothing(scanning, role, kind, n, error):
    """Neither damaged nor infected, nor clean: it is tried again, and is ready and clean once it can be read."""
    client = scanning.client
    with scanning.faults.armed(faults.Point(role, kind, 2, n, "broken", error)):
        asset = client.upload(os.urandom(300_000))
        wait_for(lambda: tried_to_read(scanning.server, asset, "ingest" if role == "worker" else "scan") == 2, 60)
        v = client.version(asset)
        assert (v["state"], v["malware"]) == ("pending" if role == "worker" else "ready", "not_scanned"), v
    client.wait_ready(asset)
    client.wait(lambda: client.version(asset)["malware"] == "clean")
    oracle.check(scanning.server, [client])


@pytest.mark.parametrize("operation", ROLES)
def test_an_allocation_fails(world, plan, operation):
    """There are thousands: of each role some."""
    rnd, points = random.Random(f"{SEED} alloc"), []
    for role in ROLES[operation]:
        these = faults.points(plan(operation), [role], ["alloc"], ["fail"], [errno.ENOMEM])
        points += rnd.sample(these, min(40 if LONG else 5, len(these)))
    sweep(world, operation, points, 2, "allocations that failed")


# ---- scan and media ----

@pytest.fixture(scope="module")
def scanning(cluster):
    clamd = Clamd().start()
    w = World(database(cluster), [f"clamd.socket={clamd.socket}"])
    yield w
    w.client.check(0)
    w.server.remove()
    clamd.remove()


@pytest.mark.parametrize("operation", HELPERS)
def test_who_is_asked_dies_at(scanning, operation):
    points = faults.points(scanning.passed(operation), HELPERS[operation], STEPS)
    assert {(HELPERS[operation][1], k) for k in ("send", "receive")} <= {(p.role, p.kind) for p in points}
    sweep(scanning, operation, points, 3, "points at which a role was killed, scan and preview")


def test_a_preview_that_is_asked_for_again_is_kept(scanning):
    """Its lease ends again and again while it is made: each answer of geleit-media is about one asking, not about the job."""
    client, server = scanning.client, scanning.server
    for _ in range(8):
        asset = client.upload(picture(), name=".png")
        where = f"version_id = (SELECT max(id) FROM version WHERE asset_id = {asset})"

        def is_settled():
            sql(server, f"UPDATE job SET lease_until_us = 1, due_us = 1 WHERE kind = 'render' AND state = 'running' AND tries < 9 AND {where}")
            return sql(server, f"SELECT state FROM version_media WHERE {where} AND state <> 'pending'")
        assert wait_for(is_settled, 60, 0.01) == [["ready"]]
    oracle.check(server, [client])
