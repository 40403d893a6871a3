# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one oracle of all crash tests: nothing acknowledged is lost, nothing half done, events in bijection with effects, fsck clean.

A Client does what a patient client does (it asks again, an upload goes on at the offset it is told, a delivery is sent
again under its Idempotency-Key) and keeps what it was told.  check() asks the server for all of that, as it stands.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from geleit import sql, wait_for  # noqa: E402

PATIENCE = 60
TUS = {"Tus-Resumable": "1.0.0"}

# Each names what should not be there.  What the rows say among themselves is fsck's (src/model/audit.c); these compare
# effects with their events, one for one and in both directions.
ONE_FOR_ONE = {
    "asset.created": "SELECT id FROM asset",
    "version.created": "SELECT id FROM version",
    "version.ingested": "SELECT id FROM version WHERE state <> 'pending'",
    "version.scanned": "SELECT id FROM version WHERE scanned_us IS NOT NULL",
    "delivery.created": "SELECT id FROM delivery",
    "delivery.revoked": "SELECT id FROM delivery WHERE revoked_us IS NOT NULL",
    "recipient.revoked": "SELECT id FROM recipient WHERE revoked_us IS NOT NULL",
    "download.started": "SELECT id FROM transfer WHERE seq > 0",
    "download.interrupted": "SELECT id FROM transfer WHERE state = 'interrupted'",
}
COLUMN = {"asset": "asset_id", "version": "version_id", "delivery": "delivery_id", "recipient": "recipient_id", "download": "transfer_id"}
# Of each recipient as many events as rows.
AS_MANY = {
    "mail.queued": "SELECT recipient_id FROM mail WHERE recipient_id IS NOT NULL",
    "mail.accepted": "SELECT recipient_id FROM mail WHERE recipient_id IS NOT NULL AND state = 'accepted'",
    "code.sent": "SELECT recipient_id FROM code",
    "recipient.opened": "SELECT recipient_id FROM session",
    "download.complete": "SELECT recipient_id FROM session_item WHERE complete_us IS NOT NULL",
}
HALF_DONE = {
    "a delivery without all its files": "SELECT d.id FROM delivery d WHERE d.item_count <> (SELECT count(*) FROM delivery_item i WHERE i.delivery_id = d.id)",
    "a delivery without a recipient": "SELECT d.id FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM recipient r WHERE r.delivery_id = d.id)",
    "a recipient without a mail": "SELECT r.id FROM recipient r WHERE NOT EXISTS (SELECT 1 FROM mail m WHERE m.recipient_id = r.id)",
    "a code without a mail": "SELECT c.id FROM code c WHERE (SELECT count(*) FROM code o WHERE o.recipient_id = c.recipient_id) <> "
                             "(SELECT count(*) FROM mail m WHERE m.recipient_id = c.recipient_id AND m.kind = 'code')",
    "a version that nobody will read": "SELECT v.id FROM version v WHERE v.state = 'pending' AND NOT EXISTS "
                                       "(SELECT 1 FROM job j WHERE j.version_id = v.id AND j.kind = 'ingest' AND j.state IN ('queued', 'running'))",
    "a preview that nobody will make": "SELECT m.version_id FROM version_media m WHERE m.state = 'pending' AND NOT EXISTS "
                                       "(SELECT 1 FROM job j WHERE j.version_id = m.version_id AND j.kind = 'render' AND j.state IN ('queued', 'running'))",
    "a job that gave up": "SELECT id FROM job WHERE state = 'dead'",
    "a finished upload without its file": "SELECT u.version_id FROM upload u WHERE u.committed = u.length AND u.result_asset_id IS NULL",
    "a release without its event": "SELECT r.asset_id FROM release r WHERE r.state <> 'draft' AND NOT EXISTS "
                                   "(SELECT 1 FROM event e WHERE e.asset_id = r.asset_id AND e.kind = 'release.changed')",
    "an answer kept for a delivery that is not there": "SELECT i.key_id FROM idempotency i WHERE NOT EXISTS "
                                                       "(SELECT 1 FROM delivery d WHERE d.number = substr(i.body, 14, 9))",
}


def questions():
    """What must have no rows: {text: query}."""
    asked = dict(HALF_DONE)
    for kind, rows in ONE_FOR_ONE.items():
        column = COLUMN[kind.split(".")[0]]
        events = f"SELECT {column} AS id FROM event WHERE kind = '{kind}' AND {column} IS NOT NULL"
        asked[f"{kind} of nothing"] = f"SELECT at_us FROM event WHERE kind = '{kind}' AND {column} IS NULL"
        asked[f"twice {kind}"] = f"SELECT id FROM ({events}) t GROUP BY id HAVING count(*) > 1"
        asked[f"no {kind}"] = f"SELECT id FROM ({rows}) r WHERE id NOT IN ({events})"
        asked[f"{kind} without effect"] = f"SELECT id FROM ({events}) t WHERE id NOT IN ({rows})"
    for kind, rows in AS_MANY.items():
        asked[f"not as many {kind}"] = (
            f"SELECT id FROM (SELECT recipient_id AS id, 1 AS n FROM ({rows}) r UNION ALL "
            f"SELECT recipient_id AS id, -1 AS n FROM event WHERE kind = '{kind}' AND recipient_id IS NOT NULL) t "
            "GROUP BY id HAVING sum(n) <> 0")
    return asked


def contradictions(server):
    """Effects without their one event, events without their effect, and what is half done; all at one moment."""
    asked = questions()
    counted = sql(server, " UNION ALL ".join(f"SELECT '{text}' AS what, count(*) AS n FROM ({query}) q" for text, query in asked.items()))
    return [(text, sql(server, asked[text])) for text, n in counted if n != "0"]


def outside_the_log(server):
    """Events that are on their way into it."""
    return sql(server, "SELECT * FROM event_todo")


def agrees(server, seconds=30):
    """While something is under way: at one moment nothing contradicts and all events are in the log; or what there is instead."""
    end = time.monotonic() + seconds
    while found := contradictions(server) or outside_the_log(server):
        assert time.monotonic() < end, found
        time.sleep(0.3)


def time_passes(server):
    """What a dead process had leased, and what waits for another try, is due: nobody waits a minute for it in a test."""
    sql(server, "UPDATE job SET lease_until_us = CASE WHEN state = 'running' THEN 1 END, due_us = 1 WHERE state IN ('queued', 'running')")
    sql(server, "UPDATE mail SET lease_until_us = CASE WHEN lease_until_us IS NOT NULL THEN 1 END, due_us = 1 "
                "WHERE state IN ('queued', 'deferred', 'unknown') AND form = 'request'")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def roles_of(server):
    """{(role, index): pid} of those that said READY last."""
    return {(r["role"], r["index"]): r["pid"] for r in json.loads((server.dir / "run/roles.json").read_text())}


def is_whole(server, everybody):
    there = roles_of(server)
    return everybody == set(there) and all(is_alive(p) for p in there.values())


def kill_all(server):
    """The master, which takes all others with it, if it has not died already; only when they are gone the port is free."""
    pids = [*roles_of(server).values(), server.process.pid]
    server.process.kill()
    server.process.wait(10)
    wait_for(lambda: not any(is_alive(p) for p in pids), 10)


class Lost(AssertionError):
    """Something that was acknowledged is not there any more."""


class Client:
    def __init__(self, server, name="c"):
        self.server, self.name, self.count = server, name, 0
        self.everybody = set(roles_of(server))
        self.files = {}         # asset: (version, SHA-256)
        self.begun = {}         # address of an upload: its content
        self.offsets = {}       # and how much of it was acknowledged
        self.sent = {}          # number: (assets, address, link)
        self.revoking = set()   # numbers, asked for: it may have happened though nobody was told
        self.revoked = set()    # and acknowledged
        self.answers = []       # (method, path, status or None), all of them

    def try_once(self, method, path, body=None, headers=None):
        """An answer, or None where there was none."""
        try:
            a = self.server.api(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            a = None
        self.answers.append((method, path, a and a.status))
        return a

    def ask(self, method, path, body=None, headers=None, good=(200,)):
        """As often as it takes; what is neither good nor passing is a finding."""
        end = time.monotonic() + PATIENCE
        while True:
            a = self.try_once(method, path, body, headers)
            if a and a.status in good:
                return a
            if a and a.status < 500 and a.status not in (408, 429):
                raise AssertionError(f"{method} {path}: {a.status} {a.text[:300]}")
            if time.monotonic() > end:
                raise AssertionError(f"{method} {path}: no good answer within {PATIENCE} s, last {a and (a.status, a.text[:300])}")
            time.sleep(0.05)

    def new_name(self):
        self.count += 1
        return f"{self.name}{self.count}"

    # ---- upload ----

    def begin_upload(self, content, name):
        meta = f"filename {base64.b64encode(name.encode()).decode()},release {base64.b64encode(b'cleared').decode()}"
        a = self.ask("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": meta}, (201,))
        path = a.headers["Location"]
        self.begun[path], self.offsets[path] = content, 0
        return path

    def stands_at(self, path):
        """What HEAD says; never less than was acknowledged."""
        a = self.ask("HEAD", path, None, TUS, (200, 204))
        offset = int(a.headers["Upload-Offset"])
        if offset < self.offsets[path]:
            raise Lost(f"{path} stands at {offset}, acknowledged were {self.offsets[path]}")
        return offset, a.headers.get("Geleit-Asset"), a.headers.get("Geleit-Version")

    def send_piece(self, path, at, n):
        a = self.try_once("PATCH", path, self.begun[path][at:at + n],
                          {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)})
        if a and a.status == 204:
            self.offsets[path] = int(a.headers["Upload-Offset"])
        elif a and a.status < 500 and a.status not in (408, 409, 429):
            raise AssertionError(f"PATCH: {a.status} {a.text}")
        else:
            time.sleep(0.05)

    def go_on(self, path, pieces=1):
        """From where it stands to its end; the asset."""
        content, end = self.begun[path], time.monotonic() + PATIENCE
        at, asset, version = self.stands_at(path)
        while at < len(content):
            assert time.monotonic() < end, f"{path} stands at {at} for {PATIENCE} s"
            self.send_piece(path, at, -(-len(content) // pieces))
            at, asset, version = self.stands_at(path)
        self.files[asset] = (version, hashlib.sha256(content).hexdigest())
        del self.begun[path], self.offsets[path]
        return asset

    def upload(self, content, pieces=1, name=".bin"):
        """The asset."""
        return self.go_on(self.begin_upload(content, self.new_name() + name), pieces)

    def version(self, asset):
        return self.ask("GET", f"/api/v1/assets/{asset}").json()["version"]

    def wait(self, done):
        """For what the server does by itself; a lease of the dead is not waited out."""
        begun = last = time.monotonic()
        pause = 1       # longer each time: what really works for so long is not taken away until it is given up
        while not done():
            now = time.monotonic()
            assert now - begun < PATIENCE, f"not within {PATIENCE} s: {self.unfinished()}"
            if now - last > pause and is_whole(self.server, self.everybody):
                time_passes(self.server)
                last, pause = now, 2 * pause
            time.sleep(0.05)

    def unfinished(self):
        """Why, for whoever reads the failure."""
        return (is_whole(self.server, self.everybody), sql(self.server, "SELECT kind, state, tries, fence, error FROM job WHERE state <> 'done'"),
                sql(self.server, "SELECT kind, state, tries, form, reply FROM mail WHERE form = 'request'"))

    def wait_ready(self, asset):
        self.wait(lambda: self.version(asset)["state"] == "ready")
        return asset

    # ---- send, revoke ----

    def send(self, *assets):
        """The delivery's number."""
        name = self.new_name()
        address = f"{name}@customer.test"
        doc = self.ask("POST", "/api/v1/deliveries", {"assets": list(assets), "to": [address]},
                       {"Content-Type": "application/json", "Idempotency-Key": f"{name}-{uuid.uuid4().hex}"}, (201,)).json()
        self.sent[doc["delivery"]] = (assets, address, doc["recipients"][0]["link"])
        return doc["delivery"]

    def mail_state(self, number):
        """Of the mail with the link."""
        return self.ask("GET", f"/api/v1/deliveries/{number}").json()["recipients"][0]["mail"]["state"]

    def wait_mailed(self, number):
        self.wait(lambda: self.mail_state(number) in ("not_sent", "accepted"))

    def revoke(self, number):
        self.revoking.add(number)
        self.ask("POST", f"/api/v1/deliveries/{number}/revoke", {"reason": "crash"}, {"Content-Type": "application/json"})
        self.revoked.add(number)

    # ---- what was acknowledged is still so ----

    def check_file(self, asset):
        version, want = self.files[asset]
        self.wait_ready(asset)
        a = self.ask("GET", f"/api/v1/assets/{asset}/versions/{version}/content")
        if hashlib.sha256(a.body).hexdigest() != want:
            raise Lost(f"file {asset} has other bytes")

    def check_delivery(self, number):
        doc = self.ask("GET", f"/api/v1/deliveries/{number}").json()
        assets, address, _ = self.sent[number]
        if [f["asset"] for f in doc["files"]] != list(assets) or [r["address"] for r in doc["recipients"]] != [address]:
            raise Lost(f"delivery {number} is another")
        if doc["state"] != "revoked" and number in self.revoked or doc["state"] == "revoked" and number not in self.revoking:
            raise Lost(f"delivery {number} is {doc['state']}")

    def check(self, newest=3):
        """The newest of each, or with 0 all of them."""
        for asset in list(self.files)[-newest:]:
            self.check_file(asset)
        for number in [*list(self.sent)[-newest:], *list(self.revoked)[-newest:]]:
            self.check_delivery(number)
        for path in list(self.offsets):
            self.stands_at(path)


def download(recipient, path, want):
    """As a browser that resumes; what came together is the file, and nobody was sent away."""
    data, end = bytearray(), time.monotonic() + PATIENCE
    while len(data) < len(want):
        assert time.monotonic() < end, f"{len(data)} of {len(want)} bytes"
        try:
            with recipient.stream(path, {"Range": f"bytes={len(data)}-"}) as (a, _):
                if a.status == 206:
                    while piece := a.read1(1 << 16):
                        data += piece
                elif a.status < 500 and a.status != 429:
                    raise Lost(f"{path}: {a.status} for who had proved who he is")
        except (OSError, http.client.HTTPException):
            pass
        if len(data) < len(want):
            time.sleep(0.05)
    assert bytes(data) == want


def check(server, clients, newest=3):
    """The oracle.  The server must be whole again; nothing is under way but its own work."""
    for c in clients:
        c.check(newest)
    assert contradictions(server) == []
    found = server.run("fsck")
    assert found["ok"] is True, found
