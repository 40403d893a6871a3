# SPDX-License-Identifier: AGPL-3.0-or-later
"""What senders see of their deliveries, over the real server."""
import subprocess
import sys
import urllib.parse

import pytest

from geleit import BUILD, ROOT, Recipient, Staff, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402


@pytest.fixture(scope="module")
def sent(server, files):
    return server.run("send", files[8], "--to", "mia@agentur.test", "--to", "otto@druck.test", "--release", "cleared",
                      "--subject", "Presse")


def test_an_address_and_a_delivery_are_found_again(server, sent):
    found = server.api("GET", "/api/v1/contacts?q=agen").json()
    assert [(c["address"], c["deliveries"]) for c in found] == [("mia@agentur.test", 1)]
    rows = server.api("GET", "/api/v1/deliveries?state=active&q=druck&mine=1").json()
    assert [(r["delivery"], r["recipients"], r["files"], r["done"]) for r in rows] == [(sent["delivery"], 2, 1, 0)]
    assert server.api("GET", "/api/v1/deliveries?state=expired").json() == []


def test_a_recipient_who_is_done_is_counted(server, sent):
    mia = Recipient(server, sent["recipients"][0]["link"], "mia@agentur.test").prove()
    assert mia.request("GET", mia.path + "/file/1").status == 200
    row = wait_for(lambda: [r for r in server.api("GET", "/api/v1/overview").json()["recent"] if r["done"] == 1])[0]
    assert row["delivery"] == sent["delivery"]
    one = server.api("GET", "/api/v1/deliveries/" + sent["delivery"]).json()
    assert [bool(r["opened"] and r["verified"]) for r in one["recipients"]] == [True, False]
    assert one["files"][0]["card"]["id"] == one["files"][0]["asset"]


def test_a_new_link_goes_by_mail_and_the_end_moves(server, sent):
    path = "/api/v1/deliveries/" + sent["delivery"]
    before = len(server.mails("otto@druck.test"))
    assert server.api("POST", path + "/link", {"address": "otto@druck.test", "mail": True}).json()["link"] is None
    assert len(server.mails("otto@druck.test")) == before + 1
    assert "1 Datei von" in server.mails("otto@druck.test")[-1]["subject"]
    a = server.api("POST", path + "/extend", {"expires": "30d"})
    assert a.status == 200 and a.json()["state"] == "active"
    assert "delivery.extended" in [e["kind"] for e in server.run("delivery", sent["delivery"])["events"]]


def test_a_preview_needs_the_word_of_the_session_in_its_form(server, sent):
    anna = Staff(server).enrol(server.sign_in_token(), name="Anna", address="anna@geleit.test")

    def preview(**more):
        form = urllib.parse.urlencode({"view": "mail", "lang": "de", "subject": "Presse", "count": 3, **more})
        return server.request("POST", "/api/v1/deliveries/preview", form,
                              {"Cookie": "__Host-geleit-s=" + anna.cookie, "Origin": server.url,
                               "Content-Type": "application/x-www-form-urlencoded"})
    a = preview(csrf=anna.csrf)
    assert a.status == 200 and "3 Dateien von" in a.text, a.text[:300]
    assert "frame-ancestors 'self'" in a.headers["Content-Security-Policy"]
    assert preview().json()["code"] == "csrf"
    assert anna.request("GET", "/api/v1/deliveries?mine=1").json()[0]["delivery"] == sent["delivery"]


def test_before_its_date_only_a_session_is_told(server, files):
    late = server.run("send", files[8], "--to", "spaet@agentur.test", "--release", "cleared", "--valid-from", "2d")
    visitor = Recipient(server, late["recipients"][0]["link"], "spaet@agentur.test")
    assert visitor.open().status == 303
    assert "Abrufbar ab" in visitor.page().text
    assert "Abrufbar ab" not in server.request("GET", "/d/" + late["delivery"]).text


def test_an_administrator_sees_settings_and_health(server):
    health = server.api("GET", "/api/v1/health").json()
    assert {"keeper", "worker", "app"} <= {r["role"] for r in health["roles"]}
    assert health["sandbox"] != "none" and 0 < health["disk"]["free"] <= health["disk"]["total"]
    assert [c["ok"] for c in health["checks"] if c["code"] == "mail"] == [False]
    settings = {s["name"]: s for s in server.api("GET", "/api/v1/settings").json()}
    assert settings["delivery.max_days"]["value"] == "90"


def test_work_that_was_given_up_is_listed_and_started_again(server, tmp_path):
    path = tmp_path / "aufgegeben.png"
    path.write_bytes(hostile.png(300, 200, colour=2, depth=8))
    made = server.run("upload", path)["files"][0]
    wait_for(lambda: server.api("GET", f"/api/v1/assets/{made['asset']}/preview/64").status == 200)
    sql(server, "INSERT INTO job (id, kind, version_id, dedupe, state, due_us, fence, tries, error, created_us) "
                f"VALUES (62, 'render', {made['version']}, 'render:62', 'dead', 0, 8, 8, 'no luck', 1)")
    health = server.api("GET", "/api/v1/health").json()
    assert health["queue"]["dead"] == 1 and [c["ok"] for c in health["checks"] if c["code"] == "jobs"] == [False]
    assert server.run("jobs") == [{"id": "62", "kind": "render", "error": "no luck", "asset": made["asset"], "name": path.name,
                                   "created": "1970-01-01T00:00:00.000001Z"}]
    server.run("jobs", "again", "62")
    wait_for(lambda: sql(server, "SELECT state FROM job WHERE id = 62") == [["done"]])
    assert server.run("jobs") == []
    assert server.run("jobs", "again", "62", expect=4)["code"] == "not-found"
    assert [e["kind"] for e in server.run("history", made["asset"])["events"]].count("job.restarted") == 1


def test_many_files_for_many_people_are_told_in_parts(server, tmp_path):
    """Twenty-one files for a thousand are a line more than are told one by one."""
    for i in range(21):
        (tmp_path / f"{i:02}.txt").write_bytes(b"%d" % i)
    people = [f"leser{i}@viele.test" for i in range(1000)]
    sent = server.run("send", *sorted(tmp_path.iterdir()), *(x for p in people for x in ("--to", p)), "--release", "cleared")
    path = f"/api/v1/deliveries/{sent['delivery']}"
    link = next(r["link"] for r in sent["recipients"] if r["address"] == people[7])
    reader = Recipient(server, link, people[7]).prove()
    assert reader.request("GET", reader.path + "/file/1").status == 200
    of = f"{path}?recipient={people[7]}"
    wait_for(lambda: server.api("GET", of).json()["recipients"][0]["progress"]["complete"] == 1)

    whole = server.api("GET", path).json()
    told = {r["address"]: r for r in whole["recipients"]}
    assert sorted(told) == sorted(people) and len(whole["files"]) == 21
    assert all(r["files"] is None and r["progress"]["files"] == 21 and r["mail"] for r in told.values())
    assert [r["address"] for r in told.values() if r["progress"]["complete"]] == [people[7]]
    one = server.api("GET", of).json()
    assert [r["address"] for r in one["recipients"]] == [people[7]]
    assert [f["complete"] for f in one["recipients"][0]["files"]] == [True] + 20 * [False]
    assert {e["recipient"] for e in one["events"]} == {people[7]}
    assert "download.complete" in [e["kind"] for e in one["events"]]
    some = server.api("GET", f"{path}?events_until=500").json()
    assert some["events_before"] == 0 and len(some["events"]) == 500 and whole["events"][:500] == some["events"]
    text = subprocess.run([BUILD / "src/cli/geleit", "--dir", server.dir, "delivery", sent["delivery"]], capture_output=True, text=True).stdout
    alone = server.run("delivery", sent["delivery"], "--recipient", people[7])["recipients"]
    assert [(r["address"], r["files"]) for r in alone] == [(people[7], one["recipients"][0]["files"])]
    assert server.run("delivery", sent["delivery"], "--until", 500)["events"] == some["events"]
    assert text.count("  0 of 21 files complete\n") == 999 and f"{people[7]}  downloading\n  1 of 21 files complete\n" in text
