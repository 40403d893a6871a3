# SPDX-License-Identifier: AGPL-3.0-or-later
"""What events keep of persons (address, IP), opened with the master key from docs/internals/storage-format.md alone."""
import importlib.util
import pathlib
import sqlite3
import struct
import subprocess

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("read_version", ROOT / "tools/read_version.py")
read_version = importlib.util.module_from_spec(spec)
spec.loader.exec_module(read_version)


def rows(server, keys, table, columns):
    """Bytes as hex, everything else as text."""
    if server.db == "sqlite":
        db = sqlite3.connect(f"file:{server.dir}/db/{'keys' if keys else 'geleit'}.db?mode=ro", uri=True)
        try:
            return [[v.hex() if isinstance(v, bytes) else str(v) for v in row] for row in db.execute(f"SELECT {columns} FROM {table}")]
        finally:
            db.close()
    done = subprocess.run(["psql", "-q", "-A", "-t", "-F", "|", server.db + ("_keys" if keys else ""), "-c", f"SELECT {columns} FROM {table}"],
                          check=True, capture_output=True, text=True)
    return [[v.removeprefix("\\x") for v in line.split("|")] for line in done.stdout.splitlines()]


def person_keys(server):
    master = (server.dir / "keys/master.key").read_bytes()
    branch = read_version.branch(master, b"epoch")
    epochs = {e: read_version.unwrap(branch, bytes.fromhex(w), b"e", int(e), bytes(16)) for e, w in rows(server, True, "epoch_key", "epoch, wrap")}
    return {p: read_version.unwrap(epochs[e], bytes.fromhex(w), b"p", int(e), struct.pack(">QQ", 0, int(p)))
            for p, e, w in rows(server, True, "person_key", "person_id, epoch, wrap")}


def fields(server, field):
    """[(kind of event, value)] of all events that have this field, in their order."""
    keys = person_keys(server)
    found = []
    for _, kind, event, person, sealed in sorted(
            rows(server, False, "event_person p JOIN event e ON e.id = p.event_id WHERE p.field = '%s'" % field,
                 "e.at_us, e.kind, p.event_id, p.person_id, p.sealed"), key=lambda row: int(row[0])):
        sealed = bytes.fromhex(sealed)
        value = AESGCM(keys[person]).decrypt(sealed[:12], sealed[12:], bytes.fromhex(event) + field.encode())
        found.append((kind, value.decode()))
    return found
