# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files from before there were previews, or that an older geleit failed on, get theirs after the next start;
and files of many parts, which came over a slow line or are larger than a job can be given."""
import base64
import json
import os
import pathlib
import signal
import struct
import sys
import zlib

from geleit import ROOT, sql, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402


def upload(server, folder, name, body):
    path = pathlib.Path(folder) / name
    path.write_bytes(body)
    asset = server.run("upload", path)["files"][0]["asset"]
    return asset, server.api("GET", f"/api/v1/assets/{asset}").json()["version"]["version"]


def status(server, asset):
    return server.api("GET", f"/api/v1/assets/{asset}/preview/64").status


def states(server):
    return {v: (state, maker) for v, state, maker in sql(server, "SELECT version_id, state, maker FROM version_media")}


def forget(server):
    """As if these files had come before there were previews."""
    for table in ("rendition", "version_media"):
        sql(server, f"DELETE FROM {table}")
    sql(server, "DELETE FROM job WHERE kind = 'render'")


def test_what_has_no_preview_gets_one(fresh, tmp_path):
    s = fresh().start()
    made = [upload(s, tmp_path, f"{n}.png", hostile.png(300, 200 + n, colour=2, depth=8)) for n in range(3)]
    text, _ = upload(s, tmp_path, "a.txt", b"nothing to see\n")
    locked, _ = upload(s, tmp_path, "b.pdf", hostile.plain_pdf()[:200])
    assets = [a for a, _ in made]
    wait_for(lambda: all(status(s, a) == 200 for a in assets) and len(states(s)) == 4)
    assert s.stop() == 0
    forget(s)
    s.start()
    wait_for(lambda: all(status(s, a) == 200 for a in assets) and len(states(s)) == 4 and
             not any(state == "pending" for state, _ in states(s).values()))
    assert status(s, text) == 404 and status(s, locked) == 404
    # an older one failed on the first, was killed at the second; the third is well
    assert s.stop() == 0
    versions = [v for _, v in made]
    sql(s, "DELETE FROM rendition WHERE version_id IN (%s, %s)" % tuple(versions[:2]))
    sql(s, f"UPDATE version_media SET state = 'refused', reason = 'pixels', blob_id = NULL, maker = NULL WHERE version_id = {versions[0]}")
    sql(s, f"UPDATE version_media SET state = 'killed', reason = 'crash', blob_id = NULL, maker = 1 WHERE version_id = {versions[1]}")
    sql(s, f"UPDATE version_media SET maker = 1 WHERE version_id = {versions[2]}")
    s.start()
    wait_for(lambda: all(status(s, a) == 200 for a in assets))
    now = states(s)
    assert now[versions[0]][0] == now[versions[1]][0] == "ready" and now[versions[2]] == ("ready", "1")
    assert s.stop() == 0


def test_who_uploads_meanwhile_comes_first(fresh, tmp_path):
    """The supervisor is held while both wait: the upload's preview is among the first afterwards."""
    s = fresh().start()
    folder = tmp_path / "old"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n}.png").write_bytes(hostile.png(700, 500 + n, colour=2, depth=8))
    s.run("upload", *sorted(folder.iterdir()))
    wait_for(lambda: len(states(s)) == 40 and {state for state, _ in states(s).values()} == {"ready"}, 60)
    assert s.stop() == 0
    forget(s)
    s.start()
    media = next(r["pid"] for r in json.loads((s.dir / "run/roles.json").read_text()) if r["role"] == "media")
    os.kill(media, signal.SIGSTOP)
    try:
        done = {v for v, (state, _) in states(s).items() if state == "ready"}
        asset, version = upload(s, tmp_path, "new.png", hostile.png(50, 50, colour=2, depth=8))
        wait_for(lambda: sql(s, f"SELECT state FROM job WHERE kind = 'render' AND version_id = {version}"))
    finally:
        os.kill(media, signal.SIGCONT)
    wait_for(lambda: len(now := states(s)) == 41 and {state for state, _ in now.values()} == {"ready"}, 60)
    order = [v for v, in sql(s, "SELECT version_id FROM version_media ORDER BY changed_us, version_id")]
    # two that ran, two whose end was told already, two on their way to it; the rest of forty comes after
    assert order.index(version) <= len(done) + 8 < 40, (order.index(version), len(done))
    assert status(s, asset) == 200 and s.stop() == 0


MIB = 1 << 20


def noise(width, height):
    """A PNG that no packing makes smaller."""
    rows = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(hostile.png_chunk(n, b) for n, b in (
        (b"IHDR", head), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")))


def upload_in_steps(server, body, step):
    fields = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    name = base64.b64encode(b"slow.png").decode()
    a = server.api("POST", "/api/v1/uploads", None, {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(body)),
                                                    "Upload-Metadata": f"filename {name}"})
    assert a.status == 201, a.text
    where = a.headers["Location"]
    for at in range(0, len(body), step):
        a = server.api("PATCH", where, body[at:at + step], {**fields, "Upload-Offset": str(at)})
        assert a.status == 204, a.text
    return a.headers["Geleit-Asset"]


def parts(server, version):
    return [int(n) for n, in sql(server, f"SELECT bytes FROM version_part WHERE version_id = {version} ORDER BY position")]


def test_a_slow_line_and_a_file_too_large(fresh, tmp_path):
    s = fresh().start()
    body = noise(5000, 5000)
    asset = upload_in_steps(s, body, MIB + 100_000)
    assert len(body) // (MIB + 100_000) >= 64
    wait_for(lambda: status(s, asset) == 200, 60)
    version = s.api("GET", f"/api/v1/assets/{asset}").json()["version"]["version"]
    assert parts(s, version) == [64 * MIB, len(body) - 64 * MIB]
    # more parts than a job is given: a reason, not a preview
    other, version = upload(s, tmp_path, "large.png", hostile.png(30, 30, colour=2, depth=8))
    wait_for(lambda: status(s, other) == 200)
    assert s.stop() == 0
    form = "X'%s'" if s.db == "sqlite" else "'\\x%s'"
    for i in range(64):
        sql(s, f"INSERT INTO version_part (version_id, position, blob_id, bytes) VALUES ({version}, {1 + i}, {form % os.urandom(16).hex()}, 1)")
    for table in ("rendition", "version_media"):
        sql(s, f"DELETE FROM {table} WHERE version_id = {version}")
    s.start()
    wait_for(lambda: states(s).get(version, ("",))[0] == "refused")
    assert sql(s, f"SELECT reason FROM version_media WHERE version_id = {version}") == [["too-large"]]
    assert s.stop() == 0
