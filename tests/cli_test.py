# SPDX-License-Identifier: AGPL-3.0-or-later
"""geleit against a server that misbehaves: uploads go on after every kind of cut,
and each failure has its exit code, one line, and never the key in it.

The server here is a small tus over TLS that plays one fault per test.
"""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))
KEY = "geleit_7391829012345678_" + "k" * 43
DATA = random.Random(3).randbytes(3_000_000)


class Server:
    """State of one fake server; `faults` are functions called in order, one per PATCH."""

    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.port = 0
        self.reset()

    def reset(self):
        self.faults, self.received, self.length = [], b"", None
        self.create_answer = self.pending = None
        self.metadata, self.requests, self.state, self.fixed = "", [], "ready", {}
        self.on_complete, self.lost = None, 0

    def start(self):
        server = self

        class Handler(FakeTus):
            owner = server
        self.httpd = Quiet(("127.0.0.1", self.port), Handler)
        self.port = self.httpd.server_address[1]
        self.httpd.socket = self.context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    @property
    def complete(self):
        return self.length is not None and len(self.received) == self.length


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass


class FakeTus(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, headers=(), body=b"", media_type="application/json"):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", media_type)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def problem(self, status, code):
        self.close_connection = True
        self.answer(status, [("Connection", "close")],
                    {"type": "urn:geleit:problem:" + code, "title": code, "status": status, "code": code, "detail": code + "!"},
                    "application/problem+json")

    def state(self):
        s = self.owner
        done = [("Geleit-Asset", "11"), ("Geleit-Version", "12")] if s.complete else []
        return [("Upload-Offset", str(len(s.received))), ("Tus-Resumable", "1.0.0"), *done]

    def cut(self):
        """A reset, as when a process or a cable dies."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def take(self, n):
        while n > 0:
            got = self.rfile.read(min(n, 65536))
            if not got:
                return
            self.owner.received += got
            n -= len(got)

    def enter(self):
        s = self.owner
        s.requests.append((self.command, self.path, dict(self.headers)))
        if self.headers.get("Authorization") != "Bearer " + KEY:
            self.problem(401, "unauthenticated")
            return False
        if self.path in s.fixed:
            status, body = s.fixed[self.path]
            if self.headers.get("Content-Length"):
                self.rfile.read(int(self.headers["Content-Length"]))
            if s.lost:
                s.lost -= 1
                self.cut()
                return False
            self.answer(status, [], body)
            return False
        return True

    def do_POST(self):
        if not self.enter():
            return
        s = self.owner
        if s.create_answer:
            self.problem(*s.create_answer)
            return
        s.length, s.metadata = int(self.headers["Upload-Length"]), self.headers["Upload-Metadata"]
        self.answer(201, [("Location", "/api/v1/uploads/" + "a" * 32), *self.state()])

    def do_HEAD(self):
        if self.enter():
            self.answer(200, [*self.state(), ("Upload-Length", str(self.owner.length))])

    def do_PATCH(self):
        if not self.enter():
            return
        s = self.owner
        if s.faults:
            s.faults.pop(0)(self)
            return
        if int(self.headers["Upload-Offset"]) != len(s.received):
            self.problem(409, "offset-mismatch")
            return
        self.take(int(self.headers["Content-Length"]))
        self.answer(204, self.state())
        if s.complete and s.on_complete:
            s.on_complete()

    def do_DELETE(self):
        if self.enter():
            self.answer(204)

    def do_GET(self):
        if not self.enter():
            return
        s = self.owner
        state = s.state
        if s.pending:
            s.pending -= 1
            state = "pending"
        self.answer(200, [], {"asset": "11", "version": {
            "version": "12", "name": "stored.bin", "bytes": len(s.received), "state": state,
            "sha256": hashlib.sha256(s.received).hexdigest() if state == "ready" else None}})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path) + ".key",
                    "-out", str(path) + ".crt"], check=True, capture_output=True)
    path.write_text(pathlib.Path(str(path) + ".crt").read_text() + pathlib.Path(str(path) + ".key").read_text())
    return path


@pytest.fixture(scope="module")
def running(certificate):
    s = Server(certificate).start()
    yield s
    s.stop()


@pytest.fixture()
def server(running):
    running.reset()
    return running


@pytest.fixture()
def geleit(server, certificate, tmp_path):
    def run(*args, expect=0, url=None, key=KEY, ca=None, directory=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GELEIT_")}
        env.update({"GELEIT_URL": url or f"https://localhost:{server.port}", "GELEIT_KEY": key,
                    "GELEIT_CA": str(ca or certificate),
                    # what a command still holds at its end is no fault; what it wrongly touches is
                    "ASAN_OPTIONS": "detect_leaks=0"})
        if directory:
            for name in ("GELEIT_URL", "GELEIT_KEY", "GELEIT_CA"):
                env.pop(name)
        done = subprocess.run([BUILD / "src/cli/geleit", "--dir", str(directory or tmp_path / "none"), *map(str, args)],
                              capture_output=True, timeout=120, env=env)
        assert done.returncode == expect, (args, done.returncode, done.stdout, done.stderr)
        assert KEY.encode() not in done.stderr
        assert b"Sanitizer" not in done.stderr, done.stderr.decode(errors="replace")
        return done
    return run


@pytest.fixture()
def file(tmp_path):
    path = tmp_path / "Sofa.bin"
    path.write_bytes(DATA)
    return path


def uploaded(done):
    return json.loads(done.stdout)["files"]


def test_an_upload_arrives_whole_and_says_its_hash(server, geleit, file):
    server.pending = 3
    got = uploaded(geleit("--json", "upload", file, "--folder", "Presse/2026"))
    assert got == [{"asset": "11", "version": "12", "name": "stored.bin", "bytes": len(DATA),
                    "sha256": hashlib.sha256(DATA).hexdigest()}]
    assert server.received == DATA
    pairs = dict(p.split(" ") for p in server.metadata.split(","))
    assert {k: base64.b64decode(v).decode() for k, v in pairs.items()} == \
        {"filename": "Sofa.bin", "folder": "Presse/2026"}
    assert [r[0] for r in server.requests if r[0] == "PATCH"] == ["PATCH"]


@pytest.mark.parametrize("at", [0, 1, 16384, 1_500_000, len(DATA) - 1])
def test_a_cut_connection_is_resumed_where_the_server_stands(server, geleit, file, at):
    def fault(h):
        h.take(at)
        h.cut()
    server.faults = [fault]
    geleit("--json", "upload", file)
    assert server.received == DATA
    second = [r for r in server.requests if r[0] == "PATCH"][1]
    assert second[2]["Upload-Offset"] == str(at)


def test_many_cuts_in_a_row_are_outlived(server, geleit, file):
    def fault(h):
        h.take(200_000)
        h.cut()
    server.faults = [fault] * 5
    geleit("upload", file)
    assert server.received == DATA


def test_an_answer_lost_after_the_last_byte_is_not_a_second_upload(server, geleit, file):
    def fault(h):
        h.take(len(DATA))
        h.cut()
    server.faults = [fault]
    assert uploaded(geleit("--json", "upload", file))[0]["asset"] == "11"
    assert server.received == DATA
    assert [r[0] for r in server.requests].count("POST") == 1
    assert [r[0] for r in server.requests].count("PATCH") == 1


def test_a_busy_server_is_asked_again(server, geleit, file):
    server.faults = [lambda h: h.problem(503, "busy"), lambda h: h.problem(429, "limit")]
    geleit("upload", file)
    assert server.received == DATA


def test_another_offset_is_taken_from_the_server(server, geleit, file):
    def fault(h):
        h.take(70_000)
        h.problem(409, "offset-mismatch")
    server.faults = [fault]
    geleit("upload", file)
    assert server.received == DATA


def test_a_restart_of_the_server_is_outlived(server, geleit, file):
    def come_back():
        server.stop()
        time.sleep(1.5)
        server.start()

    def fault(h):
        h.take(100_000)
        threading.Thread(target=come_back).start()
        time.sleep(0.1)
        h.cut()
    server.faults = [fault]
    geleit("upload", file)
    assert server.received == DATA


def told(server):
    """On several connections: a PATCH that was given up may be read after what came later."""
    return [r[:2] for r in server.requests]


def test_a_file_that_shrinks_is_told_and_not_padded(server, geleit, file):
    def fault(h):
        h.take(10_000)
        os.truncate(file, 5_000)
        h.cut()
    server.faults = [fault]
    done = geleit("upload", file, expect=1)
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert not server.complete
    assert ("DELETE", "/api/v1/uploads/" + "a" * 32) in told(server)


@pytest.mark.parametrize("change", ["grows", "is written again", "shrinks in the last part"])
def test_a_file_that_changes_is_never_completed(server, geleit, file, change):
    def fault(h):
        h.take(2_900_000)
        if change == "grows":
            with open(file, "ab") as f:
                f.write(b"more")
        elif change == "is written again":
            file.write_bytes(DATA[::-1])
        else:
            os.truncate(file, len(DATA) - 1)
        h.cut()
    server.faults = [fault]
    done = geleit("--json", "upload", file, expect=1)
    assert json.loads(done.stderr)["code"] == "file-changed"
    assert done.stdout == b"" and not server.complete
    assert ("DELETE", "/api/v1/uploads/" + "a" * 32) in told(server)


def test_a_restart_while_the_file_is_read_by_the_server_is_outlived(server, geleit, file):
    def come_back():
        time.sleep(0.1)
        server.stop()
        time.sleep(1.0)
        server.pending = 0
        server.start()
    server.on_complete = lambda: threading.Thread(target=come_back).start()
    server.pending = 1 << 30
    assert uploaded(geleit("--json", "upload", file))[0]["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_an_empty_file_needs_no_bytes(server, geleit, tmp_path):
    (tmp_path / "leer.txt").touch()
    assert uploaded(geleit("--json", "upload", tmp_path / "leer.txt"))[0]["bytes"] == 0
    assert "PATCH" not in [r[0] for r in server.requests]


@pytest.mark.parametrize("name", ["Überblick „final“ 100%.pdf", "emoji \U0001f6cb.png", "a,b c.txt", "x\r\nEvil: 1.txt", "-x.txt"])
def test_awkward_names_travel_unchanged(server, geleit, tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    geleit("upload", "--", tmp_path / name)
    assert base64.b64decode(re.search(r"filename ([^ ,]+)", server.metadata).group(1)).decode() == name
    assert all("Evil" not in r[2] for r in server.requests)


def test_damaged_at_the_server_is_a_failure(server, geleit, file):
    server.state = "damaged"
    assert "damaged" in geleit("upload", file, expect=1).stderr.decode()


@pytest.mark.parametrize("status,code,expect", [(401, "unauthenticated", 5), (403, "scope", 5), (404, "not-found", 4),
                                                (413, "upload-too-large", 1), (507, "no-space", 1), (400, "bad-metadata", 1)])
def test_a_refusal_has_its_exit_code_and_the_problem(server, geleit, file, status, code, expect):
    server.create_answer = (status, code)
    done = geleit("--json", "upload", file, expect=expect)
    assert json.loads(done.stderr)["code"] == code
    assert done.stdout.strip() in (b"", b'{"files":[]}')
    text = geleit("upload", file, expect=expect).stderr.decode()
    assert len(text.strip().splitlines()) == 1 and text.startswith("geleit: ")


def test_a_wrong_key_is_refused_and_not_shown(geleit, file):
    done = geleit("status", key="geleit_1_" + "x" * 43, expect=5)
    assert b"x" * 43 not in done.stderr


@pytest.mark.parametrize("command", [["check"], ["send"]])
def test_a_slip_in_a_name_is_told_as_one(server, geleit, command):
    said = json.loads(geleit("--json", *command, "no-such.tif", "--to", "a@b.example", expect=1).stderr)
    assert said["code"] == "file" and "no-such.tif" in said["detail"]
    assert server.requests == []


@pytest.mark.parametrize("what", ["missing", "folder", "fifo"])
def test_what_is_no_readable_file_fails_before_anything_is_sent(server, geleit, tmp_path, what):
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    done = geleit("--json", "upload", path, expect=1)
    assert json.loads(done.stderr)["code"] == "file"
    assert server.requests == []


def test_one_unreadable_file_of_many_holds_back_all(server, geleit, file, tmp_path):
    (tmp_path / "folder").mkdir()
    for command in (["upload"], ["send", "--to", "a@b.example"], ["check", "--to", "a@b.example"]):
        geleit(*command, file, tmp_path / "folder", expect=1)
    assert server.requests == []


def test_files_before_one_that_fails_are_told(server, geleit, file, tmp_path):
    (tmp_path / "first.txt").write_bytes(b"1")
    server.on_complete = lambda: setattr(server, "create_answer", (507, "no-space"))
    done = geleit("--json", "upload", tmp_path / "first.txt", file, expect=1)
    assert [f["bytes"] for f in uploaded(done)] == [1]
    assert json.loads(done.stderr)["code"] == "no-space"


def test_no_server_is_exit_3(geleit, server, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"https://localhost:{s.getsockname()[1]}"
    assert json.loads(geleit("--json", "status", url=url, expect=3).stderr)["status"] == 0
    assert b"geleit: " in geleit("status", directory=tmp_path, expect=3).stderr


def test_a_certificate_nobody_vouches_for_is_exit_3(geleit, server, certificate, tmp_path):
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", os.devnull, "-out", other], check=True, capture_output=True)
    geleit("status", ca=other, expect=3)
    assert server.requests == []


def test_dir_is_read_when_the_environment_says_nothing(server, geleit, certificate, tmp_path):
    d = tmp_path / "var"
    (d / "run").mkdir(parents=True)
    (d / "tls").mkdir()
    (d / "run/url").write_text(f"https://localhost:{server.port}\n")
    (d / "admin.key").write_text(KEY + "\n")
    (d / "tls/cert.pem").write_text(certificate.read_text())
    server.fixed["/api/v1/status"] = (200, {"version": "9", "url": "u", "roles": []})
    assert json.loads(geleit("status", "--json", directory=d).stdout)["version"] == "9"


@pytest.mark.parametrize("args", [[], ["frobnicate"], ["upload"], ["send", "x"], ["check", "1"], ["key", "create"], ["config"],
                                  ["release", "1"], ["status", "more"], ["upload", "x", "--frob"], ["recipient", "link", "N"],
                                  ["send", "1", "--to"], ["outbox", "--wait", "soon"], ["outbox", "--wait", "-1"],
                                  ["send", "1", "--to", "a@b.example", "--limit", "-1"], ["delivery", "--frob"], ["status", "--dir"],
                                  ["history"], ["config", "look"], ["fsck", "more"]])
def test_wrong_usage_is_exit_2_and_asks_nobody(server, geleit, args):
    assert len(geleit(*args, expect=2).stderr.decode().strip().splitlines()) == 1
    assert json.loads(geleit("--json", *args, expect=2).stderr)["code"] == "usage"
    assert server.requests == []


def test_the_manual_has_every_command_and_option_of_the_help(geleit):
    text = geleit("--help").stdout.decode()
    manual = (ROOT / "docs/user/commandline.md").read_text()
    commands = re.findall(r"^  ([a-z]+) ", text, re.M)
    assert len(commands) >= 17
    for name in commands:
        assert re.search(rf"`{name}[ `]", manual), name
    for option in set(re.findall(r"--[a-z-]+", text)):
        assert option in manual, option


def test_check_prints_its_lines_and_tells_by_the_exit_code(server, geleit):
    lines = {"lines": [{"asset": "7", "address": "a@b.example", "state": "cleared", "reasons": []}]}
    server.fixed["/api/v1/check"] = (200, lines)
    assert json.loads(geleit("--json", "check", "7", "--to", "a@b.example").stdout) == lines
    lines["lines"][0].update(state="in_review", reasons=[{"code": "release-draft"}])
    assert json.loads(geleit("--json", "check", "7", "--to", "a@b.example", expect=5).stdout) == lines
    assert "release-draft" in geleit("check", "7", "--to", "a@b.example", expect=5).stdout.decode()


def test_send_refused_says_which_file_and_why(server, geleit):
    server.fixed["/api/v1/deliveries"] = (403, {
        "type": "urn:geleit:problem:not-cleared", "title": "t", "status": 403, "code": "not-cleared", "detail": "d",
        "lines": [{"asset": "7", "address": "a@b.example", "state": "blocked", "reasons": [{"code": "embargo"}]}]})
    done = geleit("--json", "send", "7", "--to", "a@b.example", expect=5)
    assert json.loads(done.stderr)["lines"][0]["reasons"] == [{"code": "embargo"}] and done.stdout == b""
    text = geleit("send", "7", "--to", "a@b.example", expect=5).stderr.decode()
    assert "embargo" in text and "a@b.example" in text and len(text.strip().splitlines()) == 1


def test_of_a_large_delivery_what_is_left_out_is_said(server, geleit):
    server.fixed["/api/v1/deliveries/7K3M-9QXD?events_until="] = (200, {
        "delivery": "7K3M-9QXD", "state": "active", "events_before": 4000, "recipients": [
            {"address": "a@b.example", "state": "opened", "files": None, "progress": {"complete": 3, "files": 21}}],
        "events": [{"at": "2026-11-26T20:00:00Z", "kind": "mail.queued", "recipient": "a@b.example", "bytes": None}]})
    text = geleit("delivery", "7K3M-9QXD").stdout.decode()
    assert "  3 of 21 files complete\n4000 earlier events: --until 4000\n2026-11-26T20:00:00Z" in text
    server.fixed["/api/v1/deliveries/7K3M-9QXD?events_until=4000&recipient=a%40b.example"] = (200, {
        "delivery": "7K3M-9QXD", "state": "active", "events_before": 0, "events": [], "recipients": [
            {"address": "a@b.example", "state": "opened", "files": [{"name": "x.tif", "state": "complete", "sent_bytes": 7}]}]})
    text = geleit("delivery", "7K3M-9QXD", "--recipient", "a@b.example", "--until", "4000").stdout.decode()
    assert "complete" in text and "x.tif" in text and "earlier" not in text
    geleit("delivery", "7K3M-9QXD", "--until", "soon", expect=2)


@pytest.mark.parametrize("lost", [1, 3])
def test_a_lost_answer_to_send_is_asked_for_again_and_sends_once(server, geleit, lost):
    server.fixed["/api/v1/deliveries"] = (201, {"delivery": "7K3M-9QXD", "files": [], "recipients": []})
    server.lost = lost
    assert json.loads(geleit("--json", "send", "7", "--to", "a@b.example").stdout)["delivery"] == "7K3M-9QXD"
    keys = [r[2]["Idempotency-Key"] for r in server.requests]
    assert len(keys) == lost + 1 and len(set(keys)) == 1
    geleit("--json", "send", "7", "--to", "a@b.example")
    assert server.requests[-1][2]["Idempotency-Key"] != keys[0]


def test_send_to_no_server_is_told_at_once(geleit):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        url = f"https://localhost:{s.getsockname()[1]}"
    began = time.monotonic()
    geleit("send", "7", "--to", "a@b.example", url=url, expect=3)
    assert time.monotonic() - began < 5


def test_output_that_nobody_can_take_is_a_failure(server, certificate):
    server.fixed["/api/v1/status"] = (200, {"version": "9", "url": "u", "roles": []})
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BUILD / "src/cli/geleit", "--json", "status"], stdout=full, stderr=subprocess.PIPE, timeout=30,
                              env={**os.environ, "GELEIT_URL": f"https://localhost:{server.port}/", "GELEIT_KEY": KEY,
                                   "GELEIT_CA": str(certificate), "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.returncode == 1 and json.loads(done.stderr)["code"] == "output"


def test_waiting_for_a_mail_ends_in_time(server, geleit):
    mail = {"id": "5", "to": "a@b.example", "subject": "s", "state": "queued", "reply": None}
    server.fixed["/api/v1/outbox?to=a%40b.example"] = (200, [mail])
    began = time.monotonic()
    geleit("--json", "outbox", "--to", "a@b.example", "--wait", "1", expect=1)
    assert 1 <= time.monotonic() - began < 5
    mail["state"] = "deferred"
    assert json.loads(geleit("--json", "outbox", "--to", "a@b.example", "--wait", "9").stdout)[0]["state"] == "deferred"


def test_an_answer_that_is_no_json_is_a_failure(server, geleit):
    server.fixed["/api/v1/status"] = (500, b"<html>oops</html>")
    geleit("status", expect=1)
    assert json.loads(geleit("--json", "status", expect=1).stderr)["code"]
