# SPDX-License-Identifier: AGPL-3.0-or-later
"""The server speaks to nobody whom no setting names, and nothing it shows or mails does either.

Observed, not believed: strace below every process (outbound.py).
"""
import collections
import email
import email.policy
import html
import os
import re
import socket
import subprocess
import sys
import urllib.parse

import pytest

import geleit
import outbound
from geleit import BUILD, ROOT, Recipient, Staff, digits_of, sha256, wait_for
from mailrig import MailRig

sys.path.insert(0, str(ROOT / "tests/lib"))
import oracle  # noqa: E402

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="postfix needs root")
NAMES = {"http://www.w3.org/" + n for n in ("2000/svg", "1999/xlink", "1999/xhtml", "1998/Math/MathML", "XML/1998/namespace")}


@pytest.fixture(scope="module")
def rig():
    r = MailRig().start()
    yield r
    r.stop()


@pytest.fixture(scope="module")
def server(rig, cluster):
    from conftest import database
    s = geleit.Server(db=database(cluster), settings=[f"smtp.url={rig.url()}", "smtp.from=versand@example.test", f"smtp.ca={rig.ca}"])
    s.watched = True
    s.start()
    yield s
    s.remove()


@pytest.fixture(scope="module")
def done(server, rig, files):
    """The main job, in both languages: what was sent, fetched and mailed."""
    made = {}
    for lang in ("de", "en"):
        address = f"anna-{lang}@customer.test"
        doc = server.run("send", files[7], files[8], "--release", "cleared", "--to", address, "--lang", lang,
                         "--message", "Ansehen: https://in-a-message.example/")
        r = Recipient(server, doc["recipients"][0]["link"], address)
        rig.wait(address)
        assert r.open().status == 303 and r.ask_code().status == 303
        asking = r.page().text
        assert r.verify(digits_of(rig.wait(address, 2)[-1])).status == 303
        assert sha256(r.request("GET", r.path + "/file/1").body) == sha256(files[7].read_bytes())
        made[lang] = (doc, r, asking)
    return made


def test_the_main_job_speaks_to_the_named_alone(server, rig, done):
    """Equal, not fewer: so the observation sees what is there."""
    named = {f"127.0.0.1:{rig.port}"} | (outbound.at(server.db) - {"[::1]"} if server.db != "sqlite" else set())
    spoken = outbound.seen(server.connects) - outbound.LOCAL
    assert f"127.0.0.1:{rig.port}" in spoken
    if server.db != "sqlite":
        assert outbound.at(server.db) <= spoken
    assert {a for a in spoken if not a.startswith("::1:")} <= named | outbound.at(server.url)
    assert outbound.foreign(server) == set()


def test_who_is_not_named_is_found(tmp_path):
    """The same eyes on a program that does speak to others: TCP, UDP, IPv6, a socket of the machine."""
    trace = tmp_path / "trace"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        program = ("import socket as s\n"
                   f"s.create_connection(('127.0.0.1', {port})).close()\n"
                   "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.2', 53))\n"
                   "s.socket(s.AF_INET6, s.SOCK_DGRAM).connect_ex(('::1', 4711))\n"
                   "s.socket(s.AF_UNIX).connect_ex('/run/geleit-no-such')\n"
                   "s.socket(s.AF_UNIX, s.SOCK_DGRAM).connect_ex('\\0abstract')\n")
        subprocess.run([*outbound.tracer(trace), sys.executable, "-c", program], check=True)
    want = {f"127.0.0.1:{port}", "127.0.0.2:53", "::1:4711", "unix:/run/geleit-no-such", "unix:@abstract"}
    wait_for(lambda: want <= outbound.seen(trace), 60)


def test_a_server_that_speaks_to_somebody_else_fails(server, done):
    """Without the setting that names the relay the same trace is refused."""
    class Forgetful:
        url, db, also_named, connects = server.url, server.db, set(), server.connects
        given = [s for s in server.given if not s.startswith("smtp.")]
    assert outbound.foreign(Forgetful) != set()
    with pytest.raises(AssertionError, match="no setting names"):
        outbound.check(Forgetful)


def test_what_a_killed_server_asked_is_looked_at_before_the_next_start(rig, cluster, files, monkeypatch):
    """Each start has a trace of its own; here the last one is looked at without the setting that names the relay."""
    from conftest import database
    monkeypatch.setattr(outbound, "told", collections.Counter())
    relay = [f"smtp.url={rig.url()}", "smtp.from=versand@example.test", f"smtp.ca={rig.ca}"]
    s = geleit.Server(db=database(cluster), settings=relay)
    s.watched = True
    try:
        s.start()
        s.run("send", files[3], "--release", "cleared", "--to", "killed@customer.test")
        rig.wait("killed@customer.test")
        oracle.kill_all(s)
        first = s.connects
        s.start()
        assert s.connects != first and outbound.told == {"starts": 1, "foreign": 0}
        s.run("send", files[3], "--release", "cleared", "--to", "killed2@customer.test")
        rig.wait("killed2@customer.test")
        oracle.kill_all(s)
        s.given, s.settings = [], []
        with pytest.raises(AssertionError, match="no setting names"):
            s.start()
        assert outbound.told == {"starts": 2, "foreign": 1}
    finally:
        s.remove()


def test_without_a_relay_it_speaks_to_nobody(cluster, files):
    from conftest import database
    s = geleit.Server(db=database(cluster))
    s.watched = True
    try:
        s.start()
        doc = s.run("send", files[3], "--release", "cleared", "--to", "o@customer.test")
        r = Recipient(s, doc["recipients"][0]["link"], "o@customer.test").prove()
        assert r.request("GET", r.path + "/file/1").body == files[3].read_bytes()
        assert s.stop() == 0
        assert outbound.seen(s.connects) - outbound.LOCAL == (set() if s.db == "sqlite" else outbound.at(s.db))
    finally:
        s.remove()


def test_the_command_line_speaks_to_its_server_alone(server, files, tmp_path):
    trace = tmp_path / "trace"
    subprocess.run([*outbound.tracer(trace), str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "send", str(files[3]), "--release",
                    "cleared", "--to", "cli@customer.test"], check=True, stdout=subprocess.DEVNULL)
    wait_for(lambda: f"127.0.0.1:{server.port}" in outbound.seen(trace), 60)
    assert outbound.seen(trace) - outbound.LOCAL <= outbound.at(server.url)


# ---- nothing that is shown names anybody else ----

FOREIGN = re.compile(r"""(?:\b[a-z][a-z0-9+.-]*:)?//[A-Za-z0-9\[][^\s"'`<>)\\]*""")


def addresses(text):
    """Every address with a host, also one without a scheme where an attribute or CSS would take it."""
    text = html.unescape(text)
    whole = {m.group(0) for m in FOREIGN.finditer(text) if not m.group(0).startswith("//")}
    bare = {m.group(1) for m in re.finditer(r"""(?:=\s*["']?|url\(\s*["']?|["'`])(//[A-Za-z0-9\[][^\s"'`<>)\\]*)""", text)}
    return whole | bare


def foreign_in(text, *own):
    return {a for a in addresses(text) if a not in NAMES and not a.startswith(own)}


def test_the_search_finds_what_is_there():
    for text in ('<img src="https://cdn.example/x.png">', "<a href='//cdn.example/'>", "a{background:url(//cdn.example/x)}",
                 "fetch('wss://live.example/')", "<link href=http://fonts.example/css>", "x=`//cdn.example/`"):
        assert foreign_in(text, "https://localhost:1/"), text
    assert foreign_in('<svg xmlns="http://www.w3.org/2000/svg">') == set()
    assert foreign_in('<a href="https://localhost:1/r/x">', "https://localhost:1/") == set()


def policy_is_ours(a):
    csp = a.headers["Content-Security-Policy"]
    assert csp.startswith("default-src 'none'") and not FOREIGN.search(csp) and "*" not in csp, csp
    return True


def references(a):
    """Of a page or a file: what it loads or leads to on this server."""
    text = a.text
    found = set(re.findall(r"""(?:src|href|action)=["']?(/[A-Za-z0-9][^"'\s>]*)""", html.unescape(text)))
    found |= {"/static/" + n for n in re.findall(r"""["'`]\./([A-Za-z0-9._-]+\.(?:js|css))["'`]""", text)}
    return found | {"/static/" + n for n in re.findall(r"""url\(["']?(?:/static/|\./)?([A-Za-z0-9._-]+)["']?\)""", text)}


def static_names():
    """All files that are linked into the program."""
    pack = (BUILD / "src/api/web_pack.c").read_text()
    return {"/static/" + n for n in re.findall(r'^\t\{"([^"]+)", "[a-z]+/', pack, re.M)}


def texts_of(server, starts):
    """Page by page from these on, all that is text; the addresses that were read."""
    todo, read = set(starts), {}
    while todo:
        path = todo.pop()
        a = server.request("GET", path)
        read[path] = a
        kind = a.headers.get("Content-Type", "")
        if kind.startswith(("text/", "image/svg", "application/json", "application/manifest")):
            todo |= {p for p in references(a) if p not in read and not p.startswith(("/r/", "/d/"))} | \
                    {p for p in references(a) if p.startswith(("/r/theme", "/r/logo")) and p not in read}
        todo -= set(read)
    return read


def test_no_page_or_file_of_the_web_app_names_anybody_else(server):
    screens = ["/", "/app", "/app/sign-in", "/app/library", "/app/send", "/app/deliveries", "/app/outbox", "/app/people", "/app/settings",
               "/app/keys", "/app/appearance", "/app/health", "/imprint", "/no-such-page", "/app/a/b/c/d"]
    read = texts_of(server, [*screens, *static_names()])
    assert len(static_names()) > 20 and all(read[n].status == 200 for n in static_names())
    for path, a in read.items():
        kind = a.headers.get("Content-Type", "")
        if kind.startswith(("text/", "image/svg", "application/")):
            assert foreign_in(a.text, server.url) == set(), path
        if kind.startswith("text/html"):
            policy_is_ours(a)
        where = a.headers.get("Location", "/")
        assert where.startswith("/") and not where.startswith("//"), (path, where)


def test_no_page_of_a_recipient_names_anybody_else(server, rig, done, files):
    pages = {}
    for lang, (doc, r, asking) in done.items():
        fresh = Recipient(server, doc["recipients"][0]["link"], r.address)
        pages[lang + " link"] = server.request("GET", urllib.parse.urlsplit(fresh.link).path)
        pages[lang + " package"] = r.page()
        assert 'action="/d/' in asking and foreign_in(asking, server.url) <= {"https://in-a-message.example/"}
    doc, r, _ = done["de"]
    pages["neutral"] = server.request("GET", "/d/" + doc["delivery"])
    pages["new link"] = server.request("GET", "/r/new-link")
    pages["wrong link"] = server.request("GET", "/r/" + "A" * 43)
    gone = server.run("send", files[3], "--release", "cleared", "--to", "gone@customer.test")
    g = Recipient(server, gone["recipients"][0]["link"], "gone@customer.test")
    rig.wait("gone@customer.test")
    assert g.open().status == 303
    server.run("revoke", gone["delivery"])
    pages["revoked"] = g.page()
    assert pages["revoked"].status >= 400 or "widerrufen" in pages["revoked"].text
    loaded = set()
    for name, a in pages.items():
        # what the sender wrote is shown as he wrote it; it is no link, and nothing loads it
        assert foreign_in(a.text, server.url) <= {"https://in-a-message.example/"}, name
        assert not re.search(r"""(?:src|href|action|srcset|poster|data)=["']?[^"'\s>]*in-a-message""", a.text), name
        assert policy_is_ours(a)
        loaded |= {p for p in references(a) if p.startswith(("/static/", "/r/theme", "/r/logo"))}
    assert any(p.endswith(".css") or ".css?" in p for p in loaded)
    for path in loaded:
        a = server.request("GET", path)
        assert a.status == 200, path
        if a.headers["Content-Type"].startswith(("text/", "image/svg")):
            assert foreign_in(a.text, server.url) == set(), path


def test_no_mail_names_anybody_else(server, rig, done):
    admin = Staff(server).enrol(server.sign_in_token(), name="Ada", address="ada@example.test")
    asked = admin.request("POST", "/api/v1/people", {"name": "Eva", "address": "eva@example.test", "role": "sender"})
    assert asked.status in (200, 201), asked.text
    rig.wait("eva@example.test")
    boxes = ["anna-de@customer.test", "anna-en@customer.test", "gone@customer.test", "eva@example.test"]
    mails = [email.message_from_bytes(m, policy=email.policy.default) for b in boxes for m in rig.mails(b)]
    assert len(mails) >= 5
    for m in mails:
        parts = [p for p in m.walk() if p.get_content_maintype() == "text"]
        assert {p.get_content_subtype() for p in parts} == {"plain", "html"}
        for p in parts:
            text = p.get_content()
            assert foreign_in(text, server.url) <= {"https://in-a-message.example/"}, m["Subject"]
            loads = re.findall(r"""(?:src|background|poster|srcset)=["']([^"']*)|url\(([^)]*)\)|@import""", text)
            assert all((a or b).startswith("cid:") for a, b in loads), loads


def test_the_sources_of_the_words_name_nobody():
    """Every text of the product, also those no test above calls up."""
    for path in [ROOT / "web/messages.json", *(ROOT / "web/i18n").glob("*.json"), *(ROOT / "web/templates").glob("*")]:
        assert foreign_in(path.read_text(), "https://example.", "{{") == set(), path
