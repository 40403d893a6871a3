# SPDX-License-Identifier: AGPL-3.0-or-later
"""People sign in: one-time link, password, authenticator, recovery codes, sessions, a fresh proof."""
import pytest

from geleit import Staff

ANNA = {"name": "Anna Olsen", "address": "anna@geleit.example"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def anna(server):
    return Staff(server).enrol(server.sign_in_token(), PASSWORD, **ANNA)


def signed_in(server, anna, steps):
    """Another browser of the same person; each code is good once, so each call names another step."""
    other = Staff(server)
    assert other.post("", address=ANNA["address"], password=PASSWORD).json()["state"] == "totp"
    other.secret = anna.secret
    a = other.post("/totp", code=anna.code(steps))
    assert a.status == 200, a.text
    return other


def test_the_first_administrator_enrols_by_the_printed_link(server, anna):
    s = anna.request("GET", "/api/v1/session").json()
    assert s["state"] == "active" and s["person"]["name"] == "Anna Olsen" and s["person"]["role"] == "administrator"
    assert set(s["scopes"]) == {"read", "upload", "edit", "release", "send", "outbox", "admin"} and s["proved_until"]
    a = Staff(server).post("/link", token=server.sign_in_token())
    assert a.status == 401 and a.json()["code"] == "link-dead"
    assert anna.request("GET", "/api/v1/assets").status == 200


def test_half_way_is_not_in(server, anna):
    half = Staff(server)
    assert half.post("", address=" Anna@GELEIT.example ", password=PASSWORD).json()["state"] == "totp"
    for method, path in (("GET", "/api/v1/assets"), ("GET", "/api/v1/status"), ("GET", "/api/v1/sessions")):
        a = half.request(method, path)
        assert a.status == 401 and a.json()["code"] == "sign-in-incomplete", path
    # neither may it go round the second factor
    assert half.post("/password", password="another good one").status == 401
    assert half.post("/totp-setup").status == 401
    assert half.post("/step-up", code="000000").status == 401


def test_wrong_and_unknown_look_the_same(server, anna):
    wrong = Staff(server).post("", address=ANNA["address"], password="wrong horse battery")
    nobody = Staff(server).post("", address="nobody@geleit.example", password="wrong horse battery")
    empty = Staff(server).post("", address="", password="")
    assert wrong.status == nobody.status == empty.status == 401
    assert wrong.body == nobody.body == empty.body and "Set-Cookie" not in wrong.headers


def test_a_code_is_good_once(server, anna):
    first = Staff(server)
    assert first.post("", address=ANNA["address"], password=PASSWORD).status == 200
    bad = first.post("/totp", code="000000")
    assert bad.status == 401 and bad.json()["code"] == "wrong-code"
    used = first.post("/totp", code=anna.spent)     # when she enrolled
    assert used.status == 401
    recovery = anna.recovery[0]
    assert first.post("/totp", recovery=f"{recovery[:5].lower()}-{recovery[5:]}").status == 200
    second = Staff(server)
    second.post("", address=ANNA["address"], password=PASSWORD)
    assert second.post("/totp", recovery=recovery).status == 401


def test_a_forged_request_changes_nothing(server, anna):
    for headers in ({"Geleit-CSRF": "x" * 43}, {"Origin": "https://evil.example"}):
        a = anna.request("DELETE", "/api/v1/sessions/1", None, headers)
        assert a.status == 403, headers
    bare = server.request("DELETE", "/api/v1/session", None, {"Cookie": "__Host-geleit-s=" + anna.cookie})
    assert bare.status == 403 and bare.json()["code"] == "csrf"
    assert Staff(server).request("POST", "/api/v1/session", {"address": "a", "password": "b"},
                                 {"Origin": "https://evil.example"}).status == 403
    assert anna.request("GET", "/api/v1/session").status == 200


def test_sessions_are_listed_and_ended(server, anna):
    other = Staff(server)
    other.post("", address=ANNA["address"], password=PASSWORD)
    assert other.post("/totp", recovery=anna.recovery[1]).status == 200
    rows = anna.request("GET", "/api/v1/sessions").json()
    mine = [r for r in rows if r["current"]]
    assert len(mine) == 1 and len(rows) > 1
    newest = rows[0]
    assert not newest["current"] and anna.request("DELETE", f"/api/v1/sessions/{newest['id']}").status == 204
    assert other.request("GET", "/api/v1/session").status == 401
    assert anna.request("DELETE", f"/api/v1/sessions/{newest['id']}").status == 404


def test_signing_out_ends_the_cookie(server, anna):
    other = Staff(server)
    other.post("", address=ANNA["address"], password=PASSWORD)
    assert other.post("/totp", recovery=anna.recovery[2]).status == 200
    cookie = other.cookie
    assert other.request("DELETE", "/api/v1/session").status == 204 and other.cookie is None
    assert server.request("GET", "/api/v1/session", None, {"Cookie": "__Host-geleit-s=" + cookie}).status == 401


def test_the_password_changes_with_the_old_one(server, anna):
    other = Staff(server)
    other.post("", address=ANNA["address"], password=PASSWORD)
    assert other.post("/totp", recovery=anna.recovery[3]).status == 200
    for members, status, code in (({"password": "short"}, 400, "weak-password"),
                                  ({"password": "another good one"}, 401, "wrong-credentials"),
                                  ({"password": "another good one", "current": "wrong"}, 401, "wrong-credentials")):
        a = anna.post("/password", **members)
        assert (a.status, a.json()["code"]) == (status, code)
    assert anna.post("/password", password="another good one", current=PASSWORD).status == 200
    assert other.request("GET", "/api/v1/session").status == 401        # her other browsers are out
    assert anna.request("GET", "/api/v1/session").status == 200
    assert Staff(server).post("", address=ANNA["address"], password=PASSWORD).status == 401
    assert anna.post("/password", password=PASSWORD, current="another good one").status == 200


def test_wrong_codes_rest_the_authenticator_and_lock_nobody_out(server, anna):
    other = Staff(server)
    other.post("", address=ANNA["address"], password=PASSWORD)
    told = {other.post("/totp", code=f"{i:06d}").status for i in range(21)}
    a = other.post("/totp", code="000000")
    assert told <= {401, 429} and a.status == 429 and a.json()["code"] == "too-many-tries"
    assert other.post("/totp", recovery=anna.recovery[4]).status == 200


def test_no_link_is_printed_once_somebody_can_sign_in(server, anna):
    assert server.stop() == 0
    server.start()
    assert not [w for w in server.said if w.startswith("sign-in ")]
    assert anna.request("GET", "/api/v1/session").status == 200     # sessions outlive a restart
