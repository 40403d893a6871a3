# SPDX-License-Identifier: AGPL-3.0-or-later
"""tus checksum: a body counts whole and as its sender meant it, or not at all."""
import base64
import hashlib
import os
import socket

import pytest

from geleit import wait_for

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}


def digest(name, data):
    return f"{name} {base64.b64encode(hashlib.new(name, data).digest()).decode()}"


def begin(server, length):
    a = server.api("POST", "/api/v1/uploads", None, {**TUS, "Upload-Length": str(length)})
    assert a.status == 201
    return a.headers["Location"]


def offset(server, where):
    return int(server.api("HEAD", where, None, TUS).headers["Upload-Offset"])


def patch(server, where, at, data, checksum):
    return server.api("PATCH", where, data, {**OCTETS, "Upload-Offset": str(at), "Upload-Checksum": checksum})


def test_it_is_offered(server):
    a = server.request("OPTIONS", "/api/v1/uploads")
    assert "checksum" in a.headers["Tus-Extension"].split(",") and a.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_pieces_count_only_as_they_were_meant(server, name):
    data = os.urandom(300_000)
    one, two = data[:100_000], data[100_000:]
    where = begin(server, len(data))
    a = patch(server, where, 0, one, digest(name, one + b"x"))
    assert a.status == 460 and a.json()["code"] == "checksum-mismatch" and a.headers["Tus-Resumable"] == "1.0.0"
    assert offset(server, where) == 0
    a = patch(server, where, 0, one, digest(name, one))
    assert a.status == 204 and a.headers["Upload-Offset"] == "100000"
    flipped = bytes([two[0] ^ 1]) + two[1:]
    assert patch(server, where, 100_000, flipped, digest(name, two)).status == 460
    a = patch(server, where, 100_000, two, digest(name, two))
    assert a.status == 204 and a.headers["Geleit-Asset"]
    asset = a.headers["Geleit-Asset"]
    found = wait_for(lambda: server.api("GET", f"/api/v1/assets/{asset}").json().get("version", {}).get("sha256"))
    assert found == hashlib.sha256(data).hexdigest()


def test_creation_with_upload_is_held_to_it(server):
    data = b"0123456789" * 100
    h = {**OCTETS, "Upload-Length": "1000"}
    a = server.api("POST", "/api/v1/uploads", data, {**h, "Upload-Checksum": digest("sha1", data[1:])})
    assert a.status == 460
    a = server.api("POST", "/api/v1/uploads", data, {**h, "Upload-Checksum": digest("sha1", data)})
    assert a.status == 201 and a.headers["Upload-Offset"] == "1000" and a.headers["Geleit-Asset"]


@pytest.mark.parametrize("checksum,code", [("md5 1B2M2Y8AsgTpgAmY7PhCfg==", "checksum-algorithm"), ("sha1", "bad-checksum"),
                                           ("sha1 ???", "bad-checksum"), ("sha256 YWJj", "bad-checksum"), ("", "bad-checksum")])
def test_what_it_is_not(server, checksum, code):
    where = begin(server, 3)
    a = patch(server, where, 0, b"abc", checksum)
    assert a.status == 400 and a.json()["code"] == code
    assert offset(server, where) == 0


def test_without_a_length_it_cannot_be_held_back(server):
    where = begin(server, 10)
    h = {**OCTETS, "Upload-Offset": "0", "Upload-Checksum": digest("sha1", b"abc"), "Transfer-Encoding": "chunked"}
    a = server.api("PATCH", where, iter([b"abc"]), h)
    assert a.status == 413 and a.json()["code"] == "checksum-too-large"


def test_cut_in_the_middle_nothing_counts(server):
    data = os.urandom(200_000)
    where = begin(server, len(data))
    head = "".join(f"{k}: {v}\r\n" for k, v in {
        **OCTETS, "Host": f"localhost:{server.port}", "Authorization": "Bearer " + server.key(), "Upload-Offset": "0",
        "Content-Length": str(len(data)), "Upload-Checksum": digest("sha256", data)}.items())
    with socket.create_connection(("localhost", server.port)) as raw, \
            server.context().wrap_socket(raw, server_hostname="localhost") as s:
        s.sendall(f"PATCH {where} HTTP/1.1\r\n{head}\r\n".encode() + data[:150_000])
        s.shutdown(socket.SHUT_RDWR)
    assert offset(server, where) == 0
    assert patch(server, where, 0, data, digest("sha256", data)).status == 204
    assert offset(server, where) == len(data)
