# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bad input: one clear message, nothing lost."""
import base64
import http.client
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time

import pytest

from geleit import BUILD, ROOT, Recipient


def tus(server, length, meta=None, body=None, **extra):
    h = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), **extra}
    if meta is not None:
        h["Upload-Metadata"] = meta
    if body is not None:
        h["Content-Type"] = "application/offset+octet-stream"
    return server.api("POST", "/api/v1/uploads", body, h)


def b64(s):
    return base64.b64encode(s.encode()).decode()


@pytest.mark.parametrize("length", ["-1", "x", "", "1e9", "99999999999999999999", "5 5"])
def test_lengths_that_lie(server, length):
    assert tus(server, length).status in (400, 413)


def test_a_file_above_the_limit(fresh):
    s = fresh(settings=["upload.max_bytes=1000"]).start()
    a = tus(s, 1001)
    assert a.status == 413 and a.json()["code"] == "upload-too-large"


def test_tus_version_and_type(server):
    assert server.api("POST", "/api/v1/uploads", None, {"Upload-Length": "5"}).status == 412
    a = tus(server, 5)
    where = a.headers["Location"]
    h = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    assert server.api("PATCH", where, b"12345", {**h, "Content-Type": "text/plain"}).status == 415
    h["Content-Type"] = "application/offset+octet-stream"
    assert server.api("PATCH", where, b"12345", {**h, "Upload-Offset": "3"}).status == 409
    assert server.api("PATCH", where, b"123456", h).status == 413
    r = server.api("PATCH", where, b"123", h)
    assert r.status == 204 and r.headers["Upload-Offset"] == "3"
    assert server.api("HEAD", where, None, h).headers["Upload-Offset"] == "3"
    r = server.api("PATCH", where, b"45", {**h, "Upload-Offset": "3"})
    assert r.status == 204 and r.headers["Geleit-Asset"]


@pytest.mark.parametrize("name,want", [("a\r\nb.txt", None), ("../../etc/passwd", "passwd"), ("x‮gnp.exe", None),
                                       ("n" * 300 + ".tif", None), ("\U0001f6cb️.png", None), ("", None)])
def test_names(server, name, want):
    a = tus(server, 0, "filename " + b64(name))
    assert a.status == 201
    got = server.run("upload", ROOT / "LICENSE") and server.api("GET", "/api/v1/assets/" + a.headers["Geleit-Asset"]).json()
    shown = got["version"]["name"]
    assert shown and len(shown.encode()) <= 200 and not re.search("[\r\n/‮\x00-\x1f]", shown)
    assert want is None or shown == want


@pytest.mark.parametrize("meta", ["filename !!!", "filename " + base64.b64encode(b"\xff\xfe").decode(), " ,", "release " + b64("x")])
def test_metadata_that_is_none(server, meta):
    assert tus(server, 0, meta).status == 400


def test_who_are_you(server):
    assert server.request("GET", "/api/v1/assets").status == 401
    assert server.request("GET", "/api/v1/assets", headers={"Authorization": "Bearer geleit_1_x"}).status == 401
    key = server.run("key", "create", "--name", "reader", "--scope", "read")["key"]
    env = {"GELEIT_KEY": key}
    server.run("deliveries", env=env)
    assert server.run("upload", ROOT / "LICENSE", expect=5, env=env)["code"] == "scope"
    assert server.run("key", "create", "--name", "x", "--scope", "all", expect=5, env=env)


def test_things_that_are_not_there(server):
    assert server.run("delivery", "0000-0000", expect=4)["code"] == "not-found"
    assert server.run("history", "12345", expect=4)
    assert server.run("check", "12345", "--to", "a@b.test", expect=4)
    assert server.api("GET", "/api/v1/nothing").status == 404
    a = server.api("DELETE", "/api/v1/assets")
    assert a.status == 405 and "GET" in a.headers["Allow"]


@pytest.mark.parametrize("to", ["nobody", "a@b\r\nBcc: x@y", "@", "a@", "ä@b.test", "a" * 300 + "@b.test"])
def test_addresses_that_are_none(server, to):
    up = server.run("upload", ROOT / "LICENSE")["files"][0]["asset"]
    assert server.run("check", up, "--to", to, expect=1)["code"] == "bad-address"


def test_dates(server):
    up = server.run("upload", ROOT / "LICENSE")["files"][0]["asset"]
    server.run("release", up, "cleared")
    assert server.run("send", up, "--to", "a@b.test", "--expires", "900d", expect=1)["code"] == "expires-too-late"
    assert server.run("send", up, "--to", "a@b.test", "--expires", "soon", expect=1)["code"] == "bad-date"
    server.run("asset", "set", up, "--embargo", "3d")
    assert server.run("check", up, "--to", "a@b.test", expect=5)["lines"][0]["reasons"][0]["code"] == "embargo"
    server.run("asset", "set", up, "--class", "confidential")
    codes = [r["code"] for r in server.run("check", up, "--to", "a@b.test", expect=5)["lines"][0]["reasons"]]
    assert "classification" in codes


def test_release_that_ends_stops_a_delivery(server):
    up = server.run("upload", ROOT / "LICENSE")["files"][0]["asset"]
    server.run("release", up, "cleared")
    doc = server.run("send", up, "--to", "z@customer.test")
    r = Recipient(server, doc["recipients"][0]["link"], "z@customer.test").prove()
    assert r.request("GET", r.path + "/file/1").status == 200
    server.run("release", up, "blocked", "--reason", "Motiv zurückgezogen")
    assert r.request("GET", r.path + "/file/1").status == 403
    assert r.request("GET", r.path + "/all.zip").status == 403
    assert f"{r.path}/file/1" not in r.page().text


def test_if_match(server):
    up = server.run("upload", ROOT / "LICENSE")["files"][0]["asset"]
    path = "/api/v1/assets/" + up
    etag = server.api("GET", path).headers["ETag"]
    assert server.api("PATCH", path, {"title": "A"}, {"If-Match": etag}).status == 200
    assert server.api("PATCH", path, {"title": "B"}, {"If-Match": etag}).status == 412
    assert server.api("PATCH", path, {"titel": "B"}).status == 400


def test_command_line_errors(server, tmp_path):
    server.run("nonsense", expect=2)
    server.run("send", expect=2)
    assert server.run("upload", tmp_path, expect=1)["code"] == "file"
    assert server.run("upload", tmp_path / "absent", expect=1)
    assert server.run("deliveries", expect=3, env={"GELEIT_URL": "https://localhost:1", "GELEIT_KEY": "x"})


def test_wrong_host_is_misdirected(server):
    assert server.request("GET", "/imprint", headers={"Host": "evil.example"}).status == 421
    assert server.request("GET", "/imprint").status == 200


def start(server, *extra, directory=None, port=None):
    return subprocess.run([str(ROOT / "script/server"), "--no-install", "--dir", str(directory or server.dir),
                           "--listen", f"127.0.0.1:{port or server.port}", *extra], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "GELEIT_BUILD": str(BUILD)})


def last(text):
    return [l for l in text.splitlines() if "ninja" not in l][-1]


def test_a_second_server_and_a_taken_port(server, tmp_path):
    d = start(server, port=1)
    assert d.returncode == 1 and "another server" in last(d.stderr)
    other = pathlib.Path("/tmp") / f"geleit-port-{os.getpid()}"
    d = start(server, directory=other)
    assert d.returncode == 1 and "geleitd:" in last(d.stderr)
    assert not other.exists()


def test_a_foreign_folder(server, tmp_path):
    (tmp_path / "thesis.doc").write_text("mine")
    d = start(server, directory=tmp_path)
    assert d.returncode == 1 and "not a folder of Geleit" in last(d.stderr)
    assert os.listdir(tmp_path) == ["thesis.doc"]


def test_wrong_master_key_writes_nothing(fresh):
    s = fresh().start()
    assert s.stop() == 0
    key = s.dir / "keys/master.key"
    good = key.read_bytes()
    os.chmod(key, 0o600)
    key.write_bytes(os.urandom(32))
    db = s.dir / "db/keys.db"
    before = [p.read_bytes() for p in (db, s.dir / "db/geleit.db") if p.exists()]
    d = start(s)
    assert d.returncode == 1 and "key" in last(d.stderr)
    assert before == [p.read_bytes() for p in (db, s.dir / "db/geleit.db") if p.exists()]
    key.write_bytes(good)
    s.start()
    assert s.run("fsck")["ok"]


def test_a_stalled_handshake_head_and_reader_are_let_go_of(server):
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"\x16\x03\x01\x02\x00\x01")
        s.settimeout(60)
        t = time.monotonic()
        assert s.recv(1) == b"" and 8 < time.monotonic() - t
    raw = socket.create_connection(("127.0.0.1", server.port))
    with server.context().wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: lo")
        tls.settimeout(60)
        t = time.monotonic()
        data = tls.recv(100)
        assert (data == b"" or b" 408 " in data) and 8 < time.monotonic() - t


def test_a_reader_that_trickles_is_let_go_of(fresh, tmp_path):
    """A few bytes now and then are no progress: whoever reads on properly keeps his place."""
    s = fresh(settings=["limits.reader_seconds=2"]).start()
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(8 << 20))
    row = s.run("upload", big)["files"][0]
    ask = (f"GET /api/v1/assets/{row['asset']}/versions/{row['version']}/content HTTP/1.1\r\nHost: localhost:{s.port}\r\n"
           f"Authorization: Bearer {s.key()}\r\n\r\n").encode()

    def reader():
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(30)
        raw.connect(("127.0.0.1", s.port))
        tls = s.context().wrap_socket(raw, server_hostname="localhost")
        tls.sendall(ask)
        return tls
    slow, slower = reader(), reader()
    for n in range(240):            # 32 KiB/s beside 1 KiB/s, for a minute at most
        assert slow.recv(8192)
        if n % 4 == 0:
            try:
                if not os.read(slower.fileno(), 1024):      # what comes, without opening it
                    break
            except BlockingIOError:
                pass
            except ConnectionResetError:
                break
        time.sleep(0.25)
    else:
        raise AssertionError("the trickle goes on")
    assert n > 4
    left = 0
    while got := slow.recv(65536):
        left += len(got)
        if left > 4 << 20:
            break
    slow.close()


def test_a_network_that_tries_too_often_waits(server):
    """One source owes time and no other does (docs/security/guessing.md)."""
    def tries(source, n):
        c = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=60,
                                        source_address=(source, 0))
        took = []
        for _ in range(n):          # one connection: each front keeps its own count
            start = time.monotonic()
            c.request("POST", "/r/open", "token=" + "A" * 43,
                      {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"})
            a = c.getresponse()
            a.read()
            assert a.status == 200
            took.append(time.monotonic() - start)
        c.close()
        return took
    took = tries("127.0.0.9", 24)       # time pays back while they run: the first that waits waits less
    assert min(took[22:]) > 1, took
    assert max(tries("127.0.1.9", 3)) < min(took[22:]) and max(tries("127.0.0.1", 25)) < min(took[22:])
