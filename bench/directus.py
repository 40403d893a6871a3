#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same library work by Directus and by Geleit, in processor seconds of everything either of them starts.

usage: bench/directus.py FOLDER [--write] [--photos N] [--files N]

FOLDER has a node_modules with directus (npm install --prefix FOLDER directus@11.3.5); nothing of it is in this tree.  Both sides
store on the local disk with SQLite.  Rows: a page of 100 of FILES files by the API; PHOTOS photos of some 150 KB uploaded eight
at a time until there are previews: ours makes four sizes by itself, the peer is asked for one.  Goal: a tenth.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

from PIL import Image, ImageDraw  # python3-pil

from generate import make  # these beside this file
from machine import directus, told
from run import store
from sides import free_port, wait_for
import media

RUNS, PAGES, AT_ONCE, GOAL = 5, 20, 8, 0.1
TOKEN = "bench-token-bench-token"


class Group:
    """A control group: its processor time counts whoever was started in it, also those who are gone."""

    def __init__(self, name):
        self.path = pathlib.Path(f"/sys/fs/cgroup/cpuacct/geleit-bench-{os.getpid()}-{name}")
        self.path.mkdir()

    def below(self):
        return ["sh", "-c", f'echo $$ >{self.path}/cgroup.procs && exec "$@"', "sh"]

    def take(self, pids):
        for p in pids:
            (self.path / "cgroup.procs").write_text(str(p))

    def seconds(self):
        return int((self.path / "cpuacct.usage").read_text()) / 1e9

    def settled(self):
        last = self.seconds()
        for _ in range(240):
            time.sleep(0.5)
            now = self.seconds()
            if now - last < 0.01:
                return now
            last = now
        return last

    def end(self):
        with contextlib.suppress(OSError):
            self.path.rmdir()


class Line(threading.local):
    """A connection of each thread that stays."""

    def __init__(self, connect):
        self.line = connect()

    def ask(self, method, path, body, headers):
        self.line.request(method, path, body, headers)
        a = self.line.getresponse()
        data = a.read()
        assert a.status in (200, 201), (path, a.status, data[:300])
        return data, a


class Directus:
    def __init__(self, folder, files):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-bench-", dir="/tmp"))
        self.port, self.group = free_port(), Group("directus")
        env = {**os.environ, "HOST": "127.0.0.1", "PORT": str(self.port), "SECRET": "x" * 32, "DB_CLIENT": "sqlite3",
               "DB_FILENAME": str(self.dir / "d.db"), "ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "correct horse", "ADMIN_TOKEN": TOKEN,
               "STORAGE_LOCATIONS": "local", "STORAGE_LOCAL_ROOT": str(self.dir / "files"), "TELEMETRY": "false", "NODE_ENV": "production",
               "LOG_LEVEL": "warn"}
        argv = ["node", str(pathlib.Path(folder).resolve() / "node_modules/directus/cli.js")]
        subprocess.run([*argv, "bootstrap"], cwd=self.dir, env=env, check=True, stdout=subprocess.DEVNULL)
        self.fill(files)
        self.process = subprocess.Popen([*self.group.below(), *argv, "start"], cwd=self.dir, env=env, stdout=subprocess.DEVNULL)
        wait_for(self.answers, 120)
        self.key = {"Authorization": "Bearer " + TOKEN}
        self.line = Line(lambda: http.client.HTTPConnection("127.0.0.1", self.port, timeout=120))

    def fill(self, n):
        """Rows alone, as on our side."""
        with contextlib.closing(sqlite3.connect(self.dir / "d.db")) as c:
            c.executemany("INSERT INTO directus_files (id, storage, filename_disk, filename_download, title, type, filesize, width, height, "
                          "uploaded_on) VALUES (?, 'local', ?, ?, ?, 'image/jpeg', 1000000, 6000, 4000, ?)",
                          [(str(uuid.uuid4()), f"{i}.jpg", f"{i}.jpg", f"Motiv {i}", 1764000000000 + i) for i in range(n)])
            c.commit()

    def answers(self):
        with contextlib.suppress(OSError):
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            c.request("GET", "/server/ping")
            return c.getresponse().status == 200

    def page(self):
        data, _ = self.line.ask("GET", "/files?limit=100&sort=-uploaded_on", None, self.key)
        assert len(json.loads(data)["data"]) == 100

    def upload(self, path):
        mark = uuid.uuid4().hex
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\nContent-Type: image/jpeg\r\n\r\n').encode() \
            + path.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        data, _ = self.line.ask("POST", "/files", body, {**self.key, "Content-Type": "multipart/form-data; boundary=" + mark})
        picture, a = self.line.ask("GET", f"/assets/{json.loads(data)['data']['id']}?width=320&height=320&fit=inside", None, self.key)
        assert a.headers["Content-Type"].startswith("image/") and picture

    def ready(self, n):
        return True             # each was asked for

    def remove(self):
        self.process.terminate()
        self.process.wait(20)
        self.group.end()
        shutil.rmtree(self.dir, ignore_errors=True)


class Ours:
    def __init__(self, files):
        self.server, self.group = make(files), Group("geleit")
        self.group.take([self.server.process.pid] + [r["pid"] for r in self.server.run("status")["roles"]])
        self.key = {"Authorization": "Bearer " + self.server.key()}
        self.line = Line(lambda: http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context(), timeout=120))
        self.sent = []

    def page(self):
        data, _ = self.line.ask("GET", "/api/v1/assets?limit=100", None, self.key)
        assert len(json.loads(data)["assets"]) == 100

    def upload(self, path):
        data = path.read_bytes()
        _, a = self.line.ask("POST", "/api/v1/uploads", data, {**self.key, "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
                                                               "Content-Type": "application/offset+octet-stream"})
        self.sent.append(a.headers["Geleit-Asset"])

    def ready(self, n):
        """The last ones are made last; all of them are looked at once."""
        def has(asset):
            return self.server.api("GET", f"/api/v1/assets/{asset}/preview/320").status == 200
        return has(self.sent[-1]) and all(map(has, self.sent))

    def remove(self):
        self.server.remove()
        self.group.end()


def photos(folder, n):
    """Some 150 KB each, no two alike."""
    media.make_photo(folder / "base.jpg", 1)
    base = Image.open(folder / "base.jpg").resize((1600, 1203))
    for i in range(n):
        one = base.copy()
        ImageDraw.Draw(one).rectangle((i, i // 2, i + 40, i // 2 + 40), fill=(i % 256, i // 4 % 256, 90))
        one.save(folder / f"{i}.jpg", quality=60)
    (folder / "base.jpg").unlink()
    return sorted(folder.glob("*.jpg"))


def list_cost(side):
    before = side.group.seconds()
    for _ in range(PAGES):
        side.page()
    return (side.group.seconds() - before) / PAGES * 1000


def upload_cost(side, paths):
    before = side.group.settled()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(side.upload, paths))
    wait_for(lambda: side.ready(len(paths)), 1800, 2)
    return side.group.settled() - before


def measure(sides, paths):
    for s in sides:
        s.page()
    values = [[list_cost(s) for s in sides] for _ in range(RUNS)]
    yield "page of 100 files by the API", "CPU ms", *(statistics.median(v) for v in zip(*values))
    yield f"{len(paths)} photos with previews (one run)", "CPU s", *(upload_cost(s, paths) for s in sides)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder")
    p.add_argument("--write", action="store_true", help="store the table in bench/RESULTS.md")
    p.add_argument("--photos", type=int, default=1000)
    p.add_argument("--files", type=int, default=100000)
    args = p.parse_args()
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as end:
        folder = pathlib.Path(end.enter_context(tempfile.TemporaryDirectory(prefix="geleit-bench-", dir="/tmp")))
        sides = [Ours(args.files)]
        end.callback(sides[0].remove)
        sides.append(Directus(args.folder, args.files))
        end.callback(sides[1].remove)
        rows = list(measure(sides, photos(folder, args.photos)))
    how = f"median of {RUNS} runs, {directus(args.folder)}, {args.files:,} files on either side"
    lines = ["## Beside Directus", "", *told("bench/directus.py FOLDER", how, load),
             "The photos are one run: five minutes of processor time, in which no single wait or start shows.", "",
             "| what | unit | Geleit | Directus | ratio | goal | met |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {what} | {unit} | {a:.2f} | {b:.2f} | {a / b:.3f} | ≤ {GOAL} | {'yes' if a <= GOAL * b else '**no**'} |" for what, unit, a, b in rows]
    print("\n".join(lines))
    if args.write:
        store(lines)
    missed = [what for what, _, a, b in rows if a > GOAL * b]
    sys.exit(f"goals missed: {'; '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
