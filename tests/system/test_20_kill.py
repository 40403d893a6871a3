# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 of every role during an upload and a download: nothing acknowledged is lost."""
import contextlib
import http.client
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from geleit import BUILD, ROOT, Recipient, sha256, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import oracle  # noqa: E402
from scoreboard import system_figure  # noqa: E402

ROLES = ["front", "app", "keeper", "worker", "egress"]
survived = []       # (role, what was under way)


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    p = tmp_path_factory.mktemp("big") / "big.bin"
    p.write_bytes(random.Random(5).randbytes(1 << 20) * 160)
    return p


def kill_all(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("role", ROLES)
def test_an_upload_survives_the_death_of(server, big, role):
    pids, size = server.roles(role), big.stat().st_size
    up = subprocess.Popen([str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "--json", "upload", str(big)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_in_the_middle():
        assert up.poll() is None, up.communicate()
        rows = sql(server, "SELECT committed FROM upload WHERE result_asset_id IS NULL ORDER BY created_us DESC LIMIT 1")
        return rows != [] and 0 < int(rows[0][0]) < size
    wait_for(is_in_the_middle, 60, 0.01)
    kill_all(pids)
    assert up.poll() is None
    out, err = up.communicate(timeout=120)
    assert up.returncode == 0, err + server.log_text()[-2000:]
    assert sha256(big.read_bytes()) in out
    wait_for(lambda: (now := server.roles(role)) and not set(now) & set(pids))
    oracle.agrees(server)
    survived.append((role, "upload"))


@pytest.mark.parametrize("role", ROLES)
def test_a_download_and_the_death_of(server, big, role):
    """It goes on, or can be resumed where it broke, until the client has every byte.  The record says complete; interrupted
    only where a front died: what had arrived since its last report nobody else knows."""
    doc = server.run("send", big, "--release", "cleared", "--to", f"{role}@customer.test")
    r = Recipient(server, doc["recipients"][0]["link"], f"{role}@customer.test").prove()
    pids, killed = server.roles(role), False
    data, want = bytearray(), big.read_bytes()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with r.stream(r.path + "/file/1", {"Range": f"bytes={len(data)}-"}) as (a, c):
                if a.status != 206:
                    time.sleep(0.2)
                    continue
                while piece := a.read(1 << 18):
                    data += piece
                    if not killed and len(data) >= 8 << 20:     # most is still to come: no buffer on the way holds so much
                        kill_all(pids)
                        killed = True
        except OSError:
            time.sleep(0.1)
        except Exception as e:  # http.client.IncompleteRead and relatives
            if "Incomplete" not in repr(e) and "RemoteDisconnected" not in repr(e):
                raise
        if len(data) == len(want):
            break
    assert killed and bytes(data) == want

    def is_told():
        f = server.run("delivery", doc["delivery"])["recipients"][0]["files"][0]
        return f["state"] in ("complete", *["interrupted"] * (role == "front"))
    wait_for(is_told)
    oracle.agrees(server)
    survived.append((role, "download"))


def read_on(answer, data):
    """Until its end or its break."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while piece := answer.read1(1 << 16):
            data += piece


def test_a_restart_forgets_nothing_of_a_download(fresh, big):
    """Front tells what had arrived before it ends; who goes on where it broke has a whole file, and the record says so."""
    s, want, data = fresh().start(), big.read_bytes(), bytearray()
    doc = s.run("send", big, "--release", "cleared", "--to", "restart@customer.test")
    r = Recipient(s, doc["recipients"][0]["link"], "restart@customer.test").prove()
    etag = r.request("HEAD", r.path + "/file/1").headers["ETag"]
    with r.stream(r.path + "/file/1") as (a, _):
        while len(data) < 8 << 20:
            data += a.read(1 << 18)
        assert s.stop() == 0
        read_on(a, data)
    assert len(data) < len(want)
    s.start()
    assert [row for row in sql(s, "SELECT state FROM transfer")] == [["interrupted"]]
    with r.stream(r.path + "/file/1", {"Range": f"bytes={len(data)}-", "If-Range": etag}) as (a, _):
        assert a.status == 206
        read_on(a, data)
    assert bytes(data) == want
    wait_for(lambda: s.run("delivery", doc["delivery"])["recipients"][0]["files"][0]["complete"])
    oracle.agrees(s)
    assert s.stop() == 0


def test_after_all_that_fsck_is_clean(server):
    assert server.run("fsck")["ok"] is True
    if len(survived) == 2 * len(ROLES):
        system_figure("kill -9", len(survived), "deaths of a role in an upload or a download, nothing acknowledged lost",
                      "pytest tests/system/test_20_kill.py")


def is_alive(pid):
    try:
        return "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    except OSError:     # it ended while it was looked at
        return False


def test_master_gone_children_gone(fresh):
    s = fresh().start()
    pids = [r["pid"] for r in s.run("status")["roles"] if r["role"] != "master"]
    master = [r["pid"] for r in s.run("status")["roles"] if r["role"] == "master"][0]
    os.kill(master, signal.SIGKILL)
    s.process.wait(60)
    wait_for(lambda: not any(map(is_alive, pids)))
    s.start()
    oracle.agrees(s)
    assert s.run("fsck")["ok"]
    assert s.stop() == 0
