# SPDX-License-Identifier: AGPL-3.0-or-later
"""The documented storage format, held by two implementations.

tests/helpers/seal_file.c writes a version with the server's code, tools/read_version.py reads it
from the documentation alone; the tables are those of schema/.  What is damaged must be refused.
SEAL_FILE names the helper, or GELEIT_BUILD the build folder.
"""
import hashlib
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
HELPER = os.environ.get("SEAL_FILE") or os.environ.get("GELEIT_BUILD", "/nonexistent") + "/src/store/seal_file"
MASTER = bytes(range(32))
EPOCH = 202611
VERSION = 0x0123456789ABCDEF
TYPES = {"ID": "INTEGER", "INT": "INTEGER", "TEXT": "TEXT", "BYTES": "BLOB", "BOOL": "INTEGER"}


def make_db(path, schema):
    db = sqlite3.connect(path)
    for file in sorted((ROOT / "schema" / schema).glob("[0-9]*.sql")):
        if file.name.endswith((".sqlite.sql", ".pg.sql")):
            continue
        text = re.sub(r"--[^\n]*", "", file.read_text())
        db.executescript(re.sub(r"\b(ID|INT|TEXT|BYTES|BOOL)\b", lambda m: TYPES[m[1]], text))
    return db


def insert(db, table, **columns):
    marks = ", ".join("?" * len(columns))
    db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(columns.values()))


class World:
    """A server's folder with one version in it."""

    def __init__(self, folder, plain, part_bytes):
        self.folder, self.plain = folder, plain
        (folder / "db").mkdir()
        (folder / "keys").mkdir()
        (folder / "keys/master.key").write_bytes(MASTER)
        done = subprocess.run([HELPER, MASTER.hex(), str(EPOCH), str(VERSION), folder, str(part_bytes)],
                              input=plain, stdout=subprocess.PIPE, check=True)
        lines = [line.split() for line in done.stdout.decode().splitlines()]
        keys = {line[0]: bytes.fromhex(line[1]) for line in lines if line[0] != "part"}
        self.parts = [(bytes.fromhex(line[1]), int(line[2])) for line in lines if line[0] == "part"]
        self.check = keys["check"]
        self.main = make_db(folder / "db/geleit.db", "main")
        self.keys = make_db(folder / "db/keys.db", "keys")
        insert(self.keys, "epoch_key", epoch=EPOCH, wrap=keys["epoch"])
        insert(self.keys, "version_key", version_id=VERSION, epoch=EPOCH, wrap=keys["version"], created_us=1)
        insert(self.main, "version", id=VERSION, asset_id=1, number=1, name="a.bin", bytes=len(plain),
               sha256=hashlib.sha256(plain).digest(), malware="not_scanned", state="ready",
               created_by=1, created_us=1)
        for position, (blob, size) in enumerate(self.parts):
            insert(self.main, "version_part", version_id=VERSION, position=position, blob_id=blob, bytes=size)
        self.main.commit()
        self.keys.commit()

    def blob(self, n):
        name = self.parts[n][0].hex()
        return self.folder / "blobs" / name[:2] / name

    def read(self, version=VERSION):
        return subprocess.run(["/usr/bin/python3", ROOT / "tools/read_version.py", self.folder, str(version)],
                              capture_output=True)

    def assert_refused(self, *words):
        done = self.read()
        assert done.returncode == 1
        assert any(w in done.stderr.decode() for w in words), done.stderr
        assert self.plain.startswith(done.stdout) and len(done.stdout) < len(self.plain)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, os.urandom(100_000), 40_000)


@pytest.mark.parametrize("size,part", [(0, 100), (1, 100), (16383, 1 << 20), (16384, 1 << 20), (16385, 1 << 20),
                                       (16384, 16384), (100_000, 30_000), ((1 << 20) + 7, 1 << 18)])
def test_reads_what_the_server_wrote(tmp_path, size, part):
    world = World(tmp_path, os.urandom(size), part)
    done = world.read()
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == world.plain


def test_check_value(world):
    import hmac
    prk = hmac.new(bytes(32), MASTER, "sha256").digest()  # HKDF-Extract with an empty salt
    assert world.check == hmac.new(prk, b"geleit/check/v1\x01", "sha256").digest()[:16]


@pytest.mark.parametrize("at", [0, 30, 60, 56 + 16390, 56 + 16400 + 5, -1])
def test_a_flipped_bit(world, at):
    data = bytearray(world.blob(0).read_bytes())
    data[at] ^= 4
    world.blob(0).write_bytes(data)
    world.assert_refused("not authentic", "another key")


def test_cut_and_grown(world):
    whole = world.blob(2).read_bytes()
    for data in (whole[:-1], whole[:56 + 16400], whole + b"\0", b"", whole[:20]):
        world.blob(2).write_bytes(data)
        world.assert_refused("bytes, not", "no head")


def test_swapped_blobs(world):
    a, b = world.blob(0).read_bytes(), world.blob(1).read_bytes()
    world.blob(0).write_bytes(b)
    world.blob(1).write_bytes(a)
    world.assert_refused("another blob")


def test_swapped_parts(world):
    """In the database, with both blobs intact: only the hash can tell, at the end."""
    world.main.execute("UPDATE version_part SET position = 9 WHERE position = 0")
    world.main.execute("UPDATE version_part SET position = 0 WHERE position = 1")
    world.main.execute("UPDATE version_part SET position = 1 WHERE position = 9")
    world.main.commit()
    done = world.read()
    assert done.returncode == 1 and b"SHA-256" in done.stderr


def test_missing_part(world):
    world.main.execute("DELETE FROM version_part WHERE position = 1")
    world.main.commit()
    world.assert_refused("do not make up")


def test_shredded(world):
    world.keys.execute("DELETE FROM version_key")
    world.keys.commit()
    world.assert_refused("shredded")


def test_wrap_of_another_version(world):
    world.main.execute("UPDATE version SET id = 7")
    world.main.execute("UPDATE version_part SET version_id = 7")
    world.keys.execute("UPDATE version_key SET version_id = 7")
    world.main.commit()
    world.keys.commit()
    done = world.read(7)
    assert done.returncode == 1 and done.stdout == b"" and b"kind v is not authentic" in done.stderr


def test_wrong_master_key(world):
    (world.folder / "keys/master.key").write_bytes(bytes(32))
    world.assert_refused("kind e is not authentic")


def test_writes_nothing(world):
    world.main.close()
    world.keys.close()
    before = {p: p.stat().st_mtime_ns for p in world.folder.rglob("*")}
    assert world.read().returncode == 0
    assert before == {p: p.stat().st_mtime_ns for p in world.folder.rglob("*")}
