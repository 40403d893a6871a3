#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""event_decode - a second reader of event entries, sharing no code with the server

    event_decode.py [--kinds event_kinds.def] VECTORS.json
    event_decode.py [--kinds event_kinds.def] --sqlite DATABASE

Checks that every entry is canonical JSON (RFC 8785), flat, made of known
members with the right form, of a known kind and version, and that hashes agree:
the leaf (RFC 6962: SHA-256 over 0x00 and the entry) and the sealed personal
fields.  Of a database it also checks the columns beside the entry, that the
log has no gap, and that every event is either in the log or waiting for it.

One line per finding; exit 1 when there was one.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sqlite3
import sys

KINDS = pathlib.Path(__file__).resolve().parent.parent / "src/model/event_kinds.def"
ENTRY_MAX_BYTES = 4096

WORD = r"[a-z0-9_.,:-]{1,64}"
ID = r"[1-9][0-9]{0,18}"
HEX16 = r"[0-9a-f]{32}"
HEX32 = r"[0-9a-f]{64}"
# Strings: the whole value must match.
STRINGS = {
    "actor_id": ID, "actor_kind": "system|person|key|recipient", "asset_id": ID, "delivery_id": ID,
    "kind": WORD, "nonce": HEX16, "outcome": WORD, "policy": HEX32, "recipient_id": ID,
    "sha256": HEX32, "transfer_id": HEX16, "verdict": WORD, "version_id": ID,
}
INTEGERS = {"at_us": 2**53 - 1, "bytes": 2**53 - 1, "level": 4, "v": 2**31}
ALWAYS = {"actor_kind", "at_us", "kind", "nonce", "v"}
PERSONAL = re.compile(r"p_[a-z0-9_]{1,64}")


class Bad(Exception):
    """What is wrong with one entry."""


def load_kinds(path):
    text = pathlib.Path(path).read_text(encoding="ascii")
    rows = re.findall(r'^EVENT_KIND\(\w+, "([a-z.]+)", (\d+)\)', text, re.M)
    return {name: int(version) for name, version in rows}


def canonical(members):
    """RFC 8785 of a flat object of strings, integers and booleans."""
    def value(v):
        if isinstance(v, bool):
            return "true" if v else "false"
        return str(v) if isinstance(v, int) else json.dumps(v, ensure_ascii=False)
    names = sorted(members, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(json.dumps(n, ensure_ascii=False) + ":" + value(members[n]) for n in names) + "}"


def no_twice(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise Bad("a member is there twice")
    return dict(pairs)


def no_fraction(text):
    raise Bad(f"{text} is not an integer")


def check_member(name, value):
    if name in INTEGERS:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= INTEGERS[name]:
            raise Bad(f"{name} is not an integer in its range")
        return
    form = STRINGS.get(name) or (HEX32 if PERSONAL.fullmatch(name) else None)
    if form is None:
        raise Bad(f"{name!r} is no known member")
    if not isinstance(value, str) or not re.fullmatch(form, value, re.A):
        raise Bad(f"{name} has not the form it must have")


def decode(entry, kinds):
    """The members of an entry; Bad when anything about it is not as it must be."""
    if len(entry.encode("utf-8")) > ENTRY_MAX_BYTES:
        raise Bad(f"longer than {ENTRY_MAX_BYTES} bytes")
    try:
        members = json.loads(entry, object_pairs_hook=no_twice, parse_float=no_fraction, parse_constant=no_fraction)
    except ValueError as err:
        raise Bad(f"not JSON: {err}") from None
    if not isinstance(members, dict):
        raise Bad("not an object")
    for name, value in members.items():
        check_member(name, value)
    if not ALWAYS <= set(members):
        raise Bad("missing: " + ", ".join(sorted(ALWAYS - set(members))))
    if canonical(members) != entry:
        raise Bad("not in canonical form")
    if kinds.get(members["kind"]) is None or members["v"] > kinds[members["kind"]] or members["v"] < 1:
        raise Bad(f"kind {members['kind']!r} version {members['v']} is not known")
    return members


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry.encode("utf-8")).digest()


def check_sealed(members, sealed):
    """sealed: {field: bytes, or None when erased}."""
    fields = {name[2:] for name in members if name.startswith("p_")}
    if fields != set(sealed):
        raise Bad("personal fields and sealed values do not belong together")
    for field, value in sealed.items():
        if value is not None and hashlib.sha256(value).hexdigest() != members["p_" + field]:
            raise Bad(f"the sealed {field} is not the one in the entry")


def check_vector(vector, kinds):
    members = decode(vector["entry"], kinds)
    if members != vector["expect"]:
        raise Bad("the members are not the ones expected")
    if leaf_hash(vector["entry"]).hex() != vector["leaf"]:
        raise Bad("wrong leaf hash")
    check_sealed(members, {field: bytes.fromhex(value) for field, value in vector["sealed"].items()})


def vector_findings(path, kinds):
    vectors = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["vectors"]
    if not vectors:
        yield "no vectors"
    for vector in vectors:
        try:
            check_vector(vector, kinds)
        except Bad as bad:
            yield f"{vector['name']}: {bad}"


COLUMNS = ("at_us", "kind", "v", "actor_kind", "actor_id", "asset_id", "version_id", "delivery_id",
           "recipient_id", "transfer_id")


def check_columns(row, members):
    for name in COLUMNS:
        want = row[name]
        if want is not None and name == "transfer_id":
            want = want.hex()
        elif want is not None and name.endswith("_id"):
            want = str(want)
        if members.get(name) != want:
            raise Bad(f"column {name} differs from the entry")


def check_row(db, row, kinds):
    members = decode(row["entry"], kinds)
    check_columns(row, members)
    sealed = db.execute("SELECT field, sealed FROM event_person WHERE event_id = ?", (row["id"],))
    check_sealed(members, {r["field"]: r["sealed"] for r in sealed})
    leaf = db.execute("SELECT leaf_hash FROM log_leaf WHERE event_id = ?", (row["id"],)).fetchone()
    todo = db.execute("SELECT 1 FROM event_todo WHERE event_id = ?", (row["id"],)).fetchone()
    if (leaf is None) == (todo is None):
        raise Bad("neither in the log nor waiting" if leaf is None else "in the log and waiting")
    if leaf is not None and leaf["leaf_hash"] != leaf_hash(row["entry"]):
        raise Bad("wrong leaf hash")


def database_findings(path, kinds):
    db = sqlite3.connect(pathlib.Path(path).resolve().as_uri() + "?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    db.execute("BEGIN")
    for row in db.execute("SELECT * FROM event"):
        try:
            check_row(db, row, kinds)
        except Bad as bad:
            yield f"event {row['id'].hex()}: {bad}"
    count, least, most = db.execute("SELECT count(*), min(seq), max(seq) FROM log_leaf").fetchone()
    if count and (least != 0 or most != count - 1):
        yield "the log has a gap"
    if db.execute("SELECT next_seq FROM log_head WHERE id = 1").fetchone()[0] != count:
        yield "next_seq does not follow the last leaf"
    orphans = db.execute("SELECT count(*) FROM log_leaf WHERE event_id NOT IN (SELECT id FROM event)").fetchone()[0]
    if orphans:
        yield f"{orphans} leaves have no event"


def main():
    parser = argparse.ArgumentParser(description="Check event entries without the server.")
    parser.add_argument("--kinds", default=KINDS)
    parser.add_argument("--sqlite", metavar="DATABASE")
    parser.add_argument("vectors", nargs="?")
    args = parser.parse_args()
    if (args.sqlite is None) == (args.vectors is None):
        parser.error("name either VECTORS.json or --sqlite DATABASE")
    kinds = load_kinds(args.kinds)
    found = list(database_findings(args.sqlite, kinds) if args.sqlite else vector_findings(args.vectors, kinds))
    for line in found:
        print(line)
    if not found:
        print("events: ok")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
