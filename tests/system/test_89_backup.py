# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands of docs/admin/backup.md: a copy taken while people work, brought back elsewhere, serves as before."""
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

import geleit
from geleit import BUILD, Recipient, sha256, sql

sys.path.insert(0, str(geleit.ROOT / "tests/lib"))
import document  # noqa: E402
import oracle  # noqa: E402

BLOCKS = document.blocks("docs/admin/backup.md")


def places(server, folder, db, keys_db):
    return {**os.environ, "DIR": str(server.dir), "BACKUP": str(folder / "backup"), "KEYS": str(folder / "keys"),
            "KIT": str(folder / "kit"), "DB": db, "KEYS_DB": keys_db, "GELEIT_BUILD": str(BUILD)}


def keys_url(db):
    return db + "_keys"


def kind_of(server):
    return "sqlite" if server.db == "sqlite" else "postgresql"


def ready_to_back_up(server, folder):
    """Both places and the kit; the places as the page names them."""
    env = places(server, folder, server.db, keys_url(server.db))
    kit = subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "master-key", "kit"], capture_output=True, text=True, check=True)
    pathlib.Path(env["KIT"]).write_text(kit.stdout)
    document.run(BLOCKS["prepare"], env)
    return env


@pytest.fixture
def old(fresh, files):
    """A server with what a backup must keep: files, a delivery, one revoked, a version more, a proved recipient."""
    s = fresh().start()
    s.sent = s.run("send", *files, "--release", "cleared", "--to", "anna@customer.test", "--subject", "A")
    s.gone = s.run("send", files[0], "--release", "cleared", "--to", "ben@customer.test", "--subject", "B")
    s.run("revoke", s.gone["delivery"], "--reason", "wrong")
    s.anna = Recipient(s, s.sent["recipients"][0]["link"], "anna@customer.test").prove()
    return s


class Work(threading.Thread):
    """Uploads until told to end; what was acknowledged before and after the backup began."""

    def __init__(self, server, folder):
        super().__init__(daemon=True)
        self.server, self.folder, self.over, self.done = server, folder, threading.Event(), []

    def run(self):
        while not self.over.is_set():
            path = self.folder / f"meanwhile-{len(self.done)}.bin"
            path.write_bytes(os.urandom(200_000))
            self.done.append(self.server.run("upload", path)["files"][0] | {"path": path})


def all_content(server):
    """Asset and hash of every file that there is, read back over the API."""
    found, cursor = {}, ""
    while cursor is not None:
        page = server.api("GET", "/api/v1/assets?limit=100" + cursor).json()
        found |= {item["asset"]: sha256(content_of(server, item)) for item in page["assets"]}
        cursor = "&cursor=" + page["next"] if page.get("next") else None
    return found


def content_of(server, item):
    """What the copy caught on its way in is taken in first: 409 until then."""
    def look():
        a = server.api("GET", f"/api/v1/assets/{item['asset']}/versions/{item['version']['version']}/content")
        return a.status != 409 and a
    a = geleit.wait_for(look, 60)
    assert a.status == 200, (item, a.status)
    return a.body


def brought_back(old, fresh, env, kind, tmp_path):
    """The restored DIR, with what another machine would have: no ids, modes or times worth keeping."""
    new = fresh()
    shutil.rmtree(new.dir, ignore_errors=True)
    new.port, new.url = old.port, old.url       # links name it
    back = {**env, "DIR": str(new.dir)}
    if kind == "postgresql":
        back |= {"DB": new.db, "KEYS_DB": keys_url(new.db)}
    document.run(BLOCKS[f"restore {kind}"], back)
    if kind == "postgresql":
        conf = new.dir / "geleit.conf"
        conf.write_text(conf.read_text().replace(old.db, new.db))
    if os.getuid() == 0:
        for path in [new.dir, *new.dir.rglob("*")]:
            os.chown(path, 12345, 12345)
    said = document.run(BLOCKS["finish"], back)
    assert re.fullmatch(r"[1-9]\d* checked, 0 found\n", said), said
    return new


def test_what_was_backed_up_while_people_worked_serves_again(old, fresh, files, tmp_path):
    kind = kind_of(old)
    env = ready_to_back_up(old, tmp_path)
    before = all_content(old)
    work = Work(old, tmp_path)
    work.start()
    geleit.wait_for(lambda: len(work.done) > 2)
    certainly = list(work.done)
    document.run(BLOCKS[f"backup {kind}"], env)
    half = cut_off(old, tmp_path)
    document.run(BLOCKS[f"backup {kind}"], env)     # the second night copies over the first
    work.over.set()
    work.join()
    assert half.read_bytes() == (old.dir / half.relative_to(tmp_path / "backup")).read_bytes()
    later = old.run("upload", files[1])["files"][0]
    assert old.stop() == 0
    old.dir.rename(old.dir.with_name("lost"))

    new = brought_back(old, fresh, env, kind, tmp_path)
    new.start()
    content = all_content(new)
    assert content.items() >= before.items()
    for u in certainly:
        assert content[u["asset"]] == sha256(u["path"].read_bytes())
    assert later["asset"] not in content
    # who had the link has it, proved as before; what was revoked stays so
    old.anna.server = new
    a = old.anna.request("GET", f"{old.anna.path}/file/1")
    assert (a.status, sha256(a.body)) == (200, old.sent["files"][0]["sha256"])
    assert new.run("delivery", old.gone["delivery"])["state"] == "revoked"
    # and it works on: a new file, and the roles may do what they must
    new.run("upload", files[2])
    assert new.run("fsck")["ok"]


def cut_off(server, folder):
    """What a night leaves that ended in the middle of a file: half of a new one."""
    def new():
        there = {p.relative_to(server.dir) for p in (server.dir / "blobs").rglob("*") if p.is_file()}
        return sorted(there - {p.relative_to(folder / "backup") for p in (folder / "backup/blobs").rglob("*")})
    name = geleit.wait_for(new, 60)[0]
    whole = (server.dir / name).read_bytes()
    (folder / "backup" / name).write_bytes(whole[:len(whole) // 2])
    return folder / "backup" / name


def stop_worker(server):
    """Its process holds still, and not with the lock of the database in its hand."""
    def look():
        os.kill(pid, signal.SIGSTOP)
        if server.db != "sqlite":
            return True
        with open(server.dir / "db/lock", "rb") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                os.kill(pid, signal.SIGCONT)
                return False
    pid = server.roles("worker")[0]
    geleit.wait_for(look, 60)
    return pid


def blobs_of(server, table):
    return {row[0] for row in sql(server, f"SELECT blob_id FROM {table}")}


def test_what_was_merged_while_the_backup_ran_is_whole_in_it(old, fresh, tmp_path):
    """The database's copy names small parts; when the files are copied, merged ones have taken their place."""
    kind, env = kind_of(old), ready_to_back_up(old, tmp_path)
    client = oracle.Client(old)
    slow, begun = os.urandom(400_000), os.urandom(500_000)
    unfinished = client.begin_upload(begun, "begun.bin")
    for i in range(4):
        client.send_piece(unfinished, i * 100_000, 100_000)
    assert client.stands_at(unfinished)[0] == 400_000
    database, files = re.fullmatch(r"(.*?)^(find .*)", BLOCKS[f"backup {kind}"], re.M | re.S).groups()
    worker = stop_worker(old)
    asset = client.upload(slow, 4)
    assert client.version(asset)["state"] == "pending"
    document.run(database, env)
    named = blobs_of(old, "version_part") | blobs_of(old, "upload_part")
    os.kill(worker, signal.SIGCONT)
    client.wait_ready(asset)
    other = client.wait_ready(client.go_on(unfinished))
    assert len(named - blobs_of(old, "version_part")) == 8      # so both were merged
    document.run(files, env)
    assert old.run("fsck")["ok"]
    assert old.stop() == 0
    old.dir.rename(old.dir.with_name("lost"))

    new = brought_back(old, fresh, env, kind, tmp_path)
    new.start()
    client = oracle.Client(new)
    client.begun[unfinished], client.offsets[unfinished] = begun, 400_000
    again = client.wait_ready(client.go_on(unfinished))
    client.wait_ready(asset)
    content = all_content(new)
    assert (content[asset], content[again]) == (sha256(slow), sha256(begun))
    assert other not in content
    assert new.run("fsck")["ok"]


def test_without_the_keys_the_copy_says_nothing_of_what_is_in_the_files(old, files, tmp_path):
    env = places(old, tmp_path, old.db, keys_url(old.db))
    document.run(BLOCKS["prepare"], env)
    document.run(BLOCKS[f"backup {kind_of(old)}"], env)
    everything = b"".join(p.read_bytes() for p in (tmp_path / "backup").rglob("*") if p.is_file())
    for p in files:
        data = p.read_bytes()
        assert len(data) < 64 or data[:64] not in everything, p.name
    assert old.sent["recipients"][0]["link"].rsplit("/", 1)[1].encode() not in everything     # it stood in a mail
    assert old.key().encode() in everything     # the rest is in clear, as the page warns
    assert not list((tmp_path / "backup").rglob("keys.*")) and not list((tmp_path / "backup").rglob("master.key"))


def test_an_existing_folder_gets_its_owners_and_nothing_else(old):
    assert old.stop() == 0
    before = {p: (p.stat().st_uid, p.stat().st_gid, p.stat().st_mode) for p in old.dir.rglob("*") if p.parent.name != "run"}
    content = {p: sha256(p.read_bytes()) for p in before if p.is_file()}
    if os.getuid() == 0:
        for p in before:
            os.chown(p, 12345, 12345)
    for p in before:
        p.chmod(0o700 if p.is_dir() else 0o600)
    old.run("init")
    assert {p: (p.stat().st_uid, p.stat().st_gid, p.stat().st_mode) for p in before} == before
    assert {p: sha256(p.read_bytes()) for p in content} == content
