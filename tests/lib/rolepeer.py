# SPDX-License-Identifier: AGPL-3.0-or-later
"""A role's peer that says what it likes: master's and front's side of src/msg/msg.h.

Roles starts the real `geleitd -x keeper` and `-x app` as master does, on the DIR of
a server that runs beside, and keeps the other end of every socket itself.
"""
import contextlib
import fcntl
import os
import pathlib
import select
import socket
import struct
import subprocess
import time

MAGIC = 0x544C4531
START, PEER, READY, RELOAD = 1, 2, 3, 4
REQUEST, TAKEN, TAKE_BODY, BODY, REPLY, KEYS, KEYS_ARE, SENT, SENT_OK = range(16, 25)
WRAP, UNWRAP, UNSEAL_PERSON, UNSEAL_MAIL, PEPPER, TICKET_KEY, ANSWER = range(32, 39)
FRONT, APP, KEEPER, WORKER = 1, 2, 3, 4
PAIR = 3                # of PEER: not a lane
FIRST, WRITE, END = 1, 2, 4
MSG_BYTES = 65536
ALL_SEALS = 0xF


# ---- numbers and strings ----

def text(s):
    data = s.encode() if isinstance(s, str) else bytes(s)
    return struct.pack("=I", len(data)) + data


class Wire:
    def __init__(self, data):
        self.data = data

    def take(self, n):
        assert len(self.data) >= n, "a message of the product is too short"
        head, self.data = self.data[:n], self.data[n:]
        return head

    def get(self, form):
        return struct.unpack("=" + form, self.take(struct.calcsize("=" + form)))[0]

    def text(self):
        return self.take(self.get("I"))

    def fields(self):
        return {self.text().decode().lower(): self.text().decode() for _ in range(self.get("I"))}


# ---- what a front says ----

def request(method, target, fields=(), peer="127.0.0.1", length=-1, chunked=0, waits=0, in_fd=0, body=b""):
    return (text(method) + text(target) + text(peer) + struct.pack("=qBBB", length, chunked, waits, in_fd) + text(body)
            + struct.pack("=I", len(fields)) + b"".join(text(n) + text(v) for n, v in fields))


def body(ticket, blob, size, ended=1, broken=0, excess=0, failed=0, digest=bytes(32)):
    return text(ticket) + blob + struct.pack("=QBBBi", size, ended, broken, excess, failed) + digest


def keys(ticket, first=0, count=1):
    return text(ticket) + struct.pack("=II", first, count)


def sent(*transfers):
    """Each (number, seq, flags, ticket, ranges[, end of what was given to TCP, when])."""
    out = struct.pack("=I", len(transfers))
    for number, seq, flags, ticket, ranges, *given in transfers:
        out += struct.pack("=III", number, seq, flags) + text(ticket) + struct.pack("=QqI", *(given or (0, 0)), len(ranges))
        out += b"".join(struct.pack("=QQ", a, b) for a, b in ranges)
    return out


def question(kind="", items=(), label=b"", data=b"", make_epoch=0):
    """To the keeper; each item (epoch, epoch_wrap, id, wrap, key)."""
    out = struct.pack("=BBI", ord(kind) if kind else 0, make_epoch, len(items))
    for epoch, epoch_wrap, ident, wrap, key in items:
        out += struct.pack("=I", epoch) + epoch_wrap + ident + wrap + key
    return out + text(label) + text(data)


# ---- what it is told ----

class Told:
    def __init__(self, kind, data, fds):
        self.kind, self.fds = kind, fds
        w = Wire(data)
        if kind == REPLY:
            self.status, self.fields, self.body_kind = w.get("I"), w.fields(), w.get("B")
            self.body, self.plan, self.start, self.length, self.ticket = w.text(), w.text(), w.get("Q"), w.get("Q"), w.text()
            self.key = w.text()
            self.is_transfer, self.close = w.get("B"), w.get("B")
            assert w.data == b""
        elif kind == TAKE_BODY:
            self.ticket, self.blob, self.key, self.purpose = w.text(), w.take(16), w.take(32), w.get("B")
            self.part_bytes, self.body_bytes, self.digest = w.get("Q"), w.get("Q"), w.get("B")
        elif kind == KEYS_ARE:
            self.stop, self.first, n = w.get("B"), w.get("I"), w.get("I")
            self.keys = [w.take(32) for _ in range(n)]
            assert w.data == b""
        elif kind == SENT_OK:
            self.stops = {w.get("I"): (w.get("I"), w.get("B"))[1] for _ in range(w.get("I"))}
        elif kind == ANSWER:
            self.result, n = w.get("i"), w.get("I")
            self.items = [(w.get("I"), w.take(60), w.take(16), w.take(60), w.take(32)) for _ in range(n)]
            self.data = w.text()

    def close_fds(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []


def send(sock, kind, number, data, fds=()):
    head = struct.pack("=III", MAGIC, kind, number)
    socket.send_fds(sock, [head + data], list(fds))


def receive(sock, seconds=10.0):
    """(kind, number, data, fds), or None when the other side closed."""
    ready, _, _ = select.select([sock], [], [], seconds)
    assert ready, "no word from the role"
    try:
        data, fds, _, _ = socket.recv_fds(sock, MSG_BYTES, 70)
    except ConnectionResetError:
        return None
    if not data:
        return None
    magic, kind, number = struct.unpack("=III", data[:12])
    assert magic == MAGIC
    return kind, number, data[12:], list(fds)


def sealed(content=b"", size=None, seals=ALL_SEALS):
    """A memfd as roles hand them to each other; with size, a hole of that length."""
    fd = os.memfd_create("peer", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, content)
    if size is not None:
        os.ftruncate(fd, size)
    fcntl.fcntl(fd, 1033, seals)        # F_ADD_SEALS
    return fd


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Process:
    """One real role on a control socket of ours."""

    def __init__(self, program, name, number, directory, boot, key=None, index=0, log=None):
        self.control, theirs = pair()
        extra = [os.open(key, os.O_RDONLY)] if key else []
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in [theirs.fileno(), *extra]]

        def place():
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
        self.process = subprocess.Popen(["geleitd", "-x", name, str(directory)], executable=str(program), preexec_fn=place,
                                        pass_fds=[3 + i for i in range(len(high))], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=log)
        for fd in [*high, *extra]:
            os.close(fd)
        theirs.close()
        conf = sealed((pathlib.Path(directory) / "geleit.conf").read_bytes())
        send(self.control, START, 0, struct.pack("=III", number, index, 0) + boot, [conf])
        os.close(conf)

    def is_ready(self):
        word = receive(self.control)
        assert word is not None and word[0] == READY, "the role did not start"

    def peer(self, role, index, lane, sock):
        send(self.control, PEER, 0, struct.pack("=III", role, index, lane), [sock.fileno()])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.control.close()
        self.process.wait(10)


class Roles:
    def __init__(self, program, directory, boot=None):
        self.log = open(pathlib.Path(directory).parent / "peer-log", "ab")
        boot = boot or os.urandom(16)
        self.number = 0
        self.keeper = Process(program, "keeper", KEEPER, directory, boot, pathlib.Path(directory) / "keys/master.key", log=self.log)
        self.app = Process(program, "app", APP, directory, boot, log=self.log)
        of_app, of_keeper = pair()
        self.keeper.peer(APP, 0, PAIR, of_keeper)
        self.app.peer(KEEPER, 0, PAIR, of_app)
        of_app.close()
        of_keeper.close()
        self.keeper.is_ready()
        self.app.is_ready()
        self.answers = self.tie(PAIR)
        self.lane = self.tie(0)

    def tie(self, lane):
        ours, theirs = pair()
        self.app.peer(FRONT, 0, lane, theirs)
        theirs.close()
        return ours

    def to_keeper(self, role, index=7):
        """A pair on which we are that role."""
        ours, theirs = pair()
        self.keeper.peer(role, index, PAIR, theirs)
        theirs.close()
        return ours

    def new_lane(self):
        """After something that closes it."""
        self.lane.close()
        self.lane = self.tie(0)

    def say(self, kind, data, fds=()):
        self.number += 1
        send(self.lane, kind, self.number, data, fds)
        return self.number

    def answer(self, number, seconds=20.0):
        """To that number; TAKEN on the way, and what belongs to others, is dropped."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            word = receive(self.answers, seconds)
            assert word is not None, "the app is gone"
            kind, n, data, fds = word
            if n == number and kind != TAKEN:
                return Told(kind, data, fds)
            for fd in fds:
                os.close(fd)
        raise AssertionError("no answer")

    def ask(self, kind, data, fds=()):
        return self.answer(self.say(kind, data, fds))

    def ask_keeper(self, sock, kind, data):
        self.number += 1
        send(sock, kind, self.number, data)
        word = receive(sock)
        if word is None:
            return None
        assert word[:2] == (ANSWER, self.number)
        return Told(ANSWER, word[2], word[3])

    def stop(self):
        with contextlib.suppress(OSError):
            self.app.stop()
            self.keeper.stop()
        self.log.close()
