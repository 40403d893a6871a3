# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a server speaks to: strace below all its processes writes down each address, settings say which are named.

GELEIT_TEST_CONNECTS=1 watches every server of the system suite, but those of the files in LEFT_OUT.  Each start has a
trace of its own, which is read before the next start and at the end, whatever ended the server: who used it fails where
it asked an address that no setting names.  Not watched is what a test starts without Server: a unit's command line in
test_92_documents, and starts that are refused.  Unix sockets count like hosts.  Allowed besides: the kernel's own
(netlink) and glibc's question to nscd, which never leaves the machine.
"""
import collections
import os
import re
import urllib.parse

LOCAL = {"unix:/var/run/nscd/socket", "unix:/run/systemd/userdb/", "netlink"}
CALLS = "connect,sendto,sendmsg,sendmmsg"
LEFT_OUT = {"test_80_escapes": "its roles connect on purpose, and a tracer's filter counts as one of theirs"}
told = collections.Counter()        # starts that were read, and those that asked a foreign address, for the figure
running = [None]                    # the file whose tests run


def is_asked_for():
    return os.environ.get("GELEIT_TEST_CONNECTS") == "1"


def wanted():
    return is_asked_for() and running[0] not in LEFT_OUT


def tracer(path):
    """What stands before a command: it stays the child, strace is nobody's parent and holds no signal up."""
    return ["strace", "-DDD", "-f", "-qq", "--seccomp-bpf", "-A", "-s", "256", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(path)]


def seen(path):
    """Every address in the trace: HOST:PORT, unix:PATH, or what strace calls its family."""
    found = set()
    for line in open(path, errors="replace") if os.path.exists(path) else []:
        for family, rest in re.findall(r"sa_family=(\w+)([^}]*)", line):
            found.add(address(family, rest))
    return found


def address(family, rest):
    if family in ("AF_INET", "AF_INET6"):
        port = re.search(r"port=htons\((\d+)\)", rest).group(1)
        host = re.search(r'inet_addr\("([^"]+)"|inet_pton\(AF_INET6, "([^"]+)"', rest)
        return f"{host.group(1) or host.group(2)}:{port}"
    if family == "AF_UNIX":
        path = re.search(r'sun_path=(@?"[^"]*)"', rest)
        return "unix:" + (path.group(1).replace('"', "") if path else "")
    return {"AF_NETLINK": "netlink"}.get(family, family)


def at(url):
    """HOST:PORT of an address, by each name its host has here; of a database in a folder its unix socket."""
    u = urllib.parse.urlsplit(url)
    asked = dict(urllib.parse.parse_qsl(u.query))
    if asked.get("host", "").startswith("/"):
        return {f"unix:{asked['host']}/.s.PGSQL.{asked.get('port', 5432)}"}
    hosts = ["127.0.0.1", "::1"] if u.hostname == "localhost" else [u.hostname]
    return {f"{h}:{u.port or 5432}" for h in hosts}


def named(server):
    """What the settings of this server name."""
    allowed = at(server.url) | server.also_named
    if server.db != "sqlite":
        allowed |= at(server.db)
    for name, _, value in (s.partition("=") for s in server.given):
        if name in ("smtp.url", "database.url", "database.keys"):
            allowed |= at(value)
        if name == "clamd.socket":
            allowed.add("unix:" + value)
    return allowed


def foreign(server):
    return seen(server.connects) - named(server) - LOCAL


def check(server):
    assert os.path.exists(server.connects), "nobody watched"
    assert foreign(server) == set(), "addresses that no setting names"


def read_once(server):
    """The trace of the last start, which counts."""
    if server.connects is None or server.connects in server.read_traces:
        return
    server.read_traces.add(server.connects)
    told["starts"] += 1
    told["foreign"] += bool(foreign(server))
    check(server)
