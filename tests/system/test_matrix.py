# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who gets what: every cell of tests/matrix.yaml against the real server, each answer against docs/openapi.yaml.

A refused cell has changed nothing in any table, tells no ETag and no range, and stays the same refusal as HEAD, with a Range
and with a condition.  What the world is made of: matrixworld.py.
"""
import json
import re
import sys

import pytest
import yaml

from geleit import ROOT
from matrixworld import SIGNED_IN, World, form, picture

sys.path.insert(0, str(ROOT / "tests/lib"))
import openapi  # noqa: E402
import scoreboard  # noqa: E402

DOC = openapi.load()
MATRIX = yaml.safe_load((ROOT / "tests/matrix.yaml").read_text())
ROWS = {r["route"]: r for r in MATRIX["rows"]}
STAFF = [r for r in MATRIX["rows"] if "class" in r]
VISITS = [r for r in MATRIX["rows"] if "visits" in r]
STATES = [(kind, row, state) for kind, of in MATRIX["states"].items() for row in of["rows"] for state in of["each"]]
SAFE = ("GET", "HEAD", "OPTIONS")
BESIDES = [{"Range": "bytes=0-0"}, {"If-None-Match": "*"}]
ADDRESS = "matrix@customer.test"
TOLD = {"cells": 0, "wrong": 0}


@pytest.fixture(scope="module")
def world(server, tmp_path_factory):
    made = World(server, picture(tmp_path_factory.mktemp("matrix") / "picture.png"))
    yield made
    for unit, n in TOLD.items():
        scoreboard.system_figure("authorisation matrix", n, unit, "pytest tests/system/test_matrix.py")


# ---- what is expected ----

def expected(row, who):
    """The status the table names."""
    method = row["route"].split(" ")[0]
    if who in row.get("but", {}):
        return row["but"][who]
    cell = MATRIX["principals"][who][MATRIX["columns"].index(row["class"])]
    if cell == "safe":
        cell = "ok" if method in SAFE else 403
    return row["ok"] if cell == "ok" else cell


def passes(row, who):
    """Does the table let this principal through?  (To the handler: what it then says is the row's ok.)"""
    cell = MATRIX["principals"][who][MATRIX["columns"].index(row["class"])]
    return who not in row.get("but", {}) and (cell == "ok" or cell == "safe" and row["route"].split(" ")[0] in SAFE)


def relation(who, number):
    return MATRIX["visits"][number].get(who, "stranger")


# ---- one cell ----

class Cell:
    def __init__(self, world, row, who, fresh=False, state=None, kind=None):
        self.world, self.row, self.who, self.fresh = world, row, who, fresh
        self.state, self.kind, self.myself = state, kind, None
        self.method, self.pattern = row["route"].split(" ")

    def fill(self, text):
        def value(m):
            name = m.group(1)
            state = self.state if self.names_the_object(name) else None
            if state == "oneself" and self.fresh:
                return self.myself[0]
            return self.world.thing(name, self.who, self.fresh, state)
        return re.sub(r"\{([a-z]+)\}", value, text)

    def names_the_object(self, name):
        return name == self.kind or (self.kind, name) in (("number", "spare"), ("asset", "version"))

    def path(self):
        text = self.row.get("path", self.pattern)
        return self.fill(text.replace("{n}", "1").replace("{size}", "320"))

    def body(self, headers):
        if "body" in self.row:
            headers.setdefault("Content-Type", "application/json")
            return self.fill(json.dumps(self.row["body"]))
        if "form" in self.row:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            if self.row.get("class") in (None, "public"):
                headers["Origin"] = self.world.server.url
            return form({k: self.fill(v) for k, v in self.row["form"].items()})
        return self.row.get("bytes")

    def ask(self, besides=(), method=None, session=None):
        if self.state == "oneself" and self.fresh:
            self.myself = self.world.myself(self.who)
        who = self.myself[1] if self.myself else self.world.headers(self.who, session)
        headers = {**self.row.get("headers", {}), **who, **dict(besides)}
        body = self.body(headers)
        return self.world.line.request(method or self.method, self.path(), body, headers)

    def __repr__(self):
        return f"{self.row['route']} {self.who} {self.state or ''}"


class Found:
    """All that is wrong, told at the end of a row."""

    def __init__(self):
        self.wrong = []

    def check(self, what, is_right, said):
        if not is_right:
            TOLD["wrong"] += 1
            self.wrong.append(f"{what}: {said}")

    def status(self, cell, a, want):
        TOLD["cells"] += 1
        self.check(cell, a.status == want, f"{a.status}, not {want}: {a.body[:200]!r}")
        for misfit in document_misfits(cell.row, a):
            self.wrong.append(f"{cell}: {misfit}")

    def end(self):
        assert not self.wrong, "\n".join(self.wrong)


def document_misfits(row, a):
    """Where a body of the staff API is not what docs/openapi.yaml says, whatever the status."""
    method, pattern = row["route"].split(" ")
    media_type = a.headers.get("Content-Type", "").split(";")[0]
    if not pattern.startswith("/api/") or method == "HEAD" or not a.body:
        return []
    schema = openapi.answer_schema(DOC, openapi.operation(DOC, method, pattern), a.status, media_type)
    if schema is None:
        return [f"{a.status} with {media_type} is not described"]
    return openapi.misfits(DOC, a.json(), schema) if media_type.endswith("json") else []


def check_refusal(found, cell, a, want):
    """The same without a body, with a range, with a condition; and nothing of what is refused."""
    found.status(cell, a, want)
    if cell.method != "GET":
        return
    told = {"ETag", "Content-Range", "Repr-Digest", "Content-Disposition"} & set(a.headers)
    found.check(cell, not told, f"a refusal tells {told}")
    TOLD["cells"] += 1 + len(BESIDES)
    head = cell.ask(method="HEAD")
    found.check(cell, (head.status, head.body) == (want, b""), f"HEAD says {head.status}")
    for besides in BESIDES:
        b = cell.ask(besides)
        found.check(cell, (b.status, b.body) == (want, a.body), f"with {besides} {b.status}")


def ask_refused(world, found, cells, is_counted):
    """Cells that get nothing: not even together have they changed anything."""
    world.quiet()
    for cell, _ in cells:
        cell.path()             # what they share is made before
        cell.body({})
    world.quiet()
    before = world.snapshot()
    for cell, want in cells:
        check_refusal(found, cell, cell.ask(), want)
    after = world.snapshot()
    changed = [t for t in before if before[t] != after[t]]
    found.check(cells[0][0], is_counted or not changed, f"refused requests changed {changed}")


# ---- staff and public routes ----

@pytest.mark.parametrize("row", STAFF, ids=lambda r: r["route"])
def test_each_principal_gets_what_the_matrix_says(world, row):
    found = Found()
    cells = [(Cell(world, row, who), expected(row, who)) for who in MATRIX["principals"]]
    refused = [c for c in cells if not passes(row, c[0].who)]
    if refused:
        ask_refused(world, found, refused, row.get("counts", False))
    for cell, want in cells:
        if passes(row, cell.who):
            cell.fresh = True
            found.status(cell, cell.ask(session=own_session(world, row, cell.who)), want)
    found.end()


def own_session(world, row, who):
    """What ends or changes a session gets one of its own."""
    return world.session(who) if who in SIGNED_IN and row["class"] == "sign-in" else None


@pytest.mark.parametrize("kind,of,state", STATES, ids=lambda v: v["route"] if isinstance(v, dict) else v)
def test_the_state_of_a_thing_changes_only_what_the_entitled_get(world, kind, of, state):
    row, found = ROWS[of["route"]], Found()
    cells = [Cell(world, row, who, False, state, kind) for who in MATRIX["principals"]]
    but = of.get("but", {}).get(state, {})
    ask_refused(world, found, [(c, but.get(c.who, expected(row, c.who))) for c in cells if not passes(row, c.who)], False)
    for cell in cells:
        if passes(row, cell.who):
            cell.fresh = True
            found.status(cell, cell.ask(), of["administers"] if administers(cell) else of.get(state, of.get("there")))
            if row["route"].startswith("PUT /api/v1/assets"):
                world.release(state)
    found.end()


def administers(cell):
    """Of an upload of somebody else."""
    return (cell.kind, cell.state) == ("upload", "foreign") and (cell.who == "key_all" or SIGNED_IN.get(cell.who) == "administrator")


# ---- recipients ----

@pytest.mark.parametrize("number", MATRIX["visits"])
@pytest.mark.parametrize("row", VISITS, ids=lambda r: r["route"])
def test_a_visitor_gets_what_he_is_to_the_delivery(world, row, number):
    found, neutral = Found(), world.line.request("GET", "/d/0000-0000", None, {}).body
    cells = [Cell(world, row, who, False, number, "number") for who in MATRIX["principals"]]
    for cell in cells:
        cell.fill = visit_fill(world, cell, number)
    strangers = [c for c in cells if relation(c.who, number) == "stranger"]
    want = row["visits"]["malformed" if number == "malformed" else "stranger"]
    ask_refused(world, found, [(c, want) for c in strangers], False)
    for c in strangers if row.get("neutral") else []:
        found.check(c, c.ask().body == neutral, "is not the neutral page")
    for c in cells:
        if c not in strangers:
            found.status(c, c.ask(), row["visits"][relation(c.who, number)])
    found.end()


def visit_fill(world, cell, number):
    def fill(text):
        return text.replace("{number}", world.number[number]).replace("{csrf}", world.recipient_word(cell.who))
    return fill


SPOILT = {"wrong_word": {"csrf": "C" * 43}, "no_word": {"csrf": ""}, "no_origin": {"Origin": None},
          "foreign_origin": {"Origin": "https://evil.example"}, "null_origin": {"Origin": "null"}}


@pytest.mark.parametrize("row", [r for r in VISITS if "form" in r], ids=lambda r: r["route"])
def test_a_forged_form_gets_no_further(world, row):
    found = Found()
    world.quiet()
    before = world.snapshot()
    for how, want in MATRIX["forms"].items():
        for who in ("visitor", "opened"):
            cell = Cell(world, row, who)
            values = {**row["form"], "csrf": world.recipient_word(who), **{k: v for k, v in SPOILT[how].items() if k == "csrf"}}
            headers = {**world.headers(who), "Content-Type": "application/x-www-form-urlencoded", "Origin": world.server.url, **SPOILT[how]}
            headers = {k: v for k, v in headers.items() if v is not None and k != "csrf"}
            a = world.line.request("POST", cell.pattern.replace("{number}", world.number["active"]), form(values), headers)
            TOLD["cells"] += 1
            found.check(f"{cell} {how}", a.status == want, a.status)
    found.check(row["route"], world.snapshot() == before, "a forged form changed something")
    found.end()


# ---- beside the matrix ----

def test_an_unknown_method_is_told_the_known_ones(world):
    a = world.server.request("DELETE", "/api/v1/status")
    assert a.status == 405 and "GET" in a.headers["Allow"]
    assert a.json()["code"]


def test_what_nobody_knows_is_refused(world):
    for method, path, body in (("PATCH", f"/api/v1/assets/{world.asset['cleared']}", {"titel": "x"}),
                               ("POST", "/api/v1/deliveries", {"assets": [world.asset["cleared"]], "to": [ADDRESS], "expire": "1d"}),
                               ("PUT", f"/api/v1/assets/{world.asset['cleared']}/release", {"state": "cleared", "credits": "x"}),
                               ("PATCH", "/api/v1/brand", {"color": "#000000"})):
        a = world.server.api(method, path, body, {"Content-Type": "application/json"})
        assert a.status == 400 and a.json()["code"], (path, a.text)
        assert openapi.misfits(DOC, a.json(), {"$ref": "#/components/schemas/Problem"}) == []


def test_a_key_never_gives_more_than_it_has(world):
    for scopes in (["all"], ["admin", "read"]):
        a = world.server.request("POST", "/api/v1/keys", json.dumps({"name": "x", "scopes": scopes}),
                                 {"Authorization": "Bearer " + world.keys["key_admin"], "Content-Type": "application/json"})
        assert a.status == 403 and a.json()["code"] == "scope"


def test_if_match_keeps_a_change_from_undoing_another(world):
    path = f"/api/v1/assets/{world.asset['cleared']}"
    etag = world.server.api("GET", path).headers["ETag"]
    assert world.server.api("GET", path, None, {"If-None-Match": etag}).status == 304
    first = world.server.api("PATCH", path, {"title": "One"}, {"If-Match": etag})
    second = world.server.api("PATCH", path, {"title": "Two"}, {"If-Match": etag})
    assert (first.status, second.status) == (200, 412)
    assert world.server.api("GET", path).json()["title"] == "One"


def test_conditions_belong_to_the_state_conditions(world):
    path = f"/api/v1/assets/{world.asset['cleared']}/release"
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
