# SPDX-License-Identifier: AGPL-3.0-or-later
"""What has a goal and no peer: how soon running downloads end, and the memory of the whole system.

bench/run.py --alone prints it.
"""
import contextlib
import os
import pathlib
import re
import selectors
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/system"))
from machine import told  # noqa: E402  (beside this file)
from geleit import Recipient, Server, Staff, wait_for  # noqa: E402

RUNS = 5
READERS, SIGN_INS = 100, 100
BYTES = 64 << 20
EACH = 32768            # bytes of each download in one round
ROUND = 0.02            # seconds
ANNA = {"name": "Anna Olsen", "address": "anna@geleit.example"}
PASSWORD = "correct horse battery"


# ---- how soon a download ends ----

class Reader:
    """Some downloads, read slowly in turns; when the last byte of each came."""

    def __init__(self, recipient, n):
        self.server, self.held, self.last = recipient.server, [], 0.0
        context = self.server.context()
        for _ in range(n):
            raw = socket.create_connection(("127.0.0.1", self.server.port), 30)
            s = context.wrap_socket(raw, server_hostname="localhost")
            s.sendall(f"GET {recipient.path}/file/1 HTTP/1.1\r\nHost: localhost:{self.server.port}\r\n"
                      f"Cookie: __Host-geleit-r={recipient.cookie}\r\n\r\n".encode())
            assert s.recv(EACH).startswith(b"HTTP/1.1 200")
            s.setblocking(False)
            self.held.append(s)

    def read(self, until):
        """Until all have ended, or until() says that it is enough."""
        chosen = selectors.DefaultSelector()
        for s in self.held:
            chosen.register(s, selectors.EVENT_READ)
        while chosen.get_map() and not until():
            begin = time.monotonic()
            for key, _ in chosen.select(0.1):
                if not self.some(key.fileobj):
                    chosen.unregister(key.fileobj)
            time.sleep(max(0, begin + ROUND - time.monotonic()))
        return len(self.held) - len(chosen.get_map())

    def some(self, s):
        """A piece of it; False: it was cut."""
        try:
            got = s.recv(EACH)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except OSError:
            return False
        if got:
            self.last = time.monotonic()
        return bool(got)


def revoked(server, path, run):
    """Seconds from the answer of the revocation to the last byte that any of the downloads still got."""
    address = f"last{run}@customer.test"
    sent = server.run("send", path, "--release", "cleared", "--to", address)
    reader = Reader(Recipient(server, sent["recipients"][0]["link"], address).prove(), READERS)
    answered = []

    def revoke():
        time.sleep(1)
        a = server.api("POST", f"/api/v1/deliveries/{sent['delivery']}/revoke", {"reason": "Irrtum"}, {"Content-Type": "application/json"})
        assert a.status in (200, 204), a.text
        answered.append(time.monotonic())
    other = threading.Thread(target=revoke)
    other.start()
    end = time.monotonic() + 30
    ended = reader.read(lambda: time.monotonic() > end)
    other.join()
    for s in reader.held:
        s.close()
    assert ended == READERS, f"{READERS - ended} downloads went on"
    return max(0.0, reader.last - answered[0])


# ---- memory ----

def unshared(server):
    """Bytes that belong to one process alone, of all of them."""
    total = 0
    for pid in [r["pid"] for r in server.run("status")["roles"]]:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.M)) * 1024
    return total


def memory():
    """(at rest, after a hundred passwords were checked and one sign-in is whole) in bytes; a code of an authenticator is good once."""
    server = Server().start()
    try:
        time.sleep(2)
        before = unshared(server)
        Staff(server).enrol(server.sign_in_token(), PASSWORD, **ANNA)
        for _ in range(SIGN_INS):
            wait_for(lambda: Staff(server).post("", address=ANNA["address"], password=PASSWORD).status == 200, 60)
        time.sleep(2)
        return before, unshared(server)
    finally:
        server.remove()


# ---- the section ----

def measure():
    """(what, value, unit, goal)"""
    with contextlib.ExitStack() as end:
        folder = pathlib.Path(end.enter_context(tempfile.TemporaryDirectory(prefix="geleit-bench-", dir="/tmp")))
        with open(folder / "big.bin", "wb") as f:
            f.write(os.urandom(BYTES))
        server = Server().start()
        end.callback(server.remove)
        took = [revoked(server, folder / "big.bin", run) for run in range(RUNS)]
    yield f"last byte of {READERS} running downloads after the answer of their revocation", statistics.median(took), "s", 1.0
    rest, used = (statistics.median(v) for v in zip(*(memory() for _ in range(RUNS))))
    yield "unshared memory of all processes, at rest", rest / (1 << 20), "MiB", 150
    yield f"the same after {SIGN_INS} passwords were checked", used / (1 << 20), "MiB", 150


def section():
    load, lines, missed = os.getloadavg()[0], [], []
    for what, value, unit, goal in measure():
        lines.append(f"| {what} | {value:.3g} | {unit} | ≤ {goal:g} | {'yes' if value <= goal else '**no**'} |")
        print(lines[-1], file=sys.stderr, flush=True)
        missed += [what] if value > goal else []
    head = ["## Alone", "", *told("bench/run.py --alone", f"median of {RUNS} runs", load), "",
            "| what | measured | unit | goal | met |", "|---|---|---|---|---|"]
    print("\n".join([*head, *lines]))
    return [*head, *lines], missed
