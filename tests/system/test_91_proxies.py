# SPDX-License-Identifier: AGPL-3.0-or-later
"""The configurations of docs/admin/reverse-proxy.md, each in a real proxy before the real server."""
import contextlib
import datetime
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from conftest import database
from geleit import BUILD, ROOT, Recipient, Server, free_port, sha256, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import document  # noqa: E402
import sealed_fields  # noqa: E402
from scoreboard import system_figure  # noqa: E402

PAGE = "docs/admin/reverse-proxy.md"
SIZE = 64 << 20
TUS = {"Tus-Resumable": "1.0.0"}
SITE = "files.example.com"
NGINX = """
daemon off; worker_processes 2; pid {here}/nginx.pid; error_log {here}/error.log; {user}
events {{ }}
http {{
	client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
	include {here}/site;
}}
"""


# ---- the proxies: what is written into a folder, and the command ----

def nginx(s, port, here):
    (here / "site").write_text(document.filled_in(document.blocks(PAGE, "nginx")["site"], {
        "127.0.0.1:8443": f"127.0.0.1:{s.port}", "listen 80;": f"listen 127.0.0.1:{free_port()};", "listen 443 ": f"listen 127.0.0.1:{port} ",
        SITE: "localhost", "/etc/letsencrypt/live/localhost/fullchain.pem": here / "cert.pem",
        "/etc/letsencrypt/live/localhost/privkey.pem": here / "key.pem", "/srv/geleit/tls/cert.pem": s.dir / "tls/cert.pem",
        "/var/log/nginx/": f"{here}/"}))
    (here / "nginx.conf").write_text(NGINX.format(here=here, user="user www-data;" if os.getuid() == 0 else ""))
    return ["/usr/sbin/nginx", "-p", here, "-c", here / "nginx.conf", "-e", here / "error.log"]


def haproxy(s, port, here):
    (here / "site.pem").write_text((here / "cert.pem").read_text() + (here / "key.pem").read_text())
    mine = {"user haproxy": "", "group haproxy": ""} if os.getuid() != 0 else {}
    (here / "haproxy.cfg").write_text(document.filled_in(document.blocks(PAGE, "haproxy")["whole"], {
        "127.0.0.1:8443": f"127.0.0.1:{s.port}", "bind :80": f"bind 127.0.0.1:{free_port()}", "bind :443 ": f"bind 127.0.0.1:{port} ",
        f"/etc/haproxy/{SITE}.pem": here / "site.pem", "/etc/haproxy/geleit.pem": s.dir / "tls/cert.pem", **mine}))
    return ["/usr/sbin/haproxy", "-db", "-f", here / "haproxy.cfg"]


def caddy(s, port, here):
    text = document.filled_in(document.blocks(PAGE, "caddy")["whole"], {
        f"{SITE} {{": f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {here}/cert.pem {here}/key.pem",
        "127.0.0.1:8443": f"127.0.0.1:{s.port}", "/etc/caddy/geleit.pem": s.dir / "tls/cert.pem"})
    options = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {here}/storage\n}}\n"   # nothing outside of this folder
    (here / "Caddyfile").write_text(options + text)
    return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", here / "Caddyfile"]


def certificate_of_an_authority(here):
    """What a proxy shows: nobody who trusts Geleit's own certificate alone trusts it."""
    def made(name, subject, extension, *signed):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject,
                        "-addext", extension, *signed, "-keyout", here / f"{name}key.pem", "-out", here / f"{name}cert.pem"], check=True, capture_output=True)
    made("ca-", "/CN=Another authority", "keyUsage=critical,keyCertSign")
    made("", "/CN=localhost", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
         "-CA", here / "ca-cert.pem", "-CAkey", here / "ca-key.pem")
    return here / "ca-cert.pem"


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture(scope="module", params=[nginx, haproxy, caddy], ids=lambda f: f.__name__)
def proxied(request, cluster, tmp_path_factory):
    """Geleit, which people reach through the proxy alone; .straight is its own port."""
    which = request.param
    if not pathlib.Path(f"/usr/sbin/{which.__name__}").exists() and not pathlib.Path(f"/usr/bin/{which.__name__}").exists():
        pytest.skip(f"{which.__name__} is not installed (script/packages install test)")
    s = Server(db=database(cluster))
    port = free_port()
    s.url = f"https://localhost:{port}"
    settings = document.filled_in(document.blocks(PAGE, "ini")["settings"], {"127.0.0.1:8443": f"127.0.0.1:{s.port}", f"https://{SITE}": s.url})
    s.settings = settings.replace(" = ", "=").splitlines()
    s.start()
    here = s.dir.parent / "proxy"
    here.mkdir()
    here.chmod(0o755)
    s.says = {"GELEIT_CA": str(certificate_of_an_authority(here))}
    argv = which(s, port, here)
    with open(here / "said", "wb") as said:
        process = subprocess.Popen(list(map(str, argv)), stdout=said, stderr=said, cwd=here, env={**os.environ, "HOME": str(here)})
    try:
        wait_for(lambda: is_open(port) or process.poll() is not None)
        assert process.poll() is None, (here / "said").read_text()
        s.straight, s.port, s.proxy = s.port, port, which.__name__
        yield s
        s.port = s.straight
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        s.remove()


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("proxies") / "big.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture(scope="module")
def sent(proxied, big):
    """The file, by tus through the proxy, and who may have it."""
    up = proxied.run("upload", big)["files"][0]
    proxied.run("release", up["asset"], "cleared")
    number = proxied.run("send", up["asset"], ROOT / "LICENSE", "--release", "cleared", "--to", "anna@customer.test")
    anna = Recipient(proxied, number["recipients"][0]["link"], "anna@customer.test").prove()
    anna.number, anna.sha256 = number["delivery"], up["sha256"]
    return anna


def test_what_an_administrator_runs_on_the_machine_goes_past_the_proxy(proxied, tmp_path):
    """The certificate that the proxy shows is neither Geleit's nor of an authority that this system knows."""
    env = {**os.environ, "DIR": str(proxied.dir), "PATH": f"{BUILD}/src/cli:{os.environ['PATH']}"}
    health = document.blocks("docs/admin/watching.md")["health"]
    for command in ('geleit --dir "$DIR" status', health):
        done = subprocess.run(["sh", "-eu", "-c", command], env=env, capture_output=True, text=True)
        assert done.returncode != 0 and "certificate" in done.stderr, (command, done)
    straight = document.filled_in(document.blocks(PAGE)["straight"], {"localhost:8443": f"localhost:{proxied.straight}"})
    (tmp_path / "a.bin").write_bytes(b"a" * 100_000)
    said = document.run(f"""{straight}
{health}
geleit --dir "$DIR" status
geleit --dir "$DIR" jobs
geleit --dir "$DIR" outbox
geleit --dir "$DIR" send {tmp_path}/a.bin --release cleared --to jo@customer.test""", env)
    assert '"checks":[' in said and f"{proxied.url}/r/" in said, said


def test_64_mib_arrive_whole(sent, big):
    assert sent.sha256 == sha256(big.read_bytes())


def test_an_upload_is_not_buffered(proxied):
    """What was sent is with Geleit while the rest is still to come."""
    where = proxied.api("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": str(4 << 20)}).headers["Location"]
    path = where.removeprefix(proxied.url)
    c = http.client.HTTPSConnection("localhost", proxied.port, context=proxied.context(), timeout=60)
    c.putrequest("PATCH", path)
    for name, value in {**TUS, "Authorization": "Bearer " + proxied.key(), "Content-Type": "application/offset+octet-stream",
                        "Upload-Offset": "0", "Content-Length": str(4 << 20)}.items():
        c.putheader(name, value)
    c.endheaders(os.urandom(2 << 20))
    parts = proxied.dir / "parts"
    wait_for(lambda: sum(p.stat().st_size for p in parts.rglob("*") if p.is_file()) > 1 << 20)
    c.send(os.urandom(2 << 20))
    r = c.getresponse()
    assert r.status == 204 and r.headers["Upload-Offset"] == str(4 << 20)
    c.close()


def test_ranges_come_as_asked(sent, big):
    data = big.read_bytes()
    for asked, want in (("bytes=0-0", data[:1]), ("bytes=1000000-3000000", data[1000000:3000001]), ("bytes=-70000", data[-70000:])):
        a = sent.request("GET", f"{sent.path}/file/1", None, {"Range": asked})
        assert (a.status, sha256(a.body)) == (206, sha256(want)), asked
    whole = sent.request("HEAD", f"{sent.path}/file/1")
    assert whole.status == 200 and whole.headers["Content-Length"] == str(SIZE) and whole.headers["ETag"] and "Content-Encoding" not in whole.headers
    assert sent.request("GET", f"{sent.path}/file/1", None, {"Range": f"bytes={SIZE}-"}).status == 416


def test_a_zip_comes_whole(sent, tmp_path):
    """Both files: 64 MiB and more at once."""
    a = sent.request("GET", sent.path + "/all.zip")
    assert a.status == 200 and len(a.body) == int(a.headers["Content-Length"])
    (tmp_path / "all.zip").write_bytes(a.body)
    assert subprocess.run(["unzip", "-tq", tmp_path / "all.zip"], capture_output=True).returncode == 0


def test_the_client_is_in_the_history(proxied):
    """127.0.0.5 asks the proxy, which asks from 127.0.0.1; what the client says of himself is not taken."""
    for spoof in ({}, {"X-Forwarded-For": "203.0.113.9"}):
        link = proxied.run("send", ROOT / "LICENSE", "--release", "cleared", "--to", "carl@customer.test")["recipients"][0]["link"]
        c = http.client.HTTPSConnection("localhost", proxied.port, context=proxied.context(), timeout=30, source_address=("127.0.0.5", 0))
        c.request("POST", "/r/open", f"token={link.rsplit('/', 1)[1]}",
                  {"Origin": proxied.url, "Content-Type": "application/x-www-form-urlencoded", **spoof})
        assert c.getresponse().status == 303
        c.close()
        assert sealed_fields.fields(proxied, "ip")[-1] == ("recipient.opened", "127.0.0.5"), spoof


def test_limits_of_the_proxy_do_not_bite(proxied):
    """A head as large as Geleit takes, and its own words for what it refuses."""
    a = proxied.request("GET", "/api/v1/status?" + "x" * 4000, None, {f"X-Long-{i}": "y" * 3600 for i in range(2)} | {"Cookie": "z=" + "z" * 3000})
    assert a.status == 401 and a.json()["status"] == 401, a.text
    if proxied.proxy == "caddy":
        return      # it cuts who goes on sending what was refused, as the page says
    a = proxied.api("POST", "/api/v1/deliveries", "x" * (6 << 20), {"Content-Type": "application/json"})
    assert a.status == 413 and a.json()["code"] == "too-large", a.text


def curl(proxied, method, path, *more):
    """By HTTP/2, as browsers do: (version, status, body)."""
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", proxied.authority(), "-X", method, "-H", "Authorization: Bearer " + proxied.key(),
                           "-w", "\\n%{http_version} %{http_code}", *more, f"{proxied.url}{path}"], capture_output=True)
    assert done.returncode == 0, done.stderr
    body, _, told = done.stdout.rpartition(b"\n")
    version, status = told.decode().split()
    return version, int(status), body


def test_http_2_goes_both_ways(proxied, tmp_path):
    """Geleit speaks HTTP/1.1; what people's browsers speak with the proxy is HTTP/2."""
    data = os.urandom(3 << 20)
    (tmp_path / "data").write_bytes(data)
    where = proxied.api("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": str(len(data))}).headers["Location"].removeprefix(proxied.url)
    assert curl(proxied, "PATCH", where, "-H", "Tus-Resumable: 1.0.0", "-H", "Content-Type: application/offset+octet-stream", "-H", "Upload-Offset: 0",
                "--data-binary", f"@{tmp_path}/data")[:2] == ("2", 204)
    up = proxied.run("upload", tmp_path / "data")["files"][0]
    content = f"/api/v1/assets/{up['asset']}/versions/{up['version']}/content"
    assert curl(proxied, "GET", content) == ("2", 200, data)
    assert curl(proxied, "GET", content, "-H", "Range: bytes=1000000-2999999") == ("2", 206, data[1000000:3000000])


def test_revoked_in_the_middle(proxied, sent):
    """The last test of the module: the link is dead after it.  What proxy and kernel held still comes, no more."""
    def ended():
        at = {e["kind"]: e["at"] for e in proxied.run("delivery", sent.number)["events"]}
        return "download.interrupted" in at and [datetime.datetime.fromisoformat(at[kind]) for kind in ("delivery.revoked", "download.interrupted")]
    with sent.stream(f"{sent.path}/file/1") as (r, _):
        got = len(r.read(1 << 20))
        proxied.run("revoke", sent.number, "--reason", "wrong")
        revoked, cut = wait_for(ended)
        came = rest_of(r)
    assert got + came < SIZE
    suite, command = f"behind {proxied.proxy}", "pytest tests/system/test_91_proxies.py"
    system_figure(suite, round((cut - revoked).total_seconds(), 2), "s from a revocation until the download that ran was cut", command)
    system_figure(suite, round(came / 1e6, 1), "MB that proxy and kernel held then still came", command)
    assert sent.request("GET", f"{sent.path}/file/1").status == 403


def rest_of(r):
    came = 0
    with contextlib.suppress(http.client.HTTPException, OSError):
        while piece := r.read1(65536):
            came += len(piece)
    return came
