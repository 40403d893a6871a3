# SPDX-License-Identifier: AGPL-3.0-or-later
"""Odd requests: what attackers send between a proxy and a server, one connection each.

CASES maps a name to the bytes of a whole connection.  Most end with PROBE, a plain second request: who sees it whole
frames the first one as we think he should.  swept() gives one request for each byte in each place of a head.
"""
H = b"Host: x\r\n"
PROBE = b"GET /probe HTTP/1.1\r\nHost: x\r\n\r\n"
CASES = {}


def get(target=b"/", fields=H, method=b"GET", version=b"HTTP/1.1"):
    return method + b" " + target + b" " + version + b"\r\n" + fields + b"\r\n"


def post(fields, body=b"", method=b"POST"):
    return get(b"/p", H + fields, method) + body + PROBE


def chunked(body, more=b""):
    return post(b"Transfer-Encoding: chunked\r\n" + more, body)


def add(family, cases):
    for name, data in cases.items():
        assert f"{family}: {name}" not in CASES, name
        CASES[f"{family}: {name}"] = data


def listed(family, make, *variants):
    """Variants named by what they are; long ones by their length and what they are made of."""
    add(family, {ascii(v)[2:-1] if len(v) < 60 else f"{len(v)} with {chr(max(set(v), key=v.count))}": make(v) for v in variants})


# ---- the request line ----

listed("target", lambda t: get(t) + PROBE,
       b"/", b"/a?b=c", b"/?", b"/a?b?c", b"/a;b", b"/a:b", b"/a@b", b"/a,b", b"/!$&'()*+=", b"/~", b"/*",
       b"//evil/x", b"///", b"/a//b", b"/./", b"/..", b"/../../etc/passwd", b"/%2e%2e/", b"/..%2f..%2f", b"/a/..;/b",
       b"/%00", b"/%", b"/%4", b"/%zz", b"/a%", b"/%2f", b"/%5c", b"/%20", b"/%0d%0aHost:%20y", b"/%u002f", b"/%c0%af",
       b"/\xc0\xaf", b"/\x80", b"/\xff", "/ä".encode(), b"/\\", b"/a\\..\\b", b"/^", b"/`", b"/{}", b"/|", b"/[", b'/"', b"/<", b"/>",
       b"/#", b"/a#b", b"/?#", b"?", b"?a", b"#", b"*", b"a", b".", b"./", b"../", b"\\", b"x:443", b"%2f",
       b"http://x/", b"http://y/", b"HTTP://x/", b"https://x/", b"http:///", b"http://", b"http:/x", b"http://u@x/",
       b"ftp://x/", b"javascript:1", b"/\0", b"/\x7f", b"/a\tb", b"/a b", b"/a\x0bb", b"/a\x0cb", b"/a\xa0b", b"/a\rb", b"/a\nb",
       b"/" + b"a" * 4095, b"/" + b"b" * 4096, b"/" + b"c" * 9000, b"/?" + b"d" * 4094, b"/?" + b"e" * 4095)
listed("method", lambda m: get(method=m) + PROBE,
       b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"M-SEARCH", b"PRI",
       b"get", b"Get", b"G@T", b"G,T", b"G:T", b"GET/", b"(GET)", b'"GET"', b"[GET]", b"NEW_METHOD", b"A!#$%&'*+-.^_`|~", b"1", b"-", b"",
       b"GET\0", b"GET\t", b"GET\x0b", b"\0GET", "GÄT".encode(), b"\xffGET", b"\xef\xbb\xbfGET", b"B" * 32, b"A" * 33, b"C" * 300)
listed("version", lambda v: get(version=v) + PROBE,
       b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/1.10", b"HTTP/1.01", b"HTTP/01.1",
       b"HTTP/11", b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1,1", b"HTTP/1.1.1", b"HTTP/-1.1", b"HTTP/+1.1", b"HTTP/1.1a", b"HTTP/0x1.1",
       b"http/1.1", b"HTTp/1.1", b"HTTPS/1.1", b"HTTP /1.1", b"HTTP/ 1.1", b"HTTP\\1.1", b"ICY/1.1", b"HTTP/1.1 ", b"HTTP/1.1\t", b"HTTP/1.1\0",
       b"HTTP/1.1 HTTP/1.1", b"", "HTTP/１.1".encode())
add("line", {
    "0.9": b"GET /\r\n" + PROBE, "0.9 with blank": b"GET / \r\n" + PROBE, "two blanks before target": b"GET  / HTTP/1.1\r\n" + H + b"\r\n" + PROBE,
    "two blanks before version": b"GET /  HTTP/1.1\r\n" + H + b"\r\n" + PROBE, "tabs": b"GET\t/\tHTTP/1.1\r\n" + H + b"\r\n" + PROBE,
    "vertical tabs": b"GET\x0b/\x0bHTTP/1.1\r\n" + H + b"\r\n" + PROBE, "form feed": b"GET /\x0cHTTP/1.1\r\n" + H + b"\r\n" + PROBE,
    "nbsp": b"GET\xa0/\xa0HTTP/1.1\r\n" + H + b"\r\n" + PROBE, "leading blank": b" " + get() + PROBE, "leading tab": b"\t" + get() + PROBE,
    "leading crlf": b"\r\n" + get() + PROBE, "leading crlf twice": b"\r\n\r\n" + get() + PROBE, "leading lf": b"\n" + get() + PROBE,
    "leading cr": b"\r" + get() + PROBE, "leading nul": b"\0" + get() + PROBE, "crlf between two": get() + b"\r\n" + PROBE,
    "lf between two": get() + b"\n" + PROBE, "blank between two": get() + b" " + PROBE, "nothing but crlf": b"\r\n\r\n", "only blank": b" \r\n\r\n",
    "bare lf": b"GET / HTTP/1.1\nHost: x\n\n" + PROBE, "lf after line": b"GET / HTTP/1.1\n" + H + b"\r\n" + PROBE,
    "cr after line": b"GET / HTTP/1.1\r" + H + b"\r\n" + PROBE, "cr cr lf after line": b"GET / HTTP/1.1\r\r\n" + H + b"\r\n" + PROBE,
    "lf cr after line": b"GET / HTTP/1.1\n\r" + H + b"\r\n" + PROBE, "bare crs": b"GET / HTTP/1.1\rHost: x\r\r",
    "target missing": b"GET HTTP/1.1\r\n" + H + b"\r\n" + PROBE, "method alone": b"GET\r\n" + H + b"\r\n" + PROBE,
    "h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "tls hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "proxy line": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get() + PROBE,
    "smtp": b"EHLO x\r\nMAIL FROM:<a@b>\r\n", "unfinished line": b"GET / HTT", "unfinished field": b"GET / HTTP/1.1\r\nHost: x\r\nA",
    "unfinished end": get()[:-2], "unfinished by a byte": get()[:-1], "star with options": get(b"*", method=b"OPTIONS") + PROBE,
    "star with post": get(b"*", method=b"POST") + PROBE, "connect": get(b"x:443", method=b"CONNECT") + PROBE,
    "connect origin form": get(b"/", method=b"CONNECT") + PROBE, "two pipelined": get(b"/1") + get(b"/2") + PROBE,
    "junk after": get() + b"\x00\x01\x02"})

# ---- fields ----

listed("field", lambda f: get(fields=H + f + b"\r\n") + PROBE,
       b"A: b", b"A:b", b"A:", b"A: ", b"A: \t b \t", b"A:\tb", b"A b", b"A", b": b", b":", b"A : b", b"A\t: b", b"A \t: b", b" A: b",
       b"\tA: b", b"A\x0b: b", b"A\x0c: b", b"A\0: b", b"A\x7f: b", b"A(): b", b"A/B: c", b"A;B: c", b"A=B: c", b'"A": b', b"[A]: b",
       b"A{}: b", b"A\\: b", b"A@: b", b"A,B: c", b"A_B: c", b"_: c", b"-: c", b"!#$%&'*+-.^_`|~: c", "Ä: b".encode(), b"A\xff: b",
       b"A: \0", b"A: b\0c", b"A: \x01", b"A: \x08", b"A: \x0b", b"A: \x0c", b"A: \x1b[2J", b"A: \x7f", b"A: a\tb", "A: ä".encode(), b"A: \xe4",
       b"A: \xff\xfe", b"A: b\r", b"A: b\rC: d", b"A: b\r C: d", b"A: b\n", b"A: b\nC: d", b"A: b\n C: d", b"A: b\r\n c", b"A: b\r\n\tc",
       b"A:\r\n b", b"A:\r\n", b"A: b\r\n \r\n", b"A: b\r\n ", b"A:: b", b"A: b: c", b'A: "b', b"A: (b", b"A: " + b"v" * 8000, b"N" * 1000 + b": n")
add("fields", {
    "none": b"GET / HTTP/1.1\r\n\r\n" + PROBE, "first begins with a blank": get(fields=b" A: b\r\n" + H) + PROBE,
    "first is blank": get(fields=b" \r\n" + H) + PROBE, "lf ends head": b"GET / HTTP/1.1\r\nHost: x\r\n\n" + PROBE,
    "lf lf ends head": b"GET / HTTP/1.1\r\nHost: x\n\n" + PROBE, "cr cr ends head": b"GET / HTTP/1.1\r\nHost: x\r\r" + PROBE,
    "cr cr lf ends head": b"GET / HTTP/1.1\r\nHost: x\r\n\r\r\n" + PROBE, "nul ends head": b"GET / HTTP/1.1\r\nHost: x\r\n\0\r\n\r\n" + PROBE,
    "lf cr lf ends head": b"GET / HTTP/1.1\r\nHost: x\n\r\n" + PROBE, "blank line with a blank": b"GET / HTTP/1.1\r\nHost: x\r\n \r\n\r\n" + PROBE,
    "100": get(fields=H + b"A: b\r\n" * 99) + PROBE, "101": get(fields=H + b"A: b\r\n" * 100) + PROBE, "1000": get(fields=H + b"A: b\r\n" * 1000),
    "head of 16384": get(fields=H + (b"A: " + b"a" * 4000 + b"\r\n") * 4 + b"B: " + b"b" * 322 + b"\r\n"),
    "head of 16385": get(fields=H + (b"A: " + b"a" * 4000 + b"\r\n") * 4 + b"B: " + b"b" * 323 + b"\r\n")})

# ---- Host ----

listed("host", lambda v: get(fields=b"Host:" + v + b"\r\n") + PROBE,
       b" x", b"x", b"\tx", b" X", b" x.", b" x.y", b" x:", b" x:80", b" x:0", b" x:65535", b" x:65536", b" x:99999999", b" x:+80",
       b" x:-1", b" x:a", b" x: 80", b" x:80:80", b" :80", b" [::1]", b" [::1]:80", b" [::1", b" ::1", b" [::1]x", b" [::1]:", b" [v1.a]", b" [fe80::1%25a]",
       b" [g]", b" []", b" x%41", b" x%zz", b" x/", b" x/a", b" x?", b" x#", b" u@x", b" u:p@x", b" x y", b" x,y", b" x, y", b" *", b" .", b" ..", b" .x",
       b" x..y", b"", b" ", b" x_y", b" -x", b" x;y", b" 'x'", b' "x"', b" x\\y", b" x|y", b" x^y", b" x`y", b" {x}", b" x\0", b" x\0y", b" x\x7f", b" x\x01",
       " ä".encode(), b" \xff", b" 1.2.3.4", b" 1.2.3.4:5", b" 1", b" 0x7f.1", b" http://x", b" " + b"h" * 255, b" " + b"h" * 300)
listed("hosts", lambda f: get(fields=f) + PROBE,
       b"", b"A: b\r\n", H + H, H + b"hOST: y\r\n", H + b"Host:\r\n", b"Host:\r\n" + H, b"HOST: x\r\n", b"host: x\r\n", b"Host : x\r\n", b"Host\t: x\r\n",
       b" Host: x\r\n", b"Host\0: x\r\n", b"A: b\r\n Host: x\r\n", b"Host: x\r\n y\r\n", b"Host:\r\n x\r\n", b"Host: x\rHost: y\r\n", b"Host: x\nHost: y\r\n",
       b"Host_: x\r\n", b"X-Host: x\r\n", b"X-Forwarded-Host: y\r\n" + H, b"Forwarded: host=y\r\n" + H)

# ---- framing: Content-Length ----

listed("length", lambda v: post(b"Content-Length:" + v + b"\r\n", b"abc"),
       b" 3", b"3", b"\t3", b" 3 ", b" 3\t", b"  3", b" 03", b" 003", b" 0000000000000000000000000000003", b" +3", b" -3", b" -0", b" 0x3", b" 3h", b" 3abc",
       b" 3.0", b" 3e0", b" 3 3", b" 3,3", b" 3, 3", b" 3, 5", b" 3,", b" ,3", b" 3;", b' "3"', b" '3'", b" (3)", b" 3\0", b" \x003", b" 3\x0b", b" \x0b3",
       b" 3\x0c", b"", b" ", b" ,", b" \xb2", " ３".encode(), b" 3_0", b" 0", b" 2", b" 4", b" 18446744073709551619", b" 18446744073709551616",
       b" 18446744073709551615", b" 9223372036854775808", b" 9223372036854775807", b" 4294967299", b" 99999999999999999999999999999999", b" 3\r\n ",
       b"\r\n 3", b" 3\r\n 0", b" 3\r", b" 3\n", b" \r3", b" 1\r\n1", b" 3\r\nA: b")
listed("lengths", lambda f: post(f, b"abc"),
       b"Content-Length: 3\r\n" * 2, b"Content-Length: 3\r\nContent-Length: 5\r\n", b"Content-Length: 5\r\nContent-Length: 3\r\n",
       b"Content-Length: 3\r\nContent-Length: 03\r\n", b"Content-Length: 3\r\ncontent-length: 0\r\n", b"Content-Length: 0\r\nContent-Length: 3\r\n",
       b"Content-Length:\r\nContent-Length: 3\r\n", b"CONTENT-LENGTH: 3\r\n", b"content-length: 3\r\n", b"Content-Length : 3\r\n", b"Content-Length\t: 3\r\n",
       b" Content-Length: 3\r\n", b"A: b\r\n Content-Length: 3\r\n", b"A:\r\n\tContent-Length: 3\r\n", b"A: b\rContent-Length: 3\r\n", b"A: b\nContent-Length: 3\r\n",
       b"A: b\0\r\nContent-Length: 3\r\n", b"Content-Length\0: 3\r\n", b"Content_Length: 3\r\n", b"Content Length: 3\r\n", b"Content-Length;: 3\r\n",
       b"\xefContent-Length: 3\r\n", b"Content-Lengt\xe8: 3\r\n", b"Content-Length: 3\r\nContent-Lengt: 5\r\n", b"X-Content-Length: 3\r\n", b"Content-Length 3\r\n",
       b"Content-Length:: 3\r\n", b"Content-Length= 3\r\n", b"Connection: Content-Length\r\nContent-Length: 3\r\n")
add("content", {
    **{m.decode() + " with a length": post(b"Content-Length: 3\r\n", b"abc", m) for m in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"PUT", b"PATCH", b"get")},
    **{m.decode() + " chunked": post(b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n", m) for m in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"PUT")},
    "POST without any": post(b""), "POST without any, with bytes": post(b"", b"abc"), "GET without any, with bytes": get() + b"abc" + PROBE,
    "a request inside": post(b"Content-Length: %d\r\n" % len(PROBE), PROBE), "shorter than said": get(b"/p", H + b"Content-Length: 9\r\n", b"POST") + b"abc",
    "HTTP/1.0 with length": get(b"/p", H + b"Content-Length: 3\r\n", b"POST", b"HTTP/1.0") + b"abc" + PROBE,
    "HTTP/1.0 chunked": get(b"/p", H + b"Transfer-Encoding: chunked\r\n", b"POST", b"HTTP/1.0") + b"3\r\nabc\r\n0\r\n\r\n" + PROBE,
    "HTTP/1.0 keep-alive": get(fields=H + b"Connection: keep-alive\r\n", version=b"HTTP/1.0") + PROBE})

# ---- framing: Transfer-Encoding ----

ABC = b"3\r\nabc\r\n0\r\n\r\n"
listed("coding", lambda v: post(b"Transfer-Encoding:" + v + b"\r\n", ABC),
       b" chunked", b"chunked", b"\tchunked", b" chunked ", b" chunked\t", b"  chunked", b" Chunked", b" CHUNKED", b" cHuNkEd", b" xchunked", b" chunkedx",
       b" chunked;", b" chunked;q=1", b" chunked; a=b", b" chunked,", b" ,chunked", b" , chunked", b" chunked,,", b" chunked, chunked", b" chunked chunked",
       b" identity", b" identity, chunked", b" chunked, identity", b" gzip", b" gzip, chunked", b" chunked, gzip", b" deflate", b" x", b"", b" ", b" ,", b" *",
       b' "chunked"', b" 'chunked'", b" (chunked)", b" chunked\0", b" \0chunked", b" chunked\x0b", b" \x0bchunked", b" chunked\x0c", b" \x0cchunked", b" chunked\x01",
       b" chun ked", b" chunked-x", b" chunke", b" \xffchunked", b" chunked\xff", " chunKed".encode(), " ｃhunked".encode(), b" chunked\r\n ", b"\r\n chunked",
       b" chunked\r\n x", b" x\r\n chunked", b" chunked\r", b" chunked\n", b" \rchunked", b" x\nchunked", b":chunked", b" trailers", b" compress, chunked")
listed("codings", lambda f: post(f, ABC),
       b"Transfer-Encoding: chunked\r\n" * 2, b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
       b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n",
       b"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", b"Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n", b"TRANSFER-ENCODING: chunked\r\n",
       b"transfer-encoding: chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding\t: chunked\r\n", b"Transfer-Encoding\x0b: chunked\r\n",
       b"Transfer-Encoding\0: chunked\r\n", b" Transfer-Encoding: chunked\r\n", b"\tTransfer-Encoding: chunked\r\n", b"A: b\r\n Transfer-Encoding: chunked\r\n",
       b"A: b\rTransfer-Encoding: chunked\r\n", b"A: b\nTransfer-Encoding: chunked\r\n", b"Transfer_Encoding: chunked\r\n", b"Transfer Encoding: chunked\r\n",
       b"X-Transfer-Encoding: chunked\r\n", b"TE: chunked\r\n", b"TE: trailers\r\nTransfer-Encoding: chunked\r\n", b"Content-Encoding: chunked\r\n",
       b"Transfer-Encoding chunked\r\n", b"Transfer-Encoding=chunked\r\n", b"Transfer\xadEncoding: chunked\r\n",
       b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", b"Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n")
listed("both", lambda f: post(f, ABC),
       *(a + b for a in (b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Content-Length: 13\r\n", b"Content-Length: x\r\n", b"Content-Length:\r\n")
         for b in (b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding:\r\n")),
       b"Transfer-Encoding: chunked\r\nContent-Length: 13\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
       b"Transfer-Encoding: gzip\r\nContent-Length: 13\r\n", b"Transfer-Encoding : chunked\r\nContent-Length: 13\r\n",
       b"Transfer-Encoding\0: chunked\r\nContent-Length: 13\r\n", b"Transfer_Encoding: chunked\r\nContent-Length: 13\r\n",
       b"A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 13\r\n", b"Transfer-Encoding: chunked\r\nContent-Length : 13\r\n")

# ---- chunks ----

listed("size", lambda s: chunked(s + b"\r\nabc\r\n0\r\n\r\n"),
       b"3", b"03", b"003", b"000000000000003", b"0000000000000003", b"00000000000000000000000000000003", b"3 ", b"3\t", b"3  \t", b" 3", b"\t3", b"+3", b"-3", b"0x3",
       b"0X3", b"x3", b"3h", b"3.0", b"3e0", b"3,3", b"3 3", b"3_", b"3\0", b"\x003", b"3\x0b", b"3\x0c", b"3\xa0", b"", b" ", b"g", b"'3'", b'"3"', b"3\r", b"3\n",
       b"\r\n3", b"\n3", b"3\r\n", "３".encode(), b"2", b"4", b"5", b"d", b"D", b"10000000000000003", b"ffffffffffffffff", b"fffffffffffffffd", b"8000000000000003",
       b"7fffffffffffffff", b"100000003", b"fffffffffffffffffffffffffffffffff",
       b"3;", b"3;a", b"3;a=b", b"3;a=b;c=d", b'3;a="b"', b'3;a="b;c"', b'3;a="b\\"c"', b'3;a="b', b"3 ;a", b"3\t;a", b"3; a", b"3;a ", b"3;a =b", b"3;a= b",
       b"3;;", b"3;=", b"3;=b", b"3;a=", b"3;a,b", b"3;(a)", b"3;a\0", b"3;a\x01", b"3;a\x0b", b"3;a\x7f", b"3;a\x80", "3;ä".encode(), b"3;a\tb", b"3;a\r", b"3;a\n", b"3;\n",
       b"3;a\rb", b"3;a\nb", b"3;\r\n", b"3;a=" + b"e" * 200, b"3;a=" + b"f" * 300, b"3;a=" + b"g" * 9000, b"3" + b";a" * 100)
listed("last", lambda s: chunked(b"3\r\nabc\r\n" + s + b"\r\n\r\n"),
       b"00", b"000", b"0000000000000000", b"00000000000000000000", b"0 ", b" 0", b"-0", b"+0", b"0x0", b"0;a", b"0;a=b", b"0\0", b"0\r", b"0\n", b"", b";", b";a")
add("chunk", {
    "two": chunked(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), "none": chunked(b"0\r\n\r\n"), "ten": chunked(b"A\r\n0123456789\r\n0\r\n\r\n"),
    "data ends with lf": chunked(b"3\r\nabc\n0\r\n\r\n"), "data ends with cr": chunked(b"3\r\nabc\r0\r\n\r\n"), "data ends with lf cr": chunked(b"3\r\nabc\n\r0\r\n\r\n"),
    "data ends with nothing": chunked(b"3\r\nabc0\r\n\r\n"), "data ends with cr cr lf": chunked(b"3\r\nabc\r\r\n0\r\n\r\n"),
    "data ends with blank": chunked(b"3\r\nabc \r\n0\r\n\r\n"), "data ends with two": chunked(b"3\r\nabcxy0\r\n\r\n"), "data ends twice": chunked(b"3\r\nabc\r\n\r\n0\r\n\r\n"),
    "size ends with lf": chunked(b"3\nabc\r\n0\r\n\r\n"), "size ends with cr": chunked(b"3\rabc\r\n0\r\n\r\n"), "size ends with cr x": chunked(b"3\rxabc\r\n0\r\n\r\n"),
    "all lf": chunked(b"3\nabc\n0\n\n"), "last ends with lf": chunked(b"3\r\nabc\r\n0\n\r\n"), "end is lf": chunked(b"3\r\nabc\r\n0\r\n\n"),
    "end is cr": chunked(b"3\r\nabc\r\n0\r\n\r"), "end is missing": chunked(b"3\r\nabc\r\n0\r\n"), "end is cr x": chunked(b"3\r\nabc\r\n0\r\n\rx"),
    "no last": chunked(b"3\r\nabc\r\n"), "only the data": chunked(b"abc"), "cut in size": chunked(b"")[:-len(PROBE)] + b"3", "cut in data": chunked(b"")[:-len(PROBE)] + b"3\r\nab",
    "cut before end": chunked(b"")[:-len(PROBE)] + b"3\r\nabc\r\n0\r\n\r", "a request inside": chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PROBE), PROBE)),
    "two bodies": chunked(ABC)[:-len(PROBE)] + chunked(ABC), "expect": chunked(ABC, b"Expect: 100-continue\r\n")})
listed("trailer", lambda t: chunked(b"3\r\nabc\r\n0\r\n" + t + b"\r\n"),
       b"A: b\r\n", b"A: b\r\nC: d\r\n", b"A:\r\n", b"A:b\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: y\r\n", b"Connection: close\r\n", b" A: b\r\n",
       b"\tA: b\r\n", b"A : b\r\n", b"A b\r\n", b"A\r\n", b": b\r\n", b"A(): b\r\n", b"A_B: c\r\n", "Ä: b\r\n".encode(), b"A\0: b\r\n", b"A: \0\r\n", b"A: \x01\r\n", b"A: \x7f\r\n", "A: ä\r\n".encode(),
       b"A: a\tb\r\n", b"A: b\n", b"A: b\r", b"A: b\rC: d\r\n", b"A: b\nC: d\r\n", b"A: b\r\n c\r\n", b"A: b\r\r\n", b"\n", b"GET / HTTP/1.1\r\n", b"A: " + b"t" * 4000 + b"\r\n",
       b"A: " + b"u" * 5000 + b"\r\n", b"A: b\r\n" * 200)

# ---- Connection, Upgrade, Expect, Range and what else names a behaviour ----

listed("option", lambda f: get(fields=H + f + b"\r\n") + PROBE,
       b"Connection: close", b"Connection: Close", b"Connection: CLOSE", b"Connection: keep-alive", b"Connection: close, keep-alive", b"Connection: keep-alive, close",
       b"Connection: keep-alive,close", b"Connection: close,", b"Connection: ,close", b"Connection:\tclose", b"Connection: close\t, x", b"Connection: x, close", b"Connection: x,close,y",
       b"Connection: closed", b"Connection: xclose", b"Connection: close;q=1", b'Connection: "close"', b"Connection: (close)", b"Connection: close x", b"Connection: clo se", b"Connection:",
       b"Connection: keep-alive\r\nConnection: close", b"Connection: close\r\nConnection: keep-alive", b"connection: close", b"CONNECTION: close", b"Connection : close",
       b"Proxy-Connection: close", b"Connection: Host", b"Connection: TE\r\nTE: trailers", b"Keep-Alive: timeout=5", b"Connection: close\r\n keep-alive",
       b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13", b"Upgrade: TLS/1.0",
       b"Upgrade: websocket", b"Expect: 100-continue", b"Expect: 100-Continue", b"Expect:", b"Expect: x", b"Expect: 200-ok", b"Expect: 100-continue, x", b"Expect: 100-continue; a=b",
       b"Expect: 100-continue\r\nExpect: 100-continue", b"Expect: 100-continue\r\nExpect: x", b"Expect : 100-continue", b"Range: bytes=0-0", b"Range: bytes=" + b"0-0," * 500 + b"0-0",
       b"Range: bytes=99999999999999999999-", b"Range: bytes=-1", b"Range: x", b"Range:", b"Range: bytes=0-0\r\nRange: bytes=1-1", b"Authorization: a\r\nauthorization: b", b"Origin: a\r\nOrigin: b",
       b"Content-Type: a\r\nContent-Type: b", b"If-Range: \"", b"Accept-Encoding: gzip;q=x", b"X-HTTP-Method-Override: DELETE",
       b"X-Forwarded-For: 127.0.0.1", b"X-Original-URL: /admin", b"X-Rewrite-URL: /admin", b"Max-Forwards: 0", b"Cookie: a=\x22b", b"Authorization: \x80", b"Content-Type: a; b=\"")
listed("expect", lambda f: post(f + b"Content-Length: 3\r\n", b"abc"),
       b"Expect: 100-continue\r\n", b"Expect: 100-CONTINUE\r\n", b"Expect: 100-continue \r\n", b"Expect: 100 continue\r\n", b"Expect:\r\n", b"Expect: y\r\n")

# ---- every byte in every place ----

PLACES = {
    "method": lambda b: get(method=b"GE" + b + b"T") + PROBE,
    "target": lambda b: get(b"/a" + b + b"b") + PROBE,
    "version": lambda b: get(version=b"HTTP/1.1" + b) + PROBE,
    "name": lambda b: get(fields=H + b"A" + b + b"B: c\r\n") + PROBE,
    "before the colon": lambda b: get(fields=H + b"A" + b + b": c\r\n") + PROBE,
    "value": lambda b: get(fields=H + b"A: b" + b + b"c\r\n") + PROBE,
    "host": lambda b: get(fields=b"Host: x" + b + b"y\r\n") + PROBE,
    "length": lambda b: post(b"Content-Length: 3" + b + b"\r\n", b"abc"),
    "coding": lambda b: post(b"Transfer-Encoding: chunked" + b + b"\r\n", ABC),
    "line begin": lambda b: get(fields=H + b + b"A: c\r\n") + PROBE,
    "head begin": lambda b: b + get() + PROBE,
    "size": lambda b: chunked(b"3" + b + b"\r\nabc\r\n0\r\n\r\n"),
    "extension": lambda b: chunked(b"3;a" + b + b"b\r\nabc\r\n0\r\n\r\n"),
    "trailer": lambda b: chunked(b"3\r\nabc\r\n0\r\nA: b" + b + b"c\r\n\r\n"),
}


def swept():
    return {f"{place} {byte:02x}": make(bytes([byte])) for place, make in PLACES.items() for byte in range(256)}
