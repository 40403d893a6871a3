# SPDX-License-Identifier: AGPL-3.0-or-later
"""Readers that are not ours read the archives that src/model/package.c plans.

PACKAGE_TEST names the program package_test, which writes them: content is the
pattern of content_at() there; in `large` what is sealed is a hole in the file.
"""
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from zipreaders import READERS, listing, read_all, walk  # noqa: E402

LONG = os.environ.get("GELEIT_LONG") == "1"
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


LARGE = [("knapp.bin", 0xFFFFFFFE), ("genau.bin", 0xFFFFFFFF), ("mehr.bin", 0x100000000), ("klein.bin", 3), ("leer.bin", 0)]


def test_large(archives):
    with zipfile.ZipFile(archives / "large.zip") as z:
        infos = z.infolist()
        assert [(i.filename, i.file_size) for i in infos[:5]] == LARGE
        for i in infos:
            if i.file_size >= 0xFFFFFFFE or i.filename == "MANIFEST.txt":
                with z.open(i) as f:
                    assert f.read(2) == (b"eT" if i.filename == "MANIFEST.txt" else bytes(2))
        assert infos[2].header_offset > 0xFFFFFFFF


@pytest.mark.parametrize("name, is_zip64", [("small", False), ("nothing", False), ("just32", False), ("just64", True), ("many", True), ("large", True)])
def test_every_byte_is_accounted_for(archives, name, is_zip64):
    """And zip64 stands exactly where a number does not fit: in the headers of each file, and at the end."""
    entries, _, found = walk(archives / f"{name}.zip")
    assert found == is_zip64 and entries[-1][0] == "MANIFEST.txt"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["small", "nothing", "many", *(["just32", "just64"] if LONG else [])])
def test_each_program_reads_all_of_it(archives, name, reader, tmp_path):
    if reader == "jar" and name == "many" and not LONG:
        pytest.skip("jar unpacks 65,537 files only with GELEIT_LONG=1; it lists them")
    read_all(reader, archives / f"{name}.zip", tmp_path / "out")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["many", "large"])
def test_each_program_lists_it(archives, name, reader):
    found = listing(reader, archives / f"{name}.zip")
    if name == "large":
        assert found[:-1] == LARGE and found[-1][0] == "MANIFEST.txt"
    else:
        assert found[:-1] == [(f"datei-{i}.txt", i % 3) for i in range(65536)]
