#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Does the time of an answer tell what a dead link was?

POST /r/open with tokens that open nothing (unknown, expired, revoked, withdrawn, replaced, malformed), one after the other
in an order drawn anew for each round, on one connection, so that whatever else happens meanwhile happens to all.  The
figure is the largest difference between the median of a kind and that of the unknown link.  Goal: below 1 ms.  Beside
it stands what it would be by lot: the same times, with the names of the kinds drawn anew in each round.
"""
import argparse
import pathlib
import random
import socket
import statistics
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests/system"), str(HERE.parent / "tests/lib")]
from geleit import Server  # noqa: E402
from scoreboard import figure  # noqa: E402
from sizes import new_database  # noqa: E402
from test_82_access import dead_links  # noqa: E402


class Line:
    """One connection; the seconds from the first byte sent to the last one received."""

    def __init__(self, server):
        raw = socket.create_connection(("127.0.0.1", server.port), 30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = server.context().wrap_socket(raw, server_hostname="localhost")
        self.head = f"POST /r/open HTTP/1.1\r\nHost: localhost:{server.port}\r\nOrigin: {server.url}\r\n" \
                    "Content-Type: application/x-www-form-urlencoded\r\n"

    def ask(self, token):
        body = urllib.parse.urlencode({"token": token})
        request = f"{self.head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        begin = time.perf_counter()
        self.tls.sendall(request)
        answer = self.answer()
        return time.perf_counter() - begin, answer

    def answer(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.some()
        head, body = data.split(b"\r\n\r\n", 1)
        fields = {f.split(b":")[0].lower(): f for f in head.split(b"\r\n")}
        length = int(fields[b"content-length"].split(b":")[1])
        while len(body) < length:
            body += self.some()
        return head.replace(fields[b"date"], b""), body

    def some(self):
        got = self.tls.recv(65536)
        assert got, "the connection ended"
        return got


def measure(server, tries):
    """Microseconds of each try by kind."""
    links, line, told = dead_links(server), Line(server), set()
    took = {k: [] for k in links}
    for n in range(tries + 50):
        for kind in random.sample(list(links), len(links)):
            t, answer = line.ask(links[kind])
            told.add(answer)
            if n >= 50:                 # the first ones warm up
                took[kind].append(t * 1e6)
    assert len(told) == 1, "the bytes differ"
    return took


def largest(took):
    """The largest difference of the median of a kind to that of the unknown, in ms."""
    median = {k: statistics.median(v) for k, v in took.items()}
    return max(abs(m - median["unknown"]) for m in median.values()) / 1000


def by_lot(took, times=100):
    """Of as many drawings the largest of all."""
    rounds = list(zip(*took.values()))
    return max(largest(dict(zip(took, zip(*(random.sample(r, len(r)) for r in rounds))))) for _ in range(times))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tries", type=int, default=2000, help="of each kind")
    p.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite", help="postgresql: below tests/with_pg.sh")
    args = p.parse_args()
    tries = args.tries
    server = Server(db=new_database(args.db), settings=["server.fronts=1"]).start()
    try:
        took = measure(server, tries)
    finally:
        server.remove()
    median = {k: statistics.median(v) for k, v in took.items()}
    print(f"{'link':<12}{'tries':>7}{'median µs':>11}{'Δ unknown':>11}{'p10':>9}{'p90':>9}")
    for kind, v in took.items():
        q = statistics.quantiles(v, n=10)
        more = median[kind] - median["unknown"]
        print(f"{kind:<12}{len(v):>7}{median[kind]:>11.0f}{more:>+11.0f}{q[0]:>9.0f}{q[8]:>9.0f}")
    worst = largest(took)
    print(f"largest |Δ median| {worst:.3f} ms over {tries} tries of each kind, by lot {by_lot(took):.3f} ms")
    figure(f"oracle, {args.db}", round(worst, 3), f"ms, largest |Δ median| of a dead link beside an unknown one, {tries} tries of each kind (goal < 1)",
           f"bench/oracle.py --db {args.db}")
    sys.exit(worst >= 1)


if __name__ == "__main__":
    main()
