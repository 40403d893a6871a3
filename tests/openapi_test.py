# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/openapi.yaml, tests/matrix.yaml and the table of routes say the same, in both directions."""
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import openapi  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))
SCOPES = {"read": 1, "upload": 2, "edit": 4, "release": 8, "send": 16, "outbox": 32, "admin": 64}
METHODS = {"get", "head", "post", "put", "patch", "delete", "options"}
BODIES = {"none": None, "json": "application/json", "form": "application/x-www-form-urlencoded", "stream": "application/offset+octet-stream"}


class Route:
    def __init__(self, line):
        (self.method, self.pattern, self.permission, scope, self.body, self.event, self.snapshot) = line.split()
        self.scopes = {n for n, bit in SCOPES.items() if int(scope) & bit}
        self.name = f"{self.method} {self.pattern}"

    @property
    def is_api(self):
        return self.pattern.startswith("/api/")


@pytest.fixture(scope="module")
def routes():
    program = BUILD / "src/api/dump_routes"
    text = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    found = [Route(line) for line in text.splitlines()]
    assert len(found) > 20
    return {r.name: r for r in found}


@pytest.fixture(scope="module")
def doc():
    return openapi.load()


@pytest.fixture(scope="module")
def operations(doc):
    found = {}
    for pattern, item in doc["paths"].items():
        for method in METHODS & item.keys():
            found[f"{method.upper()} {pattern}"] = (item, item[method])
    return found


@pytest.fixture(scope="module")
def matrix():
    return yaml.safe_load((ROOT / "tests/matrix.yaml").read_text())


def test_every_route_of_the_api_is_described_and_nothing_else(routes, operations):
    assert {n for n, r in routes.items() if r.is_api} == set(operations)


def test_scopes_agree(routes, operations):
    for name, (_, op) in operations.items():
        if routes[name].permission == "staff":
            assert set(op.get("x-scope", [])) == routes[name].scopes, name
            assert "security" not in op, name
        elif routes[name].permission == "sign-in":
            assert op.get("x-sign-in") is True and "security" not in op and "x-scope" not in op, name
        else:
            assert op.get("security") == [] and "x-scope" not in op, name


def test_events_agree(routes, operations):
    for name, (_, op) in operations.items():
        assert op.get("x-event", "-") == routes[name].event, name


def test_bodies_agree(routes, operations):
    for name, (_, op) in operations.items():
        want = BODIES[routes[name].body]
        assert list(op.get("requestBody", {}).get("content", {})) == ([want] if want else []), name


def test_parameters_of_the_path_are_described(doc, operations):
    for name, (item, op) in operations.items():
        described = {p["name"] for p in map(lambda p: openapi.resolve(doc, p),
                                            item.get("parameters", []) + op.get("parameters", []))
                     if p["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", name)), name


def test_every_operation_has_a_name_a_summary_and_answers(operations):
    names = [op["operationId"] for _, op in operations.values()]
    assert len(names) == len(set(names))
    for name, (_, op) in operations.items():
        assert op["summary"] and op["tags"], name
        assert any(s.startswith("2") for s in op["responses"]) and "default" in op["responses"], name


def refs(o):
    if isinstance(o, dict):
        for k, v in o.items():
            if k == "$ref":
                yield v
            else:
                yield from refs(v)
    elif isinstance(o, list):
        for v in o:
            yield from refs(v)


def test_references_lead_somewhere_and_every_schema_is_used(doc):
    assert doc["openapi"].startswith("3.1.")
    used = set(refs(doc))
    for ref in used:
        openapi.resolve(doc, {"$ref": ref})
    for name in doc["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in used, name


def enum(doc, name):
    return set(doc["components"]["schemas"][name]["enum"])


def test_words_are_those_of_the_source(doc):
    source = (ROOT / "src/model/event_kinds.def").read_text()
    assert enum(doc, "EventKind") == set(re.findall(r'^EVENT_KIND\(\w+, "([a-z.]+)"', source, re.M))
    interface_reasons = enum(doc, "ReasonCode")
    verdict = (ROOT / "src/model/verdict.c").read_text()
    assert all(f'"{code}"' in verdict for code in interface_reasons)
    keys = (ROOT / "src/model/api_key.c").read_text()
    table = re.search(r"scope_names\[\] = \{(.*?)\n\};", keys, re.S).group(1)
    assert enum(doc, "Scope") == set(re.findall(r'S\("(\w+)"\)', table))
    roles = set(re.findall(r'\[ROLE_\w+\] = "(\w+)"', (ROOT / "src/msg/msg_master.c").read_text()))
    for shape in ("Status", "Health"):
        said = doc["components"]["schemas"][shape]["properties"]["roles"]["items"]["properties"]["role"]["enum"]
        assert set(said) == roles, shape


def test_the_matrix_has_a_row_for_every_route_and_no_other(routes, matrix):
    names = [row["route"] for row in matrix["rows"]]
    assert len(names) == len(set(names))
    assert set(names) == set(routes)


def test_the_matrix_says_what_each_principal_gets(routes, matrix):
    """Classes and columns are written by hand; that a route asks for what its class says is compared, not taken over."""
    columns, visits = matrix["columns"], {"proved", "opened", "ended", "early", "stranger", "malformed"}
    assert all(len(cells) == len(columns) and set(cells) <= {"ok", "safe", 401, 403} for cells in matrix["principals"].values())
    for row in matrix["rows"]:
        route = routes[row["route"]]
        if route.permission == "recipient":
            assert set(row["visits"]) == visits and "class" not in row, row["route"]
            continue
        wanted = next(iter(route.scopes)) if route.permission == "staff" else {"token": "public"}.get(route.permission, route.permission)
        assert row["class"] == wanted and len(route.scopes) <= 1, row["route"]
        assert set(row.get("but", {})) <= set(matrix["principals"]), row["route"]
        assert route.permission != "staff" or 200 <= row["ok"] < 300, row["route"]


def test_every_thing_of_an_address_has_its_states(routes, matrix):
    """{asset}, {number}, ... of the staff API: what the entitled get for each state is written down."""
    for kind, of in matrix["states"].items():
        named = {n for n, r in routes.items() if r.is_api and "{" + kind + "}" in n}
        assert named <= {row["route"] for row in of["rows"]}, kind
        assert all(state in row or "there" in row for row in of["rows"] for state in of["each"]), kind
    things = {t for n, r in routes.items() if r.is_api for t in re.findall(r"{(\w+)}", n)} - {"size", "version"}
    assert things == set(matrix["states"])


def test_the_check_of_values_finds_what_is_wrong(doc):
    good = {"asset": "7", "state": "cleared"}
    schema = {"$ref": "#/components/schemas/ReleaseSet"}
    assert openapi.misfits(doc, good, schema) == []
    for bad in ({}, {"asset": 7, "state": "cleared"}, {"asset": "7", "state": "open"}, {"asset": "0", "state": "cleared"},
                {**good, "more": 1}, [], None):
        assert openapi.misfits(doc, bad, schema), bad
    asked = {"$ref": "#/components/schemas/FileAsked"}
    for one in ("7", {"asset": "7"}, {"asset": "7", "version": "8"}):
        assert openapi.misfits(doc, one, asked) == []
    for bad in (7, {}, {"version": "8"}, {"asset": "7", "more": "1"}):
        assert openapi.misfits(doc, bad, asked), bad
    with pytest.raises(AssertionError):
        openapi.misfits(doc, 1, {"multipleOf": 2})


def test_a_code_has_one_status():
    """The same refusal is never a 400 here and a 413 there: each code is raised with one kind of error."""
    kinds = {}
    for path in [*(ROOT / "src/api").rglob("*.c"), *(ROOT / "src/model").glob("*.c"), *(ROOT / "src/text").glob("*.c")]:
        if not path.name.endswith(("_test.c", "_fuzz.c")):
            for kind, code in re.findall(r'err_key\(\s*\w+,\s*(ERR_\w+),\s*"([\w-]+)"', path.read_text()):
                kinds.setdefault(code, set()).add(kind)
    assert len(kinds) > 50
    assert {code: found for code, found in kinds.items() if len(found) > 1} == {}


def test_the_page_of_the_api_is_current():
    sys.path.insert(0, str(ROOT / "tools"))
    import api_page
    assert (ROOT / "docs/api.md").read_text() == api_page.made(), "tools/api_page.py > docs/api.md"


def test_every_link_in_the_page_of_the_api_leads_to_one_heading():
    text = (ROOT / "docs/api.md").read_text()
    anchors = [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)]
    for link in set(re.findall(r"\]\(#([^)]+)\)", text)):
        assert anchors.count(link) == 1, link
