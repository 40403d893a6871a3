#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""read_version - decrypt one file version without Geleit

usage: read_version.py DIR VERSION-ID [KEY-FILE]    (plaintext to standard output)

Written from docs/internals/storage-format.md alone, so that a backup can be read by anybody who
holds the master key, with few lines of cryptography and no server.  DIR holds db/geleit.db,
db/keys.db, keys/master.key (32 raw bytes, or KEY-FILE) and blobs/.  Nothing is changed there (beside
a database in WAL mode SQLite may make its -shm file).

Bytes go out chunk by chunk, each after its tag was checked.  Exit 1 with one line on standard
error when anything does not fit, also when the SHA-256 at the very end is another: what was
written until then is then not to be trusted as a whole.
"""
import hashlib
import hmac
import pathlib
import sqlite3
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

HEAD, CHUNK, TAG = 56, 16384, 16
ORIGINAL = 1
LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


class Damaged(Exception):
    pass


def branch(master, label):
    """Section 2: a key that the master key is used for."""
    return HKDF(hashes.SHA256(), 32, salt=b"", info=b"geleit/" + label + b"/v1").derive(master)


def unwrap(under, wrap, kind, epoch, ident):
    """Section 3: nonce[12] ciphertext[32] tag[16], AAD kind[1] epoch[4] id[16]."""
    if len(wrap) != 60:
        raise Damaged(f"a wrap of {len(wrap)} bytes")
    aad = kind + struct.pack(">I", epoch) + ident
    try:
        return AESGCM(under).decrypt(wrap[:12], wrap[12:], aad)
    except InvalidTag:
        raise Damaged(f"the wrap of kind {kind.decode()} is not authentic (wrong master key?)") from None


def data_key(keys, master, version):
    row = keys.execute("SELECT epoch, wrap FROM version_key WHERE version_id = ?", (version,)).fetchone()
    if row is None:
        raise Damaged("the version has no key: never there, or shredded")
    epoch, wrap = row
    over = keys.execute("SELECT wrap FROM epoch_key WHERE epoch = ?", (epoch,)).fetchone()
    if over is None:
        raise Damaged(f"epoch {epoch} has no key")
    epoch_key = unwrap(branch(master, b"epoch"), over[0], b"e", epoch, bytes(16))
    return unwrap(epoch_key, wrap, b"v", epoch, struct.pack(">QQ", 0, version))


def derive(key, salt, context):
    """Section 4: key[32] base_nonce[12] commitment[32]."""
    okm = HKDFExpand(hashes.SHA512(), 76, LABEL + salt + context).derive(key)
    return okm[:32], okm[32:44], okm[44:]


def open_blob(path, key, blob_id, plain_bytes):
    """Yield the blob's plaintext."""
    size = HEAD + plain_bytes + (plain_bytes // CHUNK + 1) * TAG
    with open(path, "rb") as f:
        head = f.read(HEAD)
        if len(head) != HEAD:
            raise Damaged(f"{path}: no head")
        chunk_key, base_nonce, commitment = derive(key, head[:24], blob_id + bytes([ORIGINAL]))
        if not hmac.compare_digest(commitment, head[24:]):
            raise Damaged(f"{path}: another key or another blob")
        if path.stat().st_size != size:
            raise Damaged(f"{path}: {path.stat().st_size} bytes, not {size}")
        gcm = AESGCM(chunk_key)
        for k in range(plain_bytes // CHUNK + 1):
            nonce = int.from_bytes(base_nonce, "big") ^ k
            try:
                yield gcm.decrypt(nonce.to_bytes(12, "big"), f.read(CHUNK + TAG), None)
            except InvalidTag:
                raise Damaged(f"{path}: chunk {k} is not authentic") from None


def read_only(path):
    if not path.is_file():
        raise Damaged(f"{path}: not there")
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def read_version(folder, version, key_file, out):
    master = key_file.read_bytes()
    if len(master) != 32:
        raise Damaged(f"{key_file}: {len(master)} bytes, not 32")
    main = read_only(folder / "db/geleit.db")
    row = main.execute("SELECT bytes, sha256 FROM version WHERE id = ?", (version,)).fetchone()
    if row is None:
        raise Damaged("no such version")
    parts = main.execute("SELECT position, blob_id, bytes FROM version_part WHERE version_id = ?"
                         " ORDER BY position", (version,)).fetchall()
    if [p[0] for p in parts] != list(range(len(parts))) or sum(p[2] for p in parts) != row[0]:
        raise Damaged("the parts do not make up the version")
    key = data_key(read_only(folder / "db/keys.db"), master, version)
    digest = hashlib.sha256()
    for _, blob_id, plain_bytes in parts:
        name = blob_id.hex()
        for plain in open_blob(folder / "blobs" / name[:2] / name, key, blob_id, plain_bytes):
            digest.update(plain)
            out.write(plain)
    out.flush()
    if row[1] is not None and digest.digest() != row[1]:
        raise Damaged("the SHA-256 is not the one taken at ingest")


def main(argv):
    if len(argv) not in (3, 4) or not argv[2].isdigit():
        sys.exit(__doc__.splitlines()[2])
    folder = pathlib.Path(argv[1])
    key_file = pathlib.Path(argv[3]) if len(argv) == 4 else folder / "keys/master.key"
    try:
        read_version(folder, int(argv[2]), key_file, sys.stdout.buffer)
    except (Damaged, OSError, sqlite3.Error) as e:
        sys.exit(f"read_version: {e}")


if __name__ == "__main__":
    main(sys.argv)
