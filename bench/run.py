#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Geleit costs beside nginx: both sides measured in one run.

Processor time and memory come from /proc, for every process of Geleit and for
the nginx master and worker; bench/README.md says what each row means.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import resource
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/system"))
import media  # noqa: E402  (beside this file)
from geleit import Recipient, Server, free_port, wait_for  # noqa: E402

SUITE = "TLS_AES_128_GCM_SHA256"
RUNS = 5
SIZE = 1 << 30
IDLE = 1000
SHAKES = 500
STALLED = 10
TICK = os.sysconf("SC_CLK_TCK")

NGINX = """
worker_processes 1; worker_rlimit_nofile 8192; daemon off; pid {d}/nginx.pid; error_log {d}/error.log warn; {user}
events {{ worker_connections 2048; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  client_body_temp_path {d}/tmp/b; proxy_temp_path {d}/tmp/p; fastcgi_temp_path {d}/tmp/f;
  uwsgi_temp_path {d}/tmp/u; scgi_temp_path {d}/tmp/s;
  ssl_certificate {d}/cert.pem; ssl_certificate_key {d}/key.pem; ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites {suite};
  server {{ listen 127.0.0.1:{port} ssl backlog=2048; root {d}/www;
    location /put/ {{ alias {d}/dav/; client_max_body_size 0; client_body_temp_path {d}/dav/.tmp; dav_methods PUT; }} }} }}
"""


# ---- what /proc says ----

def cpu(pids):
    """Seconds of processor time, user and system, of these processes."""
    total = 0
    for pid in pids:
        f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(f[11]) + int(f[12])
    return total / TICK


def pss(pids):
    """Proportional memory of these processes in bytes."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def settled(pids, seconds=10):
    """Processor time once nothing has been used for half a second: late work counts."""
    end, last = time.monotonic() + seconds, cpu(pids)
    while time.monotonic() < end:
        time.sleep(0.5)
        now = cpu(pids)
        if now == last:
            break
        last = now
    return last


# ---- the two sides ----

class Nginx:
    name = "nginx"
    roles = {}

    def __init__(self, tls):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-bench-", dir="/tmp"))
        self.port = free_port()
        for d in ("tmp", "www", "dav", "dav/.tmp"):
            (self.dir / d).mkdir()
            os.chmod(self.dir / d, 0o777)
        os.chmod(self.dir, 0o755)
        for n in ("cert.pem", "key.pem"):
            shutil.copy(tls / n, self.dir / n)
        self.cafile = str(self.dir / "cert.pem")
        user = "user www-data;" if os.geteuid() == 0 else ""
        (self.dir / "conf").write_text(NGINX.format(d=self.dir, port=self.port, suite=SUITE, user=user))
        self.process = subprocess.Popen(["nginx", "-p", str(self.dir), "-c", str(self.dir / "conf"),
                                         "-e", str(self.dir / "error.log")], stdin=subprocess.DEVNULL)
        wait_for(self.answers)
        self.work = self.pids()[1:]

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return len(self.pids()) > 1

    def pids(self):
        p = self.process.pid
        kids = pathlib.Path(f"/proc/{p}/task/{p}/children").read_text().split()
        return [p, *map(int, kids)]

    def download(self):
        return "/big", []

    def upload(self, n, size):
        return f"/put/up{n}", []

    def remove(self):
        self.process.terminate()
        self.process.wait(12)
        shutil.rmtree(self.dir, ignore_errors=True)


class Geleit:
    name = "Geleit"

    def __init__(self):
        self.server = Server(settings=[f"tls.ciphersuites={SUITE}"]).start()
        self.port = self.server.port
        self.tls = self.server.dir / "tls"
        self.cafile = str(self.tls / "cert.pem")
        self.work = self.server.roles("front")
        self.roles = {r["pid"]: r["role"] for r in self.server.run("status")["roles"]}

    def pids(self):
        return list(self.roles)

    def offer(self, path):
        doc = self.server.run("send", path, "--release", "cleared", "--to", "bench@customer.test")
        self.reader = Recipient(self.server, doc["recipients"][0]["link"], "bench@customer.test").prove()

    def download(self):
        return self.reader.path + "/file/1", ["Cookie: __Host-geleit-r=" + self.reader.cookie]

    def upload(self, n, size):
        a = self.server.api("POST", "/api/v1/uploads", None, {"Tus-Resumable": "1.0.0", "Upload-Length": str(size)})
        assert a.status == 201, a.text
        where = urllib.parse.urlsplit(a.headers["Location"]).path
        return where, ["Authorization: Bearer " + self.server.key(), "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                       "Content-Type: application/offset+octet-stream"]

    def remove(self):
        self.server.remove()


def curl(side, path, fields, *more):
    """One transfer; the seconds it took."""
    argv = ["curl", "-q", "-sS", "--fail", "--http1.1", "--tlsv1.3", "--ipv4", "--cacert", side.cafile, "-H", "Expect:", "-o",
            "/dev/null", "-w", "%{http_code} %{size_download} %{size_upload} %{time_total}", *more]
    with tempfile.NamedTemporaryFile("w", dir="/tmp", prefix="geleit-bench-") as f:
        f.write("".join(h + "\n" for h in fields))
        f.flush()
        done = subprocess.run([*argv, "-H", "@" + f.name, f"https://localhost:{side.port}{path}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    code, down, up, took = (done.stdout.split() + ["0"] * 4)[:4]
    assert done.returncode == 0 and SIZE in (int(down), int(up)), (side.name, code, done.stdout, done.stderr)
    return float(took)


def connect(side, head=b"", greet=True):
    s = socket.create_connection(("127.0.0.1", side.port), 30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if greet:
        s = side.context.wrap_socket(s, server_hostname="localhost")
    if head:
        s.sendall(head)
    return s


# ---- the rows: one value for one side ----

def download(side, run, big):
    before = cpu(side.pids())
    side.seconds = curl(side, *side.download())
    return (settled(side.pids()) - before) / (SIZE / 1e9)


def upload(side, run, big):
    with open(big, "r+b") as f:             # never the same bytes twice
        f.write(os.urandom(64))
    before = cpu(side.pids())
    path, fields = side.upload(run, SIZE)
    how = ["-X", "PATCH"] if fields else []
    side.seconds = curl(side, path, fields, *how, "-T", str(big))
    return (settled(side.pids()) - before) / (SIZE / 1e9)


def answered(s, path=b"/nothing-here"):
    """One request on a connection that stays; its status."""
    s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with s.makefile("rb") as f:
        status = f.readline()
        length = 0
        while (line := f.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        f.read(length)
    return int(status.split()[1])


def idle(side, run, big):
    if run == 0:                            # later runs reuse the heap of the first
        side.base = pss(side.work)
    held = []
    try:
        for _ in range(IDLE):
            held.append(connect(side))
            answered(held[-1])
        time.sleep(0.5)
        per = (pss(side.work) - side.base) / IDLE / 1024
        assert answered(held[0]) and answered(held[-1])     # both ends of the list still live
        return per
    finally:
        for s in held:
            s.close()
        time.sleep(0.5)


def handshakes(side, run, big):
    before = cpu(side.pids())
    for _ in range(SHAKES):
        s = connect(side)
        assert not s.session_reused
        s.close()
    return (settled(side.pids()) - before) / SHAKES * 1000


def rest(side, run, big):
    before = cpu(side.work)
    time.sleep(3)
    return (cpu(side.work) - before) / 3 * 100


def stalled(side, run, big):
    path, fields = side.download()
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{side.port}\r\n" + "".join(h + "\r\n" for h in fields) + "\r\n"
    held = []
    try:
        for _ in range(STALLED):
            held.append(connect(side, b"\x16\x03\x01\x02\x00\x01", greet=False))
            held.append(connect(side, b"GET / HTTP/1.1\r\nHo"))
            held.append(connect(side, request.encode()))
            assert held[-1].recv(16).startswith(b"HTTP/1.1 200")
        time.sleep(1)
        return rest(side, run, big)
    finally:
        for s in held:
            s.close()


ROWS = [
    (f"Idle connection ({IDLE} held, one request each)", "KiB", idle, 1.0),
    ("Download, 1 GiB sealed", "CPU s/GB", download, 1.25),
    ("Upload by tus, 1 GiB, sealed and synced", "CPU s/GB", upload, 1.6),
    (f"Full handshake ({SHAKES})", "CPU ms", handshakes, 1.1),
    ("At rest, no connection, 3 s", "% CPU of fronts", rest, None),
    (f"Stalled {STALLED} × (handshake, head, reader), 3 s", "% CPU of fronts", stalled, None),
]


def used(side, start):
    """Which process used how much, for the log."""
    spent = {p: cpu([p]) - was for p, was in start.items()}
    took = f", {side.seconds:.1f} s" if side.seconds else ""
    return " ".join(f"{side.roles.get(p, 'nginx')} {s:.2f}" for p, s in spent.items() if s) + took


def measure(ours, theirs, big):
    for what, unit, row, goal in ROWS:
        values, seconds = {ours: [], theirs: []}, {ours: [], theirs: []}
        for run in range(RUNS):
            for side in (ours, theirs):
                side.seconds = None
                start = {p: cpu([p]) for p in side.pids()}
                values[side].append(row(side, run, big))
                seconds[side].append(side.seconds)
                print(f"{what}: {side.name} {values[side][-1]:.3f} {unit}; {used(side, start)}", file=sys.stderr, flush=True)
        a, b = (statistics.median(values[s]) for s in (ours, theirs))
        speed = " / ".join(f"{statistics.median(SIZE / 1e6 / t for t in seconds[s]):.0f}" for s in (ours, theirs)) \
            if None not in seconds[ours] else ""
        yield what, unit, a, b, goal, speed


def table(rows):
    out = ["| what | unit | Geleit | nginx | ratio | goal | met | MB/s |", "|---|---|---|---|---|---|---|---|"]
    missed = []
    for what, unit, a, b, goal, speed in rows:
        ratio = a / b if goal and b > 0 else None
        met = ratio <= goal if ratio is not None else a == 0
        shown = f"{ratio:.2f}" if ratio is not None else ""
        wanted = f"≤ {goal}" if goal else "0 %"
        out.append(f"| {what} | {unit} | {a:.3f} | {b:.3f} | {shown} | {wanted} | {'yes' if met else '**no**'} | {speed} |")
        if not met:
            missed.append(f"- {what}: {shown or f'{a:.3f} {unit}'}, goal {wanted}.")
    return out, missed


PREVIEWS = "## Previews"
WEB = "## In the browser"
QUIET = 1.5


def previews():
    """The section of the results; whether the machine was left alone."""
    load = os.getloadavg()[0]
    lines, _ = media.table(media.measure())
    busy = "" if load < QUIET else f" The machine was busy (load {load:.1f}): not stored."
    print("\n".join([PREVIEWS, "", *lines, busy]))
    return [PREVIEWS, "", f"{datetime.date.today()}, 2 cores, Debian 12, release build, load {load:.1f} before.", *lines], load < QUIET


def web(parts):
    """The section of the pages' figures; what misses its goal."""
    load = os.getloadavg()[0]
    done = subprocess.run(["node", HERE / "web.mjs", *parts], stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    missed = [r["what"] for r in rows if r["value"] > r["goal"]]
    lines = [f"| {r['what']} | {r['value']:.4g} | {r['unit']} | ≤ {r['goal']} | {'**no**' if r['what'] in missed else 'yes'} |" for r in rows]
    head = [WEB, "", f"{datetime.date.today()}, 2 cores, Debian 12, release build, Chromium, load {load:.1f} before. Slow: slow 4G and a",
            "processor four times slower; the least of the runs counts.", "",
            "| what | measured | unit | goal | met |", "|---|---|---|---|---|"]
    print("\n".join([*head, *lines]))
    return [*head, *lines], missed


def store(lines):
    """In place of the section there is; the rest was measured another day."""
    path = HERE / "results.md"
    before, _, rest = path.read_text().partition(lines[0] + "\n")
    after = rest[rest.index("\n## ") + 1:] if "\n## " in rest else ""
    path.write_text("\n".join([before.rstrip() + "\n", *lines]) + "\n" + (after and "\n" + after))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help="store the table in bench/results.md")
    p.add_argument("--previews", action="store_true", help="measure previews alone")
    p.add_argument("--web", nargs="*", metavar="PART", help="measure the pages alone: frames, staff, recipient")
    args = p.parse_args()
    if args.web is not None:
        section, missed = web(args.web)
        if args.write and not args.web:
            store(section)
        return sys.exit(f"goals missed: {'; '.join(missed)}" if missed else 0)
    section, quiet = previews()
    if args.previews:
        if args.write and quiet:
            store(section)
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    with contextlib.ExitStack() as end:
        ours = Geleit()
        end.callback(ours.remove)
        theirs = Nginx(ours.tls)
        end.callback(theirs.remove)
        for side in (ours, theirs):
            side.context = ssl.create_default_context(cafile=side.cafile)
        big = theirs.dir / "www/big"
        with open(big, "wb") as f:
            for _ in range(SIZE >> 24):
                f.write(os.urandom(1 << 24))
        big.chmod(0o644)
        ours.offer(big)
        lines, missed = table(measure(ours, theirs, big))
    print("\n".join(lines))
    if args.write:
        verdict = ["Goals missed:", "", *missed] if missed else ["Every goal is met."]
        head = ["<!-- SPDX-License-Identifier: AGPL-3.0-or-later -->", "# Figures", "",
                "Written by `bench/run.py --write`; `bench/README.md` says what each row means.", "",
                f"{datetime.date.today()}, 2 cores, Debian 12, release build, loopback, {SUITE}, median of {RUNS} runs.",
                "The machine was shared: other tests ran on it at the same time, so repeat before drawing fine conclusions.",
                "nginx neither seals nor syncs what it stores.", ""]
        was = (HERE / "results.md").read_text().partition("\n## ")
        (HERE / "results.md").write_text("\n".join([*head, *lines, "", *verdict]) + "\n" + "".join(was[1:]))
        if quiet:
            store(section)


if __name__ == "__main__":
    main()
