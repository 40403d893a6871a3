# SPDX-License-Identifier: AGPL-3.0-or-later
"""A full disk: uploads are refused with 507, everything else goes on."""
import os
import random
import subprocess

import pytest

from geleit import Recipient, sha256

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")


@pytest.fixture()
def small(fresh):
    s = fresh()
    s.dir.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "geleit-test", str(s.dir)], check=True)
    yield s.start()
    s.stop()
    subprocess.run(["umount", str(s.dir)], check=True)


def test_a_full_disk(small, tmp_path):
    little, large = tmp_path / "little.bin", tmp_path / "large.bin"
    little.write_bytes(random.Random(1).randbytes(200_000))
    with open(large, "wb") as f:
        f.truncate(400 << 20)
    doc = small.run("send", little, "--release", "cleared", "--to", "anna@customer.test")
    r = Recipient(small, doc["recipients"][0]["link"], "anna@customer.test").prove()
    refused = small.run("upload", large, expect=1)
    assert refused["code"] == "no-space" and refused["status"] == 507
    assert sha256(r.request("GET", r.path + "/file/1").body) == sha256(little.read_bytes())
    assert small.run("revoke", doc["delivery"])["state"] == "revoked"
    assert r.request("GET", r.path + "/file/1").status == 403
    assert small.run("fsck")["ok"]
