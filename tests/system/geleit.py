# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real server and real clients, for the system tests.

Server runs script/server's program on a folder of its own; Recipient is a plain
HTTPS client that does what a browser does with the forms.  Nothing is faked.
"""
import base64
import contextlib
import email
import email.policy
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

import outbound

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds=60.0, every=0.05):
    """Poll until what() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


def web_packages():
    """Playwright and axe are of web/'s lock, for all tests: tests/run.py installs them, a file run alone says how."""
    missing = [name for name in ("playwright-core", "axe-core") if not (ROOT / "web/node_modules" / name).is_dir()]
    assert not missing, f"{' and '.join(missing)} not there: npm ci --ignore-scripts --prefix web"


class Server:
    def __init__(self, db="sqlite", settings=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-", dir="/tmp")) / "var"
        os.chmod(self.dir.parent, 0o755)
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.db = db
        self.settings = list(settings)
        self.process = None
        self.ready = False      # since the last start: what never was may end with any code
        self.patience = 30      # seconds for one answer
        self.says = {}          # GELEIT_URL and the like, for every command
        self.build = BUILD      # where geleitd and its programs lie, when bare
        self.bare = bool(os.environ.get("GELEIT_TEST_BELOW"))   # geleitd itself: whoever starts it need not be able to build
        self.watched = outbound.wanted()
        self.also_named = set()     # addresses that a test sets later, see outbound.py
        self.given = []             # settings of every start: DIR keeps them
        self.connects, self.read_traces = None, set()

    def start(self, extra=(), demo=False, own_session=False, pass_fds=(), below=()):
        self.ready = False
        program = [str(self.build / "src/roles/geleitd"), "run"] if self.bare else [
            str(ROOT / "script/server"), "--no-install", *([] if demo else ["--empty"])]
        watch = self.watch() if self.watched else []
        below = [*os.environ.get("GELEIT_TEST_BELOW", "").split(), *map(str, below)]
        argv = [*watch, *below, *program, "--dir", str(self.dir), "--listen", f"127.0.0.1:{self.port}", "--url", self.url,
                "--db", self.db]
        for s in self.settings:
            argv += ["--set", s]
        self.given += [*self.settings, *(value for word, value in zip(extra, extra[1:]) if word == "--set")]
        self.log = open(self.dir.parent / "log", "ab")
        self.process = subprocess.Popen([*argv, *extra], stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        start_new_session=own_session, pass_fds=pass_fds, env={**os.environ, "GELEIT_BUILD": str(BUILD)})
        self.said = []
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        wait_for(lambda: self.said or self.process.poll() is not None, 300)      # script/server may have to build
        if not self.said or not self.said[0].startswith("ready "):
            self.process.wait(10)
            raise AssertionError("not ready: " + self.log_text()[-2000:])
        self.ready = True
        return self

    def watch(self):
        """What stands before the command, after a look at what the last start asked."""
        outbound.read_once(self)
        self.connects = self.dir.parent / f"connects-{len(self.read_traces)}"
        return outbound.tracer(self.connects)

    def read(self, stdout):
        with contextlib.suppress(ValueError):       # closed by stop()
            for line in stdout:
                self.said.append(line.strip())

    def sign_in_token(self):
        """The token of the one-time link that this start printed."""
        line = wait_for(lambda: [w for w in self.said if w.startswith("sign-in ")])[0]
        assert line.startswith(f"sign-in {self.url}/app/sign-in#token="), line
        return line.split("=", 1)[1]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        code = self.process.returncode if self.process else None
        if self.process:
            self.reader.join(5)
            self.process.stdout.close()
            self.log.close()
        if self.process and self.watched:
            outbound.read_once(self)
        return code

    def remove(self):
        """A server that ends badly fails whoever used it, also where no test looked at stop()."""
        code = self.stop()
        said = self.log_text()[-2000:] if code else ""
        shutil.rmtree(self.dir.parent, ignore_errors=True)
        assert not (self.ready and code), f"the server ended with {code}: {said}"

    def log_text(self):
        return (self.dir.parent / "log").read_text(errors="replace")

    def run(self, *args, expect=0, env=None):
        """geleit with --json: its document, after checking the exit code."""
        done = subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(self.dir), "--json", *map(str, args)],
                              capture_output=True, text=True, timeout=180, env={**os.environ, **self.says, **(env or {})})
        assert done.returncode == expect, (args, done.returncode, done.stdout, done.stderr, self.log_text()[-1500:])
        text = done.stdout if done.stdout.strip() else done.stderr
        try:
            return json.loads(text) if text.strip() else None
        except json.JSONDecodeError:
            return text

    def roles(self, name):
        return [r["pid"] for r in self.run("status")["roles"] if r["role"] == name]

    def kill(self, name, index=0):
        os.kill(self.roles(name)[index], signal.SIGKILL)

    def authority(self):
        """Who vouches for what the address shows."""
        return self.says.get("GELEIT_CA", self.dir / "tls/cert.pem")

    def context(self):
        return ssl.create_default_context(cafile=str(self.authority()))

    def key(self):
        return (self.dir / "admin.key").read_text().strip()

    def request(self, method, path, body=None, headers=None):
        c = http.client.HTTPSConnection("localhost", self.port, context=self.context(), timeout=self.patience)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return Answer(r, r.read())
        finally:
            c.close()

    def api(self, method, path, body=None, headers=None):
        h = {"Authorization": "Bearer " + self.key(), **(headers or {})}
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        return self.request(method, path, data, h)

    def mails(self, address):
        return [m for m in self.run("outbox", "--to", address)]

    def code_for(self, address, after=0):
        """The digits of the newest code mail in the outbox, when it is composed."""
        def look():
            codes = [m for m in self.mails(address) if "Code" in m["subject"] or "code" in m["subject"]]
            return len(codes) > after and codes[-1]["state"] == "not_sent" and codes[-1]
        mail = wait_for(look)
        done = subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(self.dir), "outbox", "show", mail["id"]],
                              capture_output=True, timeout=30, env={**os.environ, **self.says})
        return digits_of(done.stdout)


def text_of(message):
    """Of a mail, what a program without HTML shows."""
    return email.message_from_bytes(message, policy=email.policy.default).get_body(("plain",)).get_content()


def digits_of(message):
    return re.search(r"\b(\d{3})[  ]?(\d{3})\b", text_of(message)).expand(r"\1\2")


class Answer:
    def __init__(self, r, body):
        self.status, self.headers, self.body = r.status, r.headers, body

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


class Staff:
    """Somebody who signs in: the cookie, and the word against forged requests."""

    def __init__(self, server):
        self.server, self.cookie, self.csrf = server, None, None
        self.known = None       # the cookie of a browser in which somebody has signed in

    def request(self, method, path, body=None, headers=None):
        h = {"Origin": self.server.url, **(headers or {})}
        jar = {"__Host-geleit-s": self.cookie, "__Host-geleit-known": self.known}
        if self.cookie or self.known:
            h.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in jar.items() if v))
        if self.csrf:
            h.setdefault("Geleit-CSRF", self.csrf)
        if body is not None:
            h.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        return self.note(self.server.request(method, path, body, h))

    def note(self, a):
        """Keep the cookie and the word of an answer."""
        m = re.search(r"__Host-geleit-s=([A-Za-z0-9_-]*)(.*)", a.headers.get("Set-Cookie", ""))
        if m:
            assert m.group(2).startswith("; Path=/; Secure; HttpOnly; SameSite=Strict"), a.headers["Set-Cookie"]
            self.cookie = m.group(1) or None
            if a.status == 200:
                told = a.json()
                self.csrf = told.get("session", told)["csrf"]
        for field in a.headers.get_all("Set-Cookie", []):
            m = re.fullmatch(r"__Host-geleit-known=([A-Za-z0-9_-]{43}); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=15552000", field)
            self.known = m.group(1) if m else self.known
        return a

    def post(self, path, **members):
        return self.request("POST", "/api/v1/session" + path, members)

    def enrol(self, token, password="correct horse battery", **person):
        """From a one-time link to signed in; keeps secret and recovery codes."""
        assert self.post("/link", token=token).status == 200
        assert self.post("/password", password=password, **person).status == 200
        self.secret = self.post("/totp-setup").json()["secret"]
        self.spent = self.code()
        done = self.post("/totp-confirm", code=self.spent)
        assert done.status == 200, done.text
        self.recovery = done.json()["recovery_codes"]
        return self

    def code(self, steps=0):
        """What the authenticator shows, or will show some steps from now."""
        counter = struct.pack(">Q", int(time.time()) // 30 + steps)
        mac = hmac.new(base64.b32decode(self.secret), counter, "sha1").digest()
        at = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Recipient:
    """A browser without JavaScript: cookies, forms, one origin."""

    def __init__(self, server, link, address):
        self.server, self.link, self.address = server, link, address
        self.cookie = None
        self.path = None

    def request(self, method, path, body=None, headers=None):
        h = dict(headers or {})
        if self.cookie:
            h["Cookie"] = "__Host-geleit-r=" + self.cookie
        if body is not None:
            h["Content-Type"] = "application/x-www-form-urlencoded"
            h.setdefault("Origin", self.server.url)
        a = self.server.request(method, path, body, h)
        m = re.search(r"__Host-geleit-r=([A-Za-z0-9_-]+)", a.headers.get("Set-Cookie", ""))
        if m:
            self.cookie = m.group(1)
        return a

    def open(self):
        page = self.request("GET", urllib.parse.urlsplit(self.link).path)
        assert page.status == 200
        token = re.search(r'name="token" value="([^"]+)"', page.text).group(1)
        a = self.request("POST", "/r/open", urllib.parse.urlencode({"token": token}))
        if a.status == 303:
            self.path = a.headers["Location"]
        return a

    def page(self):
        return self.request("GET", self.path)

    def csrf(self):
        return re.search(r'name="csrf" value="([^"]+)"', self.page().text).group(1)

    def ask_code(self):
        return self.request("POST", self.path + "/code", urllib.parse.urlencode({"send": 1, "csrf": self.csrf()}))

    def verify(self, code):
        return self.request("POST", self.path + "/verify", urllib.parse.urlencode({"code": code, "csrf": self.csrf()}))

    def prove(self):
        assert self.open().status == 303
        before = len([m for m in self.server.mails(self.address) if "ode" in m["subject"]])
        assert self.ask_code().status == 303
        a = self.verify(self.server.code_for(self.address, before))
        assert a.status == 303, a.text
        return self

    @contextlib.contextmanager
    def stream(self, path, headers=None):
        """An answer read piece by piece: (response, socket)."""
        c = http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context(), timeout=self.server.patience)
        c.request("GET", path, headers={"Cookie": "__Host-geleit-r=" + self.cookie, **(headers or {})})
        try:
            yield c.getresponse(), c
        finally:
            c.close()


def sql(server, text):
    """One statement past the server, and the rows of a SELECT, each a list of texts."""
    if server.db != "sqlite":
        done = subprocess.run(["psql", "-q", "-A", "-t", "-F", "|", server.db, "-c", text], check=True, capture_output=True, text=True)
        return [line.split("|") for line in done.stdout.splitlines()]
    with contextlib.closing(sqlite3.connect(server.dir / "db/geleit.db", timeout=10)) as db, db:
        return [[str(v) for v in row] for row in db.execute(text).fetchall()]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def events_of(server, number):
    return [e["kind"] for e in server.run("delivery", number)["events"]]
