# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who gets what: tests/matrix.yaml against the real server, and its answers against docs/openapi.yaml."""
import json
import pathlib
import sys
import urllib.parse

import pytest
import yaml

from geleit import Recipient, Staff, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402
import openapi  # noqa: E402

DOC = openapi.load()
MATRIX = yaml.safe_load((ROOT / "tests/matrix.yaml").read_text())
SCOPES = ["read", "upload", "edit", "release", "send", "outbox", "admin"]
GARBAGE_KEY = "geleit_7391829012345678_" + "A" * 43
GARBAGE_COOKIE = "B" * 43
ADDRESS = "matrix@customer.test"


class World:
    """What the rows speak of, made once."""

    def __init__(self, server, file):
        self.server = server
        self.asset = server.run("upload", file)["files"][0]["asset"]
        server.run("release", self.asset, "cleared")
        self.version = server.api("GET", f"/api/v1/assets/{self.asset}").json()["version"]["version"]
        wait_for(lambda: server.api("GET", f"/api/v1/assets/{self.asset}/preview/320").status == 200)
        self.sent = [server.run("send", self.asset, "--to", ADDRESS) for _ in range(3)]
        self.mine = self.prove(0)
        self.other = self.prove(1)
        self.keys = {}
        self.mail = wait_for(lambda: [m for m in server.mails(ADDRESS) if m["state"] == "not_sent"])[0]["id"]
        self.upload = self.begin_upload()
        invited = server.api("POST", "/api/v1/people", {"name": "Spare", "address": "spare@geleit.example", "role": "viewer"})
        self.person = invited.json()["person"]["id"]
        self.spare_key = server.api("POST", "/api/v1/keys", {"name": "spare", "scopes": ["read"]}).json()["id"]
        self.staff = Staff(server)
        assert self.staff.request("POST", "/api/v1/session/link", {"token": server.sign_in_token()}).status == 200
        self.undo = server.api("POST", "/api/v1/assets/bulk", {"ids": [self.asset], "add_keywords": ["undo"]},
                               {"Content-Type": "application/json"}).json()["undo"]
        self.folder = server.api("POST", "/api/v1/folders", {"path": "Matrix"}, {"Content-Type": "application/json"}).json()["id"]

    def prove(self, i):
        return Recipient(self.server, self.sent[i]["recipients"][0]["link"], ADDRESS).prove()

    def opened(self):
        """A delivery of its own whose link was opened and nothing more."""
        sent = self.server.run("send", self.asset, "--to", ADDRESS)
        visitor = Recipient(self.server, sent["recipients"][0]["link"], ADDRESS)
        assert visitor.open().status == 303
        return sent["delivery"], visitor

    def begin_upload(self):
        a = self.server.api("POST", "/api/v1/uploads", None, {"Tus-Resumable": "1.0.0", "Upload-Length": "3"})
        assert a.status == 201
        return a.headers["Location"].rsplit("/", 1)[1]

    def key(self, scopes):
        name = ",".join(scopes)
        if name not in self.keys:
            self.keys[name] = self.server.run("key", "create", "--name", name, "--scope", name)["key"]
        return self.keys[name]

    def fill(self, text, more):
        link = self.sent[1]["recipients"][0]["link"]
        for name, value in {"asset": self.asset, "version": self.version, "folder": self.folder, "undo": self.undo, "upload": self.upload, "number": self.sent[0]["delivery"],
                            "spare": self.sent[2]["delivery"], "mail": self.mail, "token": link.rsplit("/", 1)[1],
                            "address": ADDRESS, "person": self.person, "key": self.spare_key, "csrf": "C" * 43, **more}.items():
            text = text.replace("{" + name + "}", value)
        return text


@pytest.fixture(scope="module")
def world(server, tmp_path_factory):
    picture = tmp_path_factory.mktemp("matrix") / "picture.png"
    picture.write_bytes(hostile.png(400, 300, colour=2, depth=8))
    return World(server, picture)


def scope_of(row):
    method, pattern = row["route"].split(" ")
    if not pattern.startswith("/api/"):
        return None
    op = openapi.operation(DOC, method, pattern)
    return op["x-scope"][0] if "x-scope" in op else None


def is_sign_in(row):
    method, pattern = row["route"].split(" ")
    return pattern.startswith("/api/") and "x-sign-in" in openapi.operation(DOC, method, pattern)


def credentials(world, principal, row):
    """Header fields of one principal for one row."""
    scope = scope_of(row)
    if principal == "allowed" and is_sign_in(row):
        return {"Cookie": "__Host-geleit-s=" + world.staff.cookie, "Geleit-CSRF": world.staff.csrf}
    recipient = {"Cookie": "__Host-geleit-r=" + world.mine.cookie}
    if principal == "garbage":
        return {"Authorization": "Bearer " + GARBAGE_KEY, "Cookie": "__Host-geleit-r=" + GARBAGE_COOKIE}
    if principal == "foreign" and scope:
        return {"Authorization": "Bearer " + world.key([s for s in SCOPES if s != scope])}
    if principal == "foreign":
        return {"Cookie": "__Host-geleit-r=" + world.other.cookie}
    if principal == "allowed" and scope:
        return {"Authorization": "Bearer " + world.key([scope, *row.get("gives", [])])}
    return recipient if principal in ("recipient", "allowed") else {}


def ask(world, row, principal):
    method, pattern = row["route"].split(" ")
    headers = {**row.get("headers", {}), **credentials(world, principal, row)}
    body, more = None, {}
    if row.get("unproved") and principal in ("allowed", "recipient"):
        number, visitor = world.opened()
        headers["Cookie"] = "__Host-geleit-r=" + visitor.cookie
        more = {"number": number, "csrf": visitor.csrf()}
    if "body" in row:
        body = world.fill(json.dumps(row["body"]), more)
        headers["Content-Type"] = "application/json"
    elif "form" in row:
        body = urllib.parse.urlencode({k: world.fill(v, more) for k, v in row["form"].items()})
        headers.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": world.server.url})
    elif "bytes" in row:
        body = row["bytes"]
    return world.server.request(method, world.fill(row.get("path", pattern), more), body, headers)


def check_document(row, a):
    """A body of the staff API is what docs/openapi.yaml says, whatever the status."""
    method, pattern = row["route"].split(" ")
    media_type = a.headers.get("Content-Type", "").split(";")[0]
    if not pattern.startswith("/api/") or method == "HEAD" or not a.body:
        return
    schema = openapi.answer_schema(DOC, openapi.operation(DOC, method, pattern), a.status, media_type)
    assert schema is not None, (row["route"], a.status, media_type)
    if media_type.endswith("json"):
        assert openapi.misfits(DOC, a.json(), schema) == [], (row["route"], a.text[:500])


@pytest.mark.parametrize("row", MATRIX["rows"], ids=lambda r: r["route"])
def test_each_principal_gets_what_the_matrix_says(world, row):
    for principal in MATRIX["principals"]:
        a = ask(world, row, principal)
        assert a.status == row["expect"][principal], (row["route"], principal, a.status, a.text[:400])
        if principal == "allowed" and is_sign_in(row):
            world.staff.note(a)
        check_document(row, a)
        if principal in row.get("neutral", []):
            assert a.body == world.server.request("GET", "/d/0000-0000").body, (row["route"], principal)


def test_an_unknown_method_is_told_the_known_ones(world):
    a = world.server.request("DELETE", "/api/v1/status")
    assert a.status == 405 and "GET" in a.headers["Allow"]
    assert a.json()["code"]


def test_what_nobody_knows_is_refused(world):
    for method, path, body in (("PATCH", f"/api/v1/assets/{world.asset}", {"titel": "x"}),
                               ("POST", "/api/v1/deliveries", {"assets": [world.asset], "to": [ADDRESS], "expire": "1d"}),
                               ("PUT", f"/api/v1/assets/{world.asset}/release", {"state": "cleared", "credits": "x"}),
                               ("PATCH", "/api/v1/brand", {"color": "#000000"})):
        a = world.server.api(method, path, body, {"Content-Type": "application/json"})
        assert a.status == 400 and a.json()["code"], (path, a.text)
        assert openapi.misfits(DOC, a.json(), {"$ref": "#/components/schemas/Problem"}) == []


def test_a_key_never_gives_more_than_it_has(world):
    for scopes in (["all"], ["admin", "read"]):
        a = world.server.request("POST", "/api/v1/keys", json.dumps({"name": "x", "scopes": scopes}),
                                 {"Authorization": "Bearer " + world.key(["admin"]), "Content-Type": "application/json"})
        assert a.status == 403 and a.json()["code"] == "scope"


def test_if_match_keeps_a_change_from_undoing_another(world):
    path = f"/api/v1/assets/{world.asset}"
    etag = world.server.api("GET", path).headers["ETag"]
    assert world.server.api("GET", path, None, {"If-None-Match": etag}).status == 304
    first = world.server.api("PATCH", path, {"title": "One"}, {"If-Match": etag})
    second = world.server.api("PATCH", path, {"title": "Two"}, {"If-Match": etag})
    assert (first.status, second.status) == (200, 412)
    assert world.server.api("GET", path).json()["title"] == "One"


def test_conditions_belong_to_the_state_conditions(world):
    path = f"/api/v1/assets/{world.asset}/release"
    for body in ({"state": "cleared", "credit": "x"}, {"state": "blocked", "until": "1d"}, {"state": "open"}, {}):
        assert world.server.api("PUT", path, body).status == 400, body
    assert world.server.api("PUT", path, {"state": "conditions", "credit": "Foto: M."}).json()["state"] == "conditions"
    assert world.server.api("PUT", path, {"state": "cleared"}).status == 200


def test_a_logo_is_a_png_or_nothing(world, tmp_path):
    import base64
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    png = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
           chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))
    for bad in (b"GIF89a", png[:20], png[:16] + b"\0\0\0\0" + png[20:], png + b"<script>"):
        a = world.server.api("PATCH", "/api/v1/brand", {"logo": base64.b64encode(bad).decode()})
        assert a.status == 400 and a.json()["code"] == "bad-logo", bad
    assert world.server.api("PATCH", "/api/v1/brand", {"logo": base64.b64encode(png + b"x" * 70000).decode()}).status == 413
    good = world.server.api("PATCH", "/api/v1/brand", {"logo": base64.b64encode(png).decode()}).json()
    assert world.server.request("GET", good["logo"]).body == png
    assert world.server.api("PATCH", "/api/v1/brand", {"logo": None}).json()["logo"] is None
