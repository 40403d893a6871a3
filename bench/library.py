#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a view of the library costs at 1,000 and at 100,000 files.

usage: bench/library.py [SMALL LARGE]   (a release build; GELEIT_BUILD names its folder; SQLite)

The rows are those of bench/generate.py; no blob stands behind them.
Each row is the processor time of all app processes per answer and the wall clock, the least of RUNS; the last
column is how much dearer the large library is.  Goals: a layout of 100,000 below 0.3 s of processor time, a page
of 100 files and 100 cards not above 1.3 times those of the small one.
"""
import random
import struct
import sys
import time

from generate import make  # beside this file
from run import cpu

RUNS = 5
PAGES = 50  # answers that take less than a tick of /proc are asked for in rows
JSON = {"Content-Type": "application/json"}
LAYOUTS = ["", "?sort=oldest", "?sort=name", "?state=draft", "?state=cleared", "?state=sendable", "?type=image", "?type=document",
           "?class=internal", "?sort=name&state=sendable", "?sort=name&type=image", "?folder=Ordner%203", "?q=sofa", "?q=s",
           "?q=sofa%20tisch", "?keyword=Herbst", "?trash=1"]


def cost(server, apps, ask, times):
    """The least of RUNS: (processor seconds, wall seconds) of one answer."""
    best = (1e9, 1e9)
    for _ in range(RUNS):
        used, began = cpu(apps), time.perf_counter()
        for _ in range(times):
            answer = ask(server)
            assert answer.status == 200, (answer.status, answer.body)
        wall = (time.perf_counter() - began) / times
        best = min(best[0], (cpu(apps) - used) / times), min(best[1], wall)
    return best


def ids_of(layout):
    n = struct.unpack_from("<I", layout.body, 4)[0]
    return [str(x) for x in struct.unpack_from(f"<{n}Q", layout.body, (16 + n + 7) // 8 * 8)]


def measure(n):
    """{row: (processor, wall)} of a library of n files."""
    s = make(n)
    try:
        apps = s.roles("app")
        ids = ids_of(s.api("GET", "/api/v1/assets/layout"))
        some = random.Random(1).sample(ids, 100)
        rows = {"layout" + q: cost(s, apps, lambda s, q=q: s.api("GET", "/api/v1/assets/layout" + q), 1 if n > 10000 else PAGES)
                for q in LAYOUTS}
        rows["page of 100 files"] = cost(s, apps, lambda s: s.api("GET", "/api/v1/assets?limit=100"), PAGES)
        rows["page of 100 in a folder"] = cost(s, apps, lambda s: s.api("GET", "/api/v1/assets?limit=100&folder=Ordner%203"), PAGES)
        rows["100 cards"] = cost(s, apps, lambda s: s.api("POST", "/api/v1/assets/cards", {"ids": some}, JSON), PAGES)
        rows["folders"] = cost(s, apps, lambda s: s.api("GET", "/api/v1/folders"), 1 if n > 10000 else PAGES)
        return rows
    finally:
        s.remove()


def main():
    small, large = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1000, 100000)
    a, b = measure(small), measure(large)
    print(f"| answer | CPU ms at {small} | CPU ms at {large} | wall ms at {large} | ratio |\n|---|---|---|---|---|")
    for row in b:
        ratio = b[row][0] / a[row][0] if a[row][0] else 0
        print(f"| {row} | {a[row][0] * 1000:.2f} | {b[row][0] * 1000:.1f} | {b[row][1] * 1000:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
