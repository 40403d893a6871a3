# SPDX-License-Identifier: AGPL-3.0-or-later
"""Access: what a key may and for how long, what ends it, what guessing gets, what a dead link tells."""
import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from conftest import database
from geleit import BUILD, ROOT, Recipient, Server, Staff, events_of, sql, text_of, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))

PASSWORD = "correct horse battery"


def bearer(key):
    return {"Authorization": "Bearer " + key}


@pytest.fixture(scope="module")
def admin(server):
    return Staff(server).enrol(server.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")


def invite(admin, address, role):
    """On a slow machine the file takes longer than a proof lasts, so it is given anew."""
    assert admin.post("/step-up", password="correct horse battery").status == 200
    a = admin.request("POST", "/api/v1/people", {"name": "Ben", "address": address, "role": role})
    assert a.status == 201, a.text
    return a.json()["person"]["id"], a.json()["link"].split("token=")[1]


def make_key(server, by, **members):
    """The whole answer of asking for a key with this key."""
    return server.api("POST", "/api/v1/keys", {"name": "k", **members}, bearer(by))


# ---- keys ----

def test_a_key_follows_the_role_of_its_person_at_once(server, admin):
    person, token = invite(admin, "rang@geleit.example", "administrator")
    key = Staff(server).enrol(token).request("POST", "/api/v1/keys", {"name": "CI", "scopes": ["all"]}).json()["key"]
    may = {"administrator": (200, 400, 400, 200), "editor": (200, 400, 400, 403), "sender": (200, 403, 400, 403),
           "viewer": (200, 403, 403, 403)}
    for role in ("administrator", "viewer", "sender", "editor", "administrator"):
        assert admin.request("PATCH", f"/api/v1/people/{person}", {"role": role}).status == 200
        got = tuple(server.request(m, p, b, {**bearer(key), "Content-Type": "application/json"}).status for m, p, b in
                    (("GET", "/api/v1/assets", None), ("POST", "/api/v1/assets/bulk", "{}"), ("POST", "/api/v1/deliveries", "{}"),
                     ("GET", "/api/v1/people", None)))
        assert got == may[role], role


def test_an_expired_key_is_dead_and_listed_with_its_date(server, admin):
    made = make_key(server, server.key(), scopes=["read"], expires="1m").json()
    row = next(k for k in server.api("GET", "/api/v1/keys").json() if k["id"] == made["id"])
    assert row["expires"] and not row["revoked"] and row["used"] is None
    assert server.request("GET", "/api/v1/assets", None, bearer(made["key"])).status == 200
    sql(server, f"UPDATE api_key SET expires_us = 1 WHERE id = {made['id']}")
    dead = server.request("GET", "/api/v1/assets", None, bearer(made["key"]))
    unknown = server.request("GET", "/api/v1/assets", None, bearer(made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B")))
    assert dead.status == unknown.status == 401 and dead.body == unknown.body
    for odd in ("2020-01-01", "yesterday", "-1d", 7):
        assert make_key(server, server.key(), scopes=["read"], expires=odd).status == 400, odd


def test_a_key_makes_none_that_may_more_or_lives_longer(server, admin):
    some = make_key(server, server.key(), scopes=["admin", "read"], expires="2h").json()["key"]
    for members, code in (({"scopes": ["all"]}, "scope"), ({"scopes": ["read", "send"]}, "scope"), ({"scopes": ["read"], "expires": "3h"}, "expiry")):
        a = make_key(server, some, **members)
        assert a.status == 403 and a.json()["code"] == code, members
    for members in ({"scopes": ["read"]}, {"scopes": ["read"], "expires": "1h"}):
        child = make_key(server, some, **members).json()["id"]
        ends = {k["id"]: k["expires"] for k in server.api("GET", "/api/v1/keys").json()}
        parent = max(filter(None, ends.values()))
        assert ends[child] and ends[child] <= parent


def test_a_key_makes_no_person_who_may_more(server, admin):
    """`admin` alone was once as good as everything: invite an administrator, sign in as him."""
    alone = make_key(server, server.key(), scopes=["admin"]).json()["key"]
    person, _ = invite(admin, "unten@geleit.example", "viewer")
    boss = next(p["id"] for p in server.api("GET", "/api/v1/people").json() if p["role"] == "administrator")
    for method, path, body in (("POST", "/api/v1/people", {"name": "X", "address": "x@geleit.example", "role": "administrator"}),
                               ("PATCH", f"/api/v1/people/{person}", {"role": "administrator"}),
                               ("PATCH", f"/api/v1/people/{boss}", {"address": "mine@geleit.example"}),
                               ("POST", f"/api/v1/people/{boss}/reset", None), ("POST", f"/api/v1/people/{person}/reset", None)):
        a = server.api(method, path, body, bearer(alone))
        assert a.status == 403 and a.json()["code"] == "scope", (method, path, a.text)
    reader = make_key(server, server.key(), scopes=["admin", "read"]).json()["key"]
    assert server.api("POST", f"/api/v1/people/{person}/reset", None, bearer(reader)).status == 200


def test_a_list_shows_no_secret(server):
    made = make_key(server, server.key(), scopes=["read"]).json()
    text = server.api("GET", "/api/v1/keys").text
    assert made["id"] in text and made["key"] not in text and made["key"].rsplit("_", 1)[1] not in text
    rows = "".join("".join(r) for r in sql(server, "SELECT name, scopes FROM api_key"))
    assert made["key"].rsplit("_", 1)[1] not in rows


def test_a_storm_of_requests_writes_the_last_use_once(server):
    made = make_key(server, server.key(), scopes=["read"]).json()
    stamp = f"SELECT used_us FROM api_key WHERE id = {made['id']}"
    assert server.request("GET", "/api/v1/status", None, bearer(made["key"])).status == 200
    first = sql(server, stamp)
    threads = [threading.Thread(target=lambda: [server.request("GET", "/api/v1/status", None, bearer(made["key"])) for _ in range(10)])
               for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sql(server, stamp) == first and int(first[0][0]) > 0
    sql(server, f"UPDATE api_key SET used_us = used_us - 61000000 WHERE id = {made['id']}")
    server.request("GET", "/api/v1/status", None, bearer(made["key"]))
    assert sql(server, stamp) != first


def slow_patch(server, where, key, seconds):
    """One PATCH that goes on: an answer that comes before its end, or None when it was taken to the end."""
    host = ssl.create_default_context(cafile=str(server.dir / "tls/cert.pem"))
    with socket.create_connection(("localhost", server.port), 30) as plain, host.wrap_socket(plain, server_hostname="localhost") as s:
        s.sendall((f"PATCH {where} HTTP/1.1\r\nHost: localhost:{server.port}\r\nAuthorization: Bearer {key}\r\nTus-Resumable: 1.0.0\r\n"
                   f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {8 << 20}\r\n\r\n").encode())
        yield None
        end = time.monotonic() + seconds
        s.settimeout(0.2)
        while time.monotonic() < end:
            try:
                s.sendall(b"x" * 1000)
                said = s.recv(4000)
                yield said.decode()
                return
            except TimeoutError:
                continue
            except OSError as e:
                yield str(e)
                return
        yield ""


def test_an_upload_ends_with_its_key(server):
    """However long its one request is: what the key sent before counts, nothing after it."""
    made = make_key(server, server.key(), scopes=["upload"]).json()
    a = server.request("POST", "/api/v1/uploads", None, {**bearer(made["key"]), "Tus-Resumable": "1.0.0", "Upload-Length": str(8 << 20)})
    where = urllib.parse.urlsplit(a.headers["Location"]).path
    going = slow_patch(server, where, made["key"], 30)
    next(going)
    committed = f"SELECT committed FROM upload WHERE person_id = (SELECT person_id FROM api_key WHERE id = {made['id']}) ORDER BY created_us DESC"
    said = {}
    thread = threading.Thread(target=lambda: said.update(text=next(going)))
    thread.start()
    wait_for(lambda: int(sql(server, committed)[0][0]) > 0, 20)
    assert server.api("DELETE", f"/api/v1/keys/{made['id']}").status == 204
    at = int(sql(server, committed)[0][0])
    thread.join(40)
    assert said["text"].startswith("HTTP/1.1 401 "), said
    assert int(sql(server, committed)[0][0]) == at


def test_asking_for_a_link_takes_the_same_time_for_everybody(server):
    """It is the answer's time that would tell who got something: no answer comes before its second is over."""
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "uhr@customer.test")
    mails = "SELECT count(*) FROM mail WHERE kind = 'delivery'"
    before = int(sql(server, mails)[0][0])
    for address, more in (("fremd@customer.test", 0), ("uhr@customer.test", 1)):
        began = time.monotonic()
        a = server.request("POST", "/r/new-link", f"number={sent['delivery']}&address={address}",
                           {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"})
        assert a.status == 200 and time.monotonic() - began >= 0.99, a.text
        assert int(sql(server, mails)[0][0]) == before + more


@pytest.fixture()
def many_tries(server):
    """As many tries for one code as the settings allow: an hour has ten codes, and a hundred wrong ones are wanted."""
    setting = "/api/v1/settings"
    assert server.api("PATCH", setting, {"limits.code_tries": "20"}).status == 200
    yield 20
    assert server.api("PATCH", setting, {"limits.code_tries": None}).status == 200


def use_up(who, tries):
    """Every code that he can have, each with wrong tries alone, until there is none: the refusal, and how many tries."""
    assert who.open().status == 303
    csrf, wrong, mails = who.csrf(), 0, 0
    while (asked := who.ask_code()).status == 303:
        code, mails = int(who.server.code_for(who.address, mails)), mails + 1
        forms = [urllib.parse.urlencode({"code": f"{(code + n) % 1000000:06d}", "csrf": csrf}) for n in range(1, tries + 1)]
        told = [who.request("POST", who.path + "/verify", form).status for form in forms]
        assert told == [422] * (tries - 1) + [429]
        wrong += tries
    return asked, wrong


def links_mailed(server, address):
    """In the order of the mails."""
    mails = [m["id"] for m in server.mails(address) if "ode" not in m["subject"] and m["state"] == "not_sent"]
    show = [str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "outbox", "show"]
    texts = [subprocess.run([*show, m], capture_output=True, check=True, timeout=30).stdout for m in mails]
    return [re.search(re.escape(server.url) + r"/r/[A-Za-z0-9_-]{43}", text_of(t)).group(0) for t in texts]


def new_link(server, by, number, address):
    """Asked for by the one who sent, or, with no more than number and address, by the one who is to get."""
    if by == "the sender":
        a = server.api("POST", f"/api/v1/deliveries/{number}/link", {"address": address, "mail": False},
                       {"Content-Type": "application/json"})
        assert a.status == 200, a.text
        return a.json()["link"]
    before = len(links_mailed(server, address))
    a = server.request("POST", "/r/new-link", urllib.parse.urlencode({"number": number, "address": address}),
                       {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"})
    assert a.status == 200, a.text
    return wait_for(lambda: links_mailed(server, address)[before:])[-1]


@pytest.mark.parametrize("by", ["the sender", "the recipient"])
def test_a_new_link_helps_whoever_was_kept_out(server, many_tries, by):
    """A stranger with the old link uses up every code; a new link, and the recipient goes on."""
    address = by.replace(" ", "-") + "-opfer@customer.test"
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", address)
    stranger = Recipient(server, sent["recipients"][0]["link"], address)
    refused, wrong = use_up(stranger, many_tries)
    assert wrong == 100 and refused.status == 429 and "/r/new-link" in refused.text and "ab ." not in refused.text
    also = Recipient(server, sent["recipients"][0]["link"], address)
    assert also.open().status == 303 and also.ask_code().status == 429
    right = Recipient(server, new_link(server, by, sent["delivery"], address), address).prove()
    assert right.request("GET", right.path + "/file/1").body == (ROOT / "LICENSE").read_bytes()
    assert stranger.page().status in (200, 303, 404) and "/file/1" not in stranger.page().text
    assert stranger.open().status == 200        # the old link opens nothing


# ---- guessing ----

class Source:
    """Somebody at an address of his own; each request on a connection of its own, sent now and read when asked."""

    def __init__(self, server, address):
        self.server, self.address = server, address

    def send(self, method, path, headers, body=None):
        c = http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context(), timeout=150,
                                        source_address=(self.address, 0))
        c.request(method, path, body, headers)
        return c

    def ask(self, method, path, headers, body=None):
        with contextlib.closing(self.send(method, path, headers, body)) as c:
            a = c.getresponse()
            return a.status, a.read()

    def sign_in(self, address, password):
        return self.ask("POST", "/api/v1/session", {"Origin": self.server.url, "Content-Type": "application/json"},
                        json.dumps({"address": address, "password": password}))


def is_waiting(connection):
    connection.sock.setblocking(False)
    try:
        return connection.sock.recv(1) is None      # something came
    except ssl.SSLWantReadError:
        return True
    finally:
        connection.sock.settimeout(150)


@pytest.fixture(scope="module")
def one_front(cluster):
    """Each front counts for itself: one makes what is counted known."""
    s = Server(db=database(cluster), settings=["server.fronts=1"]).start()
    yield s
    s.remove()


@pytest.fixture(scope="module")
def its_admin(one_front):
    return Staff(one_front).enrol(one_front.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")


@pytest.mark.parametrize("kind,network", [("key", 21), ("cookie", 22)])
def test_a_wrong_credential_is_told_late_and_a_right_one_never(one_front, its_admin, kind, network):
    """Twenty are free.  Then the refusals wait, and nothing else: not a right key, cookie or password of the same network."""
    wrong = {"Authorization": "Bearer geleit_7391829012345678_" + "A" * 43} if kind == "key" else {"Cookie": "__Host-geleit-s=" + "B" * 43}
    here, elsewhere = Source(one_front, f"127.0.{network}.9"), Source(one_front, f"127.0.{network + 100}.9")
    told = {here.ask("GET", "/api/v1/assets", wrong) for _ in range(20)}
    assert len(told) == 1 and next(iter(told))[0] == 401
    late = [here.send("GET", "/api/v1/assets", wrong) for _ in range(30)]
    assert here.ask("GET", "/api/v1/assets", bearer(one_front.key()))[0] == 200
    assert here.ask("GET", "/api/v1/session", {"Cookie": "__Host-geleit-s=" + its_admin.cookie})[0] == 200
    assert elsewhere.ask("GET", "/api/v1/assets", wrong)[0] == 401
    assert is_waiting(late[-1])
    assert here.sign_in("anna@geleit.example", PASSWORD)[0] == 200
    for c in late[:-1]:                         # who goes away while he waits is forgotten
        c.close()
    a = late[-1].getresponse()
    assert (a.status, a.read()) in told
    late[-1].close()


class Guess:
    """One kind of secret: what a stranger types, what the right one types, and what each is told."""

    def __init__(self, path, wrong, refusals, right, passes):
        self.path, self.wrong, self.refusals, self.right, self.passes = path, wrong, refusals, right, passes


def form_of(server, **fields):
    return {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode(fields)


def json_of(server, cookies=None, csrf=None, **members):
    headers = {"Origin": server.url, "Content-Type": "application/json", **({"Geleit-CSRF": csrf} if csrf else {})}
    return {**headers, **({"Cookie": cookies} if cookies else {})}, json.dumps(members)


def guess_link(server, admin):
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "raten@customer.test")
    token = sent["recipients"][0]["link"].rsplit("/", 1)[1]
    return Guess("/r/open", form_of(server, token="A" * 43), {200}, form_of(server, token=token), 303)


def guess_one_time_link(server, admin):
    token = invite(admin, "raten-link@geleit.example", "viewer")[1]
    return Guess("/api/v1/session/link", json_of(server, token="A" * 43), {401}, json_of(server, token=token), 200)


def guess_mail_code(server, admin):
    """Both have the link; each has a session and a code of his own."""
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "raten-code@customer.test")
    typed = []
    for n in range(2):
        who = Recipient(server, sent["recipients"][0]["link"], "raten-code@customer.test")
        assert who.open().status == 303 and who.ask_code().status == 303
        code = int(server.code_for(who.address, n))
        headers, body = form_of(server, code=f"{(code + 1 - n) % 1000000:06d}", csrf=who.csrf())
        typed.append(({**headers, "Cookie": "__Host-geleit-r=" + who.cookie}, body))
    return Guess(who.path + "/verify", typed[0], {422, 429}, typed[1], 303)


def guess_second_factor(server, admin, address, wrong, right):
    """Both have the password; the owner in a browser that he has used before."""
    owner = Staff(server).enrol(invite(admin, address, "viewer")[1])
    typed = []
    for known, members in ((None, wrong), (owner.known, right(owner))):
        who = Staff(server)
        who.known = known
        assert who.post("", address=address, password=PASSWORD).status == 200
        cookies = f"__Host-geleit-s={who.cookie}" + (f"; __Host-geleit-known={known}" if known else "")
        typed.append(json_of(server, cookies, who.csrf, **members))
    return Guess("/api/v1/session/totp", typed[0], {401, 429}, typed[1], 200)


def guess_authenticator(server, admin):
    return guess_second_factor(server, admin, "raten-totp@geleit.example", {"code": "000000"},
                               lambda owner: {"code": owner.code(1)})


def guess_recovery_code(server, admin):
    return guess_second_factor(server, admin, "raten-rest@geleit.example", {"recovery": "A" * 10},
                               lambda owner: {"recovery": owner.recovery[0]})


GUESSES = [guess_link, guess_one_time_link, guess_mail_code, guess_authenticator, guess_recovery_code]


@pytest.mark.parametrize("secret", GUESSES, ids=lambda f: f.__name__[6:])
def test_whatever_a_network_tries_too_often_it_waits_and_no_other_does(one_front, its_admin, secret):
    """Twenty are free.  Then they wait, and meanwhile a right one of the network beside it is not refused, nor does it wait."""
    g, network = secret(one_front, its_admin), 41 + 2 * GUESSES.index(secret)
    here, elsewhere = Source(one_front, f"127.0.{network}.9"), Source(one_front, f"127.0.{network + 1}.9")
    assert {here.ask("POST", g.path, *g.wrong)[0] for _ in range(20)} <= g.refusals
    late = [here.send("POST", g.path, *g.wrong) for _ in range(30)]
    began = time.monotonic()
    assert elsewhere.ask("POST", g.path, *g.right)[0] == g.passes
    assert is_waiting(late[-1])
    for c in late[:-1]:
        c.close()
    assert late[-1].getresponse().status in g.refusals and time.monotonic() - began > 4
    late[-1].close()


def test_wrong_passwords_keep_nobody_out(one_front, its_admin):
    """However many: six of a network wait to be computed, who comes from another one is next after them."""
    here, elsewhere = Source(one_front, "127.0.31.9"), Source(one_front, "127.0.32.9")
    late = [here.send("POST", "/api/v1/session", {"Origin": one_front.url, "Content-Type": "application/json"},
                      json.dumps({"address": "anna@geleit.example", "password": "wrong"})) for _ in range(36)]
    assert elsewhere.sign_in("anna@geleit.example", PASSWORD)[0] == 200
    assert {c.getresponse().status for c in late} == {401, 429}
    wait_for(lambda: here.sign_in("anna@geleit.example", PASSWORD)[0] == 200, 60)
    for c in late:
        c.close()


def test_who_stole_a_password_uses_up_the_codes_of_strangers(server, admin):
    """The authenticator rests for browsers nobody knows; the owner's own goes on, and a recovery code works everywhere."""
    _, token = invite(admin, "bestohlen@geleit.example", "editor")
    owner = Staff(server).enrol(token)
    assert owner.known

    def with_password(known=None):
        s = Staff(server)
        s.known = known
        assert s.post("", address="bestohlen@geleit.example", password=PASSWORD).status == 200
        return s
    thief = with_password()
    told = [thief.post("/totp", code="000000") for _ in range(21)]
    assert [a.status for a in told] == [401] * 20 + [429] and told[-1].json()["code"] == "too-many-tries"
    assert with_password("C" * 43).post("/totp", code=owner.code(1)).status == 429          # one he made up is none
    assert with_password(admin.known).post("/totp", code=owner.code(1)).status == 429       # nor another person's
    again = with_password(owner.known)
    assert again.post("/totp", code="000000").status == 401
    assert again.post("/totp", code=owner.code(1)).status == 200 and again.known == owner.known
    assert with_password().post("/totp", recovery=owner.recovery[0]).status == 200


def test_a_known_browser_has_twenty_tries_and_no_more(server, admin):
    person, token = invite(admin, "bekannt@geleit.example", "editor")
    owner = Staff(server).enrol(token)
    here = Staff(server)
    here.known = owner.known
    assert here.post("", address="bekannt@geleit.example", password=PASSWORD).status == 200
    assert [here.post("/totp", code="000000").status for _ in range(21)] == [401] * 20 + [429]
    assert here.post("/totp", code=owner.code(1)).status == 429
    elsewhere = Staff(server)
    assert elsewhere.post("", address="bekannt@geleit.example", password=PASSWORD).status == 200
    assert elsewhere.post("/totp", code=owner.code(1)).status == 200
    assert sql(server, f"SELECT count(*) FROM known_browser WHERE person_id = {person}") == [["2"]]
    assert admin.request("POST", f"/api/v1/people/{person}/reset").status == 200
    assert sql(server, f"SELECT count(*) FROM known_browser WHERE person_id = {person}") == [["0"]]


# ---- what an end ends ----

def test_a_reset_ends_keys_too(server, admin):
    person, token = invite(admin, "neu@geleit.example", "administrator")
    owner = Staff(server).enrol(token)
    keys = [owner.request("POST", "/api/v1/keys", {"name": n, "scopes": ["all"]}).json()["key"] for n in ("one", "two")]
    # asked for with one of them, that one stays: whoever is locked out lets himself in with it
    assert server.api("POST", f"/api/v1/people/{person}/reset", None, bearer(keys[0])).status == 200
    assert [server.request("GET", "/api/v1/assets", None, bearer(k)).status for k in keys] == [200, 401]
    assert owner.request("GET", "/api/v1/session").status == 401
    assert admin.request("POST", f"/api/v1/people/{person}/reset").status == 200
    assert [server.request("GET", "/api/v1/assets", None, bearer(k)).status for k in keys] == [401, 401]


def at_once(n, act):
    """n times at the same time; what each gave."""
    gate, told = threading.Barrier(n), []

    def one():
        gate.wait()
        told.append(act())
    threads = [threading.Thread(target=one) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return told


def test_what_is_revoked_twice_is_revoked_once(server, admin):
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "a@customer.test", "--to", "b@customer.test")
    path = f"/api/v1/deliveries/{sent['delivery']}/revoke"
    for body, kind in (({"recipient": "a@customer.test", "reason": "one"}, "recipient.revoked"), ({"reason": "two"}, "delivery.revoked"),
                       ({"recipient": "b@customer.test"}, "recipient.revoked")):
        assert {a.status for a in at_once(6, lambda b=body: server.api("POST", path, b))} == {200}
        assert server.api("POST", path, {**body, "reason": "again"}).status == 200
        assert events_of(server, sent["delivery"]).count(kind) == 1, kind
    told = server.run("delivery", sent["delivery"])
    assert told["revoke_reason"] == "two" and {r["address"]: r["revoke_reason"] for r in told["recipients"]}["a@customer.test"] == "one"


def test_a_person_who_is_disabled_twice_is_disabled_once(server, admin):
    person, _ = invite(admin, "aus@geleit.example", "viewer")
    changes = "SELECT count(*) FROM event WHERE kind = 'person.changed'"
    before = int(sql(server, changes)[0][0])
    for body in ({"disabled": True}, {"disabled": True}, {"role": "viewer"}, {"disabled": True, "name": "Ben"}):
        assert admin.request("PATCH", f"/api/v1/people/{person}", body).status == 200
    assert int(sql(server, changes)[0][0]) == before + 1


@pytest.fixture(scope="module")
def large(server, tmp_path_factory):
    """A file that the buffers between us do not hold: its address and its bytes."""
    path = tmp_path_factory.mktemp("large") / "large.bin"
    path.write_bytes(os.urandom(48 << 20))
    row = server.run("upload", path)["files"][0]
    return f"/api/v1/assets/{row['asset']}/versions/{row['version']}/content", 48 << 20


def slowly(answer, pause=0.02):
    """How many more bytes come, taken so slowly that an end is seen long before the last one."""
    n = 0
    try:
        while got := answer.read(65536):
            n += len(got)
            time.sleep(pause)
    except (OSError, http.client.IncompleteRead):
        pass
    return n


@pytest.mark.parametrize("how", ["key revoked", "key expired", "signed out", "session idle", "person disabled", "person reset"])
def test_a_running_download_of_staff_ends_with_what_began_it(server, admin, large, how):
    path, size = large
    person, token = invite(admin, how.replace(" ", "-") + "@geleit.example", "viewer")
    who = Staff(server).enrol(token)
    key = server.api("POST", "/api/v1/keys", {"name": "k", "scopes": ["read"]}).json()
    headers = bearer(key["key"]) if how.startswith("key") else {"Cookie": "__Host-geleit-s=" + who.cookie}
    end = {"key revoked": lambda: server.api("DELETE", f"/api/v1/keys/{key['id']}").status == 204,
           "key expired": lambda: sql(server, f"UPDATE api_key SET expires_us = 1 WHERE id = {key['id']}") == [],
           "signed out": lambda: who.request("DELETE", "/api/v1/session").status == 204,
           "session idle": lambda: sql(server, f"UPDATE staff_session SET used_us = 1 WHERE person_id = {person}") == [],
           "person disabled": lambda: admin.request("PATCH", f"/api/v1/people/{person}", {"disabled": True}).status == 200,
           "person reset": lambda: admin.request("POST", f"/api/v1/people/{person}/reset").status == 200}[how]
    here = Source(server, "127.0.0.1")
    with contextlib.closing(here.send("GET", path, headers)) as first, contextlib.closing(here.send("GET", path, bearer(server.key()))) as second:
        mine, other = first.getresponse(), second.getresponse()
        assert mine.status == other.status == 200
        assert len(mine.read(1 << 20)) == len(other.read(1 << 20)) == 1 << 20
        assert end()
        assert slowly(mine) < size - (2 << 20)
        assert slowly(other, 0) == size - (1 << 20)         # nobody else's


# ---- dead links ----

DEAD = ("expired", "revoked", "withdrawn", "replaced")


def dead_links(server):
    """Tokens of every kind that opens nothing."""
    up = server.run("upload", ROOT / "LICENSE")["files"][0]["asset"]
    server.run("release", up, "cleared")
    sent = {k: server.run("send", up, "--to", f"{k}@customer.test") for k in DEAD}
    token = {k: s["recipients"][0]["link"].rsplit("/", 1)[1] for k, s in sent.items()}
    sql(server, f"UPDATE delivery SET valid_from_us = 1, expires_us = 2 WHERE number = '{sent['expired']['delivery']}'")
    server.run("revoke", sent["revoked"]["delivery"])
    server.run("revoke", sent["withdrawn"]["delivery"], "--recipient", "withdrawn@customer.test")
    assert server.api("POST", f"/api/v1/deliveries/{sent['replaced']['delivery']}/link", {"address": "replaced@customer.test"}).status == 200
    return {**token, "unknown": "A" * 43, "malformed": "B" * 42, "long": "C" * 44, "odd": "%" + "D" * 42}


def test_every_dead_link_has_the_same_bytes(server):
    """The page of the link is the same but for the token, its form's answer is the same altogether."""
    told = {}
    for kind, token in dead_links(server).items():
        page = server.request("GET", "/r/" + urllib.parse.quote(token))
        form = server.request("POST", "/r/open", urllib.parse.urlencode({"token": token}),
                              {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"})
        fields = [(k, v) for k, v in form.headers.items() if k != "Date"]
        told[kind] = (page.status, page.text.replace(token, "T"), form.status, fields, form.body)
    assert len({str(t) for t in told.values()}) == 1, {k: (t[0], t[2], len(t[1]), len(t[4])) for k, t in told.items()}
    assert "Set-Cookie" not in str(told["unknown"])
