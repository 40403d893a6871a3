# SPDX-License-Identifier: AGPL-3.0-or-later
"""Crash points by name, and calls that fail: the page that tests/helpers/faults.c looks at.

A Point is the n-th call of a kind, of a role, since it was armed: "app, before rename 1", "front, after send BODY 2".
record() makes the list of those that an operation passes; armed() lets one happen.  The server must have been started
below Faults.below().
"""
import collections
import contextlib
import errno
import mmap
import os
import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))
LIBRARY = BUILD / "src/roles/faults.so"

# The same numbers in tests/helpers/faults.c.
ROLES = ["", "master", "front", "app", "keeper", "worker", "scan", "egress", "media"]
KINDS = ["", "send", "receive", "fsync", "rename", "unlink", "commit", "write", "alloc", "create", "read", "open"]
ACTIONS = ["", "count", "before", "after", "hold", "fail", "short", "broken"]
OF = {1: "folder", 2: "file", 3: "database", 4: "other"}
DETAILS = 64
HEAD = struct.Struct("<9I")     # armed, role, kind, action, error, at, detail, seen, struck; behind it the counts
COUNTS = struct.Struct(f"<{len(ROLES) * len(KINDS) * DETAILS}I")


def message_names():
    """The numbers of src/msg/msg.h."""
    text, names, n = (ROOT / "src/msg/msg.h").read_text(), {}, 0
    for name, value in re.findall(r"^\tMSG_([A-Z_]+)(?: = (\d+))?,", text, re.M):
        n = int(value) if value else n + 1
        names[n] = name
    return names


MESSAGES = message_names()


class Point(collections.namedtuple("Point", "role kind detail n action error", defaults=("before", 0))):
    """detail: of a message its type, of an fsync or a write what of; 0: any."""

    def __str__(self):
        what = MESSAGES.get(self.detail, "") if self.kind in ("send", "receive") else OF.get(self.detail, "")
        how = "fails with " + errno.errorcode[self.error] + " at" if self.action in ("fail", "broken") else self.action
        return f"{self.role}, {how} {self.kind} {what} {self.n}".replace("  ", " ")


class Faults:
    def __init__(self, path):
        assert LIBRARY.exists(), f"{LIBRARY} is not built: a release build has it"
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(HEAD.size + COUNTS.size))
        os.chmod(self.path, 0o644)
        with open(self.path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), 0)

    def below(self):
        """What stands before the server's command line."""
        return ["env", f"LD_PRELOAD={LIBRARY}", f"GELEIT_FAULTS={self.path}"]

    def put(self, *head):
        # not armed while it changes
        self.page[0:4] = bytes(4)
        self.page[4:HEAD.size] = HEAD.pack(*head)[4:]
        self.page[0:4] = struct.pack("<I", head[0])

    def disarm(self):
        self.page[0:4] = bytes(4)

    def head(self):
        return HEAD.unpack(self.page[0:HEAD.size])

    @property
    def struck(self):
        """The process in which it happened; 0: the point was not passed."""
        return self.head()[8]

    @contextlib.contextmanager
    def armed(self, point):
        self.put(1, ROLES.index(point.role), KINDS.index(point.kind), ACTIONS.index(point.action), point.error, point.n, point.detail, 0, 0)
        try:
            yield self
        finally:
            self.disarm()

    @contextlib.contextmanager
    def record(self):
        """Fills the list it gives with how often each (role, kind, detail) was passed."""
        counts = collections.Counter()
        self.page[HEAD.size:] = bytes(COUNTS.size)
        self.put(1, 0, 0, ACTIONS.index("count"), 0, 0, 0, 0, 0)
        try:
            yield counts
        finally:
            self.disarm()
        for i, n in enumerate(COUNTS.unpack(self.page[HEAD.size:])):
            if n:
                counts[ROLES[i // DETAILS // len(KINDS)], KINDS[i // DETAILS % len(KINDS)], i % DETAILS] = n


def points(counts, roles, kinds, actions=("before", "after"), errors=(0,)):
    """Every point of these roles and kinds, in order.  A message that is taken has no "after" of its own."""
    return [Point(role, kind, detail, n, a, e) for (role, kind, detail), most in sorted(counts.items()) if role in roles and kind in kinds
            for n in range(1, most + 1) for a in actions for e in errors if (kind, a) != ("receive", "after")]
