# SPDX-License-Identifier: AGPL-3.0-or-later
"""One file goes the whole way: sent, opened, proved, fetched, followed, revoked."""
import io
import json
import random
import time
import zipfile

import pytest

from geleit import Recipient, events_of, sha256, sql, wait_for


@pytest.fixture(scope="module")
def sent(server, files):
    doc = server.run("send", *files, "--release", "cleared", "--to", "anna@customer.test", "--subject", "Motive Havn",
                     "--message", "Guten Tag,\nanbei die Motive.")
    return doc


@pytest.fixture(scope="module")
def anna(server, sent):
    return Recipient(server, sent["recipients"][0]["link"], "anna@customer.test").prove()


def test_send_names_every_file_with_its_hash(sent, files):
    assert [f["verdict"] for f in sent["files"]] == ["cleared"] * len(files)
    assert [f["sha256"] for f in sent["files"]] == [sha256(p.read_bytes()) for p in files]


def mail_is_done(delivery):
    """The mail of it is on its way by itself: only what comes after is compared."""
    return all(r["mail"]["state"] != "queued" for r in delivery["recipients"]) and delivery


def test_many_gets_of_the_link_change_nothing(server, sent):
    path = sent["recipients"][0]["link"].split(server.url)[1]
    before = wait_for(lambda: mail_is_done(server.run("delivery", sent["delivery"])))
    pages = {server.request("GET", path).body for _ in range(50)}
    other = server.request("GET", "/r/" + "A" * 43).text
    assert len(pages) == 1
    assert pages.pop().decode().replace(path[3:], "T") == other.replace("A" * 43, "T")
    assert server.run("delivery", sent["delivery"])["recipients"] == before["recipients"]


def test_single_files_arrive_whole(server, sent, anna, files):
    for n, p in enumerate(files, 1):
        a = anna.request("GET", f"{anna.path}/file/{n}")
        assert a.status == 200 and a.body == p.read_bytes(), (n, a.status)
        assert int(a.headers["Content-Length"]) == len(a.body)
    want = {f["version"] for f in sent["files"]}

    def done():
        rec = server.run("delivery", sent["delivery"])["recipients"][0]
        return {f["version"] for f in rec["files"] if f["complete"]} == want and rec
    rec = wait_for(done)
    assert rec["state"] == "complete"
    assert [f["sent_bytes"] for f in rec["files"]] == [p.stat().st_size for p in files]


def test_ranges_at_any_byte(anna, files):
    data = files[7].read_bytes()
    whole = anna.request("HEAD", anna.path + "/file/8")
    etag = whole.headers["ETag"]
    assert etag.startswith('"') and int(whole.headers["Content-Length"]) == len(data)
    rnd = random.Random(3)
    for _ in range(12):
        a, b = sorted(rnd.sample(range(len(data)), 2))
        r = anna.request("GET", anna.path + "/file/8", headers={"Range": f"bytes={a}-{b}", "If-Range": etag})
        assert r.status == 206 and r.body == data[a:b + 1]
        assert r.headers["Content-Range"] == f"bytes {a}-{b}/{len(data)}"
    assert anna.request("GET", anna.path + "/file/8", headers={"Range": "bytes=99999999-"}).status == 416
    stale = anna.request("GET", anna.path + "/file/8", headers={"Range": "bytes=5-9", "If-Range": '"no"'})
    assert stale.status == 200 and stale.body == data
    assert anna.request("GET", anna.path + "/file/8", headers={"If-None-Match": etag}).status == 304


def test_zip_is_exact_and_resumes(anna, files, sent):
    a = anna.request("GET", anna.path + "/all.zip")
    assert a.status == 200 and int(a.headers["Content-Length"]) == len(a.body)
    z = zipfile.ZipFile(io.BytesIO(a.body))
    assert z.testzip() is None
    for f, p in zip(sent["files"], files):
        assert z.read(f["name"]) == p.read_bytes()
    manifest = z.read("MANIFEST.txt").decode()
    assert all(f["sha256"] in manifest for f in sent["files"])
    for at in (1, 29, len(a.body) // 3, len(a.body) - 10):
        r = anna.request("GET", anna.path + "/all.zip", headers={"Range": f"bytes={at}-"})
        assert r.status == 206 and r.body == a.body[at:]


def test_the_timeline_says_what_happened(server, sent):
    kinds = events_of(server, sent["delivery"])
    for k in ("delivery.created", "mail.queued", "recipient.opened", "code.sent", "recipient.verified",
              "download.started", "download.complete"):
        assert k in kinds, kinds


def test_wrong_codes_end_after_five(server, files):
    doc = server.run("send", files[3], "--release", "cleared", "--to", "bert@customer.test")
    b = Recipient(server, doc["recipients"][0]["link"], "bert@customer.test")
    assert b.open().status == 303
    assert b.request("GET", b.path + "/file/1").status == 303
    assert b.ask_code().status == 303
    right = server.code_for("bert@customer.test")
    wrong = f"{(int(right) + 1) % 1000000:06}"
    assert [b.verify(wrong).status for _ in range(5)] == [422] * 4 + [429]
    csrf = b.csrf()
    a = b.request("POST", b.path + "/verify", f"code={right}&csrf={csrf}")
    assert a.status == 429
    assert b.ask_code().status == 303
    assert b.verify(server.code_for("bert@customer.test", 1)).status == 303
    assert b.request("GET", b.path + "/file/1").body == b"reserved\n"
    assert events_of(server, doc["delivery"]).count("code.failed") == 5


def test_forms_from_elsewhere_are_refused(server, sent, anna):
    token = sent["recipients"][0]["link"].rsplit("/", 1)[1]
    for origin in ("https://evil.example", "null"):
        assert anna.request("POST", "/r/open", f"token={token}", {"Origin": origin}).status == 403
    assert server.request("POST", "/r/open", f"token={token}",
                          {"Content-Type": "application/x-www-form-urlencoded"}).status == 403
    assert anna.request("POST", anna.path + "/code", "send=1&csrf=AAAA").status == 403


def test_strangers_see_one_neutral_page(server, sent, anna):
    number = sent["delivery"]
    pages = {server.request("GET", p).body for p in (f"/d/{number}", "/d/0000-0000", "/d/nonsense")}
    assert len(pages) == 1
    dead = anna.request("POST", "/r/open", "token=" + "x" * 43)
    assert dead.status == 200 and "/r/new-link" in dead.text


def test_what_is_not_cleared_stays(server, files):
    up = server.run("upload", files[3])["files"][0]
    doc = server.run("check", up["asset"], "--to", "c@customer.test", expect=5)
    assert doc["lines"][0]["state"] == "in_review"
    assert doc["lines"][0]["reasons"][0]["code"] == "release-draft"
    doc = server.run("send", up["asset"], "--to", "c@customer.test", expect=5)
    assert doc["code"] == "not-cleared" and doc["lines"]
    server.run("release", up["asset"], "conditions", "--credit", "© Studio Brandt")
    assert server.run("check", up["asset"], "--to", "c@customer.test")["lines"][0]["state"] == "conditions"
    server.run("release", up["asset"], "blocked")
    assert server.run("check", up["asset"], "--to", "c@customer.test", expect=5)["lines"][0]["state"] == "blocked"


def read_slowly(r, first):
    data = r.read(first)
    return data


def test_a_cut_download_is_interrupted_with_its_bytes(server, tmp_path):
    big = tmp_path / "cut.bin"  # more than the socket buffers of both ends hold
    big.write_bytes(random.Random(2).randbytes(1 << 20) * 64)
    doc = server.run("send", big, "--release", "cleared", "--to", "dora@customer.test")
    d = Recipient(server, doc["recipients"][0]["link"], "dora@customer.test").prove()
    with d.stream(d.path + "/file/1") as (r, c):
        assert len(r.read(1_000_000)) == 1_000_000
        time.sleep(1.2)

    def state():
        f = server.run("delivery", doc["delivery"])["recipients"][0]["files"][0]
        return f["state"] == "interrupted" and f
    f = wait_for(state)
    assert 0 < f["sent_bytes"] <= (63 << 20) and not f["complete"]
    ev = [e for e in server.run("delivery", doc["delivery"])["events"] if e["kind"] == "download.interrupted"]
    assert ev and 0 < ev[0]["bytes"] <= (63 << 20)


def test_who_goes_on_holds_what_is_before(server, tmp_path):
    """What TCP had been given and nobody acknowledged: the client that goes on behind it says that it has it, by If-Range alone."""
    big = tmp_path / "resumed.bin"
    big.write_bytes(random.Random(3).randbytes(1 << 20) * 32)
    doc = server.run("send", big, "--release", "cleared", "--to", "resumed@customer.test")
    d = Recipient(server, doc["recipients"][0]["link"], "resumed@customer.test").prove()
    etag = d.request("HEAD", d.path + "/file/1").headers["ETag"]
    with d.stream(d.path + "/file/1") as (r, _):
        assert len(r.read(100_000)) == 100_000
        time.sleep(1.2)

    def transfers(state):
        return [[int(v) for v in row] for row in sql(server, f"""SELECT range_from, sent_bytes, given_to FROM transfer t JOIN delivery d
            ON d.id = t.delivery_id WHERE d.number = '{doc["delivery"]}' AND t.state = '{state}' ORDER BY started_us""")]

    def go_on(at, headers):
        before = len(transfers("complete"))
        rest = d.request("GET", d.path + "/file/1", headers={"Range": f"bytes={at}-", **headers})
        assert rest.status == 206 and len(rest.body) == (32 << 20) - at
        wait_for(lambda: len(transfers("complete")) > before)
        return server.run("delivery", doc["delivery"])["recipients"][0]["files"][0]
    wait_for(lambda: transfers("interrupted"))
    (_, acked, given), = transfers("interrupted")
    assert 100_000 <= acked < given < 32 << 20
    assert not go_on(given, {})["complete"]
    assert not go_on(given + 1, {"If-Range": etag})["complete"]
    whole = go_on(given, {"If-Range": etag})
    assert whole["complete"] and whole["sent_bytes"] == 32 << 20
    assert events_of(server, doc["delivery"]).count("download.complete") == 1


def test_revoking_cuts_a_running_download_within_a_second(server, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(random.Random(1).randbytes(1 << 20) * 64)
    doc = server.run("send", big, "--release", "cleared", "--to", "emil@customer.test")
    e = Recipient(server, doc["recipients"][0]["link"], "emil@customer.test").prove()
    with e.stream(e.path + "/file/1") as (r, c):
        r.read(1 << 20)
        time.sleep(1)
        server.run("revoke", doc["delivery"], "--reason", "Irrtum")
        got, cut = 0, None
        try:
            while True:
                piece = r.read(65536)
                if not piece:
                    break
                got += len(piece)
                time.sleep(0.01)
        except OSError as err:
            cut = err
    assert got < (64 << 20) - (1 << 20), (got, cut)     # what was on the way still comes, and no more
    assert "widerrufen" in e.page().text.lower() or "beendet" in e.page().text.lower()
    assert e.request("GET", e.path + "/file/1").status == 403
    told = server.run("delivery", doc["delivery"])
    assert told["recipients"][0]["state"] == "revoked" and told["revoke_reason"] == "Irrtum"
    assert Recipient(server, doc["recipients"][0]["link"], "x").open().status == 200


def test_a_download_that_must_come_from_the_disk(server, tmp_path):
    """Blobs pushed out of memory: sends wait for the disk, front does not block, and all of it arrives."""
    import os
    if os.getuid() != 0:
        pytest.skip("only root may open the blobs")
    big = tmp_path / "cold.bin"
    big.write_bytes(random.Random(9).randbytes(1 << 20) * 48)
    doc = server.run("send", big, "--release", "cleared", "--to", "kalt@customer.test")
    r = Recipient(server, doc["recipients"][0]["link"], "kalt@customer.test").prove()
    for blob in (server.dir / "blobs").glob("*/*"):
        fd = os.open(blob, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
    assert sha256(r.request("GET", r.path + "/file/1").body) == doc["files"][0]["sha256"]


def test_one_recipient_can_be_revoked(server, files):
    doc = server.run("send", files[3], "--release", "cleared", "--to", "f1@customer.test", "--to", "f2@customer.test")
    links = {r["address"]: r["link"] for r in doc["recipients"]}
    server.run("revoke", doc["delivery"], "--recipient", "f1@customer.test", "--reason", "nicht mehr dabei")
    told = {r["address"]: r["revoke_reason"] for r in server.run("delivery", doc["delivery"])["recipients"]}
    assert told == {"f1@customer.test": "nicht mehr dabei", "f2@customer.test": ""}
    assert Recipient(server, links["f1@customer.test"], "").open().status == 200
    assert Recipient(server, links["f2@customer.test"], "").open().status == 303
    new = server.run("recipient", "link", doc["delivery"], "f2@customer.test")["link"]
    assert Recipient(server, links["f2@customer.test"], "").open().status == 200
    assert Recipient(server, new, "").open().status == 303


def test_download_limit_counts_sessions(server, files):
    doc = server.run("send", files[3], "--release", "cleared", "--to", "g@customer.test", "--limit", "1")
    link = doc["recipients"][0]["link"]
    one = Recipient(server, link, "g@customer.test").prove()
    for _ in range(3):
        assert one.request("GET", one.path + "/file/1").status == 200
    two = Recipient(server, link, "g@customer.test").prove()
    assert two.request("HEAD", two.path + "/file/1").status == 200
    assert two.request("GET", two.path + "/file/1").status == 403
    assert two.request("GET", two.path + "/all.zip").status == 403


def test_a_zip_counts_the_files_it_reaches(server, tmp_path):
    """Thirty files, a range over the first two: the other sessions still may have the rest, not these."""
    for i in range(30):
        (tmp_path / f"{i:02}.bin").write_bytes(random.randbytes(1000))
    doc = server.run("send", *sorted(tmp_path.iterdir()), "--release", "cleared", "--to", "g@customer.test", "--limit", "1")
    link = doc["recipients"][0]["link"]
    one = Recipient(server, link, "g@customer.test").prove()
    assert one.request("GET", one.path + "/all.zip", None, {"Range": "bytes=0-1500"}).status == 206
    two = Recipient(server, link, "g@customer.test").prove()
    states = [two.request("GET", f"{two.path}/file/{n}").status for n in (1, 2, 3, 30)]
    assert states == [403, 403, 200, 200]
    assert two.request("GET", two.path + "/all.zip", None, {"Range": "bytes=1200-"}).status == 403
    # the first goes on without what the second took
    assert one.request("GET", one.path + "/all.zip").status == 403


def test_addresses_are_sealed_beside_the_history(server, anna):
    """What the pages announce is recorded, and only sealed."""
    if server.db != "sqlite":
        pytest.skip("read from the file")
    import sqlite3
    db = sqlite3.connect(f"file:{server.dir}/db/geleit.db?mode=ro", uri=True)
    rows = db.execute("select p.field, p.sealed, e.entry from event_person p join event e on e.id = p.event_id").fetchall()
    assert any(f == "ip" for f, _, _ in rows)
    assert all(b"127.0.0.1" not in sealed and "127.0.0.1" not in entry and '"p_ip"' in entry for f, sealed, entry in rows
               if f == "ip")


def test_fsck_is_clean(server):
    assert server.run("fsck")["ok"] is True
    assert json.dumps(server.run("deliveries"))
