#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loads demo/library.json into a new server, over the HTTP API like anybody else.

Called by script/server when it makes DIR, unless --empty.  Waits until the server
answers, uploads, names and clears the files, and, while no mail server is set (then
nobody outside can be written to), sends one delivery and fetches it as its recipient
would.  A failure is one line on stderr; the server goes on.
"""
import argparse
import base64
import email
import email.policy
import http.client
import json
import pathlib
import re
import ssl
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
RECIPIENT = "j.behrens@hafenkontor.example"
SENT = ["Presse/Wohnraum_Salbei.jpg", "Presse/Wohnraum_Kalk.jpg", "Datenblätter/Datenblatt_Sofa_Skagen.pdf"]
MESSAGE = "Guten Tag Frau Behrens,\n\nanbei die Motive für die Anzeige im Januar.\n\nMit freundlichen Grüßen\nMaren Olsen"
WAIT_S = 120


class Gone(Exception):
    """The server that was to be filled has ended."""


class Server:
    def __init__(self, directory, pid):
        self.dir, self.pid = pathlib.Path(directory), pid
        self.cookie = None

    def alive(self):
        try:
            state = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            raise Gone from None
        if state == "Z":        # ended; whoever started it may be waiting for us to let go of stderr
            raise Gone

    def connect(self):
        """Once it serves: its address and key are in DIR."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            self.alive()
            try:
                url = urllib.parse.urlsplit((self.dir / "run/url").read_text().strip())
                self.origin = f"{url.scheme}://{url.netloc}"
                context = ssl.create_default_context(cafile=str(self.dir / "tls/cert.pem"))
                self.http = http.client.HTTPSConnection(url.hostname, url.port or 443, context=context, timeout=60)
                self.key = (self.dir / "admin.key").read_text().strip()
                return self.api("GET", "/api/v1/status")
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the server did not answer")

    def ask(self, method, path, body=None, headers=None):
        self.http.request(method, path, body, headers or {})
        r = self.http.getresponse()
        return r, r.read()

    def api(self, method, path, body=None, headers=None):
        h = {"Authorization": "Bearer " + self.key, **(headers or {})}
        data = json.dumps(body) if isinstance(body, dict) else body
        r, text = self.ask(method, path, data, h)
        if r.status >= 300:
            raise RuntimeError(f"{method} {path}: {r.status} {text[:200].decode(errors='replace')}")
        return r, json.loads(text) if text and "json" in r.headers.get("Content-Type", "") else text

    # ---- what a recipient's browser does ----

    def form(self, path, **fields):
        h = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        if self.cookie:
            h["Cookie"] = self.cookie
        r, text = self.ask("POST", path, urllib.parse.urlencode(fields), h)
        if "Set-Cookie" in r.headers:
            self.cookie = r.headers["Set-Cookie"].split(";")[0]
        if r.status != 303:
            raise RuntimeError(f"{path}: {r.status}")
        return r.headers["Location"]

    def page(self, path):
        return self.ask("GET", path, None, {"Cookie": self.cookie} if self.cookie else {})[1]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def upload(server, f):
    data = (HERE / "files" / f["file"]).read_bytes()
    name = f["file"].rsplit("/", 1)[1]
    r, _ = server.api("POST", "/api/v1/uploads", data,
                      {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Content-Type": "application/offset+octet-stream",
                       "Upload-Metadata": f"filename {b64(name)},folder {b64(f['folder'])}"})
    return r.headers["Geleit-Asset"]


def describe(server, asset, f):
    edit = {"title": f["title"], "keywords": f["keywords"], "class": f.get("klass", "internal")}
    edit.update({k: f[k] for k in ("embargo", "expires") if k in f})
    server.api("PATCH", f"/api/v1/assets/{asset}", edit)
    if f["release"] != "draft":
        release = {"state": {"review": "in_review"}.get(f["release"], f["release"])}
        release.update({k: f[k] for k in ("credit", "reason") if k in f})
        server.api("PUT", f"/api/v1/assets/{asset}/release", release)


def wait_for(server, what):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        server.alive()
        value = what()
        if value:
            return value
        time.sleep(0.2)
    raise RuntimeError("it took too long")


def mail_to(server, nth):
    """The text of the nth mail to the recipient, once it lies in the outbox."""
    def look():
        mails = [m for m in server.api("GET", "/api/v1/outbox?to=" + RECIPIENT)[1] if m["state"] == "not_sent"]
        return len(mails) > nth and mails[nth]
    mail = wait_for(server, look)
    message = email.message_from_bytes(server.api("GET", "/api/v1/outbox/" + mail["id"])[1], policy=email.policy.default)
    return message.get_body(("plain",)).get_content()


def deliver(server, assets):
    ask = {"assets": assets, "to": [RECIPIENT]}
    wait_for(server, lambda: all(line["state"] == "cleared" for line in server.api("POST", "/api/v1/check", ask)[1]["lines"]))
    sent = server.api("POST", "/api/v1/deliveries", {**ask, "subject": "Motive für die Anzeige", "message": MESSAGE, "lang": "de"})[1]
    token = sent["recipients"][0]["link"].rsplit("/", 1)[1]
    path = server.form("/r/open", token=token)
    csrf = re.search(rb'name="csrf" value="([^"]+)"', server.page(path))[1].decode()
    server.form(path + "/code", send=1, csrf=csrf)
    code = "".join(re.search(r"\b(\d{3})\s?(\d{3})\b", mail_to(server, 1)).groups())
    server.form(path + "/verify", code=code, csrf=csrf)
    server.page(path + "/all.zip")


def load(server):
    library = json.loads((HERE / "library.json").read_text())
    server.connect()
    server.api("PATCH", "/api/v1/brand", {"name": library["brand"]})
    assets = {f["file"]: upload(server, f) for f in library["files"]}
    for f in library["files"]:
        server.alive()
        describe(server, assets[f["file"]], f)
    if "smtp.url" not in (server.dir / "geleit.conf").read_text():
        deliver(server, [assets[f] for f in SENT])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--dir", required=True)
    p.add_argument("--pid", type=int, required=True, help="of the server: when it ends, so does this")
    args = p.parse_args()
    try:
        load(Server(args.dir, args.pid))
    except Gone:
        pass
    except Exception as e:      # whatever it was, the server is not to suffer
        print(f"geleit: the demo library was not loaded whole: {e}", file=sys.stderr)
        sys.exit(1)


main()
