# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each end ends: every cell of docs/security/revocation.md, tried while somebody is in the middle of it."""
import contextlib
import http.client
import os
import re
import socket
import sys
import time
import urllib.parse

import pytest

from conftest import database
from geleit import ROOT, Recipient, Server, Staff, free_port, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
from scoreboard import system_figure  # noqa: E402

SIZE = 48 << 20         # more than the buffers between us hold
PART = 1 << 20
COLUMNS = ("new visit", "list of files", "running download", "running ZIP", "running upload", "mail that waits")
TOLD = {"cells": 0}


def table():
    """what ends: {column: word}."""
    rows = [[c.strip() for c in line.strip("|\n").split("|")] for line in open(ROOT / "docs/security/revocation.md", encoding="utf-8")
            if line.startswith("| ")]
    assert tuple(rows[0][1:]) == COLUMNS
    return {r[0]: dict(zip(COLUMNS, r[1:])) for r in rows[1:]}


TABLE = table()
STAFF = ("key revoked", "key expired", "signed out", "session idle for an hour", "person reset", "person made a viewer")
RECIPIENTS = [name for name in TABLE if name not in STAFF]


@pytest.fixture(scope="module")
def admin(server):
    return Staff(server).enrol(server.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")


@pytest.fixture(scope="module")
def relayless(cluster):
    """A server whose relay never answers: what waits goes on waiting until its turn is over."""
    s = Server(db=database(cluster), settings=[f"smtp.url=smtp://127.0.0.1:{free_port()}", "smtp.insecure=1",
                                               "smtp.from=geleit@geleit.example"]).start()
    yield s
    s.remove()


@pytest.fixture(scope="module")
def relayless_admin(relayless):
    return Staff(relayless).enrol(relayless.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("revocation") / "big.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


# ---- somebody in the middle of it ----

class Case:
    """A person who works here, what he sent, and whom: everything an act may end."""
    count = 0

    def __init__(self, server, admin, path):
        Case.count += 1
        self.server, self.admin, self.path = server, admin, path
        self.address = f"case{Case.count}@customer.test"
        # with a key, which needs no proof of the last ten minutes
        a = server.api("POST", "/api/v1/people", {"name": "Ben", "address": f"ben{Case.count}@geleit.example", "role": "administrator"})
        assert a.status == 201, a.text
        self.person = a.json()["person"]["id"]
        link = a.json()["link"] or self.mailed_link()
        self.staff = Staff(server).enrol(link.split("token=")[1])
        made = self.staff.request("POST", "/api/v1/keys", {"name": "k", "scopes": ["all"]}).json()
        self.key, self.key_id = made["key"], made["id"]
        up = server.run("upload", path)["files"][0]
        self.asset, self.version = up["asset"], up["version"]
        server.run("release", self.asset, "cleared")
        sent = server.run("send", self.asset, ROOT / "LICENSE", "--release", "cleared", "--to", self.address, env={"GELEIT_KEY": self.key})
        self.number = sent["delivery"]
        self.link = sent["recipients"][0].get("link")

    def mailed_link(self):
        """There is a relay, so the answer has none: one is put past the server."""
        import hashlib
        token = "L" * 33 + f"{Case.count:010d}"
        digest = hashlib.sha256(token.encode()).hexdigest()
        literal = f"x'{digest}'" if self.server.db == "sqlite" else f"'\\x{digest}'"
        sql(self.server, f"UPDATE sign_in_link SET hash = {literal} WHERE person_id = {self.person}")
        return "token=" + token

    def api(self, method, path, body=None, ok=200):
        a = self.server.api(method, path, body)
        assert a.status == ok, (path, a.status, a.text)

    def end(self, what):
        now = time.time_ns() // 1000
        sql_only = {
            "delivery over": f"UPDATE delivery SET valid_from_us = 1, expires_us = {now}, stamp = stamp + 1 WHERE number = '{self.number}'",
            "key expired": f"UPDATE api_key SET expires_us = 1 WHERE id = {self.key_id}",
            "session idle for an hour": f"UPDATE staff_session SET used_us = {now - 3600 * 1000000} WHERE person_id = {self.person}"}
        if what in sql_only:        # the clock, put forward past the server
            sql(self.server, sql_only[what])
            return
        delivery, file, person = f"/api/v1/deliveries/{self.number}", f"/api/v1/assets/{self.asset}", f"/api/v1/people/{self.person}"
        soon = {"release over": ("PUT", file + "/release", "until"), "licence period of the file over": ("PATCH", file, "expires")}
        if what in soon:            # a date that comes while everything runs
            method, path, member = soon[what]
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
            self.api(method, path, {**({"state": "cleared"} if method == "PUT" else {}), member: at})
            time.sleep(4.5)
            return
        act = {"delivery revoked": ("POST", delivery + "/revoke", {}), "recipient revoked": ("POST", delivery + "/revoke", {"recipient": self.address}),
               "new link by the sender": ("POST", delivery + "/link", {"address": self.address}),
               "release withdrawn": ("PUT", file + "/release", {"state": "blocked"}), "embargo set": ("PATCH", file, {"embargo": "3d"}),
               "file made confidential": ("PATCH", file, {"class": "confidential"}),
               "file for viewing only": ("PUT", file + "/release", {"state": "conditions", "view_only": True}),
               "file in the trash": ("POST", "/api/v1/assets/bulk", {"ids": [self.asset], "trash": True}),
               "sender disabled": ("PATCH", person, {"disabled": True}), "sender made a viewer": ("PATCH", person, {"role": "viewer"}),
               "person made a viewer": ("PATCH", person, {"role": "viewer"}), "person reset": ("POST", person + "/reset", None),
               "key revoked": ("DELETE", f"/api/v1/keys/{self.key_id}", None)}.get(what)
        if what == "signed out":
            assert self.staff.request("DELETE", "/api/v1/session").status == 204
        else:
            self.api(*act, ok=204 if act[0] == "DELETE" else 200)


class Download:
    """One that runs: its first MiB is here."""

    def __init__(self, server, path, headers):
        self.c = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=60)
        self.c.request("GET", path, headers=headers)
        self.r = self.c.getresponse()
        assert self.r.status == 200
        self.size = int(self.r.headers["Content-Length"])
        self.got = len(self.r.read(PART))

    def outcome(self, to_be_cut=False):
        """What shall be cut is read slowly: a server that is busy may be asked later than usual."""
        end = time.monotonic() + 60
        with contextlib.suppress(OSError, http.client.IncompleteRead):
            while piece := self.r.read(65536):
                self.got += len(piece)
                time.sleep(0.02 if to_be_cut and time.monotonic() < end else 0)
        self.c.close()
        return "goes on" if self.got == self.size else "cut"


class Upload:
    """One that runs: half of it is on its way."""

    def __init__(self, server, headers):
        h = {**headers, "Tus-Resumable": "1.0.0"}
        a = server.request("POST", "/api/v1/uploads", None, {**h, "Upload-Length": str(2 * PART)})
        assert a.status == 201, a.text
        raw = socket.create_connection(("localhost", server.port), 60)
        self.tls = server.context().wrap_socket(raw, server_hostname="localhost")
        fields = {"Host": f"localhost:{server.port}", **h, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
                  "Content-Length": str(2 * PART)}
        head = f"PATCH {urllib.parse.urlsplit(a.headers['Location']).path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        self.tls.sendall(head.encode() + b"\r\n" + os.urandom(PART))

    def outcome(self, _=False):
        with contextlib.suppress(OSError):      # refused before it was whole
            self.tls.sendall(os.urandom(PART))
        said = self.tls.recv(65536)
        self.tls.close()
        return {b"204": "goes on", b"401": "refused", b"403": "refused"}[said.split(b" ")[1]]


def settle():
    """So long that whoever is asked every half second has been asked: what is cut is cut then."""
    time.sleep(2.5)


def compare(what, seen):
    want = {k: v for k, v in TABLE[what].items() if k in seen}
    TOLD["cells"] += len(seen)
    assert seen == want, what


def figures(servers):
    system_figure("revocation", TOLD["cells"], "cells of docs/security/revocation.md tried", "pytest tests/system/test_88_revocation.py")


# ---- recipients ----

def visit(r):
    """The page of a link that was opened: a word for it, and a word for what it offers."""
    page = r.page()
    offered = set(re.findall(r'href="(/d/[^"]+/file/\d+)"', page.text))
    neutral = r.request("GET", "/d/0000-0000").text
    if page.text == neutral:
        word = "neutral"
    else:
        word = "as before" if page.status == 200 and "class=\"files\"" in page.text else "told"
    return word, {0: "empty", 1: "without it", 2: "as before"}[len(offered)]


@pytest.mark.parametrize("what", RECIPIENTS)
def test_what_a_recipient_has_and_does(server, admin, big, what):
    case = Case(server, admin, big)
    r = Recipient(server, case.link, case.address).prove()
    assert visit(r) == ("as before", "as before")
    headers = {"Cookie": "__Host-geleit-r=" + r.cookie}
    running = {"running download": Download(server, r.path + "/file/1", headers), "running ZIP": Download(server, r.path + "/all.zip", headers)}
    case.end(what)
    settle()
    seen = {k: d.outcome(TABLE[what][k] == "cut") for k, d in running.items()}
    seen["new visit"], seen["list of files"] = visit(r)
    compare(what, {**seen, "running upload": "–"})
    assert r.request("GET", r.path + "/file/1").status != 200           # and whoever knows the address gets nothing new
    if TABLE[what]["list of files"] == "without it":
        assert r.request("GET", r.path + "/file/2").status == 200       # the other file of the same delivery stays


def test_while_nothing_ends_everything_goes_on(server, admin, big):
    """Or the cells above would say little."""
    case = Case(server, admin, big)
    r = Recipient(server, case.link, case.address).prove()
    headers = {"Cookie": "__Host-geleit-r=" + r.cookie}
    running = [Download(server, r.path + "/file/1", headers), Download(server, r.path + "/all.zip", headers), *staff_runs(case, "session").values()]
    settle()
    assert [d.outcome() for d in running] == ["goes on"] * 4
    figures(server)


# ---- staff ----

def credential(case, kind):
    if kind == "key":
        return {"Authorization": "Bearer " + case.key}
    return {"Cookie": "__Host-geleit-s=" + case.staff.cookie, "Geleit-CSRF": case.staff.csrf}


def staff_runs(case, kind):
    headers = credential(case, kind)
    return {"running download": Download(case.server, f"/api/v1/assets/{case.asset}/versions/{case.version}/content", headers),
            "running upload": Upload(case.server, headers)}


def asked(case, headers, path):
    return {200: "as before", 401: "refused", 403: "refused"}[case.server.request("GET", path, None, headers).status]


@pytest.mark.parametrize("what", STAFF)
def test_what_somebody_who_works_here_has_and_does(server, admin, big, what):
    case = Case(server, admin, big)
    kind = "key" if what.startswith("key") else "session"
    headers, running = credential(case, kind), staff_runs(case, kind)
    case.end(what)
    settle()
    seen = {k: r.outcome(TABLE[what][k] == "cut") for k, r in running.items()}
    compare(what, {**seen, "new visit": asked(case, headers, "/api/v1/status"), "list of files": asked(case, headers, "/api/v1/assets"),
                   "running ZIP": "–"})


def test_a_key_ends_with_its_person(server, admin, big):
    """Disabled and reset: the same cells for the key as for the session."""
    for what in ("person reset", "sender disabled"):
        case = Case(server, admin, big)
        headers, running = credential(case, "key"), staff_runs(case, "key")
        case.end(what)
        settle()
        assert {k: r.outcome(True) for k, r in running.items()} == {"running download": "cut", "running upload": "refused"}, what
        assert asked(case, headers, "/api/v1/status") == "refused", what


# ---- mail ----

@pytest.mark.parametrize("what", TABLE)
def test_what_becomes_of_a_mail_that_waits(relayless, relayless_admin, what):
    """Its next try says whether it would have gone: to a relay that is away it is deferred again."""
    case = Case(relayless, relayless_admin, ROOT / "README.md")
    mail = ("SELECT state, tries, reply FROM mail WHERE lease_until_us IS NULL AND kind = 'delivery' AND "
            f"address = '{case.address}' ORDER BY id LIMIT 1")
    tries = int(wait_for(lambda: [r for r in sql(relayless, mail) if r[0] == "deferred"])[0][1])
    case.end(what)
    sql(relayless, f"UPDATE mail SET due_us = 1 WHERE address = '{case.address}' AND state = 'deferred'")
    state, _, reply = wait_for(lambda: [r for r in sql(relayless, mail) if int(r[1]) > tries], 30)[0]
    if state == "failed":
        assert reply == "revoked or over before it was sent"
    compare(what, {"mail that waits": {"failed": "not sent", "deferred": "sent"}[state]})
