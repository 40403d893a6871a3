# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each message of a front cut off, lengthened and overwritten, and what exactly it then gets.

The messages are ones that the app would do as they are, which is shown first.  Cut off
or lengthened, none is done.  Overwritten in four bytes, none is done either, but where those
bytes are the front's own word, and there it gets what its own client may have and no more:
in a REQUEST the address it says the client comes from, in SENT its number and sequence for a
transfer and how much of it has arrived.  The front is that of test_81_takeover.py.
"""
import base64
import hashlib
import random

import pytest

import rolepeer as rp
import scoreboard
from geleit import Recipient, wait_for
from test_81_takeover import (anna, begin_upload, fetch, files, get, nothing_of_a_file, record, roles, seal,
                              send, uploads)

OVERWRITTEN = b"\xff\xff\xff\xff"
tried = []


def shortened(data):
    """(where, the message): every cut, and more behind it."""
    return [(n, data[:n]) for n in range(len(data))] + [(len(data), data + bytes(n)) for n in (1, 2, 3, 4, 8, 200)] + [
        (len(data), data + data)]


def overwritten(data, start=0, end=None):
    """(where, the message): four bytes others than they were."""
    places = range(start, (len(data) if end is None else end) - 3)
    changed = [(n, data[:n] + OVERWRITTEN + data[n + 4:]) for n in places]
    return [(n, bad) for n, bad in changed if bad != data]


def is_within(n, spans):
    """Are the four bytes from n on all in one of these?"""
    return any(a <= n and n + 4 <= b for a, b in spans)


def each(variants, check):
    for n, bad in variants:
        check(n, bad)
        tried.append(n)
    assert len(variants) > 10


def is_refused(told):
    assert told.kind == rp.REPLY and told.status >= 400 and "set-cookie" not in told.fields, told.status
    assert told.ticket == told.key == told.plan == b"" and not told.is_transfer
    told.close_fds()


# ---- REQUEST ----

PEER = "192.0.2.123"


@pytest.fixture(scope="module")
def asked(anna):
    return rp.request("GET", anna.path + "/file/1", [("cookie", "__Host-geleit-r=" + anna.cookie)], peer=PEER)


def test_a_request_that_is_not_whole_is_refused(roles, asked):
    told = roles.ask(rp.REQUEST, asked)
    assert told.status == 200 and told.ticket
    each(shortened(asked), lambda n, bad: is_refused(roles.ask(rp.REQUEST, bad)))


def test_a_request_that_was_overwritten_is_refused_or_its_clients_own(roles, anna, asked):
    """Without its cookie a client has no session (303); where it comes from is said by front alone, and gives nothing."""
    whole = roles.ask(rp.REQUEST, asked)
    mine = roles.ask(rp.KEYS, rp.keys(whole.ticket)).keys
    at = asked.index(PEER.encode())
    peer = [(at, at + len(PEER) + 8)]       # the length behind it, -1, is of these bytes already
    cookie = [(asked.index(b"cookie"), asked.index(b"cookie") + 6), (asked.index(b"__Host-"), len(asked))]

    def check(n, bad):
        told = roles.ask(rp.REQUEST, bad)
        if is_within(n, peer):
            assert told.status == 200 and told.plan == whole.plan and told.key == b"" and told.fields == whole.fields
            assert roles.ask(rp.KEYS, rp.keys(told.ticket)).keys == mine
        elif is_within(n, cookie):
            assert told.status == 303 and told.fields["location"] == anna.path
            nothing_of_a_file(told)
        else:
            is_refused(told)
    each(overwritten(asked), check)


# ---- BODY ----

def body_of(roles, server, name, data):
    """An upload with a checksum that waits for its one BODY: (what was handed out, that message)."""
    digest = hashlib.sha256(data).digest()
    checksum = "sha256 " + base64.b64encode(digest).decode()
    told = begin_upload(roles, server, len(data), name, ("upload-checksum", checksum))
    seal(told, data)
    return told, rp.body(told.ticket, told.blob, len(data), digest=digest)


def test_a_body_that_is_not_whole_or_was_overwritten_is_refused(roles, server):
    name = b"hostile-spoilt.bin"
    told, whole = body_of(roles, server, name, b"whole or not at all")
    failed = len(whole) - 36

    def check(n, bad):
        is_refused(roles.ask(rp.BODY, bad))
    each(shortened(whole) + overwritten(whole, 0, failed), check)
    assert uploads(server)[name.decode()] == 0
    assert roles.ask(rp.BODY, whole).status == 201 and uploads(server)[name.decode()] == 19
    told.close_fds()


def test_a_body_said_to_have_failed_or_with_another_digest_counts_nothing(roles, server):
    """The same place in its message, but here the part goes with the first refusal: one upload for each byte."""
    name = b"hostile-digest.bin"
    told, whole = body_of(roles, server, name, b"whole or not at all")
    told.close_fds()

    def check(n, bad):
        again, of_it = body_of(roles, server, b"hostile-digest-%d.bin" % n, b"whole or not at all")
        is_refused(roles.ask(rp.BODY, of_it[:n] + bad[n:n + 4] + of_it[n + 4:]))
        assert uploads(server)[f"hostile-digest-{n}.bin"] == 0
        again.close_fds()
    each(overwritten(whole, len(whole) - 39), check)


# ---- KEYS ----

def no_key(told):
    assert told.kind == rp.KEYS_ARE and told.stop == 1 and told.keys == []


def test_a_question_for_keys_that_is_not_whole_or_was_overwritten_gets_none(roles, anna):
    whole = rp.keys(fetch(roles, anna).ticket)
    each(shortened(whole) + overwritten(whole), lambda n, bad: no_key(roles.ask(rp.KEYS, bad)))
    assert len(roles.ask(rp.KEYS, whole).keys) == 1


# ---- SENT ----

@pytest.fixture(scope="module")
def gustav(server, files):
    doc = send(server, files[2:], "gustav@customer.test")
    who = Recipient(server, doc["recipients"][0]["link"], "gustav@customer.test").prove()
    who.number = doc["delivery"]
    return who


def report(told, *ranges):
    return rp.sent((1, 1, rp.WRITE, told.ticket, list(ranges)))


def arrived(server, who):
    return record(server, who)["files"][0]["sent_bytes"]


def test_a_report_that_is_not_whole_gets_no_word_and_counts_nothing(roles, server, gustav):
    """Without a word front asks again, and cuts after three seconds."""
    whole = report(fetch(roles, gustav), (0, 50), (60, 90))

    def check(n, bad):
        told = roles.ask(rp.SENT, bad)
        assert told.kind == rp.SENT_OK and told.stops == {}, n
    each(shortened(whole), check)
    assert arrived(server, gustav) == 0
    assert roles.ask(rp.SENT, whole).stops == {1: 0}
    wait_for(lambda: arrived(server, gustav) == 80)


def test_a_report_that_was_overwritten_lets_nothing_go_on_but_its_own(roles, server, gustav, files):
    """Number, sequence, what was given to TCP and what has arrived are front's to say: of its own transfer, never more than there is of it."""
    told = fetch(roles, gustav)
    whole = report(told, (0, 50), (60, 90))
    given = 4 + 12 + 4 + len(told.ticket)
    ranges = given + 16 + 4
    own = [(4, 12), (given, given + 16), (ranges + 8, ranges + 16), (ranges + 24, ranges + 32)]

    def check(n, bad):
        answer = roles.ask(rp.SENT, bad)
        assert answer.kind == rp.SENT_OK
        if is_within(n, own):
            assert answer.stops == {int.from_bytes(bad[4:8], "little"): 0}, n
        else:
            assert set(answer.stops.values()) <= {1}, n
    each(overwritten(whole), check)
    assert 80 <= arrived(server, gustav) <= files[2].stat().st_size


def test_the_figure_of_spoilt_messages(roles, anna):
    assert roles.app.process.poll() is None and fetch(roles, anna).status == 200
    scoreboard.system_figure("takeover, spoilt messages", f"{len(tried)} tried, 0 succeeded",
                      "messages cut off, lengthened and overwritten", "script/test (tests/system/test_81_spoilt_messages.py)")
    assert len(tried) > 1000
