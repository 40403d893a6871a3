# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each role of a serving Geleit really holds, as the kernel tells it."""
import http.client
import json
import os
import pathlib
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from geleit import BUILD, Server, wait_for  # noqa: E402
from pgcluster import Cluster  # noqa: E402

ROLES = ["front", "app", "keeper", "worker", "egress", "media"]


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.split() for k, _, v in (line.partition(":") for line in lines)}


def open_files(pid):
    """What its descriptors from 3 on name."""
    d = pathlib.Path(f"/proc/{pid}/fd")
    return [os.readlink(f) for f in d.iterdir() if int(f.name) > 2]


def is_file(name):
    """front holds blobs/ and parts/ themselves, to open beneath them."""
    return name.startswith("/") and not name.startswith(("/memfd:", "/dev/")) and not os.path.isdir(name)


@pytest.mark.parametrize("role", ROLES)
def test_rights_are_gone_for_good(server, role):
    pids = server.roles(role)
    assert pids
    for pid in pids:
        s = status(pid)
        assert s["NoNewPrivs"] == ["1"] and s["Seccomp"] == ["2"]
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]


@pytest.mark.skipif(os.getuid() != 0, reason="users are told apart only when started as root")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_a_user_of_its_own(server, role):
    want = pwd.getpwnam("geleit-" + role)
    for pid in server.roles(role):
        s = status(pid)
        assert set(s["Uid"]) == {str(want.pw_uid)} and set(s["Gid"]) == {str(want.pw_gid)}
        assert all(int(s[c][0], 16) == 0 for c in ("CapPrm", "CapEff", "CapInh", "CapAmb"))
        assert "0" not in s["Groups"]


def test_keeper_front_egress_and_media_hold_no_file(server):
    """keeper closed the key; front opens a blob only while it sends one."""
    for role in ("keeper", "front", "egress", "media"):
        for pid in server.roles(role):
            assert [f for f in open_files(pid) if is_file(f)] == [], role


def test_the_database_is_open_in_app_and_worker_alone(server):
    if server.db != "sqlite":
        pytest.skip("a server of its own holds it")
    holders = {role for role in ROLES for pid in server.roles(role)
               if any("/db/" in f for f in open_files(pid))}
    assert holders == {"app", "worker"}


@pytest.mark.parametrize("way", ["by its port", "by its unix socket"])
def test_a_database_is_reached_again_when_all_connections_are_cut(cluster, files, way):
    """Rights were given away since: what the address names is what was kept."""
    if cluster is None:
        pytest.skip("SQLite has no connection")
    pg = Cluster()
    socket_dir = pg.dir / "sock"
    for d in (pg.dir, socket_dir):
        os.chmod(d, 0o755)
    port = urllib.parse.urlsplit(pg.url).port
    local = f"postgresql://geleit@/geleit?host={socket_dir}&port={port}"
    s = Server(db=pg.url if way == "by its port" else local).start()
    try:
        before = s.run("upload", files[1])["files"][0]
        for _ in range(2):
            subprocess.run(["psql", "-q", "-d", local, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"], check=True, stdout=subprocess.DEVNULL)
            wait_for(lambda: s.api("GET", f"/api/v1/assets/{before['asset']}").status == 200, 60)
            made = wait_for(lambda: tried(s, files[2]), 60)
            wait_for(lambda: s.api("GET", f"/api/v1/assets/{made}").json()["version"]["sha256"], 60)    # the worker's part
        ask = "SELECT count(*), count(client_addr) FROM pg_stat_activity WHERE application_name = 'geleit'"
        every, by_tcp = map(int, subprocess.run(["psql", "-qtAF ", "-d", local, "-c", ask], check=True, capture_output=True,
                                                text=True).stdout.split())
        assert every >= 4 and by_tcp == (every if way == "by its port" else 0)
    finally:
        s.remove()
        pg.remove()


def tried(server, path):
    """While connections come back an upload may be told to come again."""
    done = subprocess.run([BUILD / "src/cli/geleit", "--dir", server.dir, "--json", "upload", path], capture_output=True, text=True)
    return done.returncode == 0 and json.loads(done.stdout)["files"][0]["asset"]


def test_no_role_inherits_the_lock_of_the_folder(server):
    for role in ROLES:
        for pid in server.roles(role):
            assert not any(f.endswith("server.lock") for f in open_files(pid)), role


@pytest.mark.parametrize("apps", [1, 2])
def test_few_apps_take_what_is_heavy_too(fresh, files, apps):
    s = fresh(settings=[f"server.apps={apps}"]).start()
    assert len(s.roles("app")) == apps + 1      # and the one that takes passwords
    doc = s.run("upload", files[3])["files"][0]
    assert s.api("GET", f"/api/v1/assets/{doc['asset']}/versions/{doc['version']}/content").body == files[3].read_bytes()


def test_a_role_that_dies_comes_back_and_is_listed(fresh):
    s = fresh(settings=["server.fronts=2"]).start()     # one serves while the other is started
    try:
        for role in ROLES:
            old = s.roles(role)
            os.kill(old[0], signal.SIGKILL)
            wait_for(lambda: len(new := s.roles(role)) == len(old) and old[0] not in new, 60)
        # all of them at once
        pids = [p for role in ROLES for p in s.roles(role)]
        for p in pids:
            os.kill(p, signal.SIGKILL)
        wait_for(lambda: answers(s, without=set(pids)), 60)
    finally:
        assert s.stop() == 0


def answers(s, without):
    try:
        there = {p for role in ROLES for p in s.roles(role)}
        return s.api("GET", "/api/v1/status").status == 200 and len(s.roles("keeper")) == 1 and not there & without
    except (OSError, AssertionError):
        return False


def test_the_end_is_in_time_and_leaves_nobody(fresh):
    s = fresh().start()
    pids = [p for role in ROLES for p in s.roles(role)]
    start = time.monotonic()
    assert s.stop() == 0
    assert time.monotonic() - start < 10
    assert not any(os.path.exists(f"/proc/{p}") for p in pids)


def test_a_refused_start_keeps_none_of_its_options(server, fresh):
    s = fresh().start()
    assert s.stop() == 0
    conf = s.dir / "geleit.conf"
    before = conf.read_bytes(), conf.stat().st_mtime_ns
    program = str(BUILD / "src/roles/geleitd")
    for options in (["--listen", f"127.0.0.1:{server.port}"], ["--set", "no.such=1"], ["--db", "postgresql://nobody@127.0.0.1:1/x"]):
        done = subprocess.run([program, "run", "--dir", str(s.dir), "--set", "limits.code_tries=3", *options],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert (conf.read_bytes(), conf.stat().st_mtime_ns) == before, options
    s.settings = ["limits.code_tries=3"]
    s.start()
    assert "limits.code_tries = 3" in conf.read_text()


def test_as_many_processes_as_may_be(fresh, tmp_path):
    """What a machine of many cores starts by itself."""
    s = fresh(settings=["server.fronts=8", "server.apps=16", "clamd.socket=/nonexistent/clamd", "malware.unscanned=allow"]).start()
    roles = [r["role"] for r in s.run("status")["roles"]]
    assert {r: roles.count(r) for r in roles} == {"master": 1, "keeper": 1, "app": 17, "worker": 1, "egress": 1, "media": 1, "scan": 1, "front": 8}
    path = tmp_path / "viele.txt"
    path.write_bytes(b"x" * 1000)
    assert s.run("upload", path)["files"][0]["asset"]
    for role, index in (("front", 7), ("app", 16)):
        before = s.roles(role)
        s.kill(role, index)
        wait_for(lambda: len(now := s.roles(role)) == len(before) and now != before)
    assert s.stop() == 0
    done = subprocess.run([BUILD / "src/roles/geleitd", "run", "--dir", s.dir, "--set", "server.fronts=9"], capture_output=True, text=True)
    assert done.returncode != 0 and "server.fronts: not from 0 to 8" in done.stderr, done.stderr


@pytest.mark.skipif(os.environ.get("GELEIT_TEST_DB") == "postgresql", reason="SQLite's lock")
def test_who_holds_the_database_too_long_is_ended(server):
    """Its note in the lock file says who and since when; here one that never let go."""
    pid = server.roles("app")[1]

    def is_ended():
        """The worker, who looks for work once a second, writes over the note."""
        alive = server.roles("app")
        if pid in alive:
            (server.dir / "db/lock").write_text(f"{pid:<10} {1:<36}\n")
        return pid not in alive and len(alive) > 1
    wait_for(is_ended)
    assert "app.1 held the database for over 10 s" in server.log_text()


def test_the_address_may_be_written_as_people_do(fresh):
    """A request's Host is in lower case and without the port of https, whatever server.url has."""
    s = fresh()
    s.url = f"https://LocalHost:{s.port}"
    s.start()
    assert s.request("GET", "/imprint").status == 200
    assert s.run("status")["url"] == s.url and s.stop() == 0


def test_a_certificate_for_an_address_of_ipv6(fresh):
    s = fresh()
    s.url = f"https://[2001:db8::1]:{s.port}"
    s.start()
    names = subprocess.check_output(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", s.dir / "tls/cert.pem"], text=True)
    assert "IP Address:2001:DB8:0:0:0:0:0:1" in names and s.stop() == 0


def served_certificate(server):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), 10) as s, context.wrap_socket(s) as t:
        return ssl.DER_cert_to_PEM_cert(t.getpeercert(True))


def all_serve(server, pem):
    """Each front loads it by itself, and chance decides whom a connection meets."""
    return {served_certificate(server).strip() for _ in range(8)} == {pem.strip()}


def renew(server, days):
    """Replaced in place, not loaded yet; when it ends, as RFC 3339."""
    new, key = server.dir / "new-cert.pem", server.dir / "new.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", new],
                   check=True, capture_output=True)
    (server.dir / "tls/key.pem").write_bytes(key.read_bytes())
    (server.dir / "tls/cert.pem").write_bytes(new.read_bytes())
    end = subprocess.check_output(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", new], text=True)
    return end.strip().removeprefix("notAfter=").replace(" ", "T")


def test_a_new_certificate_needs_no_restart(server):
    """Files replaced in place, SIGHUP: new connections get it, a running one goes on; a bad file changes nothing."""
    cert = server.dir / "tls/cert.pem"
    old = served_certificate(server)
    running = http.client.HTTPSConnection("localhost", server.port, context=server.context(), timeout=30)
    running.request("GET", "/imprint")
    assert running.getresponse().read()
    cert.write_text("no certificate\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "the old certificate stays" in server.log_text())
    assert served_certificate(server) == old
    renew(server, 2)
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: all_serve(server, cert.read_text()))
    running.request("GET", "/imprint")
    assert running.getresponse().status == 200
    running.close()


def test_the_health_check_tells_when_the_certificate_ends(server):
    def told(days):
        end = renew(server, days)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: all_serve(server, (server.dir / "tls/cert.pem").read_text()))
        return end, lambda: next(c for c in server.api("GET", "/api/v1/health").json()["checks"] if c["code"] == "certificate")

    end, check = told(3)
    wait_for(lambda: check() == {"code": "certificate", "ok": False, "detail": f"it ends at {end}"})
    _, check = told(400)
    wait_for(lambda: check()["ok"])
