#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A library and its deliveries of any size, as two years of work leave them.

usage: bench/generate.py ASSETS DELIVERIES   (leaves a server's folder behind and prints its path; SQLite)

The rows are written straight into the database while no server runs, since by the API it would take a day; nothing else
may do that.  No blob stands behind the files: what is to be downloaded has to be sent by the server itself.  Each
delivery has ten files, two recipients, their mails, sessions and what they fetched, and its history in the log.
"""
import csv
import hashlib
import io
import json
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))
from geleit import Server  # noqa: E402

WORDS = "sofa stuhl tisch havn motiv katalog herbst licht studio detail presse lampe".split()
KINDS = ["image/tiff"] * 6 + ["image/jpeg"] * 6 + ["application/pdf", "video/mp4", "application/zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"]
BYTES = 10**6
ITEMS, RECIPIENTS, CONTACTS = 10, 2, 2000
DAY = 86400 * 10**6
CHUNK = 2000        # deliveries whose rows are held in memory at once
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


# ---- either database ----

class Lite:
    def __init__(self, server):
        self.c = sqlite3.connect(server.dir / "db/geleit.db")

    def one(self, text):
        return self.c.execute(text).fetchone()

    def all(self, text):
        return self.c.execute(text).fetchall()

    def run(self, text):
        self.c.execute(text)

    def insert(self, table, rows):
        names = list(rows[0])
        self.c.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                           [tuple(r.values()) for r in rows])

    def end(self):
        self.c.commit()
        self.c.close()


class Postgres:
    def __init__(self, server):
        self.url = server.db

    def psql(self, text, stdin=None):
        done = subprocess.run(["psql", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", self.url, "-c", text], input=stdin, check=True,
                              stdout=subprocess.PIPE)
        return done.stdout.decode().splitlines()

    def one(self, text):
        return tuple(int(v) for v in self.psql(text)[0].split("|"))

    def all(self, text):
        return [line.split("|") for line in self.psql(text)]

    def run(self, text):
        self.psql(text)

    @staticmethod
    def text(v):
        return "\\N" if v is None else "\\x" + v.hex() if isinstance(v, bytes) else v

    def insert(self, table, rows):
        out = io.StringIO()
        csv.writer(out).writerows([self.text(v) for v in r.values()] for r in rows)
        self.psql(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN (FORMAT csv, NULL '\\N')", out.getvalue().encode())

    def end(self):
        self.psql("ANALYZE")


def database(server):
    return Lite(server) if server.db == "sqlite" else Postgres(server)


def insert_all(db, of_each):
    """Of many things that each have rows in the same tables."""
    for table in of_each[0]:
        rows = [r for one in of_each for r in (one[table] if isinstance(one[table], list) else [one[table]])]
        if rows:
            db.insert(table, rows)


# ---- files ----

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
        "version": {"id": v, "asset_id": a, "number": 1, "name": title + ".tif", "bytes": BYTES,
                    "sha256": hashlib.sha256(b"%d" % i).digest(), "crc32": 7, "media_type": kind, "malware": "clean",
                    "state": "ready", "created_by": person, "created_us": now, "ingested_us": now},
        "version_part": {"version_id": v, "position": 0, "blob_id": rnd.randbytes(16), "bytes": BYTES},
        "release": {"asset_id": a, "state": state, "until_us": now + 10**13 if i % 3 == 0 else None, "reason": None,
                    "credit": "Foto: Havn" if state == "conditions" else None, "view_only": 0, "set_by": person, "set_us": now},
        "version_media": {"version_id": v, "state": "ready", "width": 6000, "height": rnd.choice([4000, 6000, 9000]),
                          "colour": "#334455", "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "camera": "Kamera",
                          "taken": "2026-01-01 10:00:00", "space": "srgb", "changed_us": now, "maker": 2},
        "asset_term": [{"term": w, "asset_id": a} for w in {*words, str(i), "tif"}],
        "asset_keyword": [{"asset_id": a, "keyword_id": keywords[words[2]]}],
    }


def keep_views(db):
    """What a change keeps on the row of a file, by the statement that filled it for old libraries."""
    for f in sorted((ROOT / "schema/main").glob("*.sql")):
        for statement in re.findall(r"^UPDATE asset SET .*?;", f.read_text(), re.M | re.S):
            db.run(statement)


def fill(db, n):
    """n files; the id of the first, from which each is 1,000 further, its version one more."""
    now = int(time.time() * 1e6)
    person = db.one("SELECT min(id) FROM person")[0]
    root = db.one("SELECT id FROM folder WHERE path = ''")[0]
    at = db.one("SELECT min(id) FROM asset")[0] - n * 1000 - 10**6      # older than what is there
    folders = [10**15 + i for i in range(n // 200)]
    db.insert("folder", [{"id": f, "parent_id": root, "name": f"Ordner {f - 10**15}", "path": f"Ordner {f - 10**15}", "created_us": now}
                         for f in folders])
    there = dict(db.all("SELECT folded, id FROM keyword"))
    new = [{"id": 10**15 + i, "label": w.capitalize(), "folded": w} for i, w in enumerate(WORDS) if w not in there]
    if new:
        db.insert("keyword", new)
    keywords = {word: int(i) for word, i in db.all("SELECT folded, id FROM keyword")}
    insert_all(db, [one_file(i, at, person, folders, keywords, now) for i in range(n)])
    keep_views(db)
    return at


# ---- deliveries ----

class Log:
    """Events in the order of the log, which goes on where it stands."""

    def __init__(self, db, rnd):
        self.seq, self.rnd = db.one("SELECT next_seq, id FROM log_head")[0], rnd

    def entry(self, kind, at, actor, **ids):
        """Rows of event and log_leaf."""
        event, nonce, v = self.rnd.randbytes(16), self.rnd.randbytes(16).hex(), 1
        texts = {k: i.hex() if isinstance(i, bytes) else str(i) for k, i in ids.items()}
        text = json.dumps({"v": v, "kind": kind, "at_us": at, "nonce": nonce, "actor_kind": actor[0], "actor_id": str(actor[1]), **texts},
                          sort_keys=True, separators=(",", ":"))
        row = {"id": event, "at_us": at, "kind": kind, "v": v, "actor_kind": actor[0], "actor_id": actor[1], "asset_id": None,
               "version_id": None, "delivery_id": None, "recipient_id": None, "transfer_id": None, **ids, "entry": text}
        self.seq += 1
        return row, {"seq": self.seq - 1, "event_id": event, "leaf_hash": hashlib.sha256(b"\0" + text.encode()).digest()}


def number_of(rnd):
    digits = "".join(rnd.choices(CROCKFORD, k=8))
    return digits[:4] + "-" + digits[4:]


def one_delivery(i, world, log):
    """Its rows by table: most are over, of each second recipient everything arrived."""
    rnd = log.rnd
    begun = world["now"] - DAY - (world["deliveries"] - i) * 700 * DAY // world["deliveries"]
    d, life = world["at"] + i * 100, 14 * DAY if i % 5 else 800 * DAY
    files = rnd.sample(range(world["assets"]), ITEMS)
    items = [(world["first"] + f * 1000, world["first"] + f * 1000 + 1) for f in files]
    who = rnd.sample(range(world["contacts"]), RECIPIENTS)
    rows = {"delivery": {"id": d, "number": number_of(rnd), "sender_id": world["person"], "method": "package", "subject": f"Motive {i}",
                         "message": "Guten Tag,\nanbei die Motive.", "lang": "de", "valid_from_us": begun, "expires_us": begun + life,
                         "download_limit": 0, "level": 1, "stamp": 1, "item_count": ITEMS, "total_bytes": ITEMS * BYTES, "created_us": begun},
            "delivery_item": [{"delivery_id": d, "position": p, "asset_id": a, "version_id": v, "name": f"{p}-{a}.tif"}
                              for p, (a, v) in enumerate(items, 1)],
            "recipient": [], "mail": [], "session": [], "session_item": [], "transfer": [], "event": [], "log_leaf": []}
    tell(rows, log, "delivery.created", begun, ("person", world["person"]), delivery_id=d)
    for k, contact in enumerate(who):
        one_recipient(rows, d + 1 + k, contact, begun, items if (i + k) % 2 else [], (world, log))
    return rows


def tell(rows, log, *what, **ids):
    event, leaf = log.entry(*what, **ids)
    rows["event"].append(event)
    rows["log_leaf"].append(leaf)


def one_recipient(rows, r, contact, begun, fetched, given):
    """What came of one of them; fetched: the files that arrived."""
    world, log = given
    d, rnd, opened = rows["delivery"]["id"], log.rnd, begun + 3600 * 10**6
    me, ids = ("recipient", r), {"delivery_id": d, "recipient_id": r}
    address = f"kunde{contact}@example.test"
    rows["recipient"].append({"id": r, "delivery_id": d, "contact_id": world["contact_at"] + contact, "address": address,
                              "token_hash": rnd.randbytes(32), "state": "complete" if fetched else "mailed",
                              "opened_us": opened if fetched else None, "verified_us": opened if fetched else None, "failures": 0,
                              "created_us": begun})
    rows["mail"].append({"id": r, "kind": "delivery", "delivery_id": d, "recipient_id": r, "address": address, "subject": "Motive",
                         "message_id": f"{r}@example.test", "epoch": None, "wrap": None, "sealed": None, "form": "wiped",
                         "state": "accepted", "reply": "250 ok", "tries": 1, "due_us": begun, "fence": 1, "give_up_us": begun + 5 * DAY,
                         "created_us": begun, "settled_us": begun + 10**6})
    tell(rows, log, "mail.queued", begun + 1, ("person", world["person"]), **ids)
    tell(rows, log, "mail.accepted", begun + 10**6, ("system", 0), **ids)
    if not fetched:
        return
    transfer, end = rnd.randbytes(16), opened + 10**8
    rows["session"].append({"id": r, "token_hash": rnd.randbytes(32), "recipient_id": r, "level": 1, "created_us": opened,
                            "used_us": end, "ended_us": end})
    rows["transfer"].append({"id": transfer, "session_id": r, "recipient_id": r, "delivery_id": d, "position": 0, "range_from": 0,
                             "range_to": ITEMS * BYTES + 1000, "seq": 9, "sent_bytes": ITEMS * BYTES + 1000, "state": "complete",
                             "started_us": opened, "seen_us": end, "ended_us": end})
    for n, kind in enumerate(("recipient.opened", "code.sent", "recipient.verified", "download.started")):
        tell(rows, log, kind, opened + n, me, **ids)
    for p, (a, v) in enumerate(fetched, 1):
        rows["session_item"].append({"session_id": r, "delivery_id": d, "position": p, "recipient_id": r,
                                     "ranges": bytes(8) + BYTES.to_bytes(8, "big"), "sent_bytes": BYTES, "complete_us": end, "created_us": opened})
        tell(rows, log, "download.complete", end + p, me, asset_id=a, version_id=v, transfer_id=transfer, **ids)


def deliver(db, first, assets, n):
    """n deliveries of the files that fill() made."""
    now, log = int(time.time() * 1e6), Log(db, random.Random(n))
    world = {"now": now, "deliveries": n, "assets": assets, "first": first, "at": 2 * 10**15, "contact_at": 3 * 10**15,
             "contacts": max(RECIPIENTS, min(CONTACTS, n)), "person": db.one("SELECT min(id) FROM person")[0]}
    db.insert("contact", [{"id": world["contact_at"] + i, "address": f"kunde{i}@example.test", "name": None, "created_us": now}
                          for i in range(world["contacts"])])
    for begin in range(0, n, CHUNK):
        insert_all(db, [one_delivery(i, world, log) for i in range(begin, min(n, begin + CHUNK))])
    db.run(f"UPDATE log_head SET next_seq = {log.seq}")


def generate(server, assets, deliveries=0):
    """Into a server that runs and has a file; it runs again afterwards."""
    server.stop()
    db = database(server)
    first = fill(db, assets)
    if deliveries:
        deliver(db, first, assets, deliveries)
    db.end()
    return server.start()


def make(assets, deliveries=0, db="sqlite"):
    """A server with that much in it."""
    server = Server(db=db).start()
    try:
        one = server.dir.parent / "a.txt"
        one.write_text("x")
        server.run("upload", one)
        return generate(server, assets, deliveries)
    except BaseException:
        server.remove()
        raise


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    server = make(*map(int, sys.argv[1:]))
    server.stop()
    print(server.dir)


if __name__ == "__main__":
    main()
