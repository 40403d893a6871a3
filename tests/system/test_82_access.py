# SPDX-License-Identifier: AGPL-3.0-or-later
"""Access: what a key may and for how long, what ends it, what guessing gets, what a dead link tells."""
import pathlib
import socket
import ssl
import sys
import threading
import time
import urllib.parse

import pytest

from geleit import ROOT, Recipient, Staff, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))

PASSWORD = "correct horse battery"


def bearer(key):
    return {"Authorization": "Bearer " + key}


@pytest.fixture(scope="module")
def admin(server):
    return Staff(server).enrol(server.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")


def invite(admin, address, role):
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


def test_a_new_link_helps_whoever_was_kept_out(server):
    """A stranger with the old link uses up every code; the recipient asks for a new link and goes on."""
    sent = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "opfer@customer.test")
    link = sent["recipients"][0]["link"]
    stranger = Recipient(server, link, "opfer@customer.test")
    assert stranger.open().status == 303
    sql(server, "UPDATE recipient SET failures = 100 WHERE address = 'opfer@customer.test'")
    refused = stranger.ask_code()
    assert refused.status == 429 and "/r/new-link" in refused.text and "ab ." not in refused.text
    new = server.api("POST", f"/api/v1/deliveries/{sent['delivery']}/link", {"address": "opfer@customer.test", "mail": False},
                     {"Content-Type": "application/json"})
    assert new.status == 200, new.text
    right = Recipient(server, new.json()["link"], "opfer@customer.test").prove()
    assert right.request("GET", right.path + "/file/1").body == (ROOT / "LICENSE").read_bytes()
    assert stranger.page().status in (200, 303, 404) and "/file/1" not in stranger.page().text
