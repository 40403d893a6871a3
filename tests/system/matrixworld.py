# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everybody and everything that tests/matrix.yaml speaks of, made once on a real server.

Sessions of staff are rows put past the server, so that each state there is can be had at will; how they come to be
is tests/system/test_60_sign_in.py's.  Who came with which credential is in headers(); what an address or a body names is
in thing(), anew for each cell that has an effect.
"""
import base64
import hashlib
import http.client
import json
import os
import sys
import time
import urllib.parse

from geleit import ROOT, Answer, Recipient, Staff, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402

SCOPES = ["read", "upload", "edit", "release", "send", "outbox", "admin"]
GARBAGE_KEY = "geleit_7391829012345678_" + "A" * 43
GARBAGE_COOKIE = "B" * 43
ADDRESS = "matrix@customer.test"
HOUR = 3600 * 1000000
SIGNED_IN = {"administrator": "administrator", "forged": "administrator", "wrong_word": "administrator", "wrong_origin": "administrator",
             "mixed": "administrator", "stale": "administrator", "editor": "editor", "sender": "sender", "viewer": "viewer",
             "half": "editor", "enrol": "invited", "ended": "administrator", "idle": "administrator", "suspended": "suspended", "colleague": "colleague"}
# What only a worker or the clock writes, and what a look leaves behind.
BACKGROUND = {"job", "log_leaf", "log_head", "event_todo", "rendition", "version_media", "sqlite_sequence", "schema_version"}
SEEN = "used_us"


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def word(prefix, cookie):
    return b64url(hashlib.sha256((prefix + cookie).encode()).digest())


class Line:
    """One connection that is kept, and begun anew when the server has closed it."""

    def __init__(self, server):
        self.server, self.conn = server, None

    def request(self, method, path, body, headers):
        for last in (self.conn is None, True):
            if self.conn is None:
                self.conn = http.client.HTTPSConnection("localhost", self.server.port, context=self.server.context(), timeout=30)
            try:
                self.conn.request(method, path, body, headers)
                r = self.conn.getresponse()
                a = Answer(r, r.read())
            except (http.client.RemoteDisconnected, ConnectionError):
                self.conn.close()
                self.conn = None
                if last:
                    raise
                continue
            if r.will_close:
                self.conn = None
            return a


class World:
    def __init__(self, server, file):
        self.server, self.file, self.line, self.count = server, file, Line(server), 0
        self.people()
        self.library()
        self.deliveries()
        self.sessions()
        self.made_keys()
        self.shared = {}

    # ---- people ----

    def invite(self, name, role):
        a = self.server.api("POST", "/api/v1/people", {"name": name, "address": f"{name}@geleit.example", "role": role})
        assert a.status == 201, a.text
        return a.json()["person"]["id"], a.json()["link"].split("token=")[1]

    def people(self):
        admin = Staff(self.server).enrol(self.server.sign_in_token(), name="Anna", address="administrator@geleit.example")
        self.person = {"administrator": admin.request("GET", "/api/v1/session").json()["person"]["id"]}
        self.own = {}
        for name, role in (("editor", "editor"), ("sender", "sender"), ("viewer", "viewer"), ("colleague", "editor"), ("demoted", "administrator"),
                           ("suspended", "administrator")):
            self.person[name], token = self.invite(name, role)
            self.own[name] = Staff(self.server).enrol(token)
        self.person["invited"] = self.invite("invited", "editor")[0]
        self.person["spare"] = self.invite("spare", "viewer")[0]

    def mint(self, person, state="active", proved=None, used=None):
        """A cookie and its row."""
        cookie, now = b64url(os.urandom(32)), time.time_ns() // 1000
        digest = hashlib.sha256(cookie.encode()).hexdigest()
        row = int.from_bytes(os.urandom(7), "big")
        literal = f"x'{digest}'" if self.server.db == "sqlite" else f"'\\x{digest}'"
        # a proof lasts ten minutes, the matrix longer on a slow machine
        proved = (now + HOUR if state == "active" else 0) if proved is None else proved
        sql(self.server, "INSERT INTO staff_session (id, person_id, token_hash, state, agent, proved_us, created_us, used_us) VALUES "
            f"({row}, {self.person[person]}, {literal}, '{state}', 'matrix', {proved}, {now}, {used or now})")
        return cookie, str(row)

    def session(self, who):
        """One for this principal: (cookie, id)."""
        now = time.time_ns() // 1000
        made = self.mint(SIGNED_IN[who], {"half": "totp", "enrol": "enrol"}.get(who, "active"),
                         now - HOUR if who == "stale" else None, now - HOUR - 1 if who == "idle" else None)
        if who == "ended":
            sql(self.server, f"UPDATE staff_session SET ended_us = {now} WHERE id = {made[1]}")
        return made

    def sessions(self):
        self.staff = {who: self.session(who) for who in SIGNED_IN if who != "suspended"}

    def made_keys(self):
        def make(scope, **more):
            return self.server.api("POST", "/api/v1/keys", {"name": scope, "scopes": [scope], **more}).json()
        self.keys = {"key_" + s: make(s)["key"] for s in SCOPES + ["all"]}
        for name in ("demoted", "suspended"):
            self.keys["key_" + name] = self.own[name].request("POST", "/api/v1/keys", {"name": name, "scopes": ["all"]}).json()["key"]
        expired, revoked = make("all", expires="1m"), make("all")
        self.keys["key_expired"], self.keys["key_revoked"] = expired["key"], revoked["key"]
        sql(self.server, f"UPDATE api_key SET expires_us = 1 WHERE id = {expired['id']}")
        assert self.server.api("DELETE", f"/api/v1/keys/{revoked['id']}").status == 204
        assert self.server.api("PATCH", f"/api/v1/people/{self.person['demoted']}", {"role": "viewer"}).status == 200
        assert self.server.api("PATCH", f"/api/v1/people/{self.person['suspended']}", {"disabled": True}).status == 200
        self.staff["suspended"] = self.session("suspended")

    # ---- files and deliveries ----

    def upload_file(self):
        found = self.server.run("upload", self.file)["files"][0]
        return found["asset"], found["version"]

    def library(self):
        made = {s: self.upload_file() for s in
                ("cleared", "draft", "in_review", "blocked", "conditions", "embargoed", "over", "confidential", "trashed",
                 "unscanned", "infected")}
        self.asset = {s: m[0] for s, m in made.items()}
        self.version = {s: m[1] for s, m in made.items()}
        for state in made:
            self.release(state)
            wait_for(lambda s=state: self.server.api("GET", f"/api/v1/assets/{self.asset[s]}/preview/320").status == 200)
        for state, patch in (("embargoed", {"embargo": "3d"}), ("confidential", {"class": "confidential"})):
            assert self.server.api("PATCH", f"/api/v1/assets/{self.asset[state]}", patch).status == 200
        sql(self.server, f"UPDATE asset SET expires_us = 1 WHERE id = {self.asset['over']}")
        assert self.server.api("POST", "/api/v1/assets/bulk", {"ids": [self.asset["trashed"]], "trash": True}).status == 200
        self.scanned()
        self.asset.update(absent="1", malformed="x1")
        self.version.update(absent=self.version["cleared"], malformed=self.version["cleared"])

    def scanned(self):
        """As a scanner would have left them; that it does is tests/system/test_86_malware.py's."""
        for state, malware in [(s, "clean") for s in self.asset if s != "unscanned"] + [("infected", "infected")]:
            sql(self.server, f"UPDATE version SET malware = '{malware}' WHERE id = {self.version[state]}")
            sql(self.server, f"UPDATE asset SET malware = '{malware}' WHERE id = {self.asset[state]}")
        assert self.server.api("PATCH", "/api/v1/settings", {"malware.unscanned": "hold"}).status == 200

    def release(self, state):
        """As it was before a cell changed it."""
        if state in ("absent", "malformed"):
            return
        body = {"state": state if state in ("draft", "in_review", "blocked", "conditions") else "cleared"}
        if state == "conditions":
            body["credit"] = "Foto: M."
        a = self.server.api("PUT", f"/api/v1/assets/{self.asset[state]}/release", body)
        assert a.status == 200, a.text

    def send(self, *to):
        a = self.server.api("POST", "/api/v1/deliveries", {"assets": [self.asset["cleared"]], "to": list(to or (ADDRESS,))})
        assert a.status == 201, a.text
        return a.json()

    def end(self, number, state):
        """What a delivery becomes: revoked, over, early."""
        now = time.time_ns() // 1000
        if state == "revoked":
            assert self.server.api("POST", f"/api/v1/deliveries/{number}/revoke", {"reason": "matrix"}).status == 200
        else:
            what = f"valid_from_us = {now + HOUR}" if state == "early" else f"valid_from_us = 1, expires_us = {now - 1}"
            sql(self.server, f"UPDATE delivery SET {what} WHERE number = '{number}'")

    def deliveries(self):
        self.number, self.visitor, self.token = {}, {}, self.send()["recipients"][0]["link"].rsplit("/", 1)[1]
        for state, whom in (("active", ("visitor", "opened", "withdrawn")), ("other", ("other",)), ("revoked", ("of_revoked",)),
                            ("over", ("of_expired",)), ("early", ("of_early",))):
            sent = self.send(*(f"{w}@customer.test" for w in whom))
            self.number[state] = sent["delivery"]
            for who, row in zip(whom, sent["recipients"]):
                self.visitor[who] = Recipient(self.server, row["link"], row["address"])
                assert self.visitor[who].open().status == 303 if who == "opened" else self.visitor[who].prove()
            if state not in ("active", "other"):
                self.end(sent["delivery"], state)
        assert self.server.api("POST", f"/api/v1/deliveries/{self.number['active']}/revoke",
                               {"recipient": "withdrawn@customer.test"}).status == 200
        self.number.update(absent="0000-0000", malformed="0000-000U")

    # ---- one cell ----

    def headers(self, who, session=None):
        if who == "none":
            return {}
        if who == "garbage":
            return {"Authorization": "Bearer " + GARBAGE_KEY, "Geleit-CSRF": "C" * 43,
                    "Cookie": f"__Host-geleit-r={GARBAGE_COOKIE}; __Host-geleit-s={GARBAGE_COOKIE}"}
        if who in self.visitor:
            return {"Cookie": "__Host-geleit-r=" + self.visitor[who].cookie}
        if who in self.keys:
            return {"Authorization": "Bearer " + self.keys[who]}
        cookie = (session or self.staff[who])[0]
        h = {"Cookie": "__Host-geleit-s=" + cookie, "Geleit-CSRF": word("staff-csrf", cookie)}
        if who == "forged":
            del h["Geleit-CSRF"]
        elif who == "wrong_word":
            h["Geleit-CSRF"] = word("staff-csrf", self.staff["editor"][0])
        elif who == "wrong_origin":
            h["Origin"] = "https://evil.example"
        elif who == "mixed":
            h["Authorization"] = "Bearer " + GARBAGE_KEY
        return h

    def thing(self, name, who, fresh, state):
        """What {name} stands for in this cell."""
        own = {"asset": lambda: self.asset[state or "cleared"], "version": lambda: self.version[state or "cleared"],
               "token": lambda: self.token, "address": lambda: ADDRESS, "csrf": lambda: self.recipient_word(who),
               "unique": self.unique, "person": lambda: self.person["spare"], "number": lambda: self.number["active"]}
        if name in own and (state is None or name in ("asset", "version", "address", "unique")):
            return own[name]()
        if state == "oneself":
            owner = who[4:] if who in ("key_demoted", "key_suspended") else "administrator"
            return self.person[SIGNED_IN.get(who, owner)]
        if state in ("absent", "malformed"):
            return {"absent": {"upload": "0" * 32, "undo": "0" * 32}.get(name, self.number["absent"] if name in ("number", "spare") else "1"),
                    "malformed": self.number["malformed"] if name in ("number", "spare") else "x1"}[state]
        who = "administrator" if who in ("forged", "wrong_word", "wrong_origin") else who
        maker = "colleague" if state == "foreign" else who if fresh else "viewer" if name == "session" else "key_all"
        if not fresh and (name, state) in self.shared:
            return self.shared[name, state]
        made = getattr(self, "make_" + name)(maker, state)
        self.shared[name, state] = made
        return made

    def unique(self):
        self.count += 1
        return f"m{self.count}"

    def recipient_word(self, who):
        return word("csrf", self.visitor[who].cookie) if who in self.visitor else "C" * 43

    def by(self, who, method, path, body, **headers):
        a = self.line.request(method, path, json.dumps(body) if body is not None else None,
                              {**self.headers(who), "Content-Type": "application/json", **headers})
        assert a.status in (200, 201), (who, path, a.status, a.text)
        return a

    def make_upload(self, who, state):
        headers = {**self.headers(who), "Tus-Resumable": "1.0.0"}
        a = self.line.request("POST", "/api/v1/uploads", None, {**headers, "Upload-Length": "3"})
        assert a.status == 201, (who, a.status, a.text)
        made = a.headers["Location"].rsplit("/", 1)[1]
        if state == "complete":
            a = self.line.request("PATCH", f"/api/v1/uploads/{made}", b"abc", {
                **headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
            assert a.status == 204 and a.headers["Geleit-Asset"], (who, a.status, a.text)
        if state == "expired":
            sql(self.server, f"UPDATE upload SET expires_us = 1 WHERE {self.is_upload(made)}")
        return made

    def is_upload(self, hexed):
        return f"id = x'{hexed}'" if self.server.db == "sqlite" else f"id = '\\x{hexed}'"

    def make_person(self, who, state):
        person = self.invite(self.unique(), "editor")[0]
        if state == "disabled":
            assert self.server.api("PATCH", f"/api/v1/people/{person}", {"disabled": True}).status == 200
        return person

    def myself(self, who):
        """An administrator for one cell, who changes himself: his id, and how he asks."""
        person, token = self.invite(self.unique(), "administrator")
        he = Staff(self.server).enrol(token)
        if who in self.keys:
            made = he.request("POST", "/api/v1/keys", {"name": "own", "scopes": ["all"]}).json()["key"]
            return person, {"Authorization": "Bearer " + made}
        return person, {"Cookie": "__Host-geleit-s=" + he.cookie, "Geleit-CSRF": he.csrf}

    def make_undo(self, who, state):
        return self.by(who, "POST", "/api/v1/assets/bulk", {"ids": [self.asset["cleared"]], "add_keywords": [self.unique()]}).json()["undo"]

    def make_session(self, who, state):
        return self.mint(SIGNED_IN[who])[1]

    def make_folder(self, who, state):
        return self.server.api("POST", "/api/v1/folders", {"path": self.unique()}).json()["id"]

    def make_key(self, who, state):
        made = self.server.api("POST", "/api/v1/keys", {"name": "spare", "scopes": ["read"]}).json()["id"]
        if state == "gone":
            assert self.server.api("DELETE", f"/api/v1/keys/{made}").status == 204
        return made

    def make_number(self, who, state):
        number = self.send()["delivery"]
        if state:
            self.end(number, state)
        return number

    make_spare = make_number

    def make_mail(self, who, state):
        def composed():
            return [m["id"] for m in self.server.mails(ADDRESS) if m["state"] == "not_sent"]
        if state != "wiped":
            return wait_for(composed)[0]
        before = wait_for(composed)
        self.send()
        made = wait_for(lambda: [m for m in composed() if m not in before])[0]
        sql(self.server, "UPDATE mail SET state = 'accepted', form = 'wiped', sealed = NULL, wrap = NULL, epoch = NULL "
                         f"WHERE id = {made}")
        return made

    def make_job(self, who, state):
        """Given up, of a kind that nobody works at."""
        self.jobs = getattr(self, "jobs", 1000) + 1
        sql(self.server, "INSERT INTO job (id, kind, state, due_us, fence, tries, error, created_us) "
                         f"VALUES ({self.jobs}, 'nobodys', 'dead', 0, 8, 8, 'broken', 1)")
        if state == "gone":
            assert self.server.api("POST", f"/api/v1/jobs/{self.jobs}/again").status == 200
        return str(self.jobs)

    # ---- did anything change? ----

    def quiet(self):
        wait_for(lambda: sql(self.server, "SELECT (SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND kind <> 'nobodys') + "
                                          "(SELECT count(*) FROM mail WHERE state = 'queued') + "
                                          "(SELECT count(*) FROM transfer WHERE state = 'running')") == [["0"]])

    def tables(self):
        ask = ("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%'" if self.server.db == "sqlite" else
               "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return sorted({r[0] for r in sql(self.server, ask)} - BACKGROUND)

    def snapshot(self):
        """A digest of every table that a request could have changed, without when something was last seen."""
        if not hasattr(self, "asked"):
            self.asked = [self.ask_for(t) for t in self.tables()]
        if self.server.db != "sqlite":
            return dict(sql(self.server, " UNION ALL ".join(self.asked)))
        return {ask: hashlib.sha256(repr(sorted(sql(self.server, ask))).encode()).hexdigest() for ask in self.asked}

    def ask_for(self, table):
        swept = " WHERE expires_us > 1" if table == "upload" else ""       # the others go when worker comes by
        if self.server.db != "sqlite":
            return (f"SELECT '{table}', md5(coalesce(string_agg(r, '|' ORDER BY r), '')) FROM "
                    f"(SELECT (to_jsonb(t) - '{SEEN}')::text AS r FROM {table} t{swept}) x")
        columns = [r[1] for r in sql(self.server, f"PRAGMA table_info({table})") if r[1] != SEEN]
        return f"SELECT {', '.join(columns)} FROM {table}{swept}"


def picture(path):
    path.write_bytes(hostile.png(400, 300, colour=2, depth=8))
    return path


def form(values):
    return urllib.parse.urlencode(values)
