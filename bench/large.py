#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One asset of 50 GiB, up and down: a sparse source by `geleit upload`, a delivery, and its download by curl.

usage: bench/large.py [--write] [GIB]      (wants that much room below the temporary folder, and some more)

Every byte takes the real way: sealed, synced, hashed, opened.  Rows: seconds and MB/s of each step, the growth of memory
that front and worker have to themselves, and whether what came is what went, by its SHA-256.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from alone import unshared  # these beside this file
from machine import told
from run import store

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests/system")]
from geleit import BUILD, Recipient, Server, wait_for  # noqa: E402

HEADING = "## Large"
MARK = b"the last bytes of it"
ROOM = 2                # GiB beside the file


def source(folder, size):
    path = pathlib.Path(folder) / "large.bin"
    with open(path, "wb") as f:
        f.truncate(size - len(MARK))
        f.seek(0, os.SEEK_END)
        f.write(MARK)
    return path


def sha256(stream):
    return hashlib.file_digest(stream, "sha256").hexdigest()


def download(server, reader, size):
    """Through curl into a hash: what came, as hex."""
    with subprocess.Popen(["curl", "-sf", "--cacert", str(server.dir / "tls/cert.pem"), "-b", "__Host-geleit-r=" + reader.cookie,
                           f"{server.url}{reader.path}/file/1"], stdout=subprocess.PIPE) as curl:
        came = sha256(curl.stdout)
    assert curl.returncode == 0
    return came


def measure(size):
    rows = []

    def step(what, work):
        before, begin = unshared(server), time.monotonic()
        result = work()
        seconds = time.monotonic() - begin
        rows.append((what, f"{seconds:.0f} s, {size / 1e6 / seconds:.0f} MB/s", f"{(unshared(server) - before) / 2**20:.1f} MiB"))
        print(rows[-1], file=sys.stderr, flush=True)
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = source(folder, size)
        server = Server().start()
        try:
            asset = step("upload until it is ready: sealed, synced, hashed", lambda: upload(server, path))
            server.run("release", asset, "cleared")
            sent = server.run("send", asset, "--to", "large@customer.test")
            reader = Recipient(server, sent["recipients"][0]["link"], "large@customer.test").prove()
            came = step("download by curl, hashed there", lambda: download(server, reader, size))
            with open(path, "rb") as f:
                assert came == sha256(f), "another file came"
            tail = reader.request("GET", reader.path + "/file/1", headers={"Range": f"bytes={size - len(MARK)}-"})
            assert (tail.status, tail.body) == (206, MARK)
            wait_for(lambda: reader.request("GET", reader.path + "/transfer").json()["done"], 60)
        finally:
            server.remove()
    return rows


def upload(server, path):
    done = subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "--json", "upload", str(path)],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["files"][0]["asset"]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help="store it in bench/RESULTS.md")
    p.add_argument("gib", nargs="?", type=int, default=50)
    args = p.parse_args()
    if shutil.disk_usage(tempfile.gettempdir()).free < (args.gib + ROOM) << 30:
        sys.exit(f"less than {args.gib + ROOM} GiB free below {tempfile.gettempdir()}")
    load = os.getloadavg()[0]
    rows = measure(args.gib << 30)
    lines = [HEADING, "", *told(f"bench/large.py {args.gib}", f"one run, one asset of {args.gib} GiB", load), "",
             "| step | time | unshared memory, more |", "|---|---|---|", *(f"| {what} | {took} | {more} |" for what, took, more in rows), "",
             "What came has the SHA-256 of what went, and a range at its end its last bytes."]
    print("\n".join(lines))
    if args.write:
        store(lines)


if __name__ == "__main__":
    main()
