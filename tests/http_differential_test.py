# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our parsers beside python3-h11 and a real nginx, over a corpus of odd connections.

Where two servers cut one connection into different requests, somebody between us and the client may see another
request than we do.  What h11 and nginx agree upon is the measure: the requests that both see, alike in method,
target and content, up to the first that one of them refuses or sees otherwise.  We must never see more than that
without a reason in LENIENT.  Where we see less, the reason is in STRICTER.  An unlisted difference fails, and so
does a listed one that is gone.  HTTP_JUDGE names the helper program built by meson.
"""
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lib"))
import http_corpus  # noqa: E402
import http_judges  # noqa: E402
import scoreboard  # noqa: E402

HELPER = os.environ.get("HTTP_JUDGE", "")
pytestmark = pytest.mark.skipif(not HELPER, reason="HTTP_JUDGE is not set")

# We see more than the stricter of the two, or wait where one of them refuses.
LENIENT = {
    "an option is a whole word (RFC 9110 7.6.1); nginx ends the connection over the letters wherever they stand": [
        "option: Connection: closed", "option: Connection: xclose", "option: Connection: close;q=1",
        'option: Connection: "close"', "option: Connection: (close)", "option: Connection: close x"],
    "a head is judged when it is whole; one that never ends is answered 408 after ten seconds": ["line: smtp"],
    "h11 refuses the beginning of the probe that a body swallowed; we wait for the rest of it": ["length 33"],
}
# We see less than both.
STRICTER = {
    "not a URI (RFC 3986)": [
        'target: /"', "target: /<", "target: />", "target 22", "target 3c", "target 3e"],
    "a fragment never travels": ["target: /#", "target: /a#b", "target: /?#", "target 23"],
    "no proxy is asked here: two host names in one request invite confusion": [
        "target: http://x/", "target: http://y/", "target: HTTP://x/", "target: https://x/", "target: ftp://x/"],
    "dots in a path are resolved by the client; a path has one spelling": ["target: /./"],
    "the target has 4,096 bytes": ["target: 4097 with b", "target: 9001 with c", "target: 4097 with e"],
    "no method has more than 32 letters": ["method: " + "A" * 33, "method: 300 with C"],
    "every client of ours speaks HTTP/1.1, and nobody a later 1.x": [
        "version: HTTP/1.0", "version: HTTP/1.2", "version: HTTP/1.9", "content: HTTP/1.0 with length", "content: HTTP/1.0 keep-alive"],
    "a bare LF is where smuggling begins": [
        "line: bare lf", "line: lf after line", r"field: A: b\n", r"field: A: b\nC: d", "fields: lf ends head", "fields: lf lf ends head",
        "fields: lf cr lf ends head", r"length:  3\n", r"lengths: A: b\nContent-Length: 3\r\n", r"codings: A: b\nTransfer-Encoding: chunked\r\n",
        "chunk: end is lf", r"trailer: A: b\n", r"trailer: A: b\nC: d\r\n", r"trailer: \n", "length 0a", "line begin 0a"],
    "a control is no field content": [
        r"field: A: \x01", r"field: A: \x08", r"field: A: \x1b[2J", r"field: A: \x7f", r"trailer: A: \x01\r\n", r"trailer: A: \x7f\r\n",
        *(f"{place} {c:02x}" for place in ("value", "trailer") for c in [*range(1, 9), *range(14, 32), 127])],
    "100 fields": ["fields: 101"],
    "not an authority": [
        *("host:  " + h for h in ("x:", "x:0", "x:65536", "x:99999999", "x:+80", "x:-1", "x:a", "x:80:80", "[::1", "[::1]x", "[::1]:", "[v1.a]",
                                  "[fe80::1%25a]", "[g]", "[]", "x%41", "x%zz", "x?", "x#", "u@x", "u:p@x", "x,y", "*", ".x", "x;y", "'x'", '"x"',
                                  r"x\\y", "x|y", "x^y", "x`y", "{x}", r"\xc3\xa4", r"\xff")),
        "host: 301 with h", *(f"host {c:02x}" for c in [*b"!\"#$%&'()*+,:;<=>?@[\\]^`{|}~", *range(128, 256)])],
    "a chunk's size has at most 15 digits": ["size: 0000000000000003", "last: 0000000000000000", "last: 00000000000000000000"],
    "the grammar has no blank behind a chunk's size": ["size: 3 ", r"size: 3\t", r"size: 3  \t", "last: 0 ", "size 09", "size 20"],
    "a control in a chunk's extension": [
        r"size: 3;a\x00", r"size: 3;a\x01", r"size: 3;a\x0b", r"size: 3;a\x7f",
        *(f"extension {c:02x}" for c in [*range(9), 11, 12, *range(14, 32), 127])],
    "a chunk's extension has at most 256 bytes": ["size: 304 with f", "size: 9004 with g"],
    "obs-fold, also in a trailer": [r"trailer: A: b\r\n c\r\n"],
    "trailers have at most 4 KiB": ["trailer: 5005 with u"],
    "one value, and two are a request that two servers may read differently": [
        r"option: Range: bytes=0-0\r\nRange: bytes=1-1", r"option: Origin: a\r\nOrigin: b",
        r"option: Content-Type: a\r\nContent-Type: b"],
    "417: we promise nothing but 100-continue": [
        "option: Expect:", "option: Expect: x", "option: Expect: 200-ok", "option: Expect: 100-continue, x", "option: Expect: 100-continue; a=b",
        r"expect: Expect: 100 continue\r\n", r"expect: Expect:\r\n", r"expect: Expect: y\r\n"],
}


def listed(table):
    names = [name for group in table.values() for name in group]
    assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1]
    return set(names)


def agreed(judges):
    """The requests that all judges see, and whether one of them refuses what follows."""
    both = []
    for a, b in zip(*(j.requests for j in judges)):
        if a != b:
            break
        both.append(a)
    return both, any(j.refused and len(j.requests) == len(both) for j in judges)


def verdict(ours, judges):
    """lenient, stricter or same: we beside what the judges agree upon."""
    both, refused = agreed(judges)
    if ours.requests[:len(both)] != both[:len(ours.requests)] or len(ours.requests) > len(both):
        return "lenient"
    if len(ours.requests) < len(both):
        return "stricter"
    if refused == ours.refused:
        return "same"
    return "lenient" if refused else "stricter"


@pytest.fixture(scope="module")
def nginx():
    n = http_judges.Nginx()
    yield n
    n.stop()


def differences(nginx, cases):
    found = {"lenient": {}, "stricter": {}, "same": {}}
    for name, data in cases.items():
        ours, judges = http_judges.ours(HELPER, data), (http_judges.h11s(data), nginx.judge(data))
        found[verdict(ours, judges)][name] = f"\n{name}\n  ours  {ours}\n  h11   {judges[0]}\n  nginx {judges[1]}"
    return found


def compare(found, names):
    for kind, table in (("lenient", LENIENT), ("stricter", STRICTER)):
        want = listed(table) & names
        unlisted, gone = found[kind].keys() - want, want - found[kind].keys()
        assert not unlisted, f"{kind} without a reason: {''.join(found[kind][n] for n in sorted(unlisted))}"
        assert not gone, f"listed as {kind}, but gone: {sorted(gone)}"


def test_the_tables_name_what_there_is():
    names = http_corpus.CASES.keys() | http_corpus.swept().keys()
    assert listed(LENIENT) | listed(STRICTER) <= names, (listed(LENIENT) | listed(STRICTER)) - names
    assert not listed(LENIENT) & listed(STRICTER)


def test_odd_connections(nginx):
    compare(differences(nginx, http_corpus.CASES), set(http_corpus.CASES))
    scoreboard.figure("http differential", len(http_corpus.CASES), "odd connections beside nginx and h11, never more lenient without a reason",
                      "meson test -C build http/differential")


def test_every_byte_in_every_place(nginx):
    cases = http_corpus.swept()
    compare(differences(nginx, cases), set(cases))
    scoreboard.figure("http differential", len(cases), "single bytes in 14 places of a request, likewise", "meson test -C build http/differential")


def test_the_judges_can_tell():
    """A judge that sees one request more than we would be noticed, and so would we."""
    seen = http_judges.Seen
    one, two = [("GET", "/", b"")], [("GET", "/", b""), ("GET", "/2", b"")]
    other = [("GET", "/", b"x")]
    for ours, h11, nginx, want in [
            (seen(one, False, ""), seen(one, False, ""), seen(one, False, ""), "same"),
            (seen(two, False, ""), seen(one, True, ""), seen(two, False, ""), "lenient"),
            (seen(two, False, ""), seen(two, False, ""), seen([], True, ""), "lenient"),
            (seen(other, False, ""), seen(one, False, ""), seen(one, False, ""), "lenient"),
            (seen([], False, ""), seen(one, False, ""), seen([], True, ""), "lenient"),
            (seen([], True, ""), seen(one, False, ""), seen([], True, ""), "same"),
            (seen([], True, ""), seen(one, False, ""), seen(one, False, ""), "stricter"),
            (seen(one, False, ""), seen(two, False, ""), seen(two, False, ""), "stricter"),
            (seen([], True, ""), seen(one, False, ""), seen(other, False, ""), "stricter")]:
        assert verdict(ours, (h11, nginx)) == want, (ours, h11, nginx)
