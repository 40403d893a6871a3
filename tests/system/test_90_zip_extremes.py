# SPDX-License-Identifier: AGPL-3.0-or-later
"""Packages at their extremes, opened by unzip, 7-Zip, Python, bsdtar and Java's jar: whole, and joined from pieces.

Names that become one another once Windows may have them, cuts inside headers, data and the directory, and zip64
exactly where a number does not fit.  GELEIT_LONG=1 adds a file of more than 4 GiB, more than 4 GiB in all (25 GB
below /tmp), and 10,000 files with the memory of front.  More entries than 65,535 do not fit a delivery:
tests/package_zip_test.py opens such an archive of the same code.
"""
import base64
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import re
import subprocess
import threading
import unicodedata

import pytest

from geleit import BUILD, Recipient, wait_for
from scoreboard import system_figure
from zipreaders import READERS, read_all, unpack, walk

LONG = os.environ.get("GELEIT_LONG") == "1"
COMMAND = "GELEIT_LONG=1 pytest tests/system/test_90_zip_extremes.py"
long = pytest.mark.skipif(not LONG, reason="GELEIT_LONG=1 makes packages of gigabytes")
PIECE = 1 << 20

# What people call files; many of them are the same name on Windows.
NAMES = ["a?.txt", "a*.txt", "a_.txt", "A_.TXT", "a:.txt", "a_ (2).txt", "CON", "con", "_con", "Con.txt", "_CON.TXT", "x", "x.", "x ", "X..",
         "\u00fc.pdf", "u\u0308.pdf", "\u00dc.PDF", "STRASSE.txt", "straße.txt", "MANIFEST.txt", "manifest.TXT", "MANIFEST.txt.",
         "ab.txt", "a\u200bb.txt", "a\tb.txt", "ordner/b.txt", "ordner\\b.txt", "B.txt", "L" * 250 + "1.tif", "L" * 250 + "2.tif",
         "l" * 250 + "3.tif", "..", "...", "", " ", "LPT1.log", "lpt\u00b9.log", "aux.c", "\u202etxt.exe", "txt.exe", "emoji \U0001f6cb.png",
         "日本語.txt", "-rf", "@liste", "'$(reboot)`'.sh", "\"quote\".txt", "%2e%2e%2f.txt", ".htaccess", "k" * 196 + ".txt"]


# ---- into the library ----

class Uploader:
    """One connection that stays; each file is one request."""

    def __init__(self, server):
        self.headers = {"Authorization": "Bearer " + server.key(), "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
        self.line = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=server.patience)

    def put(self, name, data):
        meta = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}".rstrip() for k, v in (("filename", name), ("release", "cleared")))
        self.line.request("POST", "/api/v1/uploads", data, {**self.headers, "Upload-Length": str(len(data)), "Upload-Metadata": meta})
        a = self.line.getresponse()
        a.read()
        assert a.status == 201, a.status
        return a.headers["Geleit-Asset"]


def cleared(server, assets, address):
    a = server.api("POST", "/api/v1/check", {"assets": assets, "to": [address]}, {"Content-Type": "application/json"})
    assert a.status == 200, a.text[:500]
    return all(line["state"] == "cleared" for line in a.json()["lines"])


def send(server, assets, address):
    """The delivery, and who has proved to be its recipient; asking for ten thousand costs what their preparation needs."""
    wait_for(lambda: cleared(server, assets[-1:], address) and cleared(server, assets, address), 1800, 0.5)
    a = server.api("POST", "/api/v1/deliveries", {"assets": assets, "to": [address]}, {"Content-Type": "application/json"})
    assert a.status == 201, a.text[:500]
    return a.json(), Recipient(server, a.json()["recipients"][0]["link"], address).prove()


# ---- out of it ----

ZERO = bytes(PIECE)


def keep(f, data):
    """Zeros stay a hole: gigabytes of them cost nothing."""
    if data == ZERO[:len(data)]:
        f.seek(len(data), os.SEEK_CUR)
    else:
        f.write(data)


def fetch(recipient, out, cuts=()):
    """The package into a file; the connection is dropped at each of these offsets and the rest asked for by Range."""
    etag, at = None, 0
    with open(out, "wb") as f:
        for stop in [*sorted(set(cuts)), None]:
            ask = {"Range": f"bytes={at}-", "If-Range": etag} if at else {}
            with recipient.stream(recipient.path + "/all.zip", ask) as (r, _):
                assert r.status == (206 if at else 200), (at, r.status)
                total = int(r.headers["Content-Range"].split("/")[1]) if at else int(r.headers["Content-Length"])
                assert etag in (None, r.headers["ETag"])
                etag = r.headers["ETag"]
                while at < (stop or total):
                    data = r.read(min(PIECE, (stop or total) - at))
                    assert data, (at, stop)
                    keep(f, data)
                    at += len(data)
        f.truncate(at)
    assert at == total
    return pathlib.Path(out)


def comes_whole(recipient, path):
    """The package in one piece is, byte by byte, what was joined there: that is read once, by whoever opens it."""
    with recipient.stream(recipient.path + "/all.zip") as (r, _), open(path, "rb") as joined:
        assert (r.status, int(r.headers["Content-Length"])) == (200, path.stat().st_size)
        while data := r.read(PIECE):
            assert joined.read(len(data)) == data, joined.tell()
        assert not joined.read(1), "it was cut"


def all_complete(server, number):
    """A server that is busy (503) is asked again.  Pieces alone need not get there: what a cut connection did not acknowledge is not counted."""
    a = server.api("GET", "/api/v1/deliveries/" + number)
    assert a.status in (200, 503), a.text[:500]
    if a.status == 503:
        return False
    r = a.json()["recipients"][0]
    return r["state"] == "complete" and all(f["complete"] for f in r["files"])


def same(a, b):
    subprocess.run(["cmp", str(a), str(b)], check=True)


# ---- names that collide, cuts everywhere ----

@pytest.fixture(scope="module")
def small(server, tmp_path_factory):
    """Files whose names collide, sent, and their package as it came in one piece."""
    rnd, up = random.Random(90), Uploader(server)
    content = [rnd.randbytes(rnd.choice([0, 1, 300, 16384, 20000])) for _ in NAMES]
    assets = [up.put(n, data) for n, data in zip(NAMES, content)]
    sent, recipient = send(server, assets, "zip@customer.test")
    path = fetch(recipient, tmp_path_factory.mktemp("zip") / "whole.zip")
    return {"sent": sent, "recipient": recipient, "path": path, "content": content, "entries": walk(path)}


def windows_key(name):
    return unicodedata.normalize("NFC", name).casefold().rstrip(". ")


def test_names_differ_on_every_system(small):
    entries, _, _ = small["entries"]
    names = [name for name, *_ in entries]
    assert names[-1] == "MANIFEST.txt" and len(names) == len(NAMES) + 1
    assert [f["name"] for f in small["sent"]["files"]] == names[:-1]
    for key in (windows_key, str.upper, lambda n: unicodedata.normalize("NFD", n).lower()):
        assert len({key(n) for n in names}) == len(names), names
    for n in names:
        assert n and n == n.strip() and not n.endswith(".") and len(n.encode()) <= 200, n
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e]', n), n
        assert not re.fullmatch(r"(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])( *\..*)?", n, re.I), n
        assert unicodedata.is_normalized("NFC", n)


def test_small_numbers_need_no_zip64(small):
    entries, _, is_wide = small["entries"]
    assert not is_wide and [size for _, size, *_ in entries[:-1]] == [len(c) for c in small["content"]]


@pytest.fixture(scope="module")
def joined(server, small, tmp_path_factory):
    """The same, cut in every kind of place: inside headers, names, content, the directory and the end."""
    entries, directory, _ = small["entries"]
    size, rnd = small["path"].stat().st_size, random.Random(4)
    places = [1, size - 1, size - 4, size - 22, size - 21, directory, directory + 1, directory + 45, directory + 47]
    for _, length, _, header, data in rnd.sample(entries, 12):
        places += [header, header + 3, header + 29, header + 31, data, data + length // 2, data + length]
    places += [rnd.randrange(directory, size) for _ in range(6)]
    cuts = [c for c in places if 0 < c < size]
    return fetch(small["recipient"], tmp_path_factory.mktemp("zip") / "joined.zip", cuts if LONG else rnd.sample(cuts, 45))


def test_pieces_join_to_the_same_bytes(server, small, joined):
    same(small["path"], joined)
    wait_for(lambda: all_complete(server, small["sent"]["delivery"]))


@pytest.mark.parametrize("reader", READERS)
def test_each_program_opens_it_whole_and_joined(small, joined, reader, tmp_path):
    names = [name for name, *_ in small["entries"][0]]
    for path in (small["path"], joined):
        got = unpack(reader, path, tmp_path / path.stem)
        manifest = got.pop("MANIFEST.txt").decode()
        assert got == dict(zip(names, small["content"]))
        assert all(f["sha256"] + "  " + f["name"] + "\r\n" in manifest for f in small["sent"]["files"])


def test_no_delivery_is_larger_than_can_be_sent(server):
    for what in ("check", "deliveries"):
        a = server.api("POST", "/api/v1/" + what, {"assets": [str(i) for i in range(1, 10002)], "to": ["a@customer.test"]},
                       {"Content-Type": "application/json"})
        assert a.status == 400 and a.json()["code"] == "too-many"


# ---- gigabytes ----

def sparse(path, size):
    """A hole with a beginning and an end."""
    with open(path, "wb") as f:
        f.write(b"Anfang " + os.urandom(20))
        f.truncate(size - 20)
        f.seek(size - 20)
        f.write(os.urandom(20))
    return path


def command(server, *args):
    subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), *map(str, args)], check=True, stdout=subprocess.DEVNULL, timeout=3600)


def send_large(server, sources, address):
    command(server, "send", *sources, "--release", "cleared", "--to", address)
    sent = server.run("delivery", server.run("deliveries")[0]["delivery"])
    link = server.run("recipient", "link", sent["delivery"], address)["link"]
    return sent["delivery"], Recipient(server, link, address).prove()


def open_everywhere(path, tmp_path):
    for reader in READERS:
        read_all(reader, path, tmp_path / "out")
    return len(READERS)


def go_the_whole_way(server, tmp_path, sizes, address):
    """Sent, fetched in pieces and in one go, and opened; the entries, whether the end is zip64, and how many programs read it."""
    server.patience = 120
    sources = [sparse(tmp_path / f"{i}.bin", size) for i, size in enumerate(sizes)]
    number, recipient = send_large(server, sources, address)
    entries, cuts = [(s.name, s.stat().st_size) for s in sources], [3 << 30, 4 << 30, (4 << 30) + 1, (4 << 30) + 60]
    path = fetch(recipient, tmp_path / "all.zip", [c for c in cuts if c < sum(sizes)])
    comes_whole(recipient, path)
    wait_for(lambda: all_complete(server, number), 300, 0.5)
    found, directory, is_wide = walk(path)
    assert [(n, s) for n, s, *_ in found[:-1]] == entries
    with recipient.stream(recipient.path + "/all.zip", {"Range": f"bytes={directory - 5000}-"}) as (r, _):
        tail = r.read()
    with open(path, "rb") as f:
        f.seek(directory - 5000)
        assert f.read() == tail
    read = open_everywhere(path, tmp_path)
    for p in [path, *sources]:
        p.unlink()
    return found, is_wide, read


@long
def test_a_file_of_more_than_4_gib(fresh, tmp_path):
    found, is_wide, read = go_the_whole_way(fresh().start(), tmp_path, [1000, (4 << 30) + 1, 1000], "gross@customer.test")
    assert is_wide and found[1][1] > 1 << 32 and found[2][3] > 1 << 32
    system_figure("zip extremes, one file of 4 GiB and a byte", read, "programs that open it, fetched whole and in pieces", COMMAND)


@long
def test_more_than_4_gib_in_all(fresh, tmp_path):
    found, is_wide, read = go_the_whole_way(fresh().start(), tmp_path, [1 << 30] * 5, "viele@customer.test")
    assert is_wide and [header > 1 << 32 for _, _, _, header, _ in found] == [False] * 4 + [True] * 2
    system_figure("zip extremes, 5 GiB in all", read, "programs that open it, fetched whole and in pieces", COMMAND)


# ---- ten thousand files ----

COUNT = 10000
ROOM = 8 << 20      # that front may grow by for one transfer
AT_ONCE = 4


def upload_many(server, n):
    """n small files by some connections; their ids in order."""
    own = threading.local()

    def put(i):
        if not hasattr(own, "up"):
            own.up = Uploader(server)
        return own.up.put(f"datei-{i % 3}.txt", b"%d " % i * (i % 7 or i % 70))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(put, range(n)))


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def fresh_front(server):
    """Another process, which has served nobody yet."""
    old = server.roles("front")
    server.kill("front")
    return wait_for(lambda: [p for p in server.roles("front") if p not in old], 60)[0]


def grown_by(server, recipient, size, n):
    """Bytes a new front grew by while n transfers of the package were half through, for each."""
    front = fresh_front(server)
    pathlib.Path(f"/proc/{front}/clear_refs").write_text("5")
    before = peak(front)
    with contextlib.ExitStack() as held:
        for _ in range(n):
            r, _ = held.enter_context(recipient.stream(recipient.path + "/all.zip"))
            assert len(r.read(size // 2)) == size // 2
    return (peak(front) - before) / n


@long
def test_ten_thousand_files(fresh, tmp_path):
    server = fresh(settings=["server.fronts=1"]).start()
    server.patience = 120
    sent, recipient = send(server, upload_many(server, COUNT), "alle@customer.test")
    path = fetch(recipient, tmp_path / "all.zip", [1000, 500_000])
    comes_whole(recipient, path)
    wait_for(lambda: all_complete(server, sent["delivery"]), 300, 0.5)
    entries, _, is_wide = walk(path)
    names = [n for n, *_ in entries]
    assert not is_wide and len(names) == COUNT + 1 == len({windows_key(n) for n in names})
    read = open_everywhere(path, tmp_path)
    grown = {n: grown_by(server, recipient, path.stat().st_size, n) for n in (1, AT_ONCE)}
    assert max(grown.values()) <= ROOM, grown
    system_figure("zip extremes, 10,000 files", read, "programs that open it, fetched whole and in pieces", COMMAND)
    for n, grew in grown.items():
        system_figure("zip extremes, memory of front", round(grew / (1 << 20), 2), f"MiB more of a new one for each of {n} at once, 10,000 files (limit 8)", COMMAND)
