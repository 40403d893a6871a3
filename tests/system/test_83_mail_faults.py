# SPDX-License-Identifier: AGPL-3.0-or-later
"""A relay's bad days, with a real postfix: nothing is lost, a notice that may have come twice has one Message-ID,
a code never comes twice, and history says what happened.

The server's wall clock is advanced (faketime.py), so that waits of minutes and hours take none; and egress is in a hurry, so
that the minutes it gives a relay for each command are seconds.
"""
import email
import email.policy
import os
import re
import ssl
import sys
import time

import pytest

import faketime
import geleit
from geleit import ROOT, Recipient, digits_of, sql, wait_for
from mailrig import MailRig
from smtpfault import VERBS, SmtpProxy

sys.path.insert(0, str(ROOT / "tests/lib"))
from scoreboard import system_figure  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="postfix needs root")
TRIED = set()       # faults, for the figure
SPEED = 15          # of egress: five minutes for a command are 20 s, ten after the final dot 40


@pytest.fixture(scope="module")
def rig():
    r = MailRig().start()
    yield r
    r.stop()


@pytest.fixture(scope="module")
def proxy(rig):
    p = SmtpProxy(rig)
    yield p
    p.close()


@pytest.fixture(scope="module")
def server(rig, proxy, cluster):
    from conftest import database
    s = geleit.Server(db=database(cluster), settings=[f"smtp.url={proxy.url()}", "smtp.from=versand@example.test",
                                                      f"smtp.ca={rig.ca}"])
    faketime.hurry_egress(s, SPEED)
    with faketime.around(s):
        s.start()
    s.clock = faketime.Clock(s)
    yield s
    s.remove()


@pytest.fixture(autouse=True)
def calm(request):
    """Every test begins with a relay that has no plans and a queue with nothing to do."""
    if "proxy" in request.fixturenames:
        p = request.getfixturevalue("proxy")
        p.plan.clear()
        p.held.clear()
        p.release.set()     # whom an earlier test left waiting
        p.release.clear()


def parsed(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def message_ids(rig, address):
    return [parsed(m)["Message-ID"] for m in rig.mails(address)]


def send(server, files, address, *more):
    return server.run("send", files[3], "--release", "cleared", "--to", address, *more)


def newest(server, address):
    return server.mails(address)[-1]


def in_state(server, address, state, nth=-1):
    return wait_for(lambda: (m := server.mails(address)[nth])["state"] == state and m, 120)


def is_wiped(server, mail):
    assert sql(server, "SELECT form FROM mail WHERE sealed IS NULL AND wrap IS NULL AND epoch IS NULL "
                       f"AND id = {mail['id']}") == [["wiped"]]
    return True


def kinds(server, doc):
    """Of a delivery's mails, in order."""
    return [k for k in geleit.events_of(server, doc["delivery"]) if k.startswith("mail.")]


def the_link_works(server, files, doc, address):
    r = Recipient(server, doc["recipients"][0]["link"], address)
    assert r.open().status == 303
    assert r.page().status == 200


# ---- what the relay says ----

@pytest.mark.parametrize("fault,state,said", [
    (("RCPT", "450 4.7.1 greylisted"), "deferred", "450 4.7.1 greylisted"),
    (("MAIL", "452 4.3.1 out of space"), "deferred", "452 4.3.1 out of space"),
    (("DATA", "451 4.3.0 busy"), "deferred", "451 4.3.0 busy"),
    (("DOT", "451 4.3.0 try again"), "deferred", "451 4.3.0 try again"),
    (("DOT", "421 4.3.2 closing"), "deferred", "421 4.3.2 closing"),
    (("AUTH", "454 4.7.0 temporary failure"), "deferred", "454 4.7.0"),
    (("EHLO", "421 4.3.2 busy"), "deferred", "421 4.3.2 busy"),
    (("RCPT", "550 5.1.1 no such recipient"), "failed", "550 5.1.1 no such recipient"),
    (("MAIL", "553 5.1.8 sender refused"), "failed", "553 5.1.8"),
    (("DOT", "554 5.7.1 content refused"), "failed", "554 5.7.1 content refused"),
], ids=lambda v: "-".join(v)[:9].replace(" ", "-") if isinstance(v, tuple) else "")
def test_a_relay_that_says_no(server, rig, proxy, files, fault, state, said):
    TRIED.add(fault)
    address = "no" + re.sub(r"\W", "", fault[0] + fault[1][:3] + state).lower() + "@customer.test"
    proxy.plan.append(fault)
    doc = send(server, files, address)
    mail = in_state(server, address, state)
    assert said in mail["reply"]
    assert rig.mails(address) == []
    if state == "failed":
        assert is_wiped(server, mail)
        assert server.run("delivery", doc["delivery"])["recipients"][0]["state"] == "undeliverable"
        assert kinds(server, doc) == ["mail.queued", "mail.failed"]
        return
    assert server.run("delivery", doc["delivery"])["recipients"][0]["mail"]["state"] == "deferred"
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address)) == 1
    assert kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.accepted"]
    the_link_works(server, files, doc, address)


# ---- connections that end ----

@pytest.mark.parametrize("verb", [v for v in VERBS if v not in ("BODY", "DOT")])
def test_cut_at(server, rig, proxy, files, verb):
    """Before the final dot the relay has nothing: the mail is sent again, and comes once."""
    TRIED.add((verb, "before"))
    address = f"cut-{verb.lower()}@customer.test"
    proxy.plan.append((verb, "before"))
    doc = send(server, files, address)
    mail = in_state(server, address, "deferred")
    assert mail["reply"]
    assert rig.mails(address) == []
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address)) == 1
    assert kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.accepted"]
    the_link_works(server, files, doc, address)


@pytest.mark.parametrize("verb", ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
def test_the_answer_is_lost_at(server, rig, proxy, files, verb):
    TRIED.add((verb, "after"))
    address = f"lost-{verb.lower()}@customer.test"
    proxy.plan.append((verb, "after"))
    doc = send(server, files, address)
    in_state(server, address, "deferred")
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address)) == 1
    assert kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.accepted"]


# Of a small mail all is out when the answer fails; or the relay has it, and is silent for longer than ten minutes.
DROPS = [("DOT", "after"), ("DOT", "before"), ("BODY", "before"), ("DOT", "hold")]


@pytest.mark.parametrize("verb,how", DROPS)
def test_a_notice_dropped_at_the_final_dot_is_repeated_once(server, rig, proxy, files, verb, how):
    """Nobody can know whether it was taken, so it may come twice, told apart by nothing."""
    TRIED.add((verb, how))
    copies = 1 if how == "before" else 2
    address = f"{verb.lower()}-{how}@customer.test"
    proxy.plan.append((verb, how))
    doc = send(server, files, address)
    mail = in_state(server, address, "unknown")
    assert "in time" in mail["reply"] if how == "hold" else mail["reply"]
    shown = server.run("delivery", doc["delivery"])["recipients"][0]
    assert shown["mail"]["state"] == "unknown" and shown["state"] == "pending"
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address, copies)) == copies
    assert len(set(message_ids(rig, address))) == 1
    assert kinds(server, doc) == ["mail.queued", "mail.unknown", "mail.accepted"]
    assert is_wiped(server, newest(server, address))


def test_a_notice_dropped_twice_stays_unknown(server, rig, proxy, files):
    """After a try that surely failed, too: only tries that may have arrived count."""
    address = "dot-twice@customer.test"
    proxy.plan += [("RCPT", "450 4.7.1 greylisted"), ("DOT", "after"), ("DOT", "after")]
    doc = send(server, files, address)
    in_state(server, address, "deferred")
    server.clock.advance(11)
    in_state(server, address, "unknown")
    server.clock.advance(40)
    wait_for(lambda: kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.unknown", "mail.unknown"])
    server.clock.advance(86400)
    send(server, files, "after-twice@customer.test")
    in_state(server, "after-twice@customer.test", "accepted")
    assert newest(server, address)["state"] == "unknown" and is_wiped(server, newest(server, address))
    assert len(message_ids(rig, address)) == 2 and len(set(message_ids(rig, address))) == 1
    # the sender, who sees it, makes a new link and tells it himself
    link = server.run("recipient", "link", doc["delivery"], address)["link"]
    assert Recipient(server, link, address).open().status == 303


# ---- codes ----

def arrived(server, rig, files, address):
    """A recipient who is at the page that asks for the code; and how many mails he has."""
    doc = send(server, files, address)
    rig.wait(address)
    in_state(server, address, "accepted")
    r = Recipient(server, doc["recipients"][0]["link"], address)
    assert r.open().status == 303
    return r, doc


@pytest.mark.parametrize("verb,how", DROPS)
def test_a_code_dropped_at_the_final_dot_is_never_sent_again(server, rig, proxy, files, verb, how):
    copies = 0 if how == "before" else 1
    address = f"code-{verb.lower()}-{how}@customer.test"
    r, doc = arrived(server, rig, files, address)
    proxy.plan.append((verb, how))
    assert r.ask_code().status == 303
    mail = in_state(server, address, "unknown")
    assert is_wiped(server, mail)
    server.clock.advance(60)
    # a second one is a new one, and comes; the first has not come again before it
    if copies:
        first = digits_of(rig.wait(address, 2)[1])
    assert r.ask_code().status == 303
    in_state(server, address, "accepted")
    codes = [digits_of(m) for m in rig.wait(address, 2 + copies)[1:]]
    assert len(codes) == 1 + copies and len(set(message_ids(rig, address))) == 2 + copies
    if copies:
        assert codes[0] == first and r.verify(first).status == 422     # the newest alone counts
    assert r.verify(codes[-1]).status == 303
    assert kinds(server, doc).count("mail.unknown") == 1


def test_a_code_that_came_though_its_answer_was_lost_is_good(server, rig, proxy, files):
    address = "code-good@customer.test"
    r, _ = arrived(server, rig, files, address)
    proxy.plan.append(("DOT", "after"))
    r.ask_code()
    in_state(server, address, "unknown")
    assert r.verify(digits_of(rig.wait(address, 2)[1])).status == 303


@pytest.mark.parametrize("verb", ["CONNECT", "RCPT", "DATA"])
def test_a_code_cut_before_the_final_dot_comes_once(server, rig, proxy, files, verb):
    address = f"code-cut-{verb.lower()}@customer.test"
    r, doc = arrived(server, rig, files, address)
    proxy.plan.append((verb, "before"))
    r.ask_code()
    in_state(server, address, "deferred")
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address, 2)) == 2
    assert r.verify(digits_of(rig.mails(address)[1])).status == 303
    assert kinds(server, doc)[-2:] == ["mail.deferred", "mail.accepted"]


# ---- our own processes die while the relay has the mail ----

@pytest.mark.parametrize("role,seconds", [("egress", 11), ("worker", 301)])
def test_a_role_dies_with_a_notice_on_its_way(server, rig, proxy, files, role, seconds):
    TRIED.add(("DOT", "kill " + role))
    address = f"dies-{role}@customer.test"
    proxy.plan.append(("DOT", "hold"))
    doc = send(server, files, address)
    assert proxy.held.wait(20)
    server.kill(role)
    proxy.release.set()
    if role == "egress":
        in_state(server, address, "unknown")
    wait_for(lambda: server.roles(role))
    server.clock.advance(seconds)
    in_state(server, address, "accepted")
    assert len(rig.wait(address, 2)) == 2 and len(set(message_ids(rig, address))) == 1
    assert kinds(server, doc) == ["mail.queued", *["mail.unknown"] * (role == "egress"), "mail.accepted"]


@pytest.mark.parametrize("role,seconds", [("egress", 0), ("worker", 301)])
def test_a_role_dies_with_a_code_on_its_way(server, rig, proxy, files, role, seconds):
    address = f"code-dies-{role}@customer.test"
    r, doc = arrived(server, rig, files, address)
    proxy.plan.append(("DOT", "hold"))
    r.ask_code()
    assert proxy.held.wait(20)
    server.kill(role)
    proxy.release.set()
    wait_for(lambda: server.roles(role))
    server.clock.advance(seconds)
    assert is_wiped(server, in_state(server, address, "unknown"))
    server.clock.advance(301)
    r.ask_code()
    in_state(server, address, "accepted")
    assert len(rig.wait(address, 3)) == 3 and len(set(message_ids(rig, address))) == 3
    assert kinds(server, doc).count("mail.unknown") == 1


# ---- down for an hour ----

def schedule(server, address, hours):
    """Advance until nothing is due within that time; the seconds between one try and the next."""
    waits = []
    end = server.clock.seconds + hours * 3600
    while True:
        row = sql(server, f"SELECT due_us, settled_us, tries, state FROM mail WHERE address = '{address}'")[0]
        due, settled, tries = map(int, row[:3])
        if row[3] != "deferred":
            return waits
        waits.append(round((due - settled) / 1e6))
        if server.clock.seconds + waits[-1] > end:
            return waits
        server.clock.advance(waits[-1] + 1)
        wait_for(lambda: sql(server, f"SELECT tries, lease_until_us IS NULL FROM mail WHERE address = '{address}'")[0][0]
                 == str(tries + 1) and sql(server, f"SELECT settled_us FROM mail WHERE address = '{address}'")[0][0] != row[1])


def test_down_for_an_hour(server, rig, proxy, files):
    TRIED.add(("relay", "down for an hour"))
    who = [f"hour{i}@customer.test" for i in range(3)]
    r, code_doc = arrived(server, rig, files, "hour-code@customer.test")
    rig.postfix("stop")
    try:
        docs = [send(server, files, a) for a in who]
        r.ask_code()
        for a in who:
            assert in_state(server, a, "deferred")["reply"]
        in_state(server, "hour-code@customer.test", "deferred")
        waits = schedule(server, who[0], 1)
        assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1800]
        # a code is of no use after its ten minutes, and is not kept
        assert is_wiped(server, in_state(server, "hour-code@customer.test", "failed"))
        gone = send(server, files, "hour-revoked@customer.test")
        in_state(server, "hour-revoked@customer.test", "deferred")
        server.run("revoke", gone["delivery"])
    finally:
        rig.postfix("start")
    server.clock.advance(1801)
    for a, doc in zip(who, docs):
        in_state(server, a, "accepted")
        assert len(rig.wait(a)) == 1
        the_link_works(server, files, doc, a)
        told = kinds(server, doc)
        assert told[0] == "mail.queued" and told[-1] == "mail.accepted" and set(told[1:-1]) == {"mail.deferred"}
        tries = int(sql(server, f"SELECT tries FROM mail WHERE address = '{a}'")[0][0])
        assert len(told) == tries + 1       # every try has its event
    assert len(rig.mails("hour-code@customer.test")) == 1       # the notice, and no code
    # what was revoked meanwhile tells nobody anything
    mail = in_state(server, "hour-revoked@customer.test", "failed")
    assert mail["reply"] == "revoked or over before it was sent" and is_wiped(server, mail)
    assert rig.mails("hour-revoked@customer.test") == []


def test_after_five_days_it_has_failed(server, rig, proxy, files):
    rig.postfix("stop")
    try:
        doc = send(server, files, "days@customer.test")
        in_state(server, "days@customer.test", "deferred")
        server.clock.advance(5 * 86400 - 5)
        assert is_wiped(server, in_state(server, "days@customer.test", "failed"))
    finally:
        rig.postfix("start")
    assert kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.failed"]
    assert server.run("delivery", doc["delivery"])["recipients"][0]["state"] == "undeliverable"


# ---- a relay that is slow or hostile ----

@pytest.mark.parametrize("verb,seconds", [("EACH", 3), ("DOT", 20)])
def test_a_slow_relay(server, rig, proxy, files, verb, seconds):
    """It takes most of a minute for every command, or five after the final dot: the mail is sent once."""
    TRIED.add(("slow", verb))
    address = f"slow-{verb.lower()}@customer.test"
    proxy.plan.append((verb, seconds))
    proxy.seen.clear()
    doc = send(server, files, address)
    in_state(server, address, "accepted")
    assert len(rig.wait(address)) == 1 and proxy.seen.count("DOT") == 1
    assert kinds(server, doc) == ["mail.queued", "mail.accepted"]


def endless(sock):
    with sock:
        sock.sendall(b"220 mail.example.test ESMTP\r\n")
        sock.recv(4096)
        while True:
            sock.sendall(b"250-and another thing\r\n" * 400)


def long_line(sock):
    with sock:
        sock.sendall(b"220 mail.example.test ESMTP\r\n")
        sock.recv(4096)
        sock.sendall(b"250-" + b"x" * 30_000_000 + b"\r\n250 STARTTLS\r\n")


def garbage(sock):
    with sock:
        sock.sendall(bytes(range(256)) * 300)


def no_tls(sock):
    """Says yes to STARTTLS and then speaks no TLS."""
    with sock:
        sock.sendall(b"220 mail.example.test ESMTP\r\n")
        sock.recv(4096)
        sock.sendall(b"250-mail.example.test\r\n250 STARTTLS\r\n")
        sock.recv(4096)
        sock.sendall(b"220 go ahead\r\nthis is no handshake" + b"\0" * 2000)


def no_starttls(sock):
    with sock:
        sock.sendall(b"220 mail.example.test ESMTP\r\n")
        sock.recv(4096)
        sock.sendall(b"250-mail.example.test\r\n250 AUTH PLAIN LOGIN\r\n")
        assert b"AUTH" not in sock.recv(4096)


def bad_certificate(rig):
    def serve(sock):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(rig.d / "other.crt", rig.d / "other.key")
        sock.sendall(b"220 mail.example.test ESMTP\r\n")
        sock.recv(4096)
        sock.sendall(b"250-mail.example.test\r\n250 STARTTLS\r\n")
        sock.recv(4096)
        sock.sendall(b"220 go ahead\r\n")
        with context.wrap_socket(sock, server_side=True) as tls:
            assert tls.recv(4096) == b""
    return serve


def drip(sock):
    """One byte a second: it never gets to the end of its greeting in time."""
    with sock:
        for b in b"220 " + b"m" * 500 + b"\r\n":
            sock.sendall(bytes([b]))
            time.sleep(1)


def silent(sock):
    """Takes the connection and says nothing."""
    with sock:
        sock.recv(1)


# libcurl 7.88 ends an endless reply by its length, 8.14 leaves it to the time
HOSTILE = {"endless": (endless, "Too large|in time"), "long-line": (long_line, ""), "garbage": (garbage, ""), "no-tls": (no_tls, "TLS"),
           "no-starttls": (no_starttls, "TLS"), "bad-certificate": (None, "certificate"), "drip": (drip, "in time"),
           "silent": (silent, "in time")}


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{pid}/status").read()).group(1)) << 10


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_relay(server, rig, proxy, files, name):
    """It costs one try: no crash, no memory, no password, and the next relay gets the mail."""
    TRIED.add(("hostile", name))
    play, said = HOSTILE[name]
    egress = server.roles("egress")
    address = f"hostile-{name}@customer.test"
    proxy.plan.append(play or bad_certificate(rig))
    doc = send(server, files, address)
    mail = wait_for(lambda: (m := newest(server, address))["state"] != "queued" and m, 120)
    assert mail["state"] == "deferred" and re.search(said, mail["reply"]) and mail["reply"].isprintable()
    assert "secret" not in mail["reply"] and len(mail["reply"]) <= 1000
    assert server.roles("egress") == egress and all(peak(p) < 64 << 20 for p in egress)
    server.clock.advance(11)
    in_state(server, address, "accepted")
    assert len(rig.wait(address)) == 1
    assert kinds(server, doc) == ["mail.queued", "mail.deferred", "mail.accepted"]


def test_nothing_is_left_over(server, rig):
    """Last: every mail has come to an end, no secret of one is kept, and every effect has its event."""
    rows = sql(server, "SELECT state, form, count(*) FROM mail GROUP BY state, form")
    assert {tuple(r[:2]) for r in rows} <= {(s, "wiped") for s in ("accepted", "failed", "unknown")}
    count = lambda what, table, where: int(sql(server, f"SELECT {what} FROM {table} WHERE {where}")[0][0])
    for state in ("accepted", "failed"):
        assert count("count(*)", "mail", f"state = '{state}'") == count("count(*)", "event", f"kind = 'mail.{state}'")
    assert count("count(*)", "mail", "1 = 1") == count("count(*)", "event", "kind = 'mail.queued'")
    assert server.run("fsck")["ok"]
    if len(TRIED) > 30:
        system_figure("mail faults", len(TRIED), "faults of a relay tried, 0 mails lost, 0 codes sent twice",
               "pytest tests/system/test_83_mail_faults.py")
