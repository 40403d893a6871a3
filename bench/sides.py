# SPDX-License-Identifier: AGPL-3.0-or-later
"""Geleit and its peers as bench/run.py measures them: started, asked, looked at in /proc, removed."""
import base64
import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/system"))
from geleit import Recipient, Server, free_port, wait_for  # noqa: E402

SUITE = "TLS_AES_128_GCM_SHA256"
SIZE = 1 << 30
PACKED = 1000       # files of the package, which have SIZE bytes together

NGINX = """
worker_processes 1; worker_rlimit_nofile 16384; daemon off; pid {d}/nginx.pid; error_log {d}/error.log warn; {user}
events {{ worker_connections 8192; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  client_body_temp_path {d}/tmp/b; proxy_temp_path {d}/tmp/p; fastcgi_temp_path {d}/tmp/f;
  uwsgi_temp_path {d}/tmp/u; scgi_temp_path {d}/tmp/s;
  ssl_certificate {d}/cert.pem; ssl_certificate_key {d}/key.pem; ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites {suite};
  server {{ listen 127.0.0.1:{port} ssl backlog=2048; root {d}/www;
    location /put/ {{ alias {d}/dav/; client_max_body_size 0; client_body_temp_path {d}/dav/.tmp; dav_methods PUT; }} }} }}
"""


# ---- what /proc says ----

def cpu(pids):
    """Seconds of processor time, user and system, of these processes: by the nanosecond, /proc/PID/stat knows ticks."""
    return sum(int(p.read_text().split()[0]) for pid in pids for p in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def pss(pids):
    """Proportional memory of these processes in bytes."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def settled(pids, seconds=10):
    """Processor time once next to nothing has been used for half a second: late work counts."""
    end, last = time.monotonic() + seconds, cpu(pids)
    while time.monotonic() < end:
        time.sleep(0.5)
        now = cpu(pids)
        if now - last < 0.005:
            break
        last = now
    return last


# ---- the two sides ----

class Nginx:
    name = "nginx"
    roles = {}

    def __init__(self, tls):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-bench-", dir="/tmp"))
        self.port = free_port()
        for d in ("tmp", "www", "dav", "dav/.tmp"):
            (self.dir / d).mkdir()
            os.chmod(self.dir / d, 0o777)
        os.chmod(self.dir, 0o755)
        for n in ("cert.pem", "key.pem"):
            shutil.copy(tls / n, self.dir / n)
        self.cafile = str(self.dir / "cert.pem")
        user = "user www-data;" if os.geteuid() == 0 else ""
        (self.dir / "conf").write_text(NGINX.format(d=self.dir, port=self.port, suite=SUITE, user=user))
        self.process = subprocess.Popen(["nginx", "-p", str(self.dir), "-c", str(self.dir / "conf"),
                                         "-e", str(self.dir / "error.log")], stdin=subprocess.DEVNULL)
        wait_for(self.answers)
        self.work = self.pids()[1:]

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return len(self.pids()) > 1

    def pids(self):
        p = self.process.pid
        kids = pathlib.Path(f"/proc/{p}/task/{p}/children").read_text().split()
        return [p, *map(int, kids)]

    def download(self):
        return "/big", []

    package = download      # one file of the same size

    def upload(self, n, size):
        return f"/put/up{n}", []

    def sync(self, n):
        """What was put is on the disk: nginx leaves that to whoever wants it."""
        fd = os.open(self.dir / f"dav/up{n}", os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)

    def forget(self, n):
        (self.dir / f"dav/up{n}").unlink()

    def small(self):
        return "/small", []

    def remove(self):
        self.process.terminate()
        self.process.wait(12)
        shutil.rmtree(self.dir, ignore_errors=True)


class Geleit:
    name = "Geleit"

    def __init__(self, *settings):
        self.server = Server(settings=[f"tls.ciphersuites={SUITE}", *settings]).start()
        self.port = self.server.port
        self.tls = self.server.dir / "tls"
        self.cafile = str(self.tls / "cert.pem")
        self.work = self.server.roles("front")
        self.roles = {r["pid"]: r["role"] for r in self.server.run("status")["roles"]}

    def pids(self):
        return list(self.roles)

    def offer(self, path):
        doc = self.server.run("send", path, "--release", "cleared", "--to", "bench@customer.test")
        self.reader = Recipient(self.server, doc["recipients"][0]["link"], "bench@customer.test").prove()

    def download(self):
        return self.reader.path + "/file/1", ["Cookie: __Host-geleit-r=" + self.reader.cookie]

    def offer_package(self, path):
        """A thousand pieces of that file, one after another."""
        with open(path, "rb") as f:
            assets = [self.put(f"{i:04}.bin", f.read(length(i))) for i in range(PACKED)]
        wait_for(lambda: self.cleared(assets), 300, 1)
        sent = self.post("/api/v1/deliveries", {"assets": assets, "to": ["package@customer.test"]}).json()
        self.packed = Recipient(self.server, sent["recipients"][0]["link"], "package@customer.test").prove()

    def package(self):
        return self.packed.path + "/all.zip", ["Cookie: __Host-geleit-r=" + self.packed.cookie]

    def offer_picture(self, path):
        """A photo; the bytes of its preview."""
        asset = self.server.run("upload", path)["files"][0]["asset"]
        self.preview = f"/api/v1/assets/{asset}/preview/320"
        wait_for(lambda: self.server.api("GET", self.preview).status == 200, 60)
        return self.server.api("GET", self.preview).body

    def small(self):
        return self.preview, ["Authorization: Bearer " + self.server.key()]

    def put(self, name, data):
        meta = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in (("filename", name), ("release", "cleared")))
        a = self.server.api("POST", "/api/v1/uploads", data, {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": meta,
                                                              "Content-Type": "application/offset+octet-stream"})
        assert a.status == 201, a.text
        return a.headers["Geleit-Asset"]

    def post(self, path, body):
        return self.server.api("POST", path, body, {"Content-Type": "application/json"})

    def cleared(self, assets):
        a = self.post("/api/v1/check", {"assets": assets, "to": ["package@customer.test"]})
        return all(line["state"] == "cleared" for line in a.json()["lines"])

    def sync(self, n):
        pass                    # an answer says that it is

    forget = sync

    def upload(self, n, size):
        a = self.server.api("POST", "/api/v1/uploads", None, {"Tus-Resumable": "1.0.0", "Upload-Length": str(size)})
        assert a.status == 201, a.text
        where = urllib.parse.urlsplit(a.headers["Location"]).path
        return where, ["Authorization: Bearer " + self.server.key(), "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                       "Content-Type: application/offset+octet-stream"]

    def remove(self):
        self.server.remove()


class TusPeer:
    """The tus project's own server on node, of bench/package.json."""
    name = "@tus/server"
    roles = {}

    def __init__(self, tls):
        modules = HERE / "node_modules"
        if not (modules / "@tus/server").is_dir():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--prefix", str(HERE)], check=True, stdout=subprocess.DEVNULL)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-bench-", dir="/tmp"))
        self.port, self.cafile = free_port(), str(tls / "cert.pem")
        self.process = subprocess.Popen(["node", HERE / "tuspeer.mjs", str(self.port), self.dir, tls / "cert.pem", tls / "key.pem", SUITE])
        wait_for(self.answers)
        self.work = self.pids()

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True

    def pids(self):
        return [self.process.pid]

    def upload(self, n, size):
        context = ssl.create_default_context(cafile=self.cafile)
        c = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=30)
        c.request("POST", "/files", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Content-Length": "0"})
        a = c.getresponse()
        assert a.status == 201, a.status
        c.close()
        return urllib.parse.urlsplit(a.headers["Location"]).path, ["Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                                                                   "Content-Type: application/offset+octet-stream"]

    def sync(self, n):
        pass                    # it does not

    def forget(self, n):
        """Or it fills the disk."""
        for p in self.dir.iterdir():
            p.unlink()

    def remove(self):
        self.process.terminate()
        self.process.wait(12)
        shutil.rmtree(self.dir, ignore_errors=True)


def length(i):
    """Of piece i; the last ones have what is left over."""
    return SIZE // PACKED + (i < SIZE % PACKED)


def curl(side, path, fields, *more):
    """One transfer; the seconds it took."""
    argv = ["curl", "-q", "-sS", "--fail", "--http1.1", "--tlsv1.3", "--ipv4", "--cacert", side.cafile, "-H", "Expect:", "-o",
            "/dev/null", "-w", "%{http_code} %{size_download} %{size_upload} %{time_total}", *more]
    with tempfile.NamedTemporaryFile("w", dir="/tmp", prefix="geleit-bench-") as f:
        f.write("".join(h + "\n" for h in fields))
        f.flush()
        done = subprocess.run([*argv, "-H", "@" + f.name, f"https://localhost:{side.port}{path}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    code, down, up, took = (done.stdout.split() + ["0"] * 4)[:4]
    assert done.returncode == 0 and SIZE <= max(int(down), int(up)) < SIZE * 1.001, (side.name, code, done.stdout, done.stderr)
    return float(took)


def connect(side, head=b"", greet=True):
    s = socket.create_connection(("127.0.0.1", side.port), 30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if greet:
        s = side.context.wrap_socket(s, server_hostname="localhost")
    if head:
        s.sendall(head)
    return s
