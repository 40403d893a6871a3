# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole way with a real relay, a real mailbox and a real browser."""
import email
import email.policy
import json
import os
import pathlib
import re
import subprocess

import pytest

from geleit import ROOT, Recipient, digits_of, sha256, wait_for, web_packages
from mailrig import MailRig

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="postfix needs root")


@pytest.fixture(scope="module")
def rig():
    r = MailRig().start()
    yield r
    r.stop()


@pytest.fixture(scope="module")
def mailing(rig, cluster):
    from conftest import database
    import geleit
    s = geleit.Server(db=database(cluster), settings=[f"smtp.url={rig.url()}", "smtp.from=versand@example.test",
                                                      f"smtp.ca={rig.ca}"]).start()
    yield s
    s.remove()


def link_of(message):
    m = email.message_from_bytes(message, policy=email.policy.default)
    text = m.get_body(("plain",)).get_content()
    assert m.get_body(("html",)) is not None and m["Auto-Submitted"] == "auto-generated"
    return re.search(r"https://\S+/r/[A-Za-z0-9_-]{43}", text).group(0)


class Browser:
    def __init__(self):
        web_packages()
        self.p = subprocess.Popen(["node", "tests/system/browser.mjs"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)

    def do(self, verb, **kw):
        self.p.stdin.write(json.dumps({"verb": verb, **kw}) + "\n")
        self.p.stdin.flush()
        a = json.loads(self.p.stdout.readline())
        assert "error" not in a, a
        return a["ok"]


def test_a_browser_without_javascript_goes_the_whole_way(mailing, rig, files):
    doc = mailing.run("send", *files, "--release", "cleared", "--to", "anna@customer.test", "--subject", "Motive Havn",
                      "--message", "Guten Tag, anbei die Motive.")
    link = link_of(rig.wait("anna@customer.test")[0])
    assert link == doc["recipients"][0]["link"]
    b = Browser()
    b.do("go", url=link)
    b.do("click", name="Weiter")
    assert doc["delivery"] in b.do("url")
    b.do("click", name="Code anfordern")
    code = digits_of(rig.wait("anna@customer.test", 2)[-1])
    b.do("fill", label="Code aus der E-Mail", text=code)
    b.do("click", name="Weiter")
    text = b.do("text")
    assert "Motive Havn" in text and "Alles laden" in text and "Schadsoftware" not in text
    shots = os.environ.get("GELEIT_TEST_SHOTS")
    if shots:
        b.do("shot", path=str(pathlib.Path(shots) / "package.png"))
    got = pathlib.Path(b.do("download", name=re.compile("gross").pattern)).read_bytes()
    assert sha256(got) == sha256(files[7].read_bytes())
    b.do("end")

    def states():
        r = mailing.run("delivery", doc["delivery"])["recipients"][0]
        return any(f["complete"] for f in r["files"]) and r
    wait_for(states)
    kinds = [e["kind"] for e in mailing.run("delivery", doc["delivery"])["events"]]
    for k in ("mail.accepted", "recipient.opened", "recipient.verified", "download.complete"):
        assert k in kinds
    mail = mailing.mails("anna@customer.test")[0]
    assert mail["state"] == "accepted" and mail["reply"].startswith("250")
    assert mailing.run("outbox", "show", mail["id"], expect=4)["code"] == "mail-wiped"


def test_english_mail_and_pages(mailing, rig, files):
    mailing.run("send", files[3], "--release", "cleared", "--to", "eve@customer.test", "--lang", "en")
    raw = rig.wait("eve@customer.test")[0]
    m = email.message_from_bytes(raw, policy=email.policy.default)
    assert "files" in m["Subject"].lower() or "file" in m["Subject"].lower()
    r = Recipient(mailing, link_of(raw), "eve@customer.test")
    assert r.open().status == 303
    assert "Request code" in r.page().text or "code" in r.page().text


@pytest.mark.parametrize("who,state,said", [("reject550", "failed", "550"), ("grey", "deferred", "450"),
                                            ("late550", "failed", "550"), ("nouser", "failed", "550")])
def test_the_relays_own_words(mailing, rig, files, who, state, said):
    doc = mailing.run("send", files[3], "--release", "cleared", "--to", f"{who}@customer.test")
    mail = wait_for(lambda: (m := mailing.mails(f"{who}@customer.test")[0])["state"] == state and m, 20)
    assert said in mail["reply"]
    if state == "failed":
        assert mailing.run("delivery", doc["delivery"])["recipients"][0]["state"] == "undeliverable"


@pytest.mark.parametrize("url", ["smtp://geleit:falsch@localhost:{port}", "smtp://localhost:1"])
def test_a_relay_that_does_not_let_us_in_defers(fresh, rig, files, url):
    s = fresh(settings=["smtp.url=" + url.format(port=rig.port), "smtp.from=versand@example.test", f"smtp.ca={rig.ca}"]).start()
    s.run("send", files[3], "--release", "cleared", "--to", "h@customer.test")
    mail = wait_for(lambda: (m := s.mails("h@customer.test")[0])["state"] == "deferred" and m, 20)
    assert mail["reply"]
    assert not rig.mails("h@customer.test")
