#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stays true under load: no error, no growth of memory, an answer in time.

One server; idle connections (each asked again before its 60 seconds are over), readers that take 16 KiB a
second, downloads and uploads that begin anew when they end.  Meanwhile the resident memory of every role is sampled once a
second, and a page is asked for twenty times a second, as it was before while nothing ran.  Growth is the mean of the last
third beside the mean of the first, from when all of the load was there.  Afterwards answers of 20 KB are timed while large
downloads run whose blobs are thrown out of the page cache all the time.  The generators are nicer than the server and share
its machine: bench/README.md says what the figures are good for.
"""
import argparse
import collections
import contextlib
import http.client
import itertools
import multiprocessing
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests/system"), str(HERE.parent / "tests/lib")]
from geleit import Recipient, Server  # noqa: E402
from scoreboard import figure  # noqa: E402
from sizes import new_database  # noqa: E402

SMALL, MIDDLE, PIECE = 20_000, 8 << 20, 65536
RECIPIENTS = 10
AGAIN = 25              # seconds after which an idle connection asks again
BATCH = 100
PARTS = 4               # processes that hold idle connections
EVERY = 0.05            # seconds between two timed answers
FORK = multiprocessing.get_context("fork")


# ---- what everybody needs to know ----

class World:
    """A server with files sent to people who proved who they are."""

    def __init__(self, args):
        self.server = Server(db=new_database(args.db)).start()
        with tempfile.TemporaryDirectory(prefix="geleit-load-", dir="/tmp") as d:
            names = [self.file(d, "small.bin", SMALL), self.file(d, "middle.bin", MIDDLE), self.file(d, "large.bin", args.cold_bytes)]
            to = [f"load{i}@customer.test" for i in range(RECIPIENTS)]
            sent = self.server.run("send", *names, "--release", "cleared", *itertools.chain(*(("--to", t) for t in to)))
        people = [Recipient(self.server, r["link"], r["address"]).prove() for r in sent["recipients"]]
        self.path = people[0].path
        self.cookies = [{"Cookie": "__Host-geleit-r=" + p.cookie} for p in people]
        self.key = {"Authorization": "Bearer " + self.server.key()}
        self.port, self.context = self.server.port, self.server.context()
        self.roles = {r["pid"]: r["role"] for r in self.server.run("status")["roles"]}

    @staticmethod
    def file(folder, name, size):
        path = pathlib.Path(folder) / name
        with open(path, "wb") as f:
            for at in range(0, size, 1 << 20):
                f.write(os.urandom(min(1 << 20, size - at)))
        return path

    def connect(self):
        return http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=120)

    def blobs(self):
        return [p for p in (self.server.dir / "blobs").rglob("*") if p.is_file() and p.stat().st_size > 1 << 20]


class Generator:
    """A process that makes one kind of load until it is told to stop, and counts what went wrong."""

    def __init__(self, run, *args):
        self.stop, self.ready, self.told = FORK.Event(), FORK.Event(), FORK.Queue()
        self.name = run.__name__
        self.process = FORK.Process(target=self.main, args=(run, args), daemon=True)
        self.process.start()

    def main(self, run, args):
        if run is not timed:
            os.nice(5)
        self.tally = {"done": 0, "bytes": 0, "errors": []}
        self.lock = threading.Lock()
        self.guarded(run, self, *args)
        self.ready.set()
        self.told.put(self.tally)

    def guarded(self, run, *args):
        try:
            run(*args)
        except Exception as e:      # whatever it is: it is what we count
            with self.lock:
                self.tally["errors"].append(f"{run.__name__}: {type(e).__name__}: {e}")

    def count(self, done, n):
        with self.lock:
            self.tally["done"] += done
            self.tally["bytes"] += n

    def threads(self, run, arguments):
        all_of = [threading.Thread(target=self.guarded, args=(run, self, *a)) for a in arguments]
        for t in all_of:
            t.start()
        self.ready.set()
        for t in all_of:
            t.join()

    def end(self):
        self.stop.set()
        told = self.told.get(timeout=300)
        self.process.join()
        return told


def pace(begin, n, rate, stop):
    """Not more than rate bytes a second; nobody waits once it is over."""
    ahead = n / rate - (time.monotonic() - begin)
    if ahead > 0:
        stop.wait(min(ahead, 5))


# ---- kinds of load ----

def idle(g, world, n):
    """Each is asked before its minute is over; many at a time, so that a busy machine keeps up."""
    held = collections.deque()          # when it was asked last, the connection; the longest ago first
    while not g.stop.is_set():
        if len(held) < n:
            held.append((time.monotonic(), greet(world)))
            g.count(1, 0)
        if len(held) == n:
            g.ready.set()
            g.stop.wait(max(0, held[0][0] + AGAIN - time.monotonic()))
        if held[0][0] + AGAIN < time.monotonic():
            some = [held.popleft()[1] for _ in range(min(BATCH, len(held)))]
            ask_all(g, some)
            held.extend((time.monotonic(), tls) for tls in some)


def greet(world):
    raw = socket.create_connection(("127.0.0.1", world.port), 120)
    return world.context.wrap_socket(raw, server_hostname="localhost")


def ask_all(g, some):
    """A question that front answers by itself: not the app's load is meant here."""
    for tls in some:
        tls.sendall(b"HEAD / HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n")
    for tls in some:
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            got = tls.recv(4096)
            assert got, "an idle connection was closed"
            said += got
        assert said.startswith(b"HTTP/1.1 421 "), said
    g.count(len(some), 0)


def slow(g, world, n):
    held, last = [], time.monotonic()
    while not g.stop.is_set():
        if len(held) < n:
            held.append(read_large(world, world.cookies[len(held) % RECIPIENTS]["Cookie"]))
        if len(held) == n:
            g.ready.set()
            g.stop.wait(max(0, last + 1 - time.monotonic()))
        if time.monotonic() >= last + 1:
            last = time.monotonic()
            read_a_little(g, held)


def read_large(world, cookie):
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    raw.settimeout(120)
    raw.connect(("127.0.0.1", world.port))
    tls = world.context.wrap_socket(raw, server_hostname="localhost")
    tls.sendall(f"GET {world.path}/file/3 HTTP/1.1\r\nHost: localhost:{world.port}\r\nCookie: {cookie}\r\n\r\n".encode())
    assert tls.recv(16384).startswith(b"HTTP/1.1 200 ")
    return tls


def read_a_little(g, held):
    for i, tls in enumerate(held):
        got = len(tls.recv(16384))
        assert got, f"slow reader {i} of {len(held)} was cut after {g.tally['bytes']} bytes of all"
        g.count(0, got)


def downloads(g, world, n, rate):
    g.threads(download, [(world, world.cookies[i % RECIPIENTS], rate / n) for i in range(n)])


def download(g, world, cookie, rate):
    with contextlib.closing(world.connect()) as c:
        while not g.stop.is_set():
            c.request("GET", world.path + "/file/2", headers=cookie)
            a = c.getresponse()
            assert a.status == 200, a.status
            begin, n = time.monotonic(), 0
            while not g.stop.is_set() and (got := len(a.read(PIECE))):
                n += got
                pace(begin, n, rate, g.stop)
            assert n == MIDDLE or g.stop.is_set(), n
            g.count(n == MIDDLE, n)


def uploads(g, world, n, rate, size):
    g.threads(upload, [(world, rate / n, size) for _ in range(n)])


def upload(g, world, rate, size):
    tus = {**world.key, "Tus-Resumable": "1.0.0"}
    with contextlib.closing(world.connect()) as c:
        while not g.stop.is_set():
            c.request("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": str(size), "Content-Length": "0"})
            a = c.getresponse()
            a.read()
            assert a.status == 201, a.status
            c.request("PATCH", urllib.parse.urlsplit(a.headers["Location"]).path, body(size, rate, g.stop),
                      {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(size)})
            a = c.getresponse()
            a.read()
            assert a.status == 204 and a.headers["Geleit-Asset"], a.status
            g.count(1, size)


def body(size, rate, stop):
    begin = time.monotonic()
    for at in range(0, size, PIECE):
        yield os.urandom(min(PIECE, size - at))
        pace(begin, at + PIECE, rate, stop)


def timed(g, world, path):
    """How long each answer took, in seconds."""
    g.tally["took"] = []
    with contextlib.closing(world.connect()) as c:
        g.ready.set()
        while not g.stop.wait(EVERY):
            begin = time.perf_counter()
            c.request("GET", path, headers=world.cookies[0])
            a = c.getresponse()
            a.read()
            g.tally["took"].append(time.perf_counter() - begin)
            assert a.status == 200, a.status


# ---- what is measured ----

def p99(took):
    """Milliseconds."""
    return statistics.quantiles(took, n=100)[98] * 1000 if len(took) > 1 else float("nan")


def resident(roles):
    """Bytes of each role, all its processes together."""
    total = {}
    for pid, role in roles.items():
        with contextlib.suppress(FileNotFoundError):        # it has died: told at the end
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total[role] = total.get(role, 0) + int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024
    return total


def sample(world, seconds):
    """One row a second."""
    rows, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        rows.append(resident(world.roles))
        time.sleep(1)
    return rows


def growth(rows):
    """role: (mean of the first third, of the last third)."""
    third = max(1, len(rows) // 3)
    return {role: tuple(statistics.mean(r.get(role, 0) for r in part) for part in (rows[:third], rows[-third:])) for role in rows[0]}


def time_alone(world, path, seconds):
    g = Generator(timed, world, path)
    time.sleep(seconds)
    return g.end()


class Evictor:
    """Throws blobs out of the page cache for as long as it lives."""

    def __init__(self, blobs):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(blobs,))
        self.thread.start()

    def run(self, blobs):
        fds = []
        for b in blobs:
            with contextlib.suppress(FileNotFoundError):        # merged or swept meanwhile
                fds.append(os.open(b, os.O_RDONLY))
        while not self.over.wait(0.05):
            for fd in fds:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        for fd in fds:
            os.close(fd)

    def end(self):
        self.over.set()
        self.thread.join()


def fetch_large(world, n, size):
    """n downloads at once by curl: what each got."""
    with tempfile.NamedTemporaryFile("w", prefix="geleit-load-") as f:
        f.write("Cookie: " + world.cookies[1]["Cookie"] + "\n")
        f.flush()
        argv = ["nice", "-n", "5", "curl", "-q", "-sS", "--http1.1", "--ipv4", "--cacert", str(world.server.dir / "tls/cert.pem"), "-o", "/dev/null",
                "-w", "%{http_code} %{size_download}", "-H", "@" + f.name, f"https://localhost:{world.port}{world.path}/file/3"]
        running = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(n)]
        said = [p.communicate()[0] for p in running]
    return [f"download: {s}" for s in said if s != f"200 {size}"]


# ---- the whole ----

def under_load(world, args):
    """Rows of memory, and what each generator told."""
    rate_down, rate_up = args.rate_down * (1 << 20), args.rate_up * (1 << 20)
    made = [*(Generator(idle, world, args.idle // PARTS) for _ in range(PARTS)), Generator(slow, world, args.slow),
            Generator(downloads, world, args.downloads, rate_down), Generator(uploads, world, args.uploads, rate_up, args.upload_bytes)]
    begin = time.monotonic()
    for g in made:
        assert g.ready.wait(600), g.name
    print(f"all there after {time.monotonic() - begin:.0f} s", flush=True)
    page = Generator(timed, world, world.path)
    rows = sample(world, args.seconds)
    told = {}
    for g in [page, *made]:
        one, so_far = g.end(), told.setdefault(g.name, {"done": 0, "bytes": 0, "errors": []})
        told[g.name] = {**one, **{k: so_far[k] + one[k] for k in so_far}}
    return rows, told


def cold(world, args):
    """Times of small answers while large downloads run from the disk, and what went wrong."""
    small = Generator(timed, world, world.path + "/file/1")
    evictor = Evictor(world.blobs())
    begin = time.monotonic()
    wrong = fetch_large(world, args.cold, args.cold_bytes)
    took = time.monotonic() - begin
    evictor.end()
    told = small.end()
    print(f"{args.cold} cold downloads took {took:.0f} s, {args.cold * args.cold_bytes / took / 1e6:.0f} MB/s", flush=True)
    return told["took"], wrong + told["errors"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--seconds", type=int, default=600)
    p.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite", help="postgresql: below tests/with_pg.sh")
    for name, n in (("idle", 5000), ("slow", 200), ("downloads", 100), ("uploads", 100), ("cold", 20)):
        p.add_argument("--" + name, type=int, default=n)
    p.add_argument("--rate-down", type=float, default=30, help="MiB/s of all downloads together")
    p.add_argument("--rate-up", type=float, default=8, help="MiB/s of all uploads together")
    p.add_argument("--upload-bytes", type=int, default=4 << 20)
    p.add_argument("--cold-bytes", type=int, default=1 << 30)
    return p.parse_args()


def tell(args, rows, told, idle_page, small, idle_small, wrong):
    what = f"{args.idle} idle, {args.slow} slow, {args.downloads} downloads, {args.uploads} uploads, {args.seconds} s"
    for name, t in told.items():
        print(f"{name:<10} {t['done']:>7} done {t['bytes'] / 1e6:>9.0f} MB {len(t['errors']):>4} errors {t['errors'][:3] or ''}")
    worst = 0.0
    for role, (first, last) in growth(rows).items():
        worst = max(worst, (last / first - 1) * 100)
        print(f"{role:<10} {first / 1e6:>8.1f} MB first third {last / 1e6:>8.1f} MB last third {(last / first - 1) * 100:>+6.1f} %")
    page = told["timed"]["took"]
    print(f"page p99 {p99(page):.1f} ms under load ({len(page)}), {p99(idle_page):.1f} ms alone ({len(idle_page)})")
    print(f"20 KB p99 {p99(small):.1f} ms beside {args.cold} cold downloads ({len(small)}), {p99(idle_small):.1f} ms alone ({len(idle_small)})")
    print(f"{len(wrong)} errors {wrong[:5] or ''}")
    command = f"bench/load.py --db {args.db}"
    figure(f"load, errors, {args.db}", len(wrong), what, command)
    figure(f"load, growth of memory, {args.db}", round(worst, 1), f"% of the role that grew most, {what}", command)
    figure(f"load, page, {args.db}", f"{p99(page):.1f} beside {p99(idle_page):.1f} alone", f"ms p99, {what}", command)
    figure(f"load, 20 KB, {args.db}", f"{p99(small):.1f} beside {p99(idle_small):.1f} alone",
           f"ms p99, {args.cold} cold downloads of {args.cold_bytes >> 20} MiB", command)


def main():
    args = arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    world = World(args)
    try:
        alone = min(30, max(3, args.seconds / 5))
        idle_page, idle_small = time_alone(world, world.path, alone), time_alone(world, world.path + "/file/1", alone)
        rows, told = under_load(world, args)
        small, wrong = cold(world, args)
        wrong += [e for t in (*told.values(), idle_page, idle_small) for e in t["errors"]]
        now = {r["pid"]: r["role"] for r in world.server.run("status")["roles"]}
        wrong += [f"{role} {pid} has died" for pid, role in world.roles.items() if pid not in now]
        if wrong:
            print("\n".join([line for line in world.server.log_text().splitlines() if " warn " in line or " error " in line][-10:]))
    finally:
        world.server.remove()
    tell(args, rows, told, idle_page["took"], small, idle_small["took"], wrong)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
