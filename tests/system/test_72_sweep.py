# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the sweeper deletes, over days of the server's clock (faketime.py): uploads that were given up, with their blobs and
keys, and blobs of nobody.  Every file of somebody is there afterwards, byte for byte, and so is an upload whose time has not come.
"""
import base64
import contextlib
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest

import faketime
import geleit
from geleit import ROOT, Recipient, sha256, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402

DAY = 86400
PATIENCE = 60
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture()
def server(cluster):
    from conftest import database
    s = geleit.Server(db=database(cluster))
    s.patience = PATIENCE
    with faketime.around(s, waiting=True):
        s.start()
    s.clock = faketime.Clock(s)
    yield s
    s.remove()


# ---- uploads by hand ----

class Upload:
    """One in two halves, of which the second may never come."""

    def __init__(self, server, size=200_000, asset=None):
        self.server, self.data = server, os.urandom(size)
        metadata = {"Upload-Metadata": "asset " + base64.b64encode(asset.encode()).decode()} if asset else {}
        a = server.api("POST", "/api/v1/uploads", None, {**TUS, **metadata, "Upload-Length": str(size)})
        assert a.status == 201, a.text
        self.where = a.headers["Location"]
        begun = newest_blobs(server)
        assert self.patch(0, size // 2).status == 204
        self.blobs = newest_blobs(server) - begun

    def patch(self, start, end):
        return self.server.api("PATCH", self.where, self.data[start:end], {**OCTETS, "Upload-Offset": str(start)})

    def head(self):
        return self.server.api("HEAD", self.where, None, TUS)

    def end(self):
        """(asset, version)"""
        a = self.patch(len(self.data) // 2, len(self.data))
        assert a.status == 204, a.text
        return a.headers["Geleit-Asset"], a.headers["Geleit-Version"]


# ---- what is stored ----

def newest_blobs(server):
    return {p for p in (server.dir / "blobs").rglob("*") if p.is_file()}


def kept_keys(server):
    """Of versions and uploads."""
    text = "SELECT version_id FROM version_key"
    if server.db != "sqlite":
        done = subprocess.run(["psql", "-q", "-A", "-t", server.db + "_keys", "-c", text], check=True, capture_output=True, text=True)
        return set(done.stdout.split())
    with contextlib.closing(sqlite3.connect(server.dir / "db/keys.db", timeout=10)) as db:
        return {str(v) for v, in db.execute(text)}


def lay(server, folder, age=0):
    """A blob, or a part, that no row names: a copy of a real one, written `age` seconds ago."""
    like = min(newest_blobs(server))
    name = secrets.token_hex(16)
    path = server.dir / "parts" / name if folder == "parts" else server.dir / "blobs" / name[:2] / name
    shutil.copy2(like, path)
    owner = like.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    then = time.time() + server.clock.seconds - age
    os.utime(path, (then, then))
    return path


def content(server, asset, version):
    return server.api("GET", f"/api/v1/assets/{asset}/versions/{version}/content")


class Library:
    """Files that are somebody's, and what they must be for ever."""

    def __init__(self, server, files):
        self.server, self.sha, self.pictures = server, {}, {}
        for up in server.run("upload", *files)["files"]:
            self.sha[up["asset"], up["version"]] = up["sha256"]

    def add(self, ids, data):
        self.sha[ids] = sha256(data)

    def add_picture(self, path):
        up = self.server.run("upload", path)["files"][0]
        self.sha[up["asset"], up["version"]] = up["sha256"]
        where = f"/api/v1/assets/{up['asset']}/preview/320"
        self.pictures[where] = wait_for(lambda: (a := self.server.api("GET", where)).status == 200 and a.body, PATIENCE)

    def is_whole(self):
        for (asset, version), sha in self.sha.items():
            a = content(self.server, asset, version)
            assert a.status == 200 and sha256(a.body) == sha, (asset, version, a.status)
        for where, body in self.pictures.items():
            a = self.server.api("GET", where)
            assert a.status == 200 and a.body == body, (where, a.status)
        return True


def fsck(server):
    """With the server's clock: what nobody has is told only when it is more than a day old."""
    return server.run("fsck", env=faketime.environment(server))


def test_the_sweep_takes_what_is_nobodys_and_nothing_else(server, files, tmp_path):
    (tmp_path / "Bild.png").write_bytes(hostile.png(900, 700, colour=2, depth=8))
    live = Library(server, files)
    live.add_picture(tmp_path / "Bild.png")
    parts = Upload(server)
    ids = parts.end()
    live.add(ids, parts.data)
    second = Upload(server, asset=ids[0])
    live.add(second.end(), second.data)
    server.run("release", ids[0], "cleared")
    sent = server.run("send", ids[0], files[2], "--release", "cleared", "--expires", "30d", "--to", "anna@customer.test")
    old, begun = Upload(server), kept_keys(server)
    assert len(old.blobs) == 1 and old.head().status == 200
    stray = lay(server, "blobs")

    server.clock.advance(2 * DAY)
    wait_for(lambda: not stray.exists(), PATIENCE)
    assert live.is_whole() and old.head().status == 200 and all(p.exists() for p in old.blobs)
    young = Upload(server)
    assert begun < kept_keys(server)
    young_key = (kept_keys(server) - begun).pop()
    nobodys = [lay(server, "blobs"), lay(server, "parts")]
    later = lay(server, "blobs", age=-6 * DAY + 3600)       # an hour old when the clock stands at eight days

    server.clock.advance(6 * DAY)
    wait_for(lambda: not any(p.exists() for p in [*nobodys, *old.blobs]), PATIENCE)
    gone = wait_for(lambda: begun - kept_keys(server), PATIENCE)        # the last thing a sweep does
    assert old.head().status == 404 and old.patch(100_000, 200_000).status == 404
    assert len(gone) == 1 and young_key in kept_keys(server)
    assert later.exists() and all(p.exists() for p in young.blobs)
    head = young.head()
    assert (head.status, head.headers["Upload-Offset"]) == (200, "100000")
    assert live.is_whole() and fsck(server)["ok"]
    anna = Recipient(server, sent["recipients"][0]["link"], "anna@customer.test").prove()
    assert sorted(sha256(anna.request("GET", f"{anna.path}/file/{n}").body) for n in (1, 2)) == sorted(
        f["sha256"] for f in sent["files"])

    live.add(young.end(), young.data)       # after six days, of blobs that are old
    server.clock.advance(8 * DAY)
    wait_for(lambda: not later.exists(), PATIENCE)
    wait_for(lambda: young.head().status == 404, PATIENCE)      # a week after its end it is forgotten, its file is not
    assert live.is_whole() and fsck(server)["ok"]
    assert young_key in kept_keys(server)
    assert not re.search(r"sweep|orphan", server.log_text())


def test_a_server_that_is_restarted_often_sweeps_too(server, files):
    """Half a minute after each start, not the ten minutes that lie between two sweeps."""
    server.run("upload", *files)
    stray = lay(server, "blobs", age=2 * DAY)
    server.stop()
    with faketime.around(server, waiting=True):
        server.start()
    assert stray.exists()
    server.clock.advance(40)
    wait_for(lambda: not stray.exists(), PATIENCE)
