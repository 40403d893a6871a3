# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bad line to PostgreSQL: it reads the frames of both sides, counts, and cuts where it is told to.

The server under test is given Proxy.url in place of the real address.  Without plans every byte goes through.

`plans` takes (texts, how): the next transaction that has all of the texts, in its statements or among their values,
ends at its COMMIT by
    before   PostgreSQL never hears of it, and rolls back
    after    PostgreSQL commits, the answer is lost
    late     the client is cut first, PostgreSQL commits a moment later
    held     the client is cut, PostgreSQL's side stays open until let_go()
    deaf     PostgreSQL never hears of it, and nothing is cut: the client waits for as long as it likes
    mute     PostgreSQL commits, its answer is kept from the client, and nothing is cut
meet() makes transactions wait for each other at their COMMIT.  cut_often() cuts all connections, again and again.
swallow() makes all lines take everything and give nothing, as a firewall does that has forgotten them, until give_up()
(what they took never arrives) or deliver() (it does, however late, also from who has closed his end meanwhile).
"""
import collections
import contextlib
import random
import socket
import struct
import threading
import time
import urllib.parse

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
NOT_SERIALIZED = "40001"
LATE_SECONDS = 0.4
MEET_SECONDS = 1.0


class Frames:
    """One side's frames, whole; an empty one at the end."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def has(self, n):
        while len(self.rest) < n:
            more = self.sock.recv(1 << 16)
            if not more:
                return False
            self.rest += more
        return True

    def next(self, kind_bytes=1):
        if not self.has(kind_bytes + 4):
            return b""
        n = kind_bytes + struct.unpack("!I", self.rest[kind_bytes:kind_bytes + 4])[0]
        if not self.has(n):
            return b""
        frame, self.rest = self.rest[:n], self.rest[n:]
        return frame


def end(*socks):
    for s in socks:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


def has_all(tx, texts):
    return all(t in tx for t in texts)


class Line:
    """One connection of the server under test."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(proxy.real)
        for s in (self.client, self.server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.prepared = {}                  # name: text
        self.tx, self.is_open = b"", False  # all that this transaction, or the last one, has said
        self.first = None                   # its first statement
        self.again = None                   # the first statement of one that did not serialize
        self.loses = False                  # the answer to this COMMIT is lost
        self.stays = False                  # and the line is not cut for it
        self.lost = threading.Event()       # it has come, and was
        self.ends = False                   # with the next answer

    # ---- from the client ----

    def greet(self, frames):
        while (frame := frames.next(0)) and self.proxy.passes():
            if len(frame) == 8 and struct.unpack("!I", frame[4:])[0] in (SSL_REQUEST, GSS_REQUEST):
                self.client.sendall(b"N")
                continue
            self.server.sendall(frame)
            return True
        return False

    def statement(self, frame):
        """What is to run now; None when it is another frame."""
        kind, body = frame[:1], frame[5:]
        if kind == b"P":
            name, sql, _ = body.split(b"\0", 2)
            self.prepared[name] = sql
        if kind == b"B":
            sql = self.prepared.get(body.split(b"\0", 2)[1], b"")
            self.in_transaction(sql, body)
            return sql
        if kind == b"Q":
            sql = body[:-1]
            if sql.startswith(b"BEGIN"):
                self.tx, self.first, self.is_open = b"", None, True
            return sql
        return None

    def in_transaction(self, sql, values):
        if not self.is_open:
            return
        self.tx += sql + values
        if self.first is None:
            self.first = sql
            if sql == self.again:
                self.proxy.retried += 1
                self.again = None

    def from_client(self):
        frames = Frames(self.client)
        if not self.greet(frames):
            return
        while (frame := frames.next()) and self.proxy.passes():
            sql = self.statement(frame)
            if sql is not None and self.proxy.cuts_here(self):
                return
            if sql == b"COMMIT" and not self.commit(frame):
                return
            self.server.sendall(frame)
            if sql in (b"COMMIT", b"ROLLBACK"):
                self.is_open = False

    def commit(self, frame):
        """False: this connection is over."""
        self.proxy.wait_for_others(self.tx)
        how = self.proxy.plan_of(self.tx)
        self.loses, self.stays = how is not None, how == "mute"
        if how == "deaf":
            while self.client.recv(1 << 16):
                pass
        if how in ("late", "held"):
            end(self.client)
            if how == "held" and not self.proxy.is_let_go():
                return False
            time.sleep(LATE_SECONDS if how == "late" else 0)
            self.server.sendall(frame)
            self.lost.wait(10)
        return how in (None, "after", "mute")

    # ---- from PostgreSQL ----

    def from_server(self):
        frames = Frames(self.server)
        while (frame := frames.next()) and self.proxy.passes():
            if frame[:1] == b"E":
                self.error(frame[5:])
            if self.ends:
                return
            if not self.loses:
                self.client.sendall(frame)
            elif frame[:1] == b"Z":
                self.lost.set()
                if not self.stays:
                    return

    def error(self, body):
        state = next((f[1:].decode() for f in body.split(b"\0") if f[:1] == b"C"), "")
        self.proxy.errors.append((state, self.tx))
        if state == NOT_SERIALIZED:
            self.again = self.first

    # ---- both ----

    def pump(self, way):
        with contextlib.suppress(OSError):
            way()
        end(self.server, self.client)

    def run(self):
        other = threading.Thread(target=self.pump, args=(self.from_server,), daemon=True)
        other.start()
        self.pump(self.from_client)
        other.join(10)
        self.client.close()
        self.server.close()


class Proxy:
    def __init__(self, url):
        u = urllib.parse.urlsplit(url)
        self.real = (u.hostname, u.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = url.replace(f"@{u.hostname}:{u.port}/", f"@localhost:{self.port}/")
        self.lock = threading.Lock()
        self.lines = set()
        self.plans, self.met, self.done = [], None, []      # done: plans that came true
        self.errors = []                                    # (SQLSTATE, what the transaction had said)
        self.retried = 0                                    # transactions that came again on their connection
        self.let, self.let_commits = threading.Event(), False
        self.flows, self.delivers = threading.Event(), True
        self.flows.set()
        self.random, self.every, self.left, self.cuts = random.Random(84), 0, 0, 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            line = Line(self, client)
        except OSError:         # nobody is there: neither are we
            client.close()
            return
        with self.lock:
            self.lines.add(line)
        try:
            line.run()
        finally:
            with self.lock:
                self.lines.discard(line)

    def close(self):
        self.listener.close()
        self.give_up()
        self.let_go(False)
        self.cut_all()

    # ---- at COMMIT ----

    def plan_of(self, tx):
        with self.lock:
            plan = next((p for p in self.plans if has_all(tx, p[0])), None)
            if plan is None:
                return None
            self.plans.remove(plan)
            self.done.append(plan)
            return plan[1]

    def is_let_go(self):
        """Waits; True when what was held is to be committed after all."""
        return self.let.wait(60) and self.let_commits

    def let_go(self, commits):
        self.let_commits = commits
        self.let.set()

    def hold_again(self):
        self.let.clear()

    # ---- lines that swallow ----

    def swallow(self):
        self.flows.clear()

    def give_up(self):
        self.delivers = False
        self.flows.set()

    def deliver(self):
        self.delivers = True
        self.flows.set()

    def passes(self):
        """Waits while everything is swallowed; False: this was, for good."""
        if self.flows.is_set():
            return True
        return self.flows.wait(120) and self.delivers

    # ---- transactions that meet ----

    @contextlib.contextmanager
    def meet(self, texts, count):
        """Such transactions commit only when so many are about to, or after a second."""
        self.met = (texts, threading.Barrier(count))
        yield
        self.met = None

    def wait_for_others(self, tx):
        met = self.met
        if met is None or not has_all(tx, met[0]):
            return
        try:
            met[1].wait(MEET_SECONDS)
        except threading.BrokenBarrierError:
            met[1].reset()

    def count(self, state, *texts):
        return sum(s == state and has_all(tx, texts) for s, tx in self.errors)

    # ---- cuts ----

    def cut_often(self, every):
        """All connections, at one statement in that many on average; 0: no more."""
        with self.lock:
            self.every = every
            self.left = self.random.randint(1, 2 * every) if every else 0

    def cuts_here(self, line):
        """Cut before this statement (True), or when its answer comes; the others at once."""
        with self.lock:
            if not self.every:
                return False
            self.left -= 1
            if self.left > 0:
                return False
            self.left = self.random.randint(1, 2 * self.every)
            self.cuts += 1
            others = [x for x in self.lines if x is not line]
        for x in others:
            end(x.client, x.server)
        line.ends = self.random.random() < 0.5
        return not line.ends

    def cut_all(self):
        with self.lock:
            lines = list(self.lines)
        for x in lines:
            end(x.client, x.server)
