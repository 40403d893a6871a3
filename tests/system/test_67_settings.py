# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settings changed while the server runs: they count at once, for everybody, and --set of a later start wins."""
import sqlite3

import pytest

from geleit import Recipient, Staff, events_of

JSON = {"Content-Type": "application/json"}


def change(server, **values):
    return server.api("PATCH", "/api/v1/settings", {k.replace("__", "."): v for k, v in values.items()}, JSON)


def stamps(server):
    """What running transfers compare: another one and they ask the verdict again."""
    if server.db != "sqlite":
        return None
    with sqlite3.connect(server.dir / "db/geleit.db", timeout=10) as db:
        return [n for n, in db.execute("SELECT stamp FROM delivery WHERE revoked_us IS NULL ORDER BY id")]


def value(server, name):
    return next(s for s in server.api("GET", "/api/v1/settings").json() if s["name"] == name)


@pytest.fixture(scope="module")
def file(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "a.txt"
    path.write_text("x" * 1000)
    return path


def test_a_new_limit_counts_for_the_next_request(server, file):
    assert change(server, delivery__days="5", delivery__max_days="10").status == 200
    a = server.run("send", file, "--to", "c@kunde.example", "--release", "cleared", "--expires", "30d", expect=1)
    assert a["code"] == "expires-too-late"
    server.run("send", file, "--to", "c@kunde.example", "--release", "cleared", "--expires", "9d")
    assert change(server, upload__max_bytes="999").status == 200
    assert server.run("upload", file, expect=1)["status"] == 413
    assert change(server, upload__max_bytes=None, delivery__days=None, delivery__max_days=None).status == 200
    server.run("upload", file)
    assert not value(server, "upload.max_bytes")["changed_here"]


def test_another_rule_for_unscanned_files_stops_what_is_on_its_way(server, file):
    sent = server.run("send", file, "--to", "d@kunde.example", "--release", "cleared")
    r = Recipient(server, sent["recipients"][0]["link"], "d@kunde.example")
    r.prove()
    assert r.request("GET", f"/d/{sent['delivery']}/file/1").status == 200
    before = stamps(server)
    assert change(server, malware__unscanned="hold", upload__days="8").status == 200
    assert before is None or stamps(server) == [n + 1 for n in before]
    assert r.request("GET", f"/d/{sent['delivery']}/file/1").status == 403
    assert change(server, malware__unscanned=None, upload__days=None).status == 200
    assert r.request("GET", f"/d/{sent['delivery']}/file/1").status == 200


def test_of_two_administrators_the_second_is_told(server):
    one = Staff(server).enrol(server.sign_in_token(), name="Anna Olsen", address="anna@geleit.example")
    etag = one.request("GET", "/api/v1/settings").headers["ETag"]
    assert change(server, limits__code_tries="7").status == 200
    a = one.request("PATCH", "/api/v1/settings", {"limits.code_tries": "9"}, {"If-Match": etag})
    assert a.status == 412 and a.json()["code"] == "changed"
    etag = one.request("GET", "/api/v1/settings").headers["ETag"]
    assert one.request("PATCH", "/api/v1/settings", {"limits.code_tries": "9"}, {"If-Match": etag}).status == 200
    if server.db == "sqlite":
        with sqlite3.connect(server.dir / "db/geleit.db", timeout=10) as db:
            db.execute("UPDATE staff_session SET proved_us = proved_us - 601000000")
        a = one.request("PATCH", "/api/v1/settings", {"limits.code_tries": "8"})
        assert a.status == 403 and a.json()["code"] == "step-up-required"
    assert value(server, "limits.code_tries")["value"] == "9"


def test_set_of_a_start_wins_and_a_start_without_it_keeps(fresh):
    s = fresh(settings=["limits.code_tries=4"]).start()
    assert change(s, limits__code_tries="7", upload__days="3").status == 200
    s.stop()
    s.settings = []
    s.start()
    assert value(s, "limits.code_tries")["value"] == "7"
    s.stop()
    s.settings = ["limits.code_tries=4"]        # as before: given again, it wins
    s.start()
    assert value(s, "limits.code_tries")["value"] == "4" and not value(s, "limits.code_tries")["changed_here"]
    assert value(s, "upload.days")["value"] == "3"
