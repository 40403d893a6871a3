# SPDX-License-Identifier: AGPL-3.0-or-later
"""Readers that are not ours read the archives that src/model/package.c plans.

PACKAGE_TEST names the program package_test, which writes them: content is the
pattern of content_at() there; in `large` what is sealed is a hole in the file.
"""
import os
import shutil
import struct
import subprocess
import zipfile

import pytest

NAMES = ["leer.txt", "a.txt", "Übung ß – 日本.pdf", "auch leer.txt", "z.bin"]
SIZES = [0, 5, 100000, 0, 80000]


def content(slot, size):
    return bytes((slot * 31 + i * 7 + (i >> 8)) & 0xFF for i in range(size))


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    out = tmp_path_factory.mktemp("package")
    subprocess.run([os.environ["PACKAGE_TEST"]], env={**os.environ, "PACKAGE_OUT": str(out)},
                   check=True, capture_output=True)
    return out


def manifest(names, hashes):
    lines = ["eTicket ABCD-2345", "SHA-256", ""]
    lines += [f"{h}  {n}" for n, h in zip(names, hashes)]
    return "".join(line + "\r\n" for line in lines).encode()


def hash_of(i):
    return (bytes([i >> 8 & 0xFF, i & 0xFF]) + bytes(30)).hex()


def test_small(archives):
    with zipfile.ZipFile(archives / "small.zip") as z:
        assert z.testzip() is None
        assert z.namelist() == NAMES + ["MANIFEST.txt"]
        for i, (name, size) in enumerate(zip(NAMES, SIZES)):
            assert z.read(name) == content(i, size)
        assert z.read("MANIFEST.txt") == manifest(NAMES, map(hash_of, range(5)))
        dates = [i.date_time for i in z.infolist()]
        assert dates[0] == (2026, 7, 1, 14, 1, 0)
        assert dates[2] == (2026, 1, 1, 12, 21, 0)
        assert dates[3] == (1980, 1, 1, 0, 0, 0)
        for i in z.infolist():
            assert i.flag_bits == 0x800 and i.compress_type == zipfile.ZIP_STORED
            assert i.external_attr >> 16 == 0o100644 and i.create_system == 3


def test_nothing(archives):
    with zipfile.ZipFile(archives / "nothing.zip") as z:
        assert z.testzip() is None
        assert z.namelist() == ["MANIFEST.txt"]


@pytest.mark.parametrize("name, n", [("just32", 65533), ("just64", 65534), ("many", 65536)])
def test_many(archives, name, n):
    with zipfile.ZipFile(archives / f"{name}.zip") as z:
        assert len(z.infolist()) == n + 1
        assert z.testzip() is None
        assert z.read(f"datei-{n - 1}.txt") == content(n - 1, (n - 1) % 3)
        assert z.read("MANIFEST.txt") == manifest(
            [f"datei-{i}.txt" for i in range(n)], map(hash_of, range(n)))


def test_large(archives):
    path = archives / "large.zip"
    sizes = [0xFFFFFFFE, 0xFFFFFFFF, 0x100000000, 3, 0]
    with zipfile.ZipFile(path) as z, open(path, "rb") as raw:
        infos = z.infolist()
        assert [i.file_size for i in infos[:5]] == sizes
        at = 0
        for i in infos:  # each header stands right behind the file before it
            assert i.header_offset == at
            raw.seek(at)
            head = raw.read(30)
            name, extra = struct.unpack("<HH", head[26:30])
            zip64 = i.file_size >= 0xFFFFFFFF
            assert head[:4] == b"PK\3\4" and extra == (20 if zip64 else 0)
            assert struct.unpack("<H", head[4:6])[0] == (45 if zip64 else 20)
            if zip64:
                raw.seek(at + 30 + name)
                assert struct.unpack("<HHQQ", raw.read(20)) == (1, 16, i.file_size, i.file_size)
            if i.file_size >= 0xFFFFFFFE or i.filename == "MANIFEST.txt":
                with z.open(i) as f:
                    assert f.read(2) == (b"eT" if i.filename == "MANIFEST.txt" else bytes(2))
            at += 30 + name + extra + i.file_size
        assert at == z.start_dir
        assert infos[2].header_offset > 0xFFFFFFFF


@pytest.mark.skipif(shutil.which("unzip") is None, reason="no unzip here")
@pytest.mark.parametrize("name", ["small", "many", "just32", "just64", "nothing"])
def test_info_zip(archives, name):
    done = subprocess.run(["unzip", "-tqq", str(archives / f"{name}.zip")], capture_output=True)
    assert done.returncode == 0, done.stderr
