# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command in the documents is run as it stands there, or says here why not.

A command stands in a fenced block "```sh NAME".  What a reader puts in himself is a variable ($DIR) in the block, or a
word that the test replaces by name (document.filled_in).
"""
import http.client
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.parse
import zipfile

import pytest

import outbound
from geleit import BUILD, ROOT, sql, wait_for
from mailrig import MailRig

sys.path.insert(0, str(ROOT / "tests/lib"))
import document  # noqa: E402
from clamd import EICAR, Clamd  # noqa: E402

ELSEWHERE = {"docs/admin/backup.md": "tests/system/test_89_backup.py", "docs/admin/reverse-proxy.md": "tests/system/test_91_proxies.py"}
NOT_RUN = {
    "README.md#two commands": "installs packages and runs this very test",
    "README.md#serve": "runs until it is ended; every system test starts the server so",
    "README.md#relay": "likewise, and speaks to a relay that does not exist; smtp.md's is run against a real one",
    "docs/admin/install.md#packages": "apt",
    "docs/admin/install.md#certbot": "apt, and asks a certificate authority",
    "docs/admin/watching.md#packages": "apt",
    "docs/admin/backup.md#packages sqlite": "apt",
    "docs/admin/backup.md#packages postgresql": "apt",
    "docs/admin/malware.md#packages": "apt",
    "docs/admin/database.md#packages": "apt",
    "docs/internals/memory-checks.md#fuzz": "minutes for each target; tests/run.py runs the same for seconds",
    "docs/internals/memory-checks.md#valgrind": "a build of its own, and hours",
    "docs/internals/memory-checks.md#analyze": "minutes; tests/run.py --long runs it",
    "docs/adding/event-kind.md#vector": "writes into the tree; the unit test model/event compares the same text",
}
HERE = {}
COMMAND = re.compile(r"^ {4}(script/|tests/|tools/|bench/|build/|geleit |geleitd |apt|systemctl|sudo |meson |ninja |npm |curl |cd |[A-Z_]+=\S+ \S)")


def runs(page, *names):
    """These blocks are run by the test that follows."""
    def mark(test):
        HERE.update({f"{page}#{name}": test.__name__ for name in names})
        return test
    return mark


def block(page, name, **places):
    assert f"{page}#{name}" in HERE
    return document.filled_in(document.blocks(page)[name], places)


def pages():
    """All of them but those of packages."""
    below = [p for top in ("bench", "demo", "docs", "schema", "script", "src", "tests", "tools") for p in (ROOT / top).rglob("*.md")]
    return sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *below] if "node_modules" not in p.parts)


def every_block():
    """page#name of each block of commands; one without a name has its line."""
    for page in pages():
        text = (ROOT / page).read_text()
        fences = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.startswith("```")]
        for n, line in fences[::2]:
            language, _, name = line[3:].strip().partition(" ")
            if language in ("sh", "bash", "shell", "console"):
                yield f"{page}#{name}" if name and language == "sh" else f"{page}, line {n}: a block without a name"


def env(s, tmp_path, **more):
    return {**os.environ, "DIR": str(s.dir), "TMP": str(tmp_path), "GELEIT_BUILD": str(BUILD), "PATH": f"{BUILD}/src/cli:{os.environ['PATH']}", **more}


def test_every_block_is_run_or_has_a_reason():
    found = list(every_block())
    known = HERE.keys() | NOT_RUN.keys()
    assert len(found) == len(set(found)) > 20
    for key in found:
        page = key.partition("#")[0]
        assert key in NOT_RUN or (key in HERE) != (page in ELSEWHERE), f"{key}: run it here, or say why not"
    assert known <= set(found), known - set(found)
    for page, test in ELSEWHERE.items():
        assert page in (ROOT / test).read_text()
        for key in found:
            name = key.partition("#")[2]
            assert page not in key or key in NOT_RUN or name in (ROOT / test).read_text() or name.split()[0] in ("backup", "restore"), key


def test_no_command_hides_in_an_indented_block():
    """Nor a configuration in a guide for administrators: nobody would know that a test reads it."""
    for page in pages():
        inside = False
        for line in (ROOT / page).read_text().splitlines():
            inside ^= line.startswith("```")
            assert inside or not COMMAND.match(line), (page, line)
            assert inside or not page.startswith("docs/admin/") or not line.startswith("    "), (page, line)


def test_links_between_pages_lead_somewhere():
    for page in pages():
        text = (ROOT / page).read_text()
        here = (ROOT / page).parent
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (here / target).exists(), (page, target)
        for target in re.findall(r"`((?:docs|src|script|tools|tests|schema|bench|demo|web)/[\w./-]+)`", text):
            assert re.search("NAME|TARGET|dist", target) or (ROOT / target.rstrip("/")).exists(), (page, target)


def with_programs(e, tmp_path, **programs):
    """What stands for programs of the host: each writes down what it is asked for, then does what is said here."""
    own = tmp_path / "programs"
    own.mkdir(exist_ok=True)
    for name, text in programs.items():
        (own / name).write_text(f'#!/bin/sh\nset -eu\necho "{name} $*" >>"$CALLS"\n{text}\n')
        (own / name).chmod(0o755)
    return {**e, "PATH": f"{own}:{e['PATH']}", "CALLS": str(tmp_path / "calls")}


# systemd's, of the unit that is asked for: what is in the file $JOURNAL
JOURNALCTL = """
[ "$1 $2 $3 $4" = "-u geleit -o cat" ]
case $5 in
-g) [ "$7" = -n ]; grep -P -e "$6" "$JOURNAL" | tail -n "$8" ;;
--since) cat "$JOURNAL" ;;
*) exit 2 ;;
esac
"""


# ---- README.md, CONTRIBUTING.md, bench/ ----

@runs("README.md", "send", "outbox", "follow")
def test_the_main_job(server, tmp_path):
    e = env(server, tmp_path, GELEIT_URL=server.url, GELEIT_KEY=server.key(), GELEIT_CA=str(server.dir / "tls/cert.pem"))
    program = {"script/geleit": f"{ROOT}/script/geleit"}
    said = document.run(f'cd "$TMP"\n{block("README.md", "send", **program)}', e)
    number = re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b", said)[0]
    assert f"{server.url}/r/" in said
    waiting = wait_for(lambda: [m for m in server.mails("you@example.com") if m["state"] == "not_sent"])[0]
    said = document.run(block("README.md", "outbox", **program, ID=waiting["id"]), e)
    assert "not_sent" in said or "not sent" in said
    assert "Subject:" in said and "you@example.com" in said
    said = document.run(block("README.md", "follow", **program, NUMBER=number), e)
    assert "you@example.com" in said
    assert server.run("delivery", number)["state"] == "revoked"


@runs("CONTRIBUTING.md", "one test")
def test_the_tests_a_contributor_is_sent_to_are_there():
    lines = dict(line.split(None, 1) for line in block("CONTRIBUTING.md", "one test").splitlines())
    assert list(lines) == ["ninja", "meson", "/usr/bin/python3", "node"]
    suite, alone = re.search(r"--suite (\w+) .* (\S+)$", lines["meson"]).groups()
    there = subprocess.run(["meson", "test", "-C", BUILD, "--list", "--no-rebuild", "--suite", suite], capture_output=True, text=True, check=True)
    assert re.search(rf" / {alone}$", there.stdout, re.M), there.stdout
    for name in re.findall(r"tests/\S+", " ".join(lines.values())):
        assert (ROOT / name).is_file(), name


def test_options_of_the_benches_exist():
    """An option that stands in a paragraph of bench/README.md is told by the help of a program that stands there, too."""
    def help_of(program):
        done = subprocess.run([sys.executable, ROOT / program, "--help"], capture_output=True, text=True, cwd=ROOT)
        return set(re.findall(r"--[\w-]+", done.stdout)) if done.returncode == 0 else set()

    tried = 0
    for paragraph in re.split(r"\n\n|^# .*$", (ROOT / "bench/README.md").read_text(), flags=re.M):
        code = re.findall(r"`[^`]*`", paragraph)
        options = {o for c in code for o in re.findall(r"--[\w-]+", c)}
        programs = {p for c in code for p in re.findall(r"bench/\w+\.py", c)}
        assert not options or options <= set.union(set(), *map(help_of, programs)), paragraph
        tried += len(options)
    assert tried > 8


# ---- docs/user ----

ADDRESS = "j.sommer@hafenkontor.example"


@pytest.mark.parametrize("page", ["docs/user/sending.de.md", "docs/user/sending.en.md"])
def test_sending_as_the_guide_says(server, page, tmp_path):
    """The commands stand in its sentences, in their order; what is in capitals the reader knows from what was printed before."""
    commands = re.findall(r"`(geleit [^`]+)`", (ROOT / page).read_text())
    assert len(commands) == 13
    e = env(server, tmp_path)
    at, known = tmp_path / "here", {"ADRESSE": ADDRESS, "ADDR": ADDRESS, "…": ADDRESS}
    at.mkdir()
    name = re.search(r"geleit upload (\S+)", commands[0])[1]
    (at / name).write_bytes(os.urandom(1000))
    for command in commands:
        if "outbox show" in command:
            known |= dict.fromkeys(("NR", "ID"), wait_for(lambda: [m for m in server.mails(ADDRESS) if m["state"] == "not_sent"])[0]["id"])
        words = [known.get(w, w) for w in shlex.split(command)[1:]]
        done = subprocess.run([BUILD / "src/cli/geleit", "--dir", server.dir, *words], cwd=at, env=e, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if command == commands[0]:
            asset = server.api("GET", "/api/v1/assets?limit=1").json()["assets"][0]["asset"]
            assert re.search(rf"\b{asset}\b", done.stdout), done.stdout
            known |= {"KENNUNG": asset, "ID": asset}
        if number := re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b", done.stdout):
            known.update(dict.fromkeys(("NUMMER", "NUMBER"), number[0]))


@runs("docs/user/commandline.md", "key")
def test_a_key_that_may_only_do_what_is_needed(server, tmp_path):
    said = document.run(block("docs/user/commandline.md", "key", **{"geleit key": f"geleit --dir {server.dir} key"}), env(server, tmp_path))
    key = re.search(r"\bglt\w+|\S{40,}", said)[0]
    assert server.request("GET", "/api/v1/assets", None, {"Authorization": "Bearer " + key}).status == 200
    assert server.request("GET", "/api/v1/people", None, {"Authorization": "Bearer " + key}).status == 403


# ---- docs/admin/install.md ----

INSTALL = "docs/admin/install.md"


def unit():
    text = document.blocks(INSTALL, "ini")["unit"]
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@runs(INSTALL, "users", "init", "check", "sign-in")
def test_a_new_installation_serves_as_the_unit_starts_it(fresh, tmp_path):
    s = fresh()
    e = env(s, tmp_path)
    document.run(block(INSTALL, "users"), e)
    s.url = f"https://localhost:{s.port}"
    db = [] if s.db == "sqlite" else [f"--db {s.db}"]
    document.run(block(INSTALL, "init", **{"/usr/local/libexec/geleit/geleitd": f"{BUILD}/src/roles/geleitd", "'[::]:443'": f"127.0.0.1:{s.port}",
                                           "https://files.example.com": " ".join([s.url, *db])}), e)
    done = subprocess.run(["sh", "-eu", "-c", block(INSTALL, "check")], env=e, capture_output=True, text=True)
    assert done.returncode in (0, 6) and done.stderr == "", done       # this machine's swap, say
    start = unit()["ExecStart"].replace("/usr/local/libexec/geleit/geleitd", f"{BUILD}/src/roles/geleitd").replace("/srv/geleit", str(s.dir))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        process = subprocess.Popen(start.split(), stdout=subprocess.PIPE, text=True, env={**e, "NOTIFY_SOCKET": str(tmp_path / "notify")})
        try:
            assert manager.recv(100) == b"READY=1"
            said = [process.stdout.readline(), process.stdout.readline()]
            assert said[0] == f"ready {s.url}\n" and said[1].startswith(f"sign-in {s.url}/app/sign-in#token=")
            (tmp_path / "journal").write_text("".join(["sign-in https://localhost/of-before\n", *said]))
            journal = with_programs({**e, "JOURNAL": str(tmp_path / "journal")}, tmp_path, journalctl=JOURNALCTL)
            assert document.run(block(INSTALL, "sign-in"), journal) == said[1]
            assert s.run("status")["version"]
            a_renewed_certificate_is_served(s, process.pid, tmp_path)
            another_self_made_certificate_is_served(s, process.pid, tmp_path)
            process.send_signal(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1" and process.wait(60) == 0
        finally:
            process.kill()
            process.wait()


def served(s):
    with socket.create_connection(("127.0.0.1", s.port), 10) as c:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(c) as tls:
            return tls.getpeercert(binary_form=True)


@runs(INSTALL, "hook")
def a_renewed_certificate_is_served(s, master, tmp_path):
    """The deploy hook, with what systemctl reload does by the unit's ExecReload."""
    assert unit()["ExecReload"] == "/bin/kill -HUP $MAINPID"
    lineage = tmp_path / "live"
    lineage.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lineage / "privkey.pem",
                    "-out", lineage / "fullchain.pem", "-days", "30", "-subj", "/CN=renewed", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    as_me = {"-o root -g geleit-front ": ""} if os.getuid() != 0 else {}
    hook = block(INSTALL, "hook", **{"/srv/geleit": str(s.dir), "systemctl reload geleit": f"kill -HUP {master}", **as_me})
    kept = http.client.HTTPSConnection("localhost", s.port, context=s.context(), timeout=30)
    kept.request("GET", "/")
    kept.getresponse().read()
    new = ssl.PEM_cert_to_DER_cert((lineage / "fullchain.pem").read_text())
    assert served(s) != new
    document.run(hook, {**os.environ, "RENEWED_LINEAGE": str(lineage)})
    wait_for(lambda: {served(s) for _ in range(8)} == {new})     # each front loads it by itself
    kept.request("GET", "/")
    assert kept.getresponse().status in (200, 303, 302)      # who was connected stays so
    kept.close()


@runs(INSTALL, "renew")
def another_self_made_certificate_is_served(s, master, tmp_path):
    before = served(s)
    as_me = {"-o root -g geleit-front ": ""} if os.getuid() != 0 else {}
    e = {**os.environ, "DIR": str(s.dir)}
    document.run(block(INSTALL, "renew", **{"systemctl reload geleit": f"kill -HUP {master}", **as_me}), e)
    new = ssl.PEM_cert_to_DER_cert((s.dir / "tls/cert.pem").read_text())
    assert new != before
    wait_for(lambda: {served(s) for _ in range(8)} == {new})
    assert s.run("status")["version"]       # it is for localhost, and vouched for by itself
    assert sorted(p.name for p in (s.dir / "tls").iterdir()) == ["cert.pem", "key.pem"]
    for asked, answer in ((["-checkhost", "files.example.com"], "does match certificate"), (["-checkend", str(824 * 86400)], "will not expire")):
        told = subprocess.run(["openssl", "x509", "-noout", *asked, "-in", s.dir / "tls/cert.pem"], capture_output=True, text=True)
        assert answer in told.stdout, told


@runs(INSTALL, "start")
def test_the_unit_is_one_that_systemd_takes(tmp_path):
    """The block's commands reach systemctl as they are; systemd itself reads the unit."""
    document.run(block(INSTALL, "start"), with_programs(dict(os.environ), tmp_path, systemctl=""))
    assert (tmp_path / "calls").read_text().splitlines() == ["systemctl daemon-reload", "systemctl enable --now geleit"]
    text = document.filled_in(document.blocks(INSTALL, "ini")["unit"], {"/usr/local/libexec/geleit/geleitd": BUILD / "src/roles/geleitd"})
    (tmp_path / "geleit.service").write_text(text)
    read = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "geleit.service"], capture_output=True, text=True)
    assert read.returncode == 0 and "geleit.service" not in read.stderr, read.stderr


@runs(INSTALL, "build")
def test_what_is_installed_runs_where_it_lies(tmp_path):
    """A folder of its own is set up with the page's options; what it would compile is there already, and installed."""
    steps = block(INSTALL, "build", **{"meson setup build": f"meson setup {tmp_path}/build", "ninja -C build": f"ninja -n -C {tmp_path}/build",
                                       "meson install -C build": f"meson install -C {BUILD} --no-rebuild --destdir {tmp_path}"})
    document.run(steps, dict(os.environ))
    told = subprocess.run(["meson", "introspect", "--buildoptions", tmp_path / "build"], capture_output=True, text=True, check=True)
    options = {o["name"]: o["value"] for o in json.loads(told.stdout)}
    assert (options["prefix"], options["buildtype"]) == ("/usr/local", "release")
    prefix = next(p for p in tmp_path.rglob("bin") if (p / "geleit").exists()).parent
    for name in ("geleitd", "geleit-egress", "geleit-media"):
        assert os.access(prefix / "libexec/geleit" / name, os.X_OK), name
    for name in ("man1/geleit.1", "man5/geleit.conf.5", "man8/geleitd.8"):
        assert (prefix / "share/man" / name).is_file()
    made = tmp_path / "made"
    subprocess.run([prefix / "bin/geleit", "--dir", made, "init"], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    assert (made / "geleit.conf").is_file() and (made / "keys/master.key").is_file()


# ---- docs/admin: looking ----

WATCHING = "docs/admin/watching.md"


@runs(WATCHING, "health", "certificate", "fsck", "backup age", "log")
@runs("docs/admin/upgrade.md", "look")
def test_looking(server, tmp_path):
    e = env(server, tmp_path, BACKUP=str(tmp_path))
    health = document.run(block(WATCHING, "health"), e)
    assert '"checks":[' in health
    page = (ROOT / WATCHING).read_text()
    for code in re.findall(r'"code":"([\w-]+)"', health):
        assert f"| `{code}` |" in page, code
    document.run(block(WATCHING, "certificate"), e)
    assert "0 found" in document.run(block(WATCHING, "fsck"), e)
    (tmp_path / "geleit.db").touch()
    assert "geleit.db" in document.run(block(WATCHING, "backup age"), e)
    os.utime(tmp_path / "geleit.db", (1, 1))
    with pytest.raises(AssertionError):
        document.run(block(WATCHING, "backup age"), e)
    server.kill("worker")
    wait_for(lambda: "worker.0 was ended by signal 9" in server.log_text())
    (tmp_path / "journal").write_text(server.log_text())
    bad = document.run(block(WATCHING, "log"), with_programs({**e, "JOURNAL": str(tmp_path / "journal")}, tmp_path, journalctl=JOURNALCTL))
    assert "worker.0 was ended by signal 9" in bad and " info " not in bad, bad
    wait_for(lambda: server.roles("worker"))
    steps = block("docs/admin/upgrade.md", "look").replace("config check", "config check || test $? = 6")
    assert "0 found" in document.run(steps, e)


# ---- docs/adding ----

def makes(page, name, tmp_path, *made):
    """What the block makes of the tree as it is, is what is there."""
    places = {path: tmp_path / path.replace("/", "_") for path in made}
    text = block(page, name, **places).replace("ninja -C build", f"ninja -n -C {BUILD}").replace("build/src/", f"{BUILD}/src/")
    document.run(text, {**os.environ})
    for path, copy in places.items():
        assert copy.read_text() == (ROOT / path).read_text(), path


@runs("docs/adding/route.md", "page")
@runs("docs/adding/event-kind.md", "page")
@runs("docs/adding/setting.md", "pages")
def test_pages_that_are_made_are_made_so(tmp_path):
    makes("docs/adding/route.md", "page", tmp_path, "docs/api.md")
    makes("docs/adding/event-kind.md", "page", tmp_path, "docs/api.md")
    makes("docs/adding/setting.md", "pages", tmp_path, "docs/admin/settings.md", "docs/man/geleit.conf.5")


@runs("docs/adding/route.md", "check")
@runs("docs/adding/screen.md", "packages", "check", "test")
def test_what_a_recipe_calls_is_there():
    """They install, or are suites themselves: tests/run.py runs all of them."""
    screen = "docs/adding/screen.md"
    lines = "".join([block("docs/adding/route.md", "check"), block(screen, "packages"), block(screen, "check"), block(screen, "test", NAME="admin")]).splitlines()
    known = json.loads((ROOT / "web/package.json").read_text())["scripts"]
    for line in lines:
        script, path = re.fullmatch(r"npm run --prefix web (\w+)", line), re.search(r"tests/\S+$", line)
        assert script or path or line in ("ninja -C build", "npm ci --ignore-scripts --prefix web"), line
        assert script is None or script[1] in known, line
        assert path is None or (ROOT / path[0]).is_file(), line


# What does not come with Debian's base, and its package; what script/packages lists as "run" is there after the installation.
PROGRAMS = {"sqlite3": "sqlite3", "pg_dump": "postgresql-client", "pg_restore": "postgresql-client", "curl": "curl", "openssl": "openssl",
            "certbot": "certbot", "ninja": "ninja-build", "meson": "meson", "rsync": "rsync", "psql": "postgresql-client", "git": "git"}


def test_what_a_page_calls_is_installed_by_it():
    run = subprocess.run([ROOT / "script/packages", "run"], capture_output=True, text=True, check=True).stdout.split()
    called = set()
    for page in pages():
        if not page.startswith("docs/admin/"):
            continue
        blocks = [] if "```sh " not in (ROOT / page).read_text() else document.blocks(page).values()
        installed = {w for b in blocks for line in b.splitlines() if line.startswith("apt-get install ") for w in line.split()}
        for program, package in PROGRAMS.items():
            if any(re.search(rf"^\s*{program}\b", b, re.M) for b in blocks):
                called.add(program)
                assert package in installed | set(run), f"{page} calls {program}: it wants a block that installs {package}"
    assert {"sqlite3", "pg_dump", "pg_restore", "curl"} <= called


def test_log_lines_that_are_explained_are_those_of_the_source():
    source = "".join(p.read_text() for p in sorted((ROOT / "src").rglob("*.c")))
    joined = re.sub(r'"\s*\n?\s*"', "", source)
    for words in ("was ended by signal", "ended with", "made a system call that none of its code makes, and was ended", "held the database for over 10 s",
                  "a blob does not authenticate", "a transfer was cut: no answer from an app for 3 s", "holds malware", "the old certificate stays",
                  "sends an X-Forwarded-For that names no client", "is closed to other users", "this host forbids user namespaces",
                  "this kernel does not offer", "sandbox: not offered", "the kernel did not lock the keys into memory"):
        assert words in joined and words in (ROOT / WATCHING).read_text(), words


FINDINGS = "docs/admin/findings.md"


def test_every_finding_is_explained():
    """And none that nothing finds."""
    text = "".join((ROOT / f).read_text() for f in ("src/roles/config_check.c", "src/roles/fsck.c", "src/model/audit.c"))
    found = set(re.findall(r'add\(c, "([\w-]+)"', text)) | set(re.findall(r'[\s({]"([a-z]+(?:-[a-z]+)+)"', text))
    assert len(found) > 25 and {"settings", "missing", "key-missing", "blob-orphan", "part-orphan", "log-leaf", "stale-view"} <= found
    explained = {code for row in re.findall(r"^\| (`.*?) \|", (ROOT / FINDINGS).read_text(), re.M) for code in re.findall(r"`([\w-]+)`", row)}
    assert found == explained


@runs(FINDINGS, "missing", "differing")
def test_a_stored_file_is_brought_back(fresh, tmp_path):
    s = fresh().start()
    e = env(s, tmp_path, BACKUP=str(tmp_path))
    (tmp_path / "a.bin").write_bytes(os.urandom(100_000))
    s.run("upload", tmp_path / "a.bin")
    subprocess.run(["cp", "-a", s.dir / "blobs", tmp_path], check=True)
    blob = max((p for p in (s.dir / "blobs").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    blob.unlink()
    assert [f["code"] for f in s.run("fsck", expect=6)["findings"]] == ["blob-missing"]
    document.run(block(FINDINGS, "missing"), e)
    assert s.run("fsck")["ok"]
    with open(blob, "r+b") as f:
        f.seek(50_000)
        f.write(b"damaged")
    assert [f["code"] for f in s.run("fsck", expect=6)["findings"]] == ["blob-corrupt"]
    copy, damaged = re.fullmatch(r"Files (.+) and (.+) differ\n", document.run(block(FINDINGS, "differing"), e)).groups()
    assert damaged == str(blob)
    subprocess.run(["cp", "-a", copy, damaged], check=True)
    assert s.run("fsck")["ok"]


# ---- docs/admin/upgrade.md ----

UPGRADE = "docs/admin/upgrade.md"


@runs(UPGRADE, "build", "upgrade")
def test_an_upgrade_builds_while_the_old_one_serves(fresh, tmp_path):
    """systemctl stops this server, meson installs into a folder; what ninja and apt would do is not done again."""
    s = fresh().start()
    sent = s.run("upload", __file__)["files"][0]
    serves = f"curl -ks -m 60 -o /dev/null {s.url}/"
    e = with_programs(env(s, tmp_path), tmp_path, ninja=serves,
                      systemctl=f"test $1 = start || {{ kill {s.process.pid}; while {serves}; do sleep 0.1; done; }}",
                      meson=f'if {serves}; then exit 1; fi; {shutil.which("meson")} "$@" --destdir "$TMP/installed" >/dev/null')
    document.run(block(UPGRADE, "build", **{"script/packages install run": "script/packages run"}), e)
    document.run(block(UPGRADE, "upgrade", **{"-C build": f"-C {BUILD}"}), e)
    assert (tmp_path / "calls").read_text().splitlines() == [
        "ninja -C build", "systemctl stop geleit", f"meson install -C {BUILD} --no-rebuild", "systemctl start geleit"]
    assert list((tmp_path / "installed").rglob("geleitd"))
    assert s.stop() == 0
    s.start()
    assert s.api("GET", f"/api/v1/assets/{sent['asset']}").status == 200


# ---- docs/admin: changing ----

DATABASE = "docs/admin/database.md"


@pytest.mark.skipif(os.environ.get("GELEIT_TEST_DB") != "postgresql", reason="below tests/with_pg.sh")
@runs(DATABASE, "create", "init")
def test_a_server_starts_on_the_databases_that_were_made(fresh, cluster, tmp_path):
    s = fresh()
    at = urllib.parse.urlsplit(cluster)
    e = env(s, tmp_path, PGHOST=at.hostname, PGPORT=str(at.port), PGUSER=at.username, PGPASSWORD=at.password, PGDATABASE="postgres")
    name = f"p{random.randrange(1 << 40):x}"
    steps = block(DATABASE, "create", geleit=name, **{"@127.0.0.1/": f"@127.0.0.1:{at.port}/"},
                  **({"runuser -u postgres -- ": ""} if os.getuid() != 0 else {}))
    s.url = f"https://localhost:{s.port}"
    steps += block(DATABASE, "init", **{"/usr/local/libexec/geleit/geleitd": f"{BUILD}/src/roles/geleitd", "'[::]:443'": f"127.0.0.1:{s.port}",
                                        "https://files.example.com": s.url})
    document.run(steps, e)
    s.db = re.search(r"^server.db = (.+)$", (s.dir / "geleit.conf").read_text(), re.M)[1]
    assert name in s.db and at.password not in s.db
    s.start()
    assert s.run("status")["version"]
    (tmp_path / "a.bin").write_bytes(b"a")
    s.run("upload", tmp_path / "a.bin")
    assert sql(s, "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user") == [["f"]]


@pytest.mark.skipif(os.environ.get("GELEIT_TEST_DB") != "postgresql", reason="below tests/with_pg.sh")
@pytest.mark.parametrize("kind, said", [("ENCODING SQL_ASCII LOCALE 'C'", "the database is not in UTF8"),
                                        ("LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C.UTF-8'", "the database sorts by ICU")])
def test_a_database_of_another_kind_is_refused(fresh, cluster, kind, said):
    name = f"q{random.randrange(1 << 40):x}"
    for n in (name, name + "_keys"):
        subprocess.run(["psql", "-q", cluster, "-c", f"CREATE DATABASE {n} TEMPLATE template0 {kind}"], check=True, capture_output=True)
    argv = [BUILD / "src/roles/geleitd", "init", "--dir", fresh().dir, "--db", cluster.rsplit("/", 1)[0] + "/" + name]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 1 and said in done.stderr, done


def test_locales_that_are_taken_are_those_of_the_page():
    page = (ROOT / DATABASE).read_text()
    source = (ROOT / "src/db/db_pg.c").read_text()
    accepted = set(re.findall(r'"([\w.-]+)"', re.search(r"good\[\] = \{(.*?)\}", source, re.S)[1]))
    row = re.search(r"`LC_COLLATE` is none of (.*?), or its", page)[1]
    assert set(re.findall(r"`([^`]+)`", row)) == {w for w in accepted if not re.search("utf8|UTF8", w)}
    for code in ("database-encoding", "database-locale"):
        assert f'"{code}"' in source and f"| `{code}` |" in page


MALWARE = "docs/admin/malware.md"
PROFILE = pathlib.Path("/etc/apparmor.d/usr.sbin.clamd")


def apparmor_lets_write(path):
    for pattern, may in re.findall(r"^\s*(/\S+)\s+(\w+),", PROFILE.read_text(), re.M):
        parts = re.split(r"(\*\*|\*|\{[^}]*\})", pattern)
        kinds = {"**": ".*", "*": "[^/]*"}
        expression = "".join(kinds.get(p) or (f"({p[1:-1].replace(',', '|')})" if p.startswith("{") else re.escape(p)) for p in parts)
        if "w" in may and re.fullmatch(expression, path):
            return True
    return False


@pytest.mark.skipif(not PROFILE.exists(), reason="the profile comes with clamav-daemon")
def test_clamd_may_write_where_the_page_sends_it():
    folder = re.search(r"^TemporaryDirectory (\S+)$", document.blocks(MALWARE)["limits"], re.M)[1]
    assert apparmor_lets_write(f"{folder}/20261126_120000-scantemp.0/a")
    assert not apparmor_lets_write("/run/clamav/tmp/a") and apparmor_lets_write("/run/clamav/clamd.pid")


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
@runs(MALWARE, "limits", "largest", "tmpfs", "setting")
def test_clamd_as_the_page_sets_it(fresh, tmp_path):
    """Debian's own file with the page's changes: what a scan unpacks lies on the tmpfs, and 30 MB are not too much."""
    clamd = Clamd()
    folder, fstab = clamd.d / "scanning", tmp_path / "fstab"
    places = {"/var/lib/clamav/tmp": str(folder)}
    own = {line.split()[0]: line for line in [*clamd.where(), "LeaveTemporaryFiles yes"]}
    stock = pathlib.Path("/etc/clamav/clamd.conf")
    lines = stock.read_text().splitlines() if stock.exists() else []
    (clamd.d / "clamd.conf").write_text("".join(f"{line}\n" for line in [*(w for w in lines if w.partition(" ")[0] not in own), *own.values()]))
    s = fresh()
    s.start().stop()
    e = with_programs(env(s, tmp_path), tmp_path, systemctl="")
    document.run(block(MALWARE, "limits", **{"/etc/clamav/clamd.conf": str(clamd.d / "clamd.conf")}, **places), e)
    document.run(block(MALWARE, "largest"), e)
    document.run(block(MALWARE, "setting", **{"/run/clamav/clamd.ctl": str(clamd.socket)}), e)
    try:
        document.run(block(MALWARE, "tmpfs", **{"/etc/fstab": str(fstab), "mount ": f"mount -T {fstab} "}, **places), e)
        assert (tmp_path / "calls").read_text() == "systemctl restart clamav-daemon\n"
        assert subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout == "tmpfs\n"
        clamd.start(configured=True)
        s.also_named.add(f"unix:{clamd.socket}")        # by the page, in geleit.conf
        s.start()
        (tmp_path / "a.com").write_bytes(EICAR)
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as z:
            z.writestr("b.bin", os.urandom(30 << 20))
        for name, found in (("a.com", "infected"), ("b.zip", "clean")):
            asset = s.run("upload", tmp_path / name)["files"][0]["asset"]
            version = wait_for(lambda: (v := s.api("GET", f"/api/v1/assets/{asset}").json()["version"])["scanned"] and v)
            assert version["malware"] == found, version
        assert any(p.is_file() for p in folder.rglob("*"))
    finally:
        s.stop()
        clamd.stop()
        subprocess.run(["umount", folder], check=False)
        clamd.remove()


KEY = "docs/admin/master-key.md"


@runs(KEY, "kit", "lock", "restore")
def test_the_master_key(fresh, tmp_path):
    s = fresh()
    s.run("init") if s.db == "sqlite" else s.start().stop()
    e = env(s, tmp_path, KIT=str(tmp_path / "kit"))
    kit = document.run(block(KEY, "kit"), e)
    (tmp_path / "kit").write_text(kit)
    key = s.dir / "keys/master.key"
    before = key.read_bytes()
    (tmp_path / "words").write_text("correct horse battery staple\n" * 2)
    document.run(f'exec 5<"$TMP/words"; export GELEIT_PASSPHRASE_FD=5\n{block(KEY, "lock")}', e)
    assert key.read_bytes() != before
    key.unlink()
    document.run(block(KEY, "restore"), e)
    assert key.read_bytes() == before


@pytest.mark.skipif(os.getuid() != 0, reason="postfix wants root")
@runs("docs/admin/smtp.md", "relay", "try")
def test_a_relay(fresh, tmp_path):
    rig = MailRig().start()
    try:
        s = fresh(settings=[f"smtp.ca={rig.ca}"]).start()
        s.stop()
        e = env(s, tmp_path)
        document.run(block("docs/admin/smtp.md", "relay", **{"smtp://geleit:secret@mail.example.com:587": rig.url(), "files@example.com": "files@example.test"}), e)
        s.also_named |= outbound.at(rig.url())
        s.start()
        said = document.run(block("docs/admin/smtp.md", "try", **{"you@example.com": "anna@customer.test"}), e)
        assert "accepted" in said and "250" in said, said
        assert wait_for(lambda: rig.mails("anna@customer.test"))
    finally:
        rig.stop()
