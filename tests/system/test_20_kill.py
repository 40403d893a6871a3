# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 of every role during an upload and a download: nothing acknowledged is lost."""
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from geleit import BUILD, Recipient, sha256, wait_for

ROLES = ["front", "app", "keeper", "worker", "egress"]


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    p = tmp_path_factory.mktemp("big") / "big.bin"
    p.write_bytes(random.Random(5).randbytes(1 << 20) * 160)
    return p


@pytest.mark.parametrize("role", ROLES)
def test_an_upload_survives_the_death_of(server, big, role):
    up = subprocess.Popen([str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "--json", "upload", str(big)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    for pid in server.roles(role):
        os.kill(pid, signal.SIGKILL)
    out, err = up.communicate(timeout=120)
    assert up.returncode == 0, err + server.log_text()[-2000:]
    assert sha256(big.read_bytes()) in out
    wait_for(lambda: len(server.roles(role)) >= 1)


@pytest.mark.parametrize("role", ROLES)
def test_a_download_and_the_death_of(server, big, role):
    """It goes on, or can be resumed where it broke; afterwards it is complete."""
    doc = server.run("send", big, "--release", "cleared", "--to", f"{role}@customer.test")
    r = Recipient(server, doc["recipients"][0]["link"], f"{role}@customer.test").prove()
    data, want = bytearray(), big.read_bytes()
    killed = threading.Event()

    def kill():
        time.sleep(0.15)
        for pid in server.roles(role):
            os.kill(pid, signal.SIGKILL)
        killed.set()
    t = threading.Thread(target=kill)
    t.start()
    for _ in range(40):
        try:
            with r.stream(r.path + "/file/1", {"Range": f"bytes={len(data)}-"}) as (a, c):
                if a.status != 206:
                    time.sleep(0.2)
                    continue
                while piece := a.read(1 << 18):
                    data += piece
        except OSError:
            time.sleep(0.1)
        except Exception as e:  # http.client.IncompleteRead and relatives
            if "Incomplete" not in repr(e) and "RemoteDisconnected" not in repr(e):
                raise
        if len(data) == len(want):
            break
    t.join()
    assert killed.is_set() and bytes(data) == want

    def complete():
        f = server.run("delivery", doc["delivery"])["recipients"][0]["files"][0]
        return f["state"] == "complete" or f["state"] == "interrupted"
    wait_for(complete, 25)


def test_after_all_that_fsck_is_clean(server):
    assert server.run("fsck")["ok"] is True


def test_master_gone_children_gone(fresh):
    s = fresh().start()
    pids = [r["pid"] for r in s.run("status")["roles"] if r["role"] != "master"]
    master = [r["pid"] for r in s.run("status")["roles"] if r["role"] == "master"][0]
    os.kill(master, signal.SIGKILL)
    s.process.wait(5)

    def gone():
        return not any(os.path.exists(f"/proc/{p}") and "Z" not in open(f"/proc/{p}/stat").read().rsplit(")", 1)[1]
                       for p in pids)
    wait_for(gone, 2)
    s.start()
    assert s.run("fsck")["ok"]
    assert s.stop() == 0
