#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Geleit costs beside nginx and others: both sides measured in one run.

Processor time and memory come from /proc, for every process of Geleit and of
the peer; bench/README.md says what each row means, bench/sides.py who they are.
"""
import argparse
import contextlib
import json
import os
import pathlib
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import time

import alone  # these five beside this file
import media
import summary
from machine import nginx, told, tus
from sides import HERE, PACKED, SIZE, SUITE, Geleit, Nginx, TusPeer, connect, cpu, curl, pss, settled

RUNS = 5
IDLE = 5000
SHAKES = 1500
AT_REST = 1         # % of a processor, of the fronts together: what a tick of a quarter of a second costs
SMALL = 1000        # small answers on one connection
STALLED = 10

# ---- the rows: one value for one side ----

def download(side, run, big):
    before = cpu(side.pids())
    side.seconds = curl(side, *side.download())
    return (settled(side.pids()) - before) / (SIZE / 1e9)


def package(side, run, big):
    before = cpu(side.pids())
    side.seconds = curl(side, *side.package())
    return (settled(side.pids()) - before) / (SIZE / 1e9)


def upload(side, run, big):
    with open(big, "r+b") as f:             # never the same bytes twice
        f.write(os.urandom(64))
    before = cpu(side.pids())
    path, fields = side.upload(run, SIZE)
    how = ["-X", "PATCH"] if fields else []
    side.seconds = curl(side, path, fields, *how, "-T", str(big))
    begin = time.thread_time()
    side.sync(run)
    synced = time.thread_time() - begin
    used = settled(side.pids()) - before + synced
    side.forget(run)
    return used / (SIZE / 1e9)


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


def answers(side, n, path, fields, want):
    """The same question n times on one connection; milliseconds of processor time of each."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost:{side.port}\r\n" + "".join(f + "\r\n" for f in fields) + "\r\n"
    s = connect(side)
    with contextlib.closing(s), s.makefile("rb") as f:
        before = cpu(side.pids())
        for _ in range(n):
            s.sendall(head.encode())
            assert status_and_etag(f)[0] == want
        return (settled(side.pids()) - before) / n * 1000


def status_and_etag(f):
    status, length, etag = int(f.readline().split()[1]), 0, ""
    while (line := f.readline().strip()):
        name, value = line.decode().split(":", 1)
        length = int(value) if name.lower() == "content-length" and status != 304 else length
        etag = value.strip() if name.lower() == "etag" else etag
    f.read(length)
    return status, etag


def small(side, run, big):
    return answers(side, SMALL, *side.small(), 200)


def unchanged(side, run, big):
    path, fields = side.small()
    s = connect(side, f"GET {path} HTTP/1.1\r\nHost: localhost:{side.port}\r\n{''.join(f + chr(13) + chr(10) for f in fields)}\r\n".encode())
    with contextlib.closing(s), s.makefile("rb") as f:
        etag = status_and_etag(f)[1]
    return answers(side, SMALL, path, [*fields, "If-None-Match: " + etag], 304)


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


def resumed(side, run, big):
    first = connect(side)
    answered(first)                         # the ticket comes behind the handshake
    session = first.session
    first.close()
    before = cpu(side.pids())
    for _ in range(SHAKES):
        raw = socket.create_connection(("127.0.0.1", side.port), 30)
        s = side.context.wrap_socket(raw, server_hostname="localhost", session=session)
        assert s.session_reused
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


# what, unit, row, goal, and who is measured in turns: names of what main() starts
BOTH = ("Geleit", "nginx")
ROWS = [
    (f"Idle connection ({IDLE} held, one request each)", "KiB", idle, 1.0, BOTH),
    ("Download, 1 GiB sealed", "CPU s/GB", download, 1.25, BOTH),
    (f"Package of {PACKED} sealed files, 1 GiB, beside one file", "CPU s/GB", package, 1.35, BOTH),
    ("Upload by tus, 1 GiB, sealed and synced, beside PUT and fsync", "CPU s/GB", upload, 1.6, BOTH),
    ("Upload by tus, 1 GiB, beside @tus/server", "CPU s/GB", upload, 1 / 3, ("Geleit", "@tus/server")),
    (f"Preview asked of app, beside a file of its bytes ({SMALL})", "CPU ms", small, 4.0, BOTH),
    (f"The same, unchanged: 304 ({SMALL})", "CPU ms", unchanged, 2.5, BOTH),
    (f"Full handshake ({SHAKES}), one front", "CPU ms", handshakes, 1.1, ("one front", "nginx")),
    (f"Resumed handshake ({SHAKES}), one front", "CPU ms", resumed, 1.1, ("one front", "nginx")),
    ("At rest, no connection, 3 s", "% CPU of fronts", rest, None, BOTH),
    (f"Stalled {STALLED} × (handshake, head, reader), 3 s", "% CPU of fronts", stalled, None, BOTH),
]


def used(side, start):
    """Which process used how much, for the log."""
    spent = {p: cpu([p]) - was for p, was in start.items()}
    took = f", {side.seconds:.1f} s" if side.seconds else ""
    return " ".join(f"{side.roles.get(p, 'nginx')} {s:.2f}" for p, s in spent.items() if s) + took


def measure(sides, big, only):
    for what, unit, row, goal, names in ROWS:
        if only and only not in what:
            continue
        ours, theirs = (sides[n] for n in names)
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
    out = ["| what | unit | Geleit | peer | ratio | goal | met | MB/s |", "|---|---|---|---|---|---|---|---|"]
    for what, unit, a, b, goal, speed in rows:
        ratio = a / b if goal and b > 0 else None
        met = ratio <= goal if ratio is not None else a <= AT_REST
        shown = f"{ratio:.2f}" if ratio is not None else ""
        wanted = f"≤ {goal:.3g}" if goal else f"≤ {AT_REST} %"
        out.append(f"| {what} | {unit} | {a:.3f} | {b:.3f} | {shown} | {wanted} | {'yes' if met else '**no**'} | {speed} |")
    return out


def goals(rows):
    """What the rows of the table miss, in words."""
    cells = [[cell.strip() for cell in row.split("|")] for row in rows if "**no**" in row]
    missed = [f"- {what}: {ratio or f'{a} {unit}'}, goal {goal}." for _, what, unit, a, _, ratio, goal, *_ in cells]
    return ["Goals missed:", "", *missed] if missed else ["Every goal is met."]


PEERS = "## Beside nginx and @tus/server"
PREVIEWS = "## Previews"
WEB = "## In the browser"
QUIET = 1.5


def previews():
    """The section of the results; whether the machine was left alone."""
    load = os.getloadavg()[0]
    lines, _ = media.table(media.measure())
    busy = "" if load < QUIET else f" The machine was busy (load {load:.1f}): not stored."
    print("\n".join([PREVIEWS, "", *lines, busy]))
    return [PREVIEWS, "", *told("bench/run.py --previews", f"median of {media.RUNS} runs", load), *lines], load < QUIET


def web(parts):
    """The section of the pages' figures; what misses its goal."""
    load = os.getloadavg()[0]
    done = subprocess.run(["node", HERE / "web.mjs", *parts], stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    missed = [r["what"] for r in rows if r["value"] > r["goal"]]
    lines = [f"| {r['what']} | {r['value']:.4g} | {r['unit']} | ≤ {r['goal']} | {'**no**' if r['what'] in missed else 'yes'} |" for r in rows]
    head = [WEB, "", *told("bench/run.py --web", "Chromium, the least of the runs", load),
            "Slow: slow 4G and a processor four times slower.", "",
            "| what | measured | unit | goal | met |", "|---|---|---|---|---|"]
    print("\n".join([*head, *lines]))
    return [*head, *lines], missed


def keep(text):
    """The file, with the table of goals made of what stands in it now."""
    summary.RESULTS.write_text(summary.renewed(text))


def store(lines):
    """In place of the section there is; the rest was measured another day."""
    before, _, rest = summary.RESULTS.read_text().partition(lines[0] + "\n")
    after = rest[rest.index("\n## ") + 1:] if "\n## " in rest else ""
    keep("\n".join([before.rstrip() + "\n", *lines]) + "\n" + (after and "\n" + after))


def merge(lines):
    """Rows of this run in place of those of the same name; the others were measured another day."""
    was = summary.RESULTS.read_text().splitlines()
    begin = was.index(PEERS)
    first = next(i for i, line in enumerate(was) if i > begin and line.startswith("|---")) + 1
    last = next(i for i, line in enumerate(was) if i > first and line.startswith("## "))
    found = {line.split("|")[1]: line for line in [*was[first:last], *lines[2:]] if line.startswith("|")}
    rows = [found[f" {what} "] for what, *_ in ROWS if f" {what} " in found]
    keep("\n".join([*was[:first - 2], *lines[:2], *rows, "", *goals(rows), "", *was[last:]]) + "\n")


def everything(folder):
    """Each program whose section the table of goals is made of, one after another; missed goals do not stop the next."""
    programs = [["run.py"], ["run.py", "--alone"], ["sizes.py"], *([["directus.py", folder]] if folder else [])]
    for argv in programs:
        done = subprocess.run([sys.executable, HERE / argv[0], *argv[1:], "--write"])
        print(f"{' '.join(argv)} ended with {done.returncode}", file=sys.stderr, flush=True)


def start(end):
    """Everybody who is measured, by name, and a file of SIZE bytes that nginx has."""
    sides = {"Geleit": Geleit()}
    end.callback(sides["Geleit"].remove)
    for name, make in (("one front", lambda: Geleit("server.fronts=1")), ("nginx", lambda: Nginx(sides["Geleit"].tls)),
                       ("@tus/server", lambda: TusPeer(sides["Geleit"].tls))):
        sides[name] = make()
        end.callback(sides[name].remove)
    for side in sides.values():
        side.context = ssl.create_default_context(cafile=side.cafile)
    big = sides["nginx"].dir / "www/big"
    with open(big, "wb") as f:
        for _ in range(SIZE >> 24):
            f.write(os.urandom(1 << 24))
    big.chmod(0o644)
    return sides, big


def beside_peers(only):
    with contextlib.ExitStack() as end:
        sides, big = start(end)
        ours, photo = sides["Geleit"], sides["nginx"].dir / "photo.jpg"
        media.make_photo(photo, 1)
        (sides["nginx"].dir / "www/small").write_bytes(ours.offer_picture(photo))
        ours.offer(big)
        if not only or "Package" in only:
            ours.offer_package(big)
        yield from measure(sides, big, only)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--write", action="store_true", help="store the table in bench/RESULTS.md")
    p.add_argument("--previews", action="store_true", help="measure previews alone")
    p.add_argument("--only", metavar="WORDS", help="measure rows with these words in their name alone")
    p.add_argument("--alone", action="store_true", help="measure what has no peer alone")
    p.add_argument("--table", action="store_true", help="print the table of goals from the figures in bench/RESULTS.md")
    p.add_argument("--all", nargs="?", const="", metavar="FOLDER", help="measure and store each row of that table; FOLDER has Directus")
    p.add_argument("--web", nargs="*", metavar="PART", help="measure the pages alone: frames, staff, recipient")
    args = p.parse_args()
    if args.all is not None:
        everything(args.all)
    if args.table or args.all is not None:
        return print("\n".join(summary.table(summary.RESULTS.read_text())))
    if args.web is not None:
        section, missed = web(args.web)
        if args.write and not args.web:
            store(section)
        return sys.exit(f"goals missed: {'; '.join(missed)}" if missed else 0)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, hard), hard))
    if args.alone:
        section, missed = alone.section()
        if args.write:
            store(section)
        return sys.exit(f"goals missed: {'; '.join(missed)}" if missed else 0)
    load = os.getloadavg()[0]
    section, quiet = previews() if not args.only else ([], False)
    if args.previews:
        if args.write and quiet:
            store(section)
        return
    lines = table(beside_peers(args.only))
    print("\n".join(lines))
    if args.write and args.only:
        merge(lines)
    elif args.write:
        how = f"median of {RUNS} runs, loopback, {SUITE}, {nginx()}, {tus()}"
        store([PEERS, "", *told("bench/run.py", how, load), "nginx neither seals nor syncs what it stores.", "", *lines, "", *goals(lines[2:])])
        if quiet:
            store(section)


if __name__ == "__main__":
    main()
