# SPDX-License-Identifier: AGPL-3.0-or-later
"""A front, or an app, in somebody else's hands: what it gets from those who treat it as hostile.

The real app and the real keeper run on the DIR of a serving Geleit; this test is
their front (and their other apps) and forges, replays, reorders and truncates.  It
holds what a front holds: the cookies of the clients it serves.  Each test says what
it must not get: docs/security/roles.md refers to them by name.  Messages that are cut off
or overwritten: test_81_spoilt_messages.py.
"""
import os
import pathlib
import random
import socket
import struct
import sys
import threading
import urllib.parse

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hostile  # noqa: E402
import rolepeer as rp  # noqa: E402
import scoreboard  # noqa: E402
from geleit import BUILD, Recipient, events_of, sql, wait_for  # noqa: E402

PROGRAM = BUILD / "src/roles/geleitd"
tried = []


def refused(what):
    tried.append(what)


@pytest.fixture(scope="module")
def roles(server):
    r = rp.Roles(PROGRAM, server.dir)
    yield r
    r.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    d = tmp_path_factory.mktemp("takeover")
    rnd = random.Random(81)
    for name, n in [("one.bin", 200_000), ("two.bin", 70_000), ("other.bin", 50_000)]:
        (d / name).write_bytes(rnd.randbytes(n))
    return [d / n for n in ("one.bin", "two.bin", "other.bin")]


def send(server, files, to, **options):
    words = [w for k, v in options.items() for w in (f"--{k}", str(v))]
    return server.run("send", *files, "--release", "cleared", "--to", to, *words)


@pytest.fixture(scope="module")
def anna(server, files):
    """A client of this front: what she may have, it has, too."""
    doc = send(server, files[:2], "anna@customer.test")
    who = Recipient(server, doc["recipients"][0]["link"], "anna@customer.test").prove()
    who.number = doc["delivery"]
    return who


@pytest.fixture(scope="module")
def bert(server, files):
    """A client of another front: of him this one knows no more than that he is there."""
    doc = send(server, files[2:], "bert@customer.test")
    who = Recipient(server, doc["recipients"][0]["link"], "bert@customer.test").prove()
    who.number = doc["delivery"]
    return who


def get(roles, path, cookie=None, fields=(), method="GET"):
    fields = [*([("cookie", "__Host-geleit-r=" + cookie)] if cookie else []), *fields]
    return roles.ask(rp.REQUEST, rp.request(method, path, fields))


def fetch(roles, who, path="/file/1"):
    told = get(roles, who.path + path, who.cookie)
    assert told.status == 200 and told.ticket and told.is_transfer and told.key == b"", told.status
    return told


def api(roles, server, method, path, fields=(), key=None, **more):
    fields = [("authorization", "Bearer " + (key or server.key())), *fields]
    return roles.ask(rp.REQUEST, rp.request(method, path, fields, **more))


def no_key(told):
    assert told.kind == rp.KEYS_ARE and told.stop == 1 and told.keys == []
    refused("key")


def nothing_of_a_file(told):
    assert told.kind == rp.REPLY and told.ticket == b"" and not told.is_transfer and told.plan == b"" and told.key == b""
    assert told.status in (301, 303, 401, 403, 404, 405, 410, 400, 421), told.status
    told.close_fds()
    refused("file")


# ---- what a front may do: without it the rest would prove nothing ----

def test_what_its_client_may_have_it_gets(roles, server, anna):
    told = fetch(roles, anna)
    got = roles.ask(rp.KEYS, rp.keys(told.ticket))
    assert got.stop == 0 and len(got.keys) == 1 and len(set(got.keys[0])) > 8
    assert roles.ask(rp.SENT, rp.sent((1, 1, rp.FIRST, told.ticket, [(0, 1000)]))).stops == {1: 0}
    page = get(roles, anna.path, anna.cookie)
    assert page.status == 200
    page.close_fds()


# ---- keys ----

def test_a_forged_ticket_gives_no_key(roles, server, anna):
    ticket = fetch(roles, anna).ticket
    for i in range(len(ticket)):
        no_key(roles.ask(rp.KEYS, rp.keys(ticket[:i] + bytes([ticket[i] ^ 1 << i % 8]) + ticket[i + 1:])))
    for i in [*range(0, len(ticket), 7), len(ticket) - 1]:
        no_key(roles.ask(rp.KEYS, rp.keys(ticket[:i])))
    for made in [b"", bytes(16), bytes(len(ticket)), os.urandom(len(ticket)), ticket + b"\0", ticket * 2, bytes(512)]:
        no_key(roles.ask(rp.KEYS, rp.keys(made)))


def test_a_ticket_of_another_kind_or_run_gives_no_key(roles, server, anna):
    upload = api(roles, server, "POST", "/api/v1/uploads", tus(100, b"of another kind"), length=100, waits=1)
    assert upload.kind == rp.TAKE_BODY
    upload.close_fds()
    no_key(roles.ask(rp.KEYS, rp.keys(upload.ticket)))
    other = rp.Roles(PROGRAM, server.dir)
    try:
        ticket = fetch(other, anna).ticket
        assert other.ask(rp.KEYS, rp.keys(ticket)).stop == 0
        no_key(roles.ask(rp.KEYS, rp.keys(ticket)))
    finally:
        other.stop()


def test_a_ticket_opens_its_own_slots_alone(roles, server, anna):
    one, all_of_it = fetch(roles, anna), fetch(roles, anna, "/all.zip")
    for first, count in [(0, 0), (0, 2), (1, 1), (0, 256), (0xFFFFFFFF, 0), (0xFFFFFFFE, 1), (1 << 31, 1)]:
        no_key(roles.ask(rp.KEYS, rp.keys(one.ticket, first, count)))
    for first, count in [(0, 3), (2, 1), (1, 2), (0, 256), (0xFFFFFFF0, 2)]:
        no_key(roles.ask(rp.KEYS, rp.keys(all_of_it.ticket, first, count)))
    for first, count in [(0, 257), (0xFFFFFFFF, 1), (0xFFFFFF00, 256), (5, 0xFFFFFFFF)]:
        no_key(roles.ask(rp.KEYS, rp.keys(one.ticket, first, count)))      # refused by the decoder
    assert len(roles.ask(rp.KEYS, rp.keys(all_of_it.ticket, 0, 2)).keys) == 2


def test_a_ticket_ends_with_the_verdict(roles, server, files):
    doc = send(server, files[2:], "carl@customer.test")
    carl = Recipient(server, doc["recipients"][0]["link"], "carl@customer.test").prove()
    told = fetch(roles, carl)
    assert roles.ask(rp.KEYS, rp.keys(told.ticket)).stop == 0
    server.run("revoke", doc["delivery"])
    for _ in range(3):
        no_key(roles.ask(rp.KEYS, rp.keys(told.ticket)))
        assert roles.ask(rp.SENT, rp.sent((5, 1, rp.WRITE, told.ticket, [(0, 10)]))).stops == {5: 1}
    nothing_of_a_file(get(roles, carl.path + "/file/1", carl.cookie))


def test_a_picture_comes_with_its_key_where_it_may_be_seen_alone(roles, server, anna, tmp_path):
    (tmp_path / "bild.png").write_bytes(hostile.png(300, 200, colour=2, depth=8))
    asset = server.run("upload", tmp_path / "bild.png")["files"][0]["asset"]
    wait_for(lambda: server.api("GET", f"/api/v1/assets/{asset}/preview/320").status == 200)
    server.run("release", asset, "cleared")
    doc = server.run("send", asset, "--to", "dora@customer.test")
    dora = Recipient(server, doc["recipients"][0]["link"], "dora@customer.test")
    path = f"/d/{doc['delivery']}/preview/1"
    nothing_of_a_file(get(roles, path))
    nothing_of_a_file(get(roles, path, anna.cookie))
    dora.open()
    nothing_of_a_file(get(roles, path, dora.cookie))
    dora.prove()
    told = get(roles, path, dora.cookie)
    assert told.status == 200 and len(told.key) == 32 and told.ticket == b"" and not told.is_transfer
    etag = {name.lower(): value for name, value in told.fields.items()}["etag"]
    for fields, method, status in [((), "HEAD", 200), ([("if-none-match", etag)], "GET", 304)]:
        told = get(roles, path, dora.cookie, fields, method)
        assert told.status == status and told.key == b"" and told.ticket == b""
    server.run("release", asset, "blocked", "--reason", "Nutzungsrecht abgelaufen")
    nothing_of_a_file(get(roles, path, dora.cookie))
    server.run("release", asset, "cleared")
    server.run("revoke", doc["delivery"])
    nothing_of_a_file(get(roles, path, dora.cookie))
    nothing_of_a_file(api(roles, server, "GET", f"/api/v1/assets/{asset}/preview/320", key="A" * 43))


# ---- requests ----

def test_without_a_session_there_is_no_file(roles, server, anna, bert):
    for path in [bert.path + "/file/1", bert.path + "/all.zip", f"/d/{bert.number}/file/1"]:
        nothing_of_a_file(get(roles, path))
        nothing_of_a_file(get(roles, path, anna.cookie))
        nothing_of_a_file(get(roles, path, "A" * 43))
        nothing_of_a_file(get(roles, path, anna.cookie[:-1]))
    for path in [anna.path + "/file/3", anna.path + "/file/0", anna.path + "/file/-1", anna.path + "/file/18446744073709551617",
                 anna.path + "/../" + str(bert.number) + "/file/1", anna.path + "/file/1/../../../" + str(bert.number) + "/file/1"]:
        nothing_of_a_file(get(roles, path, anna.cookie))


CLAIMS = [
    [("geleit-person", "1")], [("geleit-principal", "staff:1")], [("x-remote-user", "admin")], [("x-forwarded-user", "admin")],
    [("remote-user", "1")], [("authorization", "Bearer ")], [("authorization", "Bearer " + "A" * 43)], [("authorization", "Basic YTph")],
    [("cookie", "__Host-geleit-s=" + "A" * 43)], [("cookie", "__Host-geleit-s=")], [("cookie", "__Host-geleit-s=1; __Host-geleit-r=1")],
    [("cookie", "a=b"), ("cookie", "__Host-geleit-s=" + "B" * 43)], [("geleit-csrf", "x"), ("cookie", "__Host-geleit-s=x")],
    [("x-http-method-override", "GET"), ("authorization", "Bearer\tx")]]


@pytest.mark.parametrize("fields", CLAIMS, ids=lambda f: f[0][0])
def test_who_it_says_its_client_is_counts_for_nothing(roles, server, fields):
    for method, path in [("GET", "/api/v1/assets"), ("GET", "/api/v1/people"), ("GET", "/api/v1/deliveries"), ("POST", "/api/v1/keys"),
                         ("GET", "/api/v1/events"), ("POST", "/api/v1/uploads")]:
        for peer in ["127.0.0.1", "", "::1", "worker", "x" * 64]:
            told = roles.ask(rp.REQUEST, rp.request(method, path, fields, peer=peer))
            told.close_fds()
            assert told.status in (400, 401, 403, 404, 405), (path, told.status)
            refused("principal")


def test_it_cannot_try_more_codes_than_others(roles, server, files):
    """Front holds back who tries too often; who has front has that from the database still."""
    doc = send(server, files[2:], "dora@customer.test")
    dora = Recipient(server, doc["recipients"][0]["link"], "dora@customer.test")
    assert dora.open().status == 303
    assert dora.ask_code().status == 303
    code, csrf = server.code_for(dora.address), dora.csrf()

    def verify(digits, n):
        form = urllib.parse.urlencode({"code": digits, "csrf": csrf})
        fields = [("cookie", "__Host-geleit-r=" + dora.cookie), ("origin", server.url), ("content-type", "application/x-www-form-urlencoded")]
        return roles.ask(rp.REQUEST, rp.request("POST", dora.path + "/verify", fields, peer=f"10.0.0.{n}", length=len(form),
                                                body=form))
    for n in range(12):
        told = verify(f"{(int(code) + 1 + n) % 1000000:06d}", n)
        assert "set-cookie" not in told.fields
        told.close_fds()
        refused("code")
    told = verify(code, 99)
    told.close_fds()
    assert "set-cookie" not in told.fields
    nothing_of_a_file(get(roles, dora.path + "/file/1", dora.cookie))


# ---- the download limit and what arrived ----

def test_it_gets_no_extra_use_of_a_limit(roles, server, files):
    doc = send(server, files[2:], "emil@customer.test", limit=1)
    first = Recipient(server, doc["recipients"][0]["link"], "emil@customer.test").prove()
    second = Recipient(server, doc["recipients"][0]["link"], "emil@customer.test").prove()
    tickets = [fetch(roles, first).ticket for _ in range(6)]
    for t in tickets:
        assert roles.ask(rp.KEYS, rp.keys(t)).stop == 0            # its session has its use, however often
    for _ in range(6):
        nothing_of_a_file(get(roles, second.path + "/file/1", second.cookie))
    # replayed in any order, the second gets none either
    for flags in (rp.END, rp.FIRST, rp.WRITE | rp.END, rp.FIRST | rp.END):
        roles.ask(rp.SENT, rp.sent(*((i, 1, flags, t, []) for i, t in enumerate(tickets))))
        nothing_of_a_file(get(roles, second.path + "/file/1", second.cookie))


def record(server, who):
    return server.run("delivery", who.number)["recipients"][0]


def test_reports_replayed_and_reordered_count_once(roles, server, files):
    doc = send(server, files[2:], "frida@customer.test")
    frida = Recipient(server, doc["recipients"][0]["link"], "frida@customer.test").prove()
    frida.number = doc["delivery"]
    size = files[2].stat().st_size
    told = fetch(roles, frida)
    messages = [(7, seq, flags, told.ticket, ranges) for seq, flags, ranges in [
        (1, rp.FIRST, [(0, 1000)]), (2, rp.WRITE, [(1000, 3000)]), (3, rp.WRITE, [(0, 3000)]), (4, rp.WRITE, [(2000, 2500)])]]
    for m in [messages[0], messages[2], messages[1], messages[3], messages[0], *messages, *reversed(messages)]:
        roles.ask(rp.SENT, rp.sent(m))
    roles.ask(rp.SENT, rp.sent(*messages[::-1] * 20))
    rec = wait_for(lambda: record(server, frida))
    assert rec["files"][0]["sent_bytes"] == 3000 and not rec["files"][0]["complete"]
    assert events_of(server, frida.number).count("download.started") == 1
    for ranges in [[(0, 1 << 63)], [(0, (1 << 64) - 1)], [(size, size + 5)], [((1 << 64) - 1, (1 << 64) - 1)], [(size - 1, 1 << 40)] * 16]:
        roles.ask(rp.SENT, rp.sent((7, 50, rp.WRITE, told.ticket, ranges)))
        assert record(server, frida)["files"][0]["sent_bytes"] <= size
        refused("range")
    # what it does have: of its own client's transfer it may say that all has arrived
    roles.ask(rp.SENT, rp.sent((7, 60, rp.WRITE | rp.END, told.ticket, [(0, size)])))
    assert wait_for(lambda: record(server, frida)["files"][0]["complete"])


def test_of_a_transfer_that_is_not_its_own_it_can_say_nothing(roles, server, bert):
    before = record(server, bert), events_of(server, bert.number)
    fake = bytes(16) + b"\2" + bytes(16 + 80 + 46)
    answers = roles.ask(rp.SENT, rp.sent(*((i, 1, rp.FIRST | rp.END, t, [(0, 50_000)]) for i, t in enumerate(
        [fake, b"", os.urandom(150), bytes(512)]))))
    assert all(answers.stops.get(i, 1) == 1 for i in range(4))
    refused("transfer")
    assert (record(server, bert), events_of(server, bert.number)) == before


# ---- uploads ----

def tus(length, name, *more):
    import base64
    return [("tus-resumable", "1.0.0"), ("upload-length", str(length)), ("content-type", "application/offset+octet-stream"),
            ("upload-metadata", "filename " + base64.b64encode(name).decode()), *more]


def seal(told, data):
    """What an honest front does with a part of less than one chunk (docs/internals/storage-format.md, 4)."""
    salt, commitment = os.urandom(24), 32
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + told.blob + bytes([told.purpose])
    made = HKDFExpand(hashes.SHA512(), 76, info).derive(told.key)
    os.write(told.fds[0], salt + made[44:44 + commitment] + AESGCM(made[:32]).encrypt(made[32:44], data, None))


def begin_upload(roles, server, length, name=b"hostile.bin", *fields):
    told = api(roles, server, "POST", "/api/v1/uploads", tus(length, name, *fields), length=length, waits=1)
    assert told.kind == rp.TAKE_BODY and len(told.fds) == 1
    return told


def uploads(server):
    return {r[0]: int(r[1]) for r in sql(server, "select name, committed from upload where name like 'hostile%'")}


def test_a_body_that_is_not_in_its_part_is_not_acknowledged(roles, server):
    for n, said in enumerate([1, 100, 99, 64 * 1024 * 1024, 1 << 40]):
        told = begin_upload(roles, server, 100, f"hostile-empty-{n}.bin".encode())
        done = roles.ask(rp.BODY, rp.body(told.ticket, told.blob, said))
        assert done.kind == rp.REPLY and done.status >= 400, (said, done.status)
        told.close_fds()
        refused("upload")
    assert set(uploads(server).values()) == {0}


def test_more_than_was_asked_for_is_not_taken(roles, server):
    told = begin_upload(roles, server, 100, b"hostile-long.bin")
    os.write(told.fds[0], os.urandom(5000))
    for said in (4952, 5000, 4936, 101):
        done = roles.ask(rp.BODY, rp.body(told.ticket, told.blob, said))
        assert done.kind == rp.REPLY and done.status >= 400
        refused("upload")
    told.close_fds()
    assert uploads(server)["hostile-long.bin"] == 0


def test_a_body_of_another_upload_is_refused(roles, server):
    one, two = begin_upload(roles, server, 100, b"hostile-a.bin"), begin_upload(roles, server, 100, b"hostile-b.bin")
    for ticket, blob in [(one.ticket, two.blob), (two.ticket, one.blob), (one.ticket, bytes(16)), (one.ticket, os.urandom(16)),
                         (bytes(len(one.ticket)), one.blob), (one.ticket[:-1], one.blob)]:
        done = roles.ask(rp.BODY, rp.body(ticket, blob, 0))
        assert done.kind == rp.REPLY and done.status in (400, 403, 404, 500), done.status
        refused("upload")
    assert uploads(server)["hostile-a.bin"] == uploads(server)["hostile-b.bin"] == 0
    for t in (one, two):
        t.close_fds()


def find_asset(server, name):
    rows = sql(server, f"select v.state, v.id from version v where v.name = '{name}'")
    return rows[0] if rows else None


def test_an_acknowledged_upload_is_there_whatever_is_said_after(roles, server):
    data = b"acknowledged " * 20
    told = begin_upload(roles, server, len(data), b"hostile-kept.bin")
    seal(told, data)
    said = rp.body(told.ticket, told.blob, len(data))
    assert roles.ask(rp.BODY, said).status == 201
    blob = server.dir / "blobs" / told.blob.hex()[:2] / told.blob.hex()
    kept = blob.read_bytes()
    # again, as failed, as empty, as broken, as less, as more: nothing moves
    for other in [said, rp.body(told.ticket, told.blob, len(data), failed=1), rp.body(told.ticket, told.blob, 0),
                  rp.body(told.ticket, told.blob, 0, ended=0, broken=1), rp.body(told.ticket, told.blob, 1),
                  rp.body(told.ticket, told.blob, len(data) - 1), rp.body(told.ticket, told.blob, len(data), ended=0, excess=1), said]:
        answer = roles.ask(rp.BODY, other)
        assert answer.kind == rp.REPLY
        answer.close_fds()
        assert blob.read_bytes() == kept
        refused("upload")
    # the descriptor is still open in our hands: it cannot be cut through it by a real front (test_80), and spoiling is found
    wait_for(lambda: (find_asset(server, "hostile-kept.bin") or ["", ""])[0] == "ready")
    assert len(sql(server, "select id from version where name = 'hostile-kept.bin'")) == 1
    told.close_fds()
    out = server.run("fsck")
    assert out is not None


def test_a_part_that_it_spoils_is_found_and_never_served(roles, server):
    """A front can spoil what it carries: the size is right, the content opens with no key."""
    told = begin_upload(roles, server, 100, b"hostile-noise.bin")
    os.write(told.fds[0], os.urandom(56 + 100 + 16))
    answer = roles.ask(rp.BODY, rp.body(told.ticket, told.blob, 100))
    assert answer.status == 201
    told.close_fds()
    state = wait_for(lambda: (s := find_asset(server, "hostile-noise.bin")) and s[0] != "pending" and s[0], 40)
    assert state != "ready", state
    refused("upload")


def test_parts_replayed_out_of_order_make_no_other_file(roles, server):
    told = begin_upload(roles, server, 300, b"hostile-order.bin")
    first = told
    seal(told, b"a" * 100)
    told = roles.ask(rp.BODY, rp.body(first.ticket, first.blob, 100, ended=0))
    assert told.kind == rp.TAKE_BODY and told.part_bytes == 200
    assert uploads(server)["hostile-order.bin"] == 100
    # the first again asks for the same place: a new part, no new bytes
    again = roles.ask(rp.BODY, rp.body(first.ticket, first.blob, 100, ended=0))
    again.close_fds()
    assert uploads(server)["hostile-order.bin"] == 100
    seal(told, b"b" * 100)
    third = roles.ask(rp.BODY, rp.body(told.ticket, told.blob, 100, ended=0))
    assert third.kind == rp.TAKE_BODY and uploads(server)["hostile-order.bin"] == 200
    # the part of the replay stands for an offset that is behind: it is not taken
    if again.kind == rp.TAKE_BODY:
        stale = roles.ask(rp.BODY, rp.body(again.ticket, again.blob, 0))
        stale.close_fds()
    for t in (first, told, third):
        roles.ask(rp.BODY, rp.body(t.ticket, t.blob, 0, ended=0)).close_fds()
        assert uploads(server)["hostile-order.bin"] == 200
        refused("upload")
    for t in (first, told, third):
        t.close_fds()


# ---- descriptors and nonsense: the app lives, and holds nothing ----

def wrong_descriptors(tmp_path):
    """(name, descriptors to send)."""
    r, w = os.pipe()
    hole = rp.sealed(size=1 << 40)
    lists = [
        ("none", []), ("pipe", [r]), ("folder", [os.open(tmp_path, os.O_RDONLY)]), ("device", [os.open("/dev/zero", os.O_RDONLY)]),
        ("file", [os.open(__file__, os.O_RDONLY)]), ("unsealed", [os.memfd_create("x", os.MFD_ALLOW_SEALING)]),
        ("half sealed", [rp.sealed(b"{}", seals=1)]), ("never to be sealed", [os.memfd_create("x", 0)]), ("hole", [hole]),
        ("too large", [rp.sealed(size=5 << 20)]), ("empty", [rp.sealed()]), ("two", [rp.sealed(b"{}"), rp.sealed(b"{}")]),
        ("66", [r] * 66), ("socket", [socket.socket().detach()]), ("path", [os.open("/", os.O_PATH)]), ("writer", [w])]
    return lists, {fd for _, fds in lists for fd in fds} | {w}


def test_wrong_descriptors_are_refused_and_closed(roles, server, anna, tmp_path):
    ticket = fetch(roles, anna).ticket
    before = roles.app.descriptors()
    lists, mine = wrong_descriptors(tmp_path)
    key = [("authorization", "Bearer " + server.key()), ("content-type", "application/json")]
    for name, fds in lists:
        told = roles.ask(rp.REQUEST, rp.request("POST", "/api/v1/keys", key, length=2, in_fd=1), fds)
        assert told.kind == rp.REPLY and told.status >= 400, (name, told.status)
        told.close_fds()
        told = roles.ask(rp.REQUEST, rp.request("GET", anna.path, [("cookie", "__Host-geleit-r=" + anna.cookie)]), fds)
        assert told.status == 200, name                                 # not asked for: closed, and no harm
        told.close_fds()
        assert roles.ask(rp.KEYS, rp.keys(ticket), fds).stop == 0
        roles.ask(rp.SENT, rp.sent(), fds)
        refused("descriptor")
    for fd in mine:
        os.close(fd)
    wait_for(lambda: roles.app.descriptors() <= before)


TYPES_OF_OTHERS = [0, rp.START, rp.PEER, rp.READY, rp.RELOAD, rp.TAKEN, rp.TAKE_BODY, rp.REPLY, rp.KEYS_ARE, rp.SENT_OK, rp.WRAP, rp.UNWRAP,
                   rp.UNSEAL_PERSON, rp.UNSEAL_MAIL, rp.PEPPER, rp.TICKET_KEY, rp.ANSWER, 48, 49, 56, 57, 99, 1 << 31]


def test_messages_of_others_and_noise_are_answered_with_no(roles, server, anna):
    rnd = random.Random(82)
    pid, before = roles.app.process.pid, roles.app.descriptors()
    ticket = fetch(roles, anna).ticket
    whole = rp.request("GET", anna.path + "/file/1", [("cookie", "__Host-geleit-r=" + anna.cookie)])
    for kind in TYPES_OF_OTHERS:
        for data in (b"", rnd.randbytes(200), whole):
            told = roles.ask(kind, data)
            assert told.kind == rp.REPLY and told.status >= 400, kind
            told.close_fds()
            refused("message")
    assert roles.app.process.poll() is None and roles.app.process.pid == pid
    wait_for(lambda: roles.app.descriptors() == before)
    assert roles.ask(rp.KEYS, rp.keys(ticket)).stop == 0


@pytest.mark.parametrize("what", ["too large", "empty", "foreign", "short", "too many descriptors"])
def test_a_message_that_is_none_closes_its_own_lane_alone(roles, server, anna, what):
    head = struct.pack("=III", rp.MAGIC, rp.REQUEST, 9)
    if what == "too many descriptors":
        r, w = os.pipe()
        socket.send_fds(roles.lane, [head], [r] * 200)
        os.close(r)
        os.close(w)
    else:
        roles.lane.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        roles.lane.send({"too large": head + bytes(70_000), "empty": b"", "foreign": b"GET / HTTP/1.1\r\n\r\n", "short": head[:7]}[what])
    assert rp.receive(roles.lane) is None
    before = roles.app.descriptors()
    roles.new_lane()
    assert fetch(roles, anna).status == 200
    wait_for(lambda: roles.app.descriptors() <= before + 1)
    assert roles.app.process.poll() is None
    refused("message")


def test_a_thousand_messages_that_wait_for_no_answer_are_answered_one_by_one(roles, server, anna):
    """It may keep this app busy; nobody waits for the wrong answer."""
    ticket = fetch(roles, anna).ticket
    bad = ticket[:-1] + bytes([ticket[-1] ^ 1])
    first = roles.number + 1

    def say_all():
        for i in range(1000):
            roles.say(rp.KEYS, rp.keys(ticket if i % 2 else bad))
    sender = threading.Thread(target=say_all)
    sender.start()
    for i in range(1000):
        told = roles.answer(first + i)
        assert (told.stop == 0 and len(told.keys) == 1) if i % 2 else (told.stop == 1 and told.keys == [])
    sender.join()


# ---- an app in somebody else's hands: what the keeper gives it ----

def wraps(server):
    """Of versions, persons and mails, as an app reads them: kind -> [(epoch, epoch_wrap, id, wrap, key)]."""
    def rows(text):
        if server.db != "sqlite":
            import subprocess
            done = subprocess.run(["psql", "-q", "-A", "-t", "-F", "|", server.db + "_keys", "-c", text], check=True, capture_output=True,
                                  text=True)
            return [line.split("|") for line in done.stdout.splitlines()]
        import contextlib
        import sqlite3
        with contextlib.closing(sqlite3.connect(server.dir / "db/keys.db", timeout=10)) as db:
            return [[str(v) for v in row] for row in db.execute(text).fetchall()]

    hexed = "hex(wrap)" if server.db == "sqlite" else "encode(wrap, 'hex')"
    epochs = {int(e): bytes.fromhex(w) for e, w in rows(f"select epoch, {hexed} from epoch_key")}
    out = {}
    for kind, table, column in [("v", "version_key", "version_id"), ("p", "person_key", "person_id")]:
        out[kind] = [(int(e), epochs[int(e)], struct.pack(">8xQ", int(i)), bytes.fromhex(w), bytes(32))
                     for i, e, w in rows(f"select {column}, epoch, {hexed} from {table}")]
    return out


def test_the_keeper_answers_an_app_what_its_table_says_and_no_more(roles, server, anna):
    app, worker = roles.to_keeper(rp.APP), roles.to_keeper(rp.WORKER)
    had = wraps(server)
    version, person = had["v"][0], had["p"][0]
    # this is what a hostile app has: the key of any version, one by one, counted; content it reads nowhere (test_80)
    got = roles.ask_keeper(app, rp.UNWRAP, rp.question("v", [version]))
    assert got.result == 0 and len(set(got.items[0][4])) > 8
    denied = [(app, rp.UNWRAP, rp.question("p", [person])), (app, rp.UNWRAP, rp.question("m", [version])),
              (app, rp.UNWRAP, rp.question("e", [version])), (app, rp.UNSEAL_PERSON, rp.question("v", [version])),
              (app, rp.UNSEAL_MAIL, rp.question("v", [version])), (app, rp.WRAP, rp.question("e", [version])),
              (app, rp.UNWRAP, rp.question("", [version])), (worker, rp.PEPPER, rp.question(label=b"link", data=b"x")),
              (worker, rp.TICKET_KEY, rp.question()), (worker, rp.UNSEAL_PERSON, rp.question("p", [person])),
              (app, rp.REQUEST, b""), (app, rp.READY, b""), (app, 99, rp.question()), (app, rp.ANSWER, rp.question())]
    for sock, kind, data in denied:
        told = roles.ask_keeper(sock, kind, data)
        assert told.result != 0 and told.items == [] and told.data == b"", kind
        refused("keeper")
    moved = [(version[0], version[1], person[2], version[3], bytes(32)), (version[0] + 1, *version[1:]),
             (version[0], bytes(60), *version[2:]), (*version[:3], person[3], bytes(32)),
             (*version[:3], version[3][:-1] + bytes([version[3][-1] ^ 1]), bytes(32))]
    for item in moved:
        for items in ([item], [version, item], [item, version]):
            told = roles.ask_keeper(app, rp.UNWRAP, rp.question("v", items))
            assert told.result != 0 and told.items == []            # nor what was opened before the failure
            refused("keeper")
    for data in [b"", b"v", rp.question("v", [version])[:-1], rp.question("v", [version]) + b"x", rp.question("v", [version] * 257),
                 rp.question(label=b"x" * 65), rp.question(data=b"x" * 4097), struct.pack("=BBI", ord("v"), 2, 0) + bytes(8),
                 struct.pack("=BBI", ord("v"), 0, 0xFFFFFFFF) + bytes(500), os.urandom(300)]:
        told = roles.ask_keeper(app, rp.UNWRAP, data)
        assert told.result != 0 and told.items == []
        refused("keeper")
    assert roles.keeper.process.poll() is None
    for sock in (app, worker):
        sock.close()


def test_the_keeper_has_no_business_with_a_front(roles):
    for role in (rp.FRONT, rp.KEEPER, 0, 5, 6):
        sock = roles.to_keeper(role)
        assert rp.receive(sock) is None
        sock.close()
        refused("keeper")
    assert roles.keeper.process.poll() is None


def test_an_app_opens_only_so_many_keys_a_minute(roles, server):
    app = roles.to_keeper(rp.APP, 9)
    version = wraps(server)["v"][0]
    opened = 0
    for _ in range(1000):
        told = roles.ask_keeper(app, rp.UNWRAP, rp.question("v", [version] * 256))
        if told.result != 0:
            assert told.items == []
            refused("keeper")
            break
        opened += 256
    assert 199_000 <= opened <= 200_000, opened      # KEEPER_UNWRAPS_PER_MINUTE
    # others go on
    other = roles.to_keeper(rp.APP, 10)
    assert roles.ask_keeper(other, rp.UNWRAP, rp.question("v", [version])).result == 0
    for sock in (app, other):
        sock.close()


def test_the_keeper_answers_after_all_of_it_and_holds_nothing(roles, server, anna):
    before = roles.keeper.descriptors()
    sock = roles.to_keeper(rp.APP, 11)
    for bad in (b"", bytes(70_000), b"noise"):
        other = roles.to_keeper(rp.APP, 12)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        other.send(bad)
        assert rp.receive(other) is None
        other.close()
        refused("keeper")
    r, w = os.pipe()
    for _ in range(50):
        rp.send(sock, rp.UNWRAP, 5, b"", [r] * 60)
        assert rp.receive(sock) is not None
    os.close(r)
    os.close(w)
    wait_for(lambda: roles.keeper.descriptors() <= before + 1)
    sock.close()
    assert fetch(roles, anna).status == 200


def test_the_figure(roles, server, anna):
    assert roles.app.process.poll() is None and roles.keeper.process.poll() is None
    assert anna.request("GET", anna.path + "/file/1").status == 200
    scoreboard.system_figure("takeover", f"{len(tried)} tried, 0 succeeded", "hostile messages to app and keeper",
                             "pytest tests/system/test_81_takeover.py")
    assert len(tried) > 700
