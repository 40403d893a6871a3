# SPDX-License-Identifier: AGPL-3.0-or-later
"""The second decoder accepts what the server writes and nothing else.

Mutations of the vectors, each of which must be found, and a database file built
from the schema, good and then spoiled in each way the decoder looks for.
EVENT_TEST names the program event_test, which writes a database as the server does.
"""
import copy
import hashlib
import importlib.util
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools/event_decode.py"
VECTORS = ROOT / "tests/vectors/events.json"

spec = importlib.util.spec_from_file_location("event_decode", TOOL)
event_decode = importlib.util.module_from_spec(spec)
spec.loader.exec_module(event_decode)
KINDS = event_decode.load_kinds(event_decode.KINDS)


def run(*args):
    return subprocess.run([sys.executable, TOOL, *map(str, args)], capture_output=True, text=True)


def test_the_vectors_are_good():
    done = run(VECTORS)
    assert (done.returncode, done.stdout) == (0, "events: ok\n")


def good():
    return copy.deepcopy(json.loads(VECTORS.read_text())["vectors"][1])


def with_entry(vector, entry):
    """A vector whose leaf and expectation fit a spoiled entry, so that only its form is wrong."""
    vector["entry"] = entry
    vector["leaf"] = hashlib.sha256(b"\0" + entry.encode()).hexdigest()
    try:
        vector["expect"] = json.loads(entry)
    except ValueError:
        pass
    return vector


def member(old, new):
    def change(vector):
        assert old in vector["entry"]
        return with_entry(vector, vector["entry"].replace(old, new, 1))
    return change


def put(name, value):
    def change(vector):
        vector[name] = value
        return vector
    return change


def reordered(vector):
    members = json.loads(vector["entry"])
    members["actor_id"] = members.pop("actor_id")
    return with_entry(vector, json.dumps(members, separators=(",", ":")))


MUTATIONS = {
    "a blank": member(",", ", "),
    "another order": reordered,
    "a member twice": member('"v":1', '"v":1,"v":1'),
    "an unknown member": member('"v":1', '"v":1,"zzz":"x"'),
    "a name": member('"outcome":"ok"', '"outcome":"Anna Beispiel"'),
    "an escape for a letter": member('"ok"', '"\\u006fk"'),
    "an id as number": member('"asset_id":"11"', '"asset_id":11'),
    "an id with a zero in front": member('"asset_id":"11"', '"asset_id":"011"'),
    "a fraction": member('"level":1', '"level":1.0'),
    "an exponent": member('"level":1', '"level":1e0'),
    "a boolean for a number": member('"level":1', '"level":true'),
    "2^53": member('"bytes":123456789', '"bytes":9007199254740992'),
    "a negative number": member('"bytes":123456789', '"bytes":-1'),
    "upper-case hex": member("dead", "DEAD"),
    "a nested object": member('"level":1', '"level":{}'),
    "no nonce": member('"nonce":"000102030405060708090a0b0c0d0eff",', ""),
    "an unknown kind": member("download.complete", "download.finished"),
    "a later version": member('"v":1', '"v":2'),
    "a line break at the end": member('"22"}', '"22"}\n'),
    "not JSON": member('{"actor_id"', '{actor_id'),
    "another hash of a field": member('"p_address":"2', '"p_address":"3'),
    "the leaf": put("leaf", "00" * 32),
    "the expectation": put("expect", {}),
    "a sealed value": put("sealed", {"subject": "00", "address": "00"}),
    "a missing sealed value": put("sealed", {}),
    "an overlong entry": put("entry", "{" + " " * 5000 + "}"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_found(name, tmp_path):
    vector = MUTATIONS[name](good())
    assert vector != good()
    path = tmp_path / "v.json"
    path.write_text(json.dumps({"vectors": [vector]}))
    done = run(path)
    assert done.returncode == 1, done.stdout
    assert done.stdout.startswith("everything at once: ")


def test_no_vectors_are_no_success(tmp_path):
    path = tmp_path / "v.json"
    path.write_text('{"vectors": []}')
    assert run(path).returncode == 1


def test_order_is_by_utf16():
    # U+1F600 sorts before U+FB33 in UTF-16 code units, after it in UTF-8.
    assert event_decode.canonical({"\ufb33": 1, "\U0001f600": 2, "a": True}) == '{"a":true,"\U0001f600":2,"\ufb33":1}'


# ---- a database file ----

def sqlite_schema():
    text = (ROOT / "schema/main/0001_events.sql").read_text()
    for word, own in (("ID", "INTEGER"), ("INT", "INTEGER"), ("BYTES", "BLOB")):
        text = text.replace(f" {word} ", f" {own} ").replace(f" {word},", f" {own},")
    return text


def database(path):
    db = sqlite3.connect(path)
    db.executescript(sqlite_schema())
    vectors = json.loads(VECTORS.read_text())["vectors"]
    for number, vector in enumerate(vectors):
        m, key = vector["expect"], bytes([number]) * 16
        ids = [int(m[n]) if n in m else None for n in
               ("actor_id", "asset_id", "version_id", "delivery_id", "recipient_id")]
        transfer = bytes.fromhex(m["transfer_id"]) if "transfer_id" in m else None
        db.execute("INSERT INTO event (id, at_us, kind, v, actor_kind, actor_id, asset_id, version_id, delivery_id,"
                   " recipient_id, transfer_id, entry) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                   (key, m["at_us"], m["kind"], m["v"], m["actor_kind"], *ids, transfer, vector["entry"]))
        for field, sealed in vector["sealed"].items():
            db.execute("INSERT INTO event_person VALUES (?, 7, ?, ?)", (key, field, bytes.fromhex(sealed)))
        if number < 2:
            db.execute("INSERT INTO log_leaf VALUES (?, ?, ?)", (number, key, bytes.fromhex(vector["leaf"])))
        else:
            db.execute("INSERT INTO event_todo VALUES (?)", (key,))
    db.execute("UPDATE log_head SET next_seq = 2")
    db.commit()
    return db


def test_a_good_database(tmp_path):
    path = tmp_path / "main.db"
    db = database(path)
    assert run("--sqlite", path).stdout == "events: ok\n"
    # Erasure is no damage.
    db.execute("UPDATE event_person SET sealed = NULL WHERE field = 'address'")
    db.commit()
    assert run("--sqlite", path).stdout == "events: ok\n"


@pytest.mark.skipif("EVENT_TEST" not in os.environ, reason="EVENT_TEST does not name event_test")
def test_a_database_of_the_server(tmp_path):
    path = tmp_path / "main.db"
    subprocess.run([os.environ["EVENT_TEST"], "--database", path], check=True)
    assert run("--sqlite", path).stdout == "events: ok\n"
    db = sqlite3.connect(path)
    assert db.execute("SELECT (SELECT count(*) FROM log_leaf), (SELECT count(*) FROM event_todo),"
                      " (SELECT count(*) FROM event_person)").fetchone() == (3, 1, 1)


SPOILS = {
    "an entry": "UPDATE event SET entry = replace(entry, '\"level\":1', '\"level\":2')",
    "a column": "UPDATE event SET asset_id = 12 WHERE asset_id = 11",
    "a column without a member": "UPDATE event SET delivery_id = 1 WHERE kind = 'system.init'",
    "a transfer": "UPDATE event SET transfer_id = x'00' WHERE transfer_id IS NOT NULL",
    "a sealed value": "UPDATE event_person SET sealed = x'00' WHERE field = 'address'",
    "a sealed value gone": "DELETE FROM event_person WHERE field = 'address'",
    "a leaf": "UPDATE log_leaf SET leaf_hash = zeroblob(32) WHERE seq = 1",
    "a leaf gone": "DELETE FROM log_leaf WHERE seq = 0",
    "a gap": "UPDATE log_leaf SET seq = 2 WHERE seq = 1",
    "an event gone": "DELETE FROM event WHERE kind = 'system.init'",
    "an event that waits for nothing": "DELETE FROM event_todo",
    "an event twice": "INSERT INTO event_todo SELECT event_id FROM log_leaf WHERE seq = 0",
    "the head": "UPDATE log_head SET next_seq = 3",
}


@pytest.mark.parametrize("name", SPOILS)
def test_a_spoiled_database(name, tmp_path):
    path = tmp_path / "main.db"
    db = database(path)
    assert db.execute(SPOILS[name]).rowcount > 0
    db.commit()
    assert run("--sqlite", path).returncode == 1
