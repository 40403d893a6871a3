# SPDX-License-Identifier: AGPL-3.0-or-later
"""The HTTP core under attack: slow clients, crowds, floods, sizes at their edge, early refusals, ranges, TLS.

Whatever one client does, another is served, and its answers stay right.  Nothing here is judged by milliseconds; the
deadlines of the server are waited for once, all at the same time.  GELEIT_LONG=1 adds the crowd of ten thousand.
"""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import resource
import select
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from geleit import BUILD, Recipient, sha256, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import http_corpus  # noqa: E402
import http_judges  # noqa: E402
import scoreboard  # noqa: E402
from wire import Wire, connect  # noqa: E402

COMMAND = "pytest tests/system/test_80_http_attack.py"
GONE = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
PATIENCE = 120      # seconds: twice the longest deadline


@pytest.fixture(scope="module")
def content():
    return random.Random(80).randbytes(24_000_000)


@pytest.fixture(scope="module")
def released(server, content, tmp_path_factory):
    """A recipient who may fetch three files: 24 MB, 300 kB, none."""
    d = tmp_path_factory.mktemp("attack")
    for name, n in (("gross.bin", len(content)), ("klein.bin", 300_000), ("leer.bin", 0)):
        (d / name).write_bytes(content[:n])
    doc = server.run("send", d / "gross.bin", d / "klein.bin", d / "leer.bin", "--release", "cleared", "--to", "a@customer.test")
    return Recipient(server, doc["recipients"][0]["link"], "a@customer.test").prove()


def cookie(recipient):
    return b"Cookie: __Host-geleit-r=" + recipient.cookie.encode() + b"\r\n"


def key(server):
    return b"Authorization: Bearer " + server.key().encode() + b"\r\n"


# ---- slow clients ----

def drip(sock, data=b"a"):
    """A byte a second until the server has enough of it."""
    sock.settimeout(1)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            sock.sendall(data)
        except GONE:
            return b""
        with contextlib.suppress(TimeoutError):
            try:
                return sock.recv(1000)
            except GONE:
                return b""
    raise AssertionError("it would take bytes for ever")


def slow_handshake(server):
    with connect(server) as s:
        s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert drip(s) == b""


def silent_handshake(server):
    with connect(server, timeout=PATIENCE) as s:
        assert s.recv(1) == b""


def slow_head(server):
    with Wire(server) as w:
        w.send(b"GET /imprint HTTP/1.1\r\nHost: " + w.host + b"\r\nX: ")
        assert drip(w.sock).startswith(b"HTTP/1.1 408 ")


def slow_json(server):
    with Wire(server) as w:
        w.send(w.head(b"/api/v1/session/password", b"POST", b"Content-Type: application/json\r\nContent-Length: 5000\r\n") + b'{"a":"')
        assert drip(w.sock).startswith(b"HTTP/1.1 408 ")


def slow_upload(server):
    made = server.api("POST", "/api/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "100000"})
    path = made.headers["Location"].removeprefix(server.url)
    with Wire(server) as w:
        w.send(w.head(path.encode(), b"PATCH", key(server) + b"Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                      b"Content-Type: application/offset+octet-stream\r\nContent-Length: 100000\r\n"))
        assert drip(w.sock).startswith(b"HTTP/1.1 408 ")
    at = server.api("HEAD", path, headers={"Tus-Resumable": "1.0.0"})
    assert at.status == 200 and 0 < int(at.headers["Upload-Offset"]) < 1000, dict(at.headers)


def idle(server):
    with Wire(server, timeout=PATIENCE) as w:
        assert w.ask().status == 200
        assert w.ends()


def stalled_reader(server, recipient):
    """Reads nothing of 24 MB; that it was cut is seen without reading, too."""
    with Wire(server, rcvbuf=4096) as w:
        w.send(w.head(recipient.path.encode() + b"/file/1", fields=cookie(recipient)))
        p = select.poll()
        p.register(w.sock, select.POLLHUP | select.POLLERR)
        assert p.poll(PATIENCE * 1000)


def test_slow_clients_are_cut_and_another_is_served(server, released, content):
    attacks = [slow_handshake, silent_handshake, slow_head, slow_json, slow_upload, idle]
    with concurrent.futures.ThreadPoolExecutor(4 * len(attacks) + 4) as pool:
        running = [pool.submit(a, server) for a in attacks for _ in range(4)]
        running += [pool.submit(stalled_reader, server, released) for _ in range(4)]
        served = 0
        while not all(r.done() for r in running):
            at = random.randrange(len(content) - 100_000)
            a = released.request("GET", released.path + "/file/1", headers={"Range": f"bytes={at}-{at + 99_999}"})
            assert a.status == 206 and a.body == content[at:at + 100_000]
            served += 1
            time.sleep(0.05)
        for r in running:
            r.result()
    assert served > 100
    scoreboard.system_figure("http attack", len(running), "slow clients of 7 kinds, all cut; another was served all the time", COMMAND)


# ---- crowds ----

def state_of(pid):
    """Open descriptors and resident memory in MB of a front."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    rss = int(status.split("VmRSS:")[1].split()[0]) // 1024
    return len(os.listdir(f"/proc/{pid}/fd")), rss


def serve_and_settle(server, pid, before):
    wait_for(lambda: server.request("GET", "/imprint").status == 200 and state_of(pid)[0] <= before[0] + 1, 30)


def test_more_connections_than_places(fresh):
    s = fresh(settings=["limits.connections=16", "server.fronts=1"]).start()
    want = s.request("GET", "/imprint").body
    front, = s.roles("front")
    before = state_of(front)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Wire(s))
        assert first.ask().status == 200
        silent = [stack.enter_context(connect(s)) for _ in range(300)]
        for i in range(60):
            w = stack.enter_context(Wire(s))
            assert w.ask().body == want, i
        assert s.request("GET", "/imprint").body == want
        assert first.ends()         # it was told, TLS included
        assert state_of(front)[0] <= before[0] + 16 + 1
        assert all(c.recv(1) == b"" for c in silent[:200])
    serve_and_settle(s, front, before)
    assert s.roles("front") == [front]


def test_requests_keep_their_places(fresh, tmp_path):
    """Sixteen uploads are running: a seventeenth client waits for one to end, and breaks none."""
    s = fresh(settings=["limits.connections=16", "server.fronts=1"]).start()
    up = b"Tus-Resumable: 1.0.0\r\nUpload-Length: 1000\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n"
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Wire(s)) for _ in range(16)]
        for w in held:
            w.send(w.head(b"/api/v1/uploads", b"POST", key(s) + up))
            assert w.answer().status == 100
        late = stack.enter_context(connect(s))
        assert not select.select([late], [], [], 1)[0]
        for w in held:
            w.send(b"x" * 1000)
            assert w.answer().status == 201
        assert s.request("GET", "/imprint").status == 200


@pytest.mark.skipif(os.environ.get("GELEIT_LONG") != "1", reason="GELEIT_LONG=1 opens 12,000 sockets")
def test_ten_thousand_over_the_limit(fresh):
    s = fresh(settings=["limits.connections=2000", "server.fronts=1"]).start()
    want = s.request("GET", "/imprint").body
    front, = s.roles("front")
    before, peak = state_of(front), 0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = []
    try:
        for i in range(12_000):
            c = Wire(s, source=f"127.0.{i % 50 + 1}.2") if i % 6 == 0 else connect(s, source=f"127.0.{i % 50 + 1}.2")
            crowd.append(c)
            if i % 200 == 0:
                assert s.request("GET", "/imprint").body == want
                peak = max(peak, state_of(front)[1])
        assert state_of(front)[0] <= before[0] + 2000 + 1
    finally:
        for c in crowd:
            (c.sock if isinstance(c, Wire) else c).close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert peak - before[1] < 120, (before, peak)
    serve_and_settle(s, front, before)
    assert state_of(front)[1] - before[1] < 60, (before, state_of(front))
    scoreboard.system_figure("http attack", 10_000, "connections over the limit of 2,000, all others served", "GELEIT_LONG=1 " + COMMAND)
    scoreboard.system_figure("http attack", peak - before[1], "MB at most that front grew by below them", "GELEIT_LONG=1 " + COMMAND)


# ---- floods ----

def test_a_flood_from_one_network_and_a_client_of_another(fresh):
    """The flood is answered 200 or 429, never 503; the other network does not notice."""
    s = fresh(settings=["server.fronts=1"]).start()
    want = s.request("GET", "/imprint").body
    with contextlib.ExitStack() as stack:
        flood = [stack.enter_context(Wire(s, source=f"127.0.0.{2 + i % 50}")) for i in range(400)]
        other = stack.enter_context(Wire(s, source="127.0.1.2"))
        told = []
        for _ in range(5):
            for w in flood:
                w.send(w.head(b"/api/v1/assets?q=a", fields=key(s)) + w.head())
            for _ in range(10):
                a = other.ask()
                assert a.status == 200 and a.body == want
            for w in flood:
                told += [w.answer(), w.answer()]
    kinds = {a.status for a in told}
    assert kinds == {200, 429}, kinds
    assert all(a.fields["retry-after"] == "2" and not a.closes for a in told if a.status == 429)
    assert s.request("GET", "/imprint").status == 200
    scoreboard.system_figure("http attack", len(told), "requests of one network at once, 200 or 429; none of another network's was refused", COMMAND)


# ---- sizes at their edge ----

def test_sizes_at_their_edge(server):
    with Wire(server) as w:
        def one(target=b"/imprint", fields=b"", method=b"GET", body=b""):
            with Wire(server) as w:
                a = w.ask(target, method, fields, body)
                assert a.status not in (413, 414, 431) or (a.closes and w.ends())
                return a.status
        assert one(b"/imprint?" + b"a" * (4096 - 9)) == 200
        assert one(b"/imprint?" + b"a" * (4097 - 9)) == 414
        assert one(fields=b"A: b\r\n" * 99) == 200
        assert one(fields=b"A: b\r\n" * 100) == 431
        room = 16384 - len(w.head(fields=b"A: \r\n"))
        assert one(fields=b"A: " + b"v" * room + b"\r\n") == 200
        assert one(fields=b"A: " + b"v" * (room + 1) + b"\r\n") == 431
        assert one(fields=b"N" * room + b"A: \r\n") == 200
        many = b"".join(b"Cookie: c%d=d\r\n" % i for i in range(90))
        assert one(fields=many) == 200
        form = b"Origin: " + server.url.encode() + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n"
        assert one(b"/r/open", form % 65536, b"POST", b"token=" + b"a" * 65530) == 200
        assert one(b"/r/open", form % 65537, b"POST", b"token=" + b"a" * 65531) == 413
        json = key(server) + b"Content-Type: application/json\r\nContent-Length: %d\r\n"
        size = 4 << 20
        assert one(b"/api/v1/deliveries", json % size, b"POST", b'{"x":"' + b"a" * (size - 8) + b'"}') == 400
        assert one(b"/api/v1/deliveries", json % (size + 1), b"POST", b'{"x":"' + b"a" * (size - 7) + b'"}') == 413


# ---- refused while the body comes ----

def refusals(server):
    tus = b"Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
    return {
        "too large": (413, b"/api/v1/uploads", key(server) + tus + b"Upload-Length: 99999999999999\r\n"),
        "no key": (401, b"/api/v1/uploads", tus + b"Upload-Length: 8000000\r\n"),
        "no such upload": (404, b"/api/v1/uploads/123", key(server) + tus + b"Upload-Offset: 0\r\n"),
        "no such page": (404, b"/nothing/here", b""),
        "json too large": (413, b"/api/v1/deliveries", key(server) + b"Content-Type: application/json\r\n"),
        "wrong host": (421, b"/imprint", None),
    }


@pytest.mark.parametrize("chunked", [False, True])
def test_an_early_refusal_is_seen_by_who_sends_on(server, chunked):
    """8 MB are sent without looking; then the answer is there, whole, and the goodbye behind it."""
    body, rounds = b"b" * 8_000_000, 0
    framing = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % len(body)
    piece = b"10000\r\n" + b"b" * 65536 + b"\r\n"
    for name, (status, target, fields) in refusals(server).items():
        for _ in range(4):
            with Wire(server) as w:
                if fields is None:
                    w.host = b"evil.example"
                method = b"PATCH" if target.endswith(b"/123") else b"POST"
                w.send(w.head(target, method, (fields or b"") + framing))
                for i in range(0, len(body), 65536):
                    w.send(piece if chunked else body[i:i + 65536])
                a = w.answer()
                want = 411 if chunked and status == 413 and b"json" in (fields or b"") else status
                assert a is not None and a.status == want and a.closes, (name, a)
                assert w.ends(), name
                rounds += 1
    assert server.request("GET", "/imprint").status == 200
    scoreboard.system_figure("http attack", 2 * rounds, "bodies of 8 MB refused early, every answer read", COMMAND)


def test_who_expects_continue_hears_the_refusal_instead(server):
    for name, (status, target, fields) in refusals(server).items():
        if fields is None:
            continue
        with Wire(server) as w:
            method = b"PATCH" if target.endswith(b"/123") else b"POST"
            a = w.ask(target, method, fields + b"Expect: 100-continue\r\nContent-Length: 8000000\r\n")
            assert a.status == status and a.closes and w.ends(), (name, a)


# ---- many requests at once ----

def test_pipelined_requests_are_answered_in_order(server, released, content):
    with Wire(server) as w:
        rnd, asked, text = random.Random(1), [], b""
        for i in range(60):
            n = rnd.randrange(250_000)
            asked.append([(206, content[n:n + i + 1]), (404, None), (405, None)][i % 3])
            text += [w.head(released.path.encode() + b"/file/2", fields=cookie(released) + b"Range: bytes=%d-%d\r\n" % (n, n + i)),
                     w.head(b"/nothing/%d" % i), w.head(b"/imprint", b"DELETE")][i % 3]
        w.send(text)
        for status, body in asked:
            a = w.answer()
            assert a.status == status and (body is None or a.body == body)
        for byte in (w.head() + w.head(b"/nothing"))[:]:
            w.send(bytes([byte]))
        assert [w.answer().status, w.answer().status] == [200, 404]


def test_what_is_pipelined_behind_a_refusal_is_not_answered(server):
    with Wire(server) as w:
        w.send(w.head() + w.head(b"/nothing", b"POST", b"Content-Length: %d\r\n" % len(w.head())) + w.head() + w.head())
        assert w.answer().status == 200
        a = w.answer()
        assert a.status == 404 and a.closes
        assert w.ends()
    with Wire(server) as w:
        w.send(w.head() + b"GET / HTTP/1.1\nHost: x\n\n" + w.head())
        assert [w.answer().status, w.answer().status] == [200, 400]
        assert w.ends()
    with Wire(server) as w:
        w.send(w.head(fields=b"Connection: close\r\n") + w.head())
        assert w.answer().closes and w.ends()


# ---- odd connections, on the real server ----

def told(w, methods):
    """All answers until the server's goodbye."""
    answers = []
    while True:
        a = w.answer(len(answers) < len(methods) and methods[len(answers)] == "HEAD")
        if a is None:
            return answers
        if a.status != 100:
            answers.append(a)


def frames_alike(s, name, data):
    """As many answers as our parsers see requests; then a last request shows whether both sides are in step."""
    seen = http_judges.ours(str(BUILD / "src/http/http_judge"), data)
    is_idle = seen.end == "idle"
    with Wire(s) as w:
        last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(*GONE):
            w.send(data + (last if is_idle else b""))
        if seen.end == "more":
            answers = [w.answer() for _ in seen.requests]
        else:
            answers = told(w, [m for m, _, _ in seen.requests])
    statuses = [a.status for a in answers if a]
    want = len(seen.requests) + (seen.refused or is_idle)
    assert len(statuses) <= want, (name, statuses, str(seen))
    if seen.end == "more":
        return
    early = not seen.refused or str(statuses[-1]) != seen.end.split(" ")[1]
    if len(statuses) < want or (seen.refused and early):    # a body nobody wanted: refused unread, the rest thrown away
        assert answers[-1].closes and (b"ransfer-encoding:" in data.lower() or b"ontent-length:" in data.lower()), (name, statuses, str(seen))


def test_odd_connections_are_framed_as_judged(fresh):
    """What tests/http_differential_test.py judges is what the server does behind TLS."""
    s = fresh()
    s.url = "https://x"
    s.start()
    for name, data in http_corpus.CASES.items():
        frames_alike(s, name, data)
    assert s.request("GET", "/imprint", headers={"Host": "x"}).status == 200
    scoreboard.system_figure("http attack", len(http_corpus.CASES), "odd connections on the real server, framed as judged", COMMAND)


# ---- ranges ----

def want_range(value, n):
    """RFC 9110 14: (status, first, past) of one range of n bytes; several and malformed ones are ignored."""
    unit, _, spec = value.partition("=")
    first, dash, last = spec.strip(" \t").partition("-")
    digits = all(c in "0123456789" for c in first + last)
    if unit.lower() != "bytes" or not dash or not digits or not first + last:
        return 200, 0, n
    if not first:
        return (206, max(0, n - int(last)), n) if int(last) and n else (416, 0, 0)
    if last and int(last) < int(first):
        return 200, 0, n
    return (206, int(first), min(n, int(last) + 1 if last else n)) if int(first) < n else (416, 0, 0)


RANGES = [
    "bytes=0-0", "bytes=0-", "bytes=299999-", "bytes=299999-299999", "bytes=299999-300000", "bytes=300000-", "bytes=300000-300001", "bytes=-1", "bytes=-0", "bytes=-300000",
    "bytes=-300001", "bytes=-99999999999999999999999", "bytes=0-99999999999999999999999", "bytes=99999999999999999999999-", "bytes=18446744073709551615-",
    "bytes=18446744073709551616-", "bytes=0-18446744073709551615", "bytes=0-18446744073709551616", "bytes=9223372036854775807-9223372036854775808", "bytes=18446744073709551616-1",
    "bytes=-18446744073709551616", "bytes=00000000000000000000000000000000005-7", "bytes=5-4", "bytes=-", "bytes=", "bytes", "", "=0-1", "bytes=a-b", "bytes=0-b", "bytes=+0-1", "bytes=0-+1",
    "bytes=--1", "bytes=-1-", "bytes=0--1", "bytes=0x0-0x1", "bytes=0 -1", "bytes=0- 1", "bytes= 0-1", "bytes=0-1 ", "bytes =0-1", "BYTES=0-1", "Bytes=3-4", "items=0-1", "bytes:0-1", "0-1",
    "bytes=0-0,1-1", "bytes=0-0, 2-2", "bytes=0-,0-,0-", "bytes=0-299999,0-299999", "bytes=,0-1", "bytes=0-1,", "bytes=5-4,0-1", "bytes=0.5-1", "bytes=1e1-20", "bytes=\t0-1", "bytes=0-1;a",
    "bytes=" + ",".join(["0-"] * 1300), "bytes=" + ",".join(f"{i}-{i}" for i in range(1500)), "bytes=" + ",".join(f"-{i}" for i in range(1, 1500)),
]


def ask_range(w, target, fields, value, whole):
    a = w.ask(target, fields=fields + b"Range: " + value.encode() + b"\r\n")
    status, first, past = want_range(value, len(whole))
    assert a.status == status, (value[:60], a.status)
    assert len(a.body) <= len(whole)
    if status == 416:
        assert a.fields["content-range"] == f"bytes */{len(whole)}" and a.body == b""
    else:
        assert a.body == whole[first:past], value[:60]
    if status == 206:
        assert a.fields["content-range"] == f"bytes {first}-{past - 1}/{len(whole)}"


def test_ranges_that_mean_harm(server, released, content):
    page, asked = released.path.encode(), 0
    with Wire(server) as w:
        archive = w.ask(page + b"/all.zip", fields=cookie(released)).body
        for target, whole in ((page + b"/file/2", content[:300_000]), (page + b"/file/3", b"")):
            for value in RANGES:
                ask_range(w, target, cookie(released), value, whole)
                asked += 1
        for value in ("bytes=0-0", "bytes=-1", f"bytes={len(archive)}-", "bytes=100000-300100"):
            ask_range(w, page + b"/all.zip", cookie(released), value, archive)
        assert w.ask(page + b"/file/2", fields=cookie(released) + b"Range: bytes=0-0\r\nRange: bytes=5-9\r\n").status == 400
    scoreboard.system_figure("http attack", asked, "Range values as RFC 9110 says, never more than the file once", COMMAND)


# ---- TLS ----

def s_client(server, *args, said=b"", seconds=30):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost",
                           "-CAfile", str(server.dir / "tls/cert.pem"), *args], input=said, capture_output=True, timeout=seconds)
    return (done.stdout + done.stderr).decode(errors="replace")


def test_plain_http_is_told_nothing(server):
    for said in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x80\x2e\x01\x00\x02" + bytes(60), b"\0" * 500, b"SSH-2.0-x\r\n", os.urandom(3000)):
        with connect(server) as s:
            s.sendall(said)
            got = b""
            with contextlib.suppress(ConnectionResetError):
                while piece := s.recv(1000):
                    got += piece
            assert b"HTTP" not in got and len(got) <= 7, got      # an alert at most
    assert server.request("GET", "/imprint").status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(server, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = version
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        Wire(server, context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Wire(server, context) as w:
        assert w.sock.version() == "TLSv1.2" and w.ask().status == 200


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256", "NULL", "aNULL"])
def test_weak_ciphers_are_refused(server, cipher):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher + ":@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        Wire(server, context)


def test_renegotiation_is_refused(server):
    text = s_client(server, "-tls1_2", said=b"R\n")
    assert "RENEGOTIATING" in text and "no renegotiation" in text, text[-1500:]
    text = s_client(server, "-tls1_3", said=b"K\nk\n")
    assert "KEYUPDATE" in text and "error" not in text.split("KEYUPDATE")[1], text[-1500:]


def test_no_early_data(server, tmp_path):
    """A replayed request is what early data would allow: the ticket offers none."""
    kept = tmp_path / "session"
    ask = f"GET /imprint HTTP/1.1\r\nHost: localhost:{server.port}\r\nConnection: close\r\n\r\n".encode()
    process = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-ign_eof", "-sess_out", str(kept)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = process.communicate(ask, timeout=30)[0].decode(errors="replace")
    assert "200 OK" in text and kept.exists()
    shown = subprocess.run(["openssl", "sess_id", "-in", str(kept), "-text", "-noout"], capture_output=True, text=True, check=True).stdout
    assert "Max Early Data: 0" in text or "Max Early Data: 0" in shown, text[-3000:]
    (tmp_path / "early").write_bytes(ask)
    text = s_client(server, "-tls1_3", "-sess_in", str(kept), "-early_data", str(tmp_path / "early"))
    assert "Early data was accepted" not in text and "TLSv1.3" in text, text[-2000:]


def test_only_http_1_is_spoken(server):
    context = server.context()
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        Wire(server, context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Wire(server, context) as w:
        assert w.sock.selected_alpn_protocol() == "http/1.1" and w.ask().status == 200
