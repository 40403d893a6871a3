#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a view of the library costs at 1,000 and at 100,000 files.

usage: bench/library.py [SMALL LARGE]   (a release build; GELEIT_BUILD names its folder; SQLite)

The rows are written straight into the database, as uploads of two years leave them; no blob stands behind them.
Each row is the processor time of all app processes per answer and the wall clock, the least of RUNS; the last
column is how much dearer the large library is.  Goals: a layout of 100,000 below 0.3 s of processor time, a page
of 100 files and 100 cards not above 1.3 times those of the small one.
"""
import contextlib
import hashlib
import pathlib
import random
import re
import sqlite3
import struct
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))
from geleit import Server  # noqa: E402
from run import cpu  # noqa: E402  (beside this file)

RUNS = 5
PAGES = 50  # answers that take less than a tick of /proc are asked for in rows
JSON = {"Content-Type": "application/json"}
WORDS = "sofa stuhl tisch havn motiv katalog herbst licht studio detail presse lampe".split()
KINDS = ["image/tiff"] * 6 + ["image/jpeg"] * 6 + ["application/pdf", "video/mp4", "application/zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"]
LAYOUTS = ["", "?sort=oldest", "?sort=name", "?state=draft", "?state=cleared", "?state=sendable", "?type=image", "?type=document",
           "?class=internal", "?sort=name&state=sendable", "?sort=name&type=image", "?folder=Ordner%203", "?q=sofa", "?q=s",
           "?q=sofa%20tisch", "?keyword=Herbst", "?trash=1"]


def insert(c, table, rows):
    names = list(rows[0])
    c.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                  [tuple(r.values()) for r in rows])


def one_file(i, at, person, folders, keywords, now):
    """The rows of file i, by table."""
    rnd, a, v = random.Random(i), at + i * 1000, at + i * 1000 + 1
    words = rnd.sample(WORDS, 3)
    title = f"{words[0]} {words[1]} {i}"
    state = rnd.choice(["cleared", "cleared", "draft", "blocked", "conditions", "in_review"])
    kind = rnd.choice(KINDS)
    return {
        "asset": {"id": a, "folder_id": rnd.choice(folders), "title": title, "class": rnd.choice(["public", "public", "internal"]),
                  "embargo_us": now + 10**12 if i % 40 == 0 else None, "expires_us": None, "current_version_id": v,
                  "created_by": person, "created_us": now, "changed_us": now, "stamp": rnd.randrange(1, 9),
                  "trashed_us": now if i % 50 == 0 else None, "sort_key": title.encode()},
        "version": {"id": v, "asset_id": a, "number": 1, "name": title + ".tif", "bytes": 10**6,
                    "sha256": hashlib.sha256(b"%d" % i).digest(), "crc32": 7, "media_type": kind, "malware": "clean",
                    "state": "ready", "created_by": person, "created_us": now, "ingested_us": now},
        "release": {"asset_id": a, "state": state, "until_us": now + 10**13 if i % 3 == 0 else None, "reason": None,
                    "credit": "Foto: Havn" if state == "conditions" else None, "view_only": 0, "set_by": person, "set_us": now},
        "version_media": {"version_id": v, "state": "ready", "width": 6000, "height": rnd.choice([4000, 6000, 9000]),
                          "colour": "#334455", "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "camera": "Kamera",
                          "taken": "2026-01-01 10:00:00", "space": "srgb", "changed_us": now, "maker": 2},
        "asset_term": [{"term": w, "asset_id": a} for w in {*words, str(i), "tif"}],
        "asset_keyword": [{"asset_id": a, "keyword_id": keywords[words[2]]}],
    }


def keep_views(c):
    """What a change keeps on the row of a file, by the statement that filled it for old libraries."""
    for f in sorted((ROOT / "schema/main").glob("*.sql")):
        for statement in re.findall(r"^UPDATE asset SET .*?;", f.read_text(), re.M | re.S):
            c.execute(statement)


def fill(path, n):
    now = int(time.time() * 1e6)
    with contextlib.closing(sqlite3.connect(path)) as c:
        person = c.execute("SELECT min(id) FROM person").fetchone()[0]
        root, at = c.execute("SELECT id, created_us FROM folder WHERE path = ''").fetchone()
        at = c.execute("SELECT min(id) FROM asset").fetchone()[0] - n * 1000 - 10**6  # older than what is there
        folders = [10**15 + i for i in range(n // 200)]
        insert(c, "folder", [{"id": f, "parent_id": root, "name": f"Ordner {f - 10**15}", "path": f"Ordner {f - 10**15}",
                              "created_us": now} for f in folders])
        there = dict(c.execute("SELECT folded, id FROM keyword"))
        insert(c, "keyword", [{"id": 10**15 + i, "label": w.capitalize(), "folded": w} for i, w in enumerate(WORDS) if w not in there])
        keywords = dict(c.execute("SELECT folded, id FROM keyword"))
        files = [one_file(i, at, person, folders, keywords, now) for i in range(n)]
        for table in files[0]:
            rows = [f[table] for f in files]
            insert(c, table, [r for f in rows for r in f] if isinstance(rows[0], list) else rows)
        keep_views(c)
        c.commit()


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
    s = Server().start()
    try:
        first = pathlib.Path(s.dir).parent / "a.txt"
        first.write_text("x")
        s.run("upload", first)
        s.stop()
        fill(s.dir / "db/geleit.db", n)
        s.start()
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
