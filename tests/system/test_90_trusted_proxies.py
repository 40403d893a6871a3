# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose address counts: what a trusted proxy says of its client, and nothing that anybody else says of himself."""
import http.client
import subprocess
import sys
import time

import pytest

from conftest import database
from geleit import ROOT, Answer, Server

sys.path.insert(0, str(ROOT / "tests/lib"))
import sealed_fields  # noqa: E402

PROXY, STRANGER = "127.0.0.9", "127.0.2.9"      # all of 127/8 is this machine
ELSE = "127.0.1.3"                              # a second proxy


@pytest.fixture(scope="module")
def server(cluster):
    s = Server(db=database(cluster), settings=[f"server.trusted_proxies=127.0.0.1, {PROXY}, 127.0.1.0/24"]).start()
    yield s
    s.remove()


class Line:
    """One connection from an address of ours: a front counts for itself."""

    def __init__(self, server, source):
        self.server = server
        self.c = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=60, source_address=(source, 0))

    def open(self, token, said):
        """What a browser sends to open a link, and the fields (one for each of `said`) of whoever is between."""
        form = f"token={token}".encode()
        self.c.putrequest("POST", "/r/open")
        for name, value in (("Origin", self.server.url), ("Content-Type", "application/x-www-form-urlencoded"),
                            ("Content-Length", len(form)), ("Forwarded", "for=198.51.100.77;host=evil.example;proto=http"),
                            ("X-Real-IP", "198.51.100.77"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http"),
                            *(("X-Forwarded-For", value) for value in said)):
            self.c.putheader(name, value)
        self.c.endheaders(form)
        r = self.c.getresponse()
        return Answer(r, r.read())

    def waits(self, n, *said):
        """Seconds that the last of n tries of a link that does not exist took, each with the next of `said` as its field."""
        for i in range(n):
            start = time.monotonic()
            assert self.open("A" * 43, [said[i % len(said)]] if said else []).status == 200
        return time.monotonic() - start


def recorded(server, source, *said):
    """The address in the event of a link that was opened from there."""
    link = server.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "anna@customer.test")["recipients"][0]["link"]
    before = len(sealed_fields.fields(server, "ip"))
    line = Line(server, source)
    a = line.open(link.rsplit("/", 1)[1], said)
    line.c.close()
    assert a.status == 303 and "evil" not in a.headers["Location"], a.text
    new = sealed_fields.fields(server, "ip")[before:]
    assert [kind for kind, _ in new] == ["recipient.opened"], new
    return new[0][1]


@pytest.mark.parametrize("source, said, want", [
    (PROXY, ["203.0.113.9"], "203.0.113.9"),
    (PROXY, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),              # the client's own word stands left
    (PROXY, ["198.51.100.1", f"2001:db8::9 , {ELSE}"], "2001:db8::9"),  # two fields, two proxies
    (PROXY, ["203.0.113.9, <script>"], PROXY),
    (PROXY, ["203.0.113.9:1234"], PROXY),
    (PROXY, [f"{ELSE}, 127.0.0.1"], PROXY),                             # proxies only
    (PROXY, [], PROXY),
    (STRANGER, ["203.0.113.9"], STRANGER),
    (STRANGER, ["127.0.0.1"], STRANGER),
    (STRANGER, [f"203.0.113.9, {PROXY}"], STRANGER),
])
def test_the_address_in_an_event(server, source, said, want):
    assert recorded(server, source, *said) == want


def test_a_client_behind_a_proxy_is_limited_and_his_neighbours_are_not(server):
    line = Line(server, PROXY)
    held = line.waits(24, "203.0.113.9", "198.51.100.1, 203.0.113.200")     # one /24
    assert held > 1 and line.waits(1, "203.0.114.9") < held
    assert line.waits(1) < held                                             # the proxy itself


def test_another_name_each_time_helps_nobody(server):
    assert Line(server, STRANGER).waits(24, *(f"203.0.{n}.9" for n in range(100)), "127.0.0.1") > 1


def test_loopback_is_free_only_when_it_is_the_client(server):
    held = Line(server, "127.0.0.1").waits(24, "unknown")           # a proxy on it that says nothing of use
    assert held > 1 and Line(server, "127.0.0.1").waits(25) < held  # a command on this machine
    assert server.log_text().count("sends an X-Forwarded-For that names no client") <= len(server.roles("front"))


@pytest.mark.parametrize("value, wrong", [("10.0.0.1/8", "10.0.0.1/8"), ("127.0.0.1,proxy.example", "proxy.example"), ("::/0", "::/0")])
def test_a_list_that_is_none_is_refused_before_the_start(tmp_path, value, wrong):
    done = subprocess.run([str(ROOT / "script/server"), "--no-install", "--empty", "--dir", str(tmp_path / "var"),
                           "--set", f"server.trusted_proxies={value}"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and f'"{wrong}" is neither an address nor a network' in done.stderr, done.stderr
    assert not (tmp_path / "var").exists()
