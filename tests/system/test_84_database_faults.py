# SPDX-License-Identifier: AGPL-3.0-or-later
"""The database on bad days: many who want the last one, a COMMIT whose answer is lost, connections cut, PostgreSQL
restarted, stopped without a word, a full disk.  What was acknowledged is there, what was not is there once or not at
all, every effect has its event, and geleitd goes on by itself.

PostgreSQL is one of the module's own, durable, behind a proxy (tests/lib/pgproxy.py) that counts and cuts.  SQLite is
in the process: it has no line to cut, so that it runs the races and the full disk.
"""
import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types
import uuid

import pytest

import geleit
from geleit import ROOT, Recipient, Staff, sha256, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import oracle  # noqa: E402
from pgcluster import Cluster  # noqa: E402
from pgproxy import NOT_SERIALIZED, Proxy  # noqa: E402
from scoreboard import system_figure  # noqa: E402
from wire import Wire  # noqa: E402

POSTGRES = os.environ.get("GELEIT_TEST_DB", "sqlite") == "postgresql"
COMMAND = "pytest tests/system/test_84_database_faults.py"
on_a_line = pytest.mark.skipif(not POSTGRES, reason="SQLite has no connection that could be lost")
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}
JSON = {"Content-Type": "application/json"}
# the words of a 503: who reads one may come again
PASSING = {"unavailable", "busy", "retry", "outcome-unknown", "timeout"}
ENOUGH_CUTS = 50


class Below:
    """The database past what stands between it and the server."""

    def number(self, text):
        return int(sql(self.direct, text)[0][0] or 0)

    def events(self, kind, where="1 = 1"):
        return self.number(f"SELECT count(*) FROM event WHERE kind = '{kind}' AND {where}")


class Rig(Below):
    """A server and what stands below it."""

    def __init__(self, settings=()):
        self.pg = Cluster() if POSTGRES else None
        self.proxy = Proxy(self.pg.url) if POSTGRES else None
        self.server = geleit.Server(db=self.proxy.url if POSTGRES else "sqlite", settings=settings).start()
        self.direct = types.SimpleNamespace(db=self.pg.url if POSTGRES else "sqlite", dir=self.server.dir)

    def close(self):
        self.server.remove()
        if POSTGRES:
            self.proxy.close()
            self.pg.remove()

    @contextlib.contextmanager
    def meet(self, *texts, count=2):
        with self.proxy.meet(texts, count) if POSTGRES else contextlib.nullcontext():
            yield

    def not_serialized(self, *texts):
        return self.proxy.count(NOT_SERIALIZED, *texts) if POSTGRES else 0

    def pids(self):
        return {r["pid"] for r in self.server.run("status")["roles"]}


@pytest.fixture(scope="module")
def rig():
    r = Rig()
    yield r
    r.close()


@pytest.fixture(scope="module")
def curt():
    """One that bears silence for two seconds, not for ten."""
    r = Rig(["server.db_seconds=2"])
    yield r
    r.pg.go_on()
    r.close()


@pytest.fixture(autouse=True)
def calm(request):
    yield
    if POSTGRES and "rig" in request.fixturenames:
        p = request.getfixturevalue("rig").proxy
        p.cut_often(0)
        p.plans.clear()


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    path = tmp_path_factory.mktemp("db") / "klein.bin"
    path.write_bytes(random.Random(84).randbytes(40_000))
    return path


@pytest.fixture(scope="module")
def asset(rig, little):
    """A file that may be sent."""
    made = rig.server.run("upload", little)["files"][0]["asset"]
    rig.server.run("release", made, "cleared")
    return made


def is_consistent(rig):
    """The oracle of the crash tests; the mails of the last deliveries may go on becoming events meanwhile."""
    oracle.agrees(rig.direct)
    assert rig.server.run("fsck")["ok"] is True


def at_once(server, questions):
    """Each (method, target, fields, body) on a connection that stands already; the answers in their order."""
    wires = [Wire(server) for _ in questions]
    barrier, answers = threading.Barrier(len(wires)), [None] * len(wires)

    def ask(i):
        method, target, fields, body = questions[i]
        fields = {**fields, **({"Content-Length": len(body)} if body else {})}
        text = "".join(f"{k}: {v}\r\n" for k, v in fields.items()).encode()
        barrier.wait()
        answers[i] = wires[i].ask(target.encode(), method.encode(), text, body)
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(wires))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
        assert not t.is_alive()
    for w in wires:
        w.sock.close()
    return answers


def bearer(server, key=None):
    return {"Authorization": "Bearer " + (key or server.key())}


def count_of(answers):
    counts = {}
    for a in answers:
        counts[a.status] = counts.get(a.status, 0) + 1
    return counts


# ---- what clients do ----

def filename(name):
    return "filename " + base64.b64encode(name.encode()).decode()


def ingested_soon(rig, asset, seconds=15):
    """The hash that ingest finds."""
    return wait_for(lambda: rig.server.api("GET", f"/api/v1/assets/{asset}").json()["version"]["sha256"], seconds)


def send(rig, asset, address, key=None):
    headers = {**JSON, **({"Idempotency-Key": key} if key else {})}
    return rig.server.api("POST", "/api/v1/deliveries", {"assets": [asset], "to": [address]}, headers)


def revoke(rig, number):
    return rig.server.api("POST", f"/api/v1/deliveries/{number}/revoke", {}, JSON)


def create(rig, length, name):
    return rig.server.api("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": str(length), "Upload-Metadata": filename(name)})


def patch(rig, where, at, data):
    return rig.server.api("PATCH", where, data, {**OCTETS, "Upload-Offset": str(at)})


def offset(rig, where):
    return rig.server.api("HEAD", where, None, TUS)


def is_passing(a):
    """An honest 503: a word that is known, and when to come again."""
    assert a.status == 503, (a.status, a.text)
    assert a.headers["Retry-After"] == "2"
    if a.body and a.headers["Content-Type"] == "application/problem+json":
        doc = a.json()
        assert doc["status"] == 503 and doc["code"] in PASSING, doc
    return True


# ---- many who want the last one ----

RACES = {}


def note_race(name, wanted, got):
    RACES[name] = (wanted, got)


@pytest.mark.parametrize("limit,sessions", [(1, 2), (3, 10)])
def test_the_last_permitted_download_is_fetched_once(rig, little, limit, sessions):
    address = f"rennen{sessions}@customer.test"
    doc = rig.server.run("send", little, "--release", "cleared", "--to", address, "--limit", limit)
    browsers = [Recipient(rig.server, doc["recipients"][0]["link"], address).prove() for _ in range(sessions)]
    ask = [("GET", r.path + "/file/1", {"Cookie": "__Host-geleit-r=" + r.cookie}, b"") for r in browsers]
    with rig.meet(b"INSERT INTO session_item"):
        answers = at_once(rig.server, ask)
    assert count_of(answers) == {200: limit, 403: sessions - limit}
    for a in answers:
        assert a.body == little.read_bytes() if a.status == 200 else "Zahl der Abrufe" in a.body.decode()
    # who was in goes on, who was not stays out
    assert [a.status for a in at_once(rig.server, ask)] == [a.status for a in answers]
    used = rig.number("SELECT count(*) FROM session_item i JOIN recipient r ON r.id = i.recipient_id "
                      f"WHERE r.address = '{address}'")
    assert used == limit
    note_race(f"download {sessions}", limit, used)
    if POSTGRES:
        assert rig.not_serialized(b"INSERT INTO session_item") > 0 and rig.proxy.retried > 0


def test_ten_sends_with_one_key_send_once(rig, asset):
    before = rig.number("SELECT count(*) FROM delivery"), rig.events("mail.queued")
    body = json.dumps({"assets": [asset], "to": ["einmal@customer.test"]}).encode()
    fields = {**bearer(rig.server), **JSON, "Idempotency-Key": str(uuid.uuid4())}
    answers = at_once(rig.server, [("POST", "/api/v1/deliveries", fields, body)] * 10)
    assert count_of(answers) == {201: 10}
    assert len({a.body for a in answers}) == 1
    assert (rig.number("SELECT count(*) FROM delivery"), rig.events("mail.queued")) == (before[0] + 1, before[1] + 1)
    link = json.loads(answers[9].body)["recipients"][0]["link"]
    assert Recipient(rig.server, link, "einmal@customer.test").open().status == 303
    note_race("send", 1, rig.number("SELECT count(*) FROM delivery") - before[0])


def test_ten_patches_at_one_offset_count_once(rig):
    a = rig.server.api("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": "5000", "Upload-Metadata": filename("zehn.bin")})
    where = a.headers["Location"]
    fields = {**bearer(rig.server), **OCTETS, "Upload-Offset": "0"}
    datas = [bytes([65 + i]) * 5000 for i in range(10)]
    answers = at_once(rig.server, [("PATCH", where, fields, d) for d in datas])
    assert count_of(answers) == {204: 1, 409: 9}
    won = next(i for i, a in enumerate(answers) if a.status == 204)
    assert len({json.loads(a.body)["code"] for a in answers if a.status == 409} - {"offset-mismatch"}) == 0
    assert ingested_soon(rig, answers[won].fields["geleit-asset"]) == sha256(datas[won])
    note_race("upload", 1, len([a for a in answers if a.status == 204]))


def test_ten_revocations_are_one(rig, asset):
    number = send(rig, asset, "zurueck@customer.test").json()["delivery"]
    before = rig.events("delivery.revoked")
    answers = at_once(rig.server, [("POST", f"/api/v1/deliveries/{number}/revoke", {**bearer(rig.server), **JSON},
                                    json.dumps({"reason": f"Grund {i}"}).encode()) for i in range(10)])
    assert count_of(answers) == {200: 10}
    assert rig.events("delivery.revoked") == before + 1
    note_race("revoke", 1, rig.events("delivery.revoked") - before)


def test_two_administrators_who_demote_each_other_leave_one(rig):
    """Neither reads what the other writes: only both together would go wrong."""
    boss = Staff(rig.server).enrol(rig.server.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")
    made = boss.request("POST", "/api/v1/people", {"name": "Ben", "address": "ben@geleit.example", "role": "administrator"}).json()
    ben = Staff(rig.server).enrol(made["link"].split("token=")[1])
    key = ben.request("POST", "/api/v1/keys", {"name": "k", "scopes": ["all"]}).json()["key"]
    ids = {p["address"]: p["id"] for p in rig.server.api("GET", "/api/v1/people").json()}
    other = {rig.server.key(): ids["ben@geleit.example"], key: ids["anna@geleit.example"]}
    for _ in range(3):
        with rig.meet(b"person.changed"):
            answers = at_once(rig.server, [("PATCH", f"/api/v1/people/{person}", {**bearer(rig.server, k), **JSON},
                                            b'{"role": "viewer"}') for k, person in other.items()])
        assert sorted(a.status for a in answers) in ([200, 403], [200, 409]), [a.body for a in answers]
        assert rig.number("SELECT count(*) FROM person WHERE role = 'administrator'") == 1
        left = list(other)[[a.status for a in answers].index(200)]
        a = rig.server.api("PATCH", f"/api/v1/people/{other[left]}", {"role": "administrator"}, {**bearer(rig.server, left), **JSON})
        assert a.status == 200, a.text
    if POSTGRES:
        assert rig.not_serialized(b"person.changed") > 0
    note_race("administrator", 1, 1)


def test_the_figure_of_races(rig):
    """What the line of the scoreboard says: as many as were permitted, each time."""
    assert len(RACES) == 6 and all(wanted == got for wanted, got in RACES.values()), RACES
    system_figure("database faults", len(RACES), "races at one limit, exactly the permitted number each", COMMAND)
    if POSTGRES:
        system_figure("database faults", rig.not_serialized(), "serialization failures (40001) in them, each tried again by the server", COMMAND)


# ---- a COMMIT whose answer is lost ----

class Deed:
    """One act with one event: done by do(), which gives an answer; told() is what there is of it now."""

    def __init__(self, rig, asset, name):
        self.rig, self.asset, self.name, self.n = rig, asset, name, uuid.uuid4().hex[:12]
        getattr(self, "prepare_" + name)()

    def prepare_send(self):
        self.texts, self.status = (b"delivery.created", self.n.encode()), 201
        self.do = lambda: send(self.rig, self.asset, f"{self.n}@customer.test", self.n)
        self.told = lambda: self.rig.number(f"SELECT count(*) FROM recipient WHERE address = '{self.n}@customer.test'")

    def prepare_revoke(self):
        number = send(self.rig, self.asset, f"{self.n}@customer.test").json()["delivery"]
        self.texts, self.status = (b"delivery.revoked",), 200
        self.do = lambda: revoke(self.rig, number)
        self.told = lambda: self.rig.events("delivery.revoked", f"delivery_id = (SELECT id FROM delivery WHERE number = '{number}')")

    def prepare_release(self):
        made = finish(self.rig, create(self.rig, 10, self.n + ".bin").headers["Location"], b"0123456789")
        self.texts, self.status = (b"release.changed",), 200
        self.do = lambda: self.rig.server.api("PUT", f"/api/v1/assets/{made}/release", {"state": "blocked"}, JSON)
        self.told = lambda: self.rig.events("release.changed", f"asset_id = {made}")

    def prepare_upload(self):
        where = create(self.rig, 10, self.n + ".bin").headers["Location"]
        self.texts, self.status = (b"version.created",), 204
        self.do = lambda: patch(self.rig, where, 0, b"9876543210")
        self.told = lambda: self.rig.number(f"SELECT count(*) FROM version WHERE name = '{self.n}.bin'")


def finish(rig, where, data):
    a = patch(rig, where, 0, data)
    assert a.status == 204, a.text
    return a.headers["Geleit-Asset"]


DEEDS = ["send", "revoke", "release", "upload"]
SETTLED = set()


@on_a_line
@pytest.mark.parametrize("how", ["after", "before", "late"])
@pytest.mark.parametrize("name", DEEDS)
def test_a_commit_without_its_answer_is_settled(rig, asset, name, how):
    """By the id of its event: it holds, or it is done again.  The client sees one success, and there is one effect."""
    deed = Deed(rig, asset, name)
    plan = (deed.texts, how)
    rig.proxy.plans.append(plan)
    a = deed.do()
    assert a.status == deed.status, a.text
    assert plan in rig.proxy.done
    assert deed.told() == 1
    SETTLED.add((name, how))


@on_a_line
@pytest.mark.parametrize("name,commits", [("upload", True), ("send", False)], ids=["commits-later", "never-commits"])
def test_a_commit_that_cannot_be_asked_for_is_said_to_be_unknown(rig, asset, name, commits):
    """PostgreSQL holds the transaction open and says neither yes nor no: 503, and asking again tells or does it."""
    deed = Deed(rig, asset, name)
    plan = (deed.texts, "held")
    rig.proxy.hold_again()
    rig.proxy.plans.append(plan)
    a = deed.do()
    assert is_passing(a) and a.json()["code"] == "outcome-unknown" and plan in rig.proxy.done
    assert deed.told() == 0
    rig.proxy.let_go(commits)
    if commits:
        wait_for(lambda: deed.told() == 1)
    a = wait_for(lambda: (a := deed.do()).status != 503 and a)
    assert a.status == (409 if commits else deed.status), a.text      # it stands where HEAD says
    assert deed.told() == 1
    SETTLED.add((name, f"held, {commits}"))


@on_a_line
@pytest.mark.parametrize("how,stands", [("after", 6), ("before", 0)])
def test_an_offset_without_its_answer_is_asked_for(rig, how, stands):
    """A part in between is nobody's event: 503, and HEAD says what is safe."""
    data = b"abcdefghij"
    where = create(rig, len(data), "teil.bin").headers["Location"]
    rig.proxy.plans.append(((b"UPDATE upload SET committed",), how))
    assert is_passing(patch(rig, where, 0, data[:6]))
    assert rig.proxy.plans == []
    assert int(offset(rig, where).headers["Upload-Offset"]) == stands
    a = patch(rig, where, stands, data[stands:])
    assert a.status == 204 and a.headers["Upload-Offset"] == "10"
    assert ingested_soon(rig, a.headers["Geleit-Asset"]) == sha256(data)
    SETTLED.add(("part", how))


@on_a_line
@pytest.mark.parametrize("how", ["after", "before"])
def test_a_download_that_did_not_begin_costs_nothing(rig, little, how):
    """Its one permitted use was written, or not: the same browser gets the file either way."""
    doc = rig.server.run("send", little, "--release", "cleared", "--to", f"{how}@customer.test", "--limit", 1)
    r = Recipient(rig.server, doc["recipients"][0]["link"], f"{how}@customer.test").prove()
    rig.proxy.plans.append(((b"INSERT INTO transfer",), how))
    a = r.request("GET", r.path + "/file/1")
    assert is_passing(a) and "json" not in a.headers["Content-Type"]
    assert rig.proxy.plans == []
    a = r.request("GET", r.path + "/file/1")
    assert a.status == 200 and a.body == little.read_bytes()
    SETTLED.add(("download", how))


@on_a_line
@pytest.mark.parametrize("how", ["after", "before", "late"])
def test_work_that_was_claimed_without_an_answer_is_done_at_once(rig, little, how):
    """A code and an ingest whose claim lost its answer do not wait for the end of the lease (300 and 60 s)."""
    doc = rig.server.run("send", little, "--release", "cleared", "--to", f"claim-{how}@customer.test")
    wait_for(lambda: rig.number("SELECT count(*) FROM mail WHERE state = 'queued'") == 0)
    plans = [((b"UPDATE mail SET lease_until_us",), how), ((b"UPDATE job SET state = 'running'",), how)]
    rig.proxy.plans.extend(plans[:1])
    Recipient(rig.server, doc["recipients"][0]["link"], f"claim-{how}@customer.test").prove()
    rig.proxy.plans.extend(plans[1:])
    made = finish(rig, create(rig, 4, "claim.bin").headers["Location"], b"claim"[:4])
    assert ingested_soon(rig, made) == sha256(b"clai")
    assert all(p in rig.proxy.done for p in plans)
    SETTLED.add(("claims", how))


@on_a_line
def test_the_key_of_a_file_without_an_answer_is_made_again(rig):
    """The other database: a wrap that nobody names harms nobody."""
    for how in ("after", "before"):
        rig.proxy.plans.append(((b"INSERT INTO version_key",), how))
        a = create(rig, 3, f"key-{how}.bin")
        assert a.status == 201 and rig.proxy.plans == []
        finish(rig, a.headers["Location"], b"key")
        SETTLED.add(("key", how))


@on_a_line
def test_after_lost_answers_all_is_in_its_place(rig):
    assert len(SETTLED) == 12 + 2 + 2 + 2 + 3 + 2
    is_consistent(rig)
    system_figure("database faults", len(SETTLED), "COMMITs whose answer was lost, each with one effect or none and an honest answer",
           COMMAND)


# ---- clients that do not give up ----

class Clients:
    """Four that work at the same time, come again on every 503 and remember what they were told."""

    def __init__(self, rig, asset, browser, content):
        self.rig, self.asset, self.browser, self.content = rig, asset, browser, content
        self.uploaded, self.sent, self.revoked, self.fetched = {}, {}, set(), 0
        self.refused, self.faults, self.over = 0, [], threading.Event()
        self.pages = set()      # content types of pages that were refused
        self.threads = [threading.Thread(target=self.keep_at, args=(f,)) for f in (self.upload, self.send, self.revoke, self.fetch)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join(120)
        assert not any(t.is_alive() for t in self.threads)
        assert self.faults == []

    def keep_at(self, deed):
        try:
            n = 0
            while not self.over.is_set():
                deed(n := n + 1)
        except Exception as e:  # told in __exit__, by the thread that judges
            self.faults.append(repr(e))

    def until_told(self, ask, *good):
        """The answer that is no 503."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            a = ask()
            if a.status != 503:
                assert a.status in good, (a.status, a.text)
                return a
            is_passing(a)
            self.refused += 1
            time.sleep(0.05)
        raise AssertionError("503 for a minute")

    def upload(self, n):
        data = random.Random(n).randbytes(random.Random(n).randint(1, 300_000))
        where = self.until_told(lambda: create(self.rig, len(data), f"fest-{n}.bin"), 201).headers["Location"]
        at = 0
        while at < len(data):
            self.until_told(lambda: patch(self.rig, where, at, data[at:at + max(1, len(data) // 2)]), 204, 409)
            head = self.until_told(lambda: offset(self.rig, where), 200)
            assert int(head.headers["Upload-Offset"]) >= at, "an acknowledged byte was lost"
            at = int(head.headers["Upload-Offset"])
        self.uploaded[head.headers["Geleit-Asset"]] = sha256(data)

    def send(self, n):
        key = uuid.uuid4().hex
        a = self.until_told(lambda: send(self.rig, self.asset, f"{key}@customer.test", key), 201)
        self.sent[key] = a.json()["delivery"]

    def revoke(self, n):
        open_ones = [number for number in list(self.sent.values()) if number not in self.revoked]
        if not open_ones:
            time.sleep(0.05)
            return
        assert self.until_told(lambda: revoke(self.rig, open_ones[0]), 200).json()["state"] == "revoked"
        self.revoked.add(open_ones[0])

    def fetch(self, n):
        got = b""
        while len(got) < len(self.content) and not self.over.is_set():
            try:
                with self.browser.stream(self.browser.path + "/file/1", {"Range": f"bytes={len(got)}-"}) as (a, _):
                    if a.status == 503:
                        assert a.headers["Retry-After"] == "2"
                        self.pages.add(a.headers["Content-Type"])
                        time.sleep(0.05)
                        continue
                    assert a.status == 206, a.status
                    while piece := a.read(1 << 16):
                        got += piece
            except OSError:
                time.sleep(0.05)
            except Exception as e:  # http.client.IncompleteRead and its kin
                if "Incomplete" not in repr(e) and "RemoteDisconnected" not in repr(e):
                    raise
        assert got == self.content[:len(got)]
        self.fetched += len(got) == len(self.content)

    def are_kept(self):
        """Every word that was given is true."""
        rig = self.rig
        told = {(made, digest) for made, digest in self.uploaded.items()}
        wait_for(lambda: told <= set(map(tuple, sql(rig.direct, "SELECT asset_id, encode(sha256, 'hex') FROM version"))), 60, 0.3)
        numbers = sql(rig.direct, "SELECT r.address, d.number FROM delivery d JOIN recipient r ON r.delivery_id = d.id")
        assert sorted(row for row in numbers if row[0].split("@")[0] in self.sent) == sorted(
            [f"{key}@customer.test", number] for key, number in self.sent.items())
        once = sql(rig.direct, "SELECT d.number FROM event e JOIN delivery d ON d.id = e.delivery_id WHERE e.kind = 'delivery.revoked' "
                               "GROUP BY d.number HAVING count(*) = 1")
        assert self.revoked <= {row[0] for row in once}
        again = self.browser.request("GET", self.browser.path + "/file/1")
        assert again.status == 200 and again.body == self.content
        wait_for(lambda: rig.server.run("delivery", self.browser.number)["recipients"][0]["state"] == "complete")
        is_consistent(rig)
        return len(self.uploaded) + len(self.sent) + len(self.revoked) + self.fetched


@pytest.fixture(scope="module")
def content():
    return random.Random(3).randbytes(3_000_000)


def new_clients(rig, asset, content, folder):
    path = folder / "gross.bin"
    path.write_bytes(content)
    address = uuid.uuid4().hex[:8] + "@customer.test"
    doc = rig.server.run("send", path, "--release", "cleared", "--to", address)
    browser = Recipient(rig.server, doc["recipients"][0]["link"], address).prove()
    browser.number = doc["delivery"]
    return Clients(rig, asset, browser, content)


@pytest.fixture()
def clients(rig, asset, content, tmp_path):
    return new_clients(rig, asset, content, tmp_path)


def goes_on(clients, seconds=30):
    """Each of the four gets something done from now on."""
    was = len(clients.uploaded), len(clients.sent), len(clients.revoked), clients.fetched
    wait_for(lambda: clients.faults or all(now > then for now, then in zip(
        (len(clients.uploaded), len(clients.sent), len(clients.revoked), clients.fetched), was)), seconds)
    assert clients.faults == []


# ---- connections cut ----

@on_a_line
def test_connections_cut_at_any_statement(rig, clients):
    before, cuts = rig.pids(), rig.proxy.cuts
    with clients:
        goes_on(clients)
        rig.proxy.cut_often(60)
        wait_for(lambda: clients.faults or rig.proxy.cuts - cuts >= ENOUGH_CUTS, 600)
        rig.proxy.cut_often(0)
        goes_on(clients)
    kept = clients.are_kept()
    assert rig.pids() == before, "a process ended for it"
    cuts = rig.proxy.cuts - cuts
    assert cuts >= ENOUGH_CUTS and clients.refused > 0
    system_figure("database faults", kept, f"acknowledged acts, all there after all connections were cut {ENOUGH_CUTS} times", COMMAND)


# ---- PostgreSQL restarted ----

@on_a_line
def test_postgresql_restarted_and_killed_under_clients(rig, clients):
    with clients:
        for how in ("fast", "immediate", "fast", "immediate"):
            goes_on(clients)
            rig.pg.restart(how)
        goes_on(clients)
    kept = clients.are_kept()
    assert clients.refused > 0
    system_figure("database faults", kept, "acknowledged acts, all there after 4 restarts of PostgreSQL, 2 of them as a crash", COMMAND)


@on_a_line
def test_while_postgresql_is_away_everybody_is_told_so(rig, asset, little):
    server = rig.server
    doc = server.run("send", little, "--release", "cleared", "--to", "weg@customer.test")
    r = Recipient(server, doc["recipients"][0]["link"], "weg@customer.test").prove()
    before = rig.pids()
    rig.pg.halt()
    try:
        for a in (server.api("GET", "/api/v1/assets"), send(rig, asset, "weg@customer.test"), revoke(rig, doc["delivery"])):
            assert is_passing(a) and a.json()["code"] == "unavailable"
        a = create(rig, 5, "weg.bin")
        assert is_passing(a) and a.json()["code"] == "unavailable"
        for path in (r.path, r.path + "/file/1", "/imprint"):
            a = r.request("GET", path)
            assert is_passing(a) and a.headers["Content-Type"].startswith("text/"), (path, a.headers.items())
            assert "noch einmal" in a.text and "postgres" not in a.text.lower()
        assert "try again" in r.request("GET", r.path, None, {"Accept-Language": "en"}).text
    finally:
        rig.pg.again()
    assert wait_for(lambda: (a := r.request("GET", r.path + "/file/1")).status == 200 and a.body) == little.read_bytes()
    assert server.api("GET", "/api/v1/assets").status == 200
    assert rig.pids() == before, "a process ended for it"
    is_consistent(rig)


# ---- PostgreSQL says nothing ----

@pytest.fixture(scope="module")
def curt_asset(curt, little):
    made = curt.server.run("upload", little)["files"][0]["asset"]
    curt.server.run("release", made, "cleared")
    return made


@on_a_line
@pytest.mark.parametrize("how", ["deaf", "mute"])
def test_a_commit_that_is_never_answered_is_settled(curt, curt_asset, how):
    """As if the line had been cut: nothing tells that it hangs but time."""
    deed = Deed(curt, curt_asset, "send")
    plan = (deed.texts, how)
    curt.proxy.plans.append(plan)
    a = deed.do()
    assert a.status == deed.status, a.text
    assert plan in curt.proxy.done
    assert deed.told() == 1


LONG = pytest.mark.skipif(os.environ.get("GELEIT_LONG") != "1", reason="GELEIT_LONG=1 takes this one, too")
SILENCES = {
    "stopped": (lambda rig: rig.pg.stop(), lambda rig: rig.pg.go_on()),
    "swallowed": (lambda rig: rig.proxy.swallow(), lambda rig: rig.proxy.give_up()),
    "swallowed, and late": (lambda rig: rig.proxy.swallow(), lambda rig: rig.proxy.deliver()),
}


@on_a_line
@pytest.mark.parametrize("how", [pytest.param(how, marks=LONG if how == "swallowed" else ()) for how in SILENCES])
def test_a_database_that_says_nothing(curt, curt_asset, content, tmp_path, how):
    """Whoever asks is told while it lasts, and not by front alone; then all goes on, and what was acknowledged holds."""
    clients, before = new_clients(curt, curt_asset, content, tmp_path), curt.pids()
    begins, ends = SILENCES[how]
    ask = {
        "read": lambda: curt.server.api("GET", "/api/v1/assets"),
        "write": lambda: send(curt, curt_asset, "still@customer.test", uuid.uuid4().hex),
        "page": lambda: clients.browser.request("GET", clients.browser.path),
    }
    with clients:
        goes_on(clients)
        begins(curt)
        try:
            for question in ask.values():
                wait_for(lambda: is_passing(question()))
            wait_for(lambda: ask["read"]().json()["code"] == "unavailable", 60)
        finally:
            ends(curt)
        goes_on(clients)
    kept = clients.are_kept()
    assert clients.refused > 0
    assert curt.pids() == before, "a process ended for it"
    system_figure("database faults", kept, f"acknowledged acts, all there after a PostgreSQL that said nothing ({how})", COMMAND)


# ---- a full disk ----

def mounted(where, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "geleit-test", str(where)], check=True)


class Small(Below):
    """A server whose database lives on a small file system."""

    def __init__(self, wal_apart):
        self.pg, self.top = None, pathlib.Path(tempfile.mkdtemp(prefix="geleit-small-", dir="/tmp"))
        os.chmod(self.top, 0o755)
        if POSTGRES:
            self.disk = self.top / "disk"
            self.disk.mkdir()
            mounted(self.disk, "120m")
            self.pg = Cluster(self.disk, wal_apart and self.top / "wal")
            self.server = geleit.Server(db=self.pg.url)
        else:
            self.server = geleit.Server()
            self.disk = self.server.dir
            self.disk.mkdir()
            mounted(self.disk, "200m")
        self.direct = types.SimpleNamespace(db=self.pg.url if POSTGRES else "sqlite", dir=self.server.dir)
        self.server.start()

    def fill(self, leaves=0):
        """Not a page is left, or so many bytes."""
        with open(self.disk / "ballast", "wb", buffering=0) as f:
            for piece in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while f.write(bytes(piece)) == piece:
                        pass
            f.truncate(f.tell() - leaves)

    def free(self):
        (self.disk / "ballast").unlink()

    def close(self):
        self.server.stop()
        if self.pg:
            self.pg.end()
        # whoever was killed may be about to end
        wait_for(lambda: subprocess.run(["umount", str(self.disk)], check=False, stderr=subprocess.DEVNULL).returncode == 0)
        self.server.remove()
        shutil.rmtree(self.top)


@pytest.fixture()
def small():
    made = []

    def make(wal_apart):
        made.append(Small(wal_apart))
        return made[-1]
    yield make
    for s in made:
        s.close()


ROOM = 512 << 10        # of a disk that is about to be full: some deliveries more
needs_mount = pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")


def fill_up(s, asset):
    """Send until five in a row were refused; the numbers of those that were not."""
    told, refused = {}, 0
    while refused < 5:
        address = uuid.uuid4().hex + "@customer.test"
        a = send(s, asset, address, address)
        assert a.status in (201, 507), a.text
        if a.status == 201:
            told[address] = a.json()["delivery"]
        else:
            assert a.json()["code"] == "no-space"
        refused = refused + 1 if a.status == 507 else 0
        assert len(told) < 2000, "the disk never was full"
    return told


@needs_mount
def test_a_full_disk_refuses_what_is_new_and_loses_nothing(small, little):
    s = small(wal_apart=True)
    server = s.server
    doc = server.run("send", little, "--release", "cleared", "--to", "voll@customer.test")
    asset = doc["files"][0]["asset"]
    early = Recipient(server, doc["recipients"][0]["link"], "voll@customer.test").prove()
    wait_for(lambda: all(m["state"] == "not_sent" for m in server.mails("voll@customer.test")))
    s.fill(leaves=ROOM)
    told = fill_up(s, asset)
    assert told, "nothing was acknowledged near the limit"
    # what is there can be looked at
    assert server.api("GET", "/api/v1/assets").status == 200
    assert server.api("GET", f"/api/v1/deliveries/{doc['delivery']}").status == 200
    assert server.request("GET", "/imprint").status == 200
    # each table has a page with room, until that is full
    a = wait_for(lambda: (a := create(s, 5, "voll.bin")).status != 201 and a, 300, 0)
    assert a.status == 507 and a.json()["code"] == "no-space"
    # no byte without its record
    a = wait_for(lambda: (a := early.request("GET", early.path + "/file/1")).status != 200 and a, 300, 0)
    assert a.status == 507 and little.read_bytes()[:1000] not in a.body
    before = server.roles("app") + server.roles("worker")
    s.free()
    a = wait_for(lambda: (a := send(s, asset, "leer@customer.test", "leer")).status == 201 and a)
    r = Recipient(server, a.json()["recipients"][0]["link"], "leer@customer.test").prove()
    assert r.request("GET", r.path + "/file/1").body == little.read_bytes()
    assert ingested_soon(s, finish(s, create(s, 4, "leer.bin").headers["Location"], b"leer")) == sha256(b"leer")
    assert revoke(s, doc["delivery"]).json()["state"] == "revoked"
    for address, number in told.items():
        assert sql(s.direct, "SELECT d.number FROM delivery d JOIN recipient r ON r.delivery_id = d.id "
                             f"WHERE r.address = '{address}'") == [[number]]
    assert s.number("SELECT count(*) FROM delivery") == len(told) + 2
    assert server.roles("app") + server.roles("worker") == before, "a process ended for it"
    is_consistent(s)
    system_figure("database faults", len(told) + 2, "deliveries sent until the disk was full and after it, all there; the rest refused: 507",
           COMMAND)


@on_a_line
@needs_mount
def test_postgresql_that_ends_for_want_of_space(small, little):
    """No room for its log: it stops.  An administrator makes room and starts it; geleitd needs nobody."""
    s = small(wal_apart=False)
    server = s.server
    doc = server.run("send", little, "--release", "cleared", "--to", "ende@customer.test")
    s.fill()
    subprocess.run(["psql", "-q", s.pg.url, "-c", "SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 1000000))) "
                    "FROM generate_series(1, 40)"], capture_output=True, check=False)
    a = wait_for(lambda: (a := server.api("GET", "/api/v1/assets")).status == 503 and a, 300)
    assert is_passing(a)
    s.free()
    s.pg.end()          # it may be trying by itself
    s.pg.again()
    wait_for(lambda: server.api("GET", "/api/v1/assets").status == 200)
    r = Recipient(server, doc["recipients"][0]["link"], "ende@customer.test").prove()
    assert r.request("GET", r.path + "/file/1").body == little.read_bytes()
    assert revoke(s, doc["delivery"]).json()["state"] == "revoked"
    is_consistent(s)
