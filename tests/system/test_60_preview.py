# SPDX-License-Identifier: AGPL-3.0-or-later
"""Previews over the real server: made, given, refused; and a server that hostile files do not move."""
import json
import pathlib
import sys

import pytest
from PIL import Image

from geleit import BUILD, ROOT, wait_for

sys.path.insert(0, str(ROOT / "tests/lib"))
import hostile  # noqa: E402


def upload(server, folder, name, body):
    path = pathlib.Path(folder) / name
    path.write_bytes(body)
    asset = server.run("upload", path)["files"][0]["asset"]
    return asset, server.api("GET", f"/api/v1/assets/{asset}").json()["version"]["version"]


def preview(server, asset, size, more=""):
    return server.api("GET", f"/api/v1/assets/{asset}/preview/{size}{more}")


def test_sizes_types_and_caching(server, tmp_path):
    asset, version = upload(server, tmp_path, "a.png", hostile.png(500, 400, colour=2, depth=8))
    a = wait_for(lambda: (r := preview(server, asset, 320)).status == 200 and r)
    assert a.headers["Content-Type"] == "image/jpeg" and a.body[:3] == b"\xff\xd8\xff" and a.body[-2:] == b"\xff\xd9"
    assert a.headers["X-Content-Type-Options"] == "nosniff" and "immutable" not in a.headers["Cache-Control"]
    named = preview(server, asset, 1600, f"?version={version}")
    assert named.status == 200 and "immutable" in named.headers["Cache-Control"]
    again = server.api("GET", f"/api/v1/assets/{asset}/preview/320", headers={"If-None-Match": a.headers["ETag"]})
    assert again.status == 304 and again.body == b""
    for path in ("/preview/321", "/preview/64?page=2", "/preview/64?version=5", "/preview/64?page=0"):
        assert server.api("GET", f"/api/v1/assets/{asset}{path}").status == 404, path


def test_pages_of_a_document(server, tmp_path):
    asset, _ = upload(server, tmp_path, "b.pdf", hostile.plain_pdf(3))
    wait_for(lambda: preview(server, asset, 320, "?page=3").status == 200)
    assert preview(server, asset, 320, "?page=4").status == 404


def test_the_original_comes_back_whole_and_in_part(server, tmp_path):
    body = hostile.png(123, 45, colour=2, depth=8)
    asset, version = upload(server, tmp_path, "c.png", body)
    path = f"/api/v1/assets/{asset}/versions/{version}/content"
    a = wait_for(lambda: (r := server.api("GET", path)).status == 200 and r)
    assert a.body == body and a.headers["Content-Disposition"].startswith("attachment")
    part = server.api("GET", path, headers={"Range": "bytes=5-9"})
    assert part.status == 206 and part.body == body[5:10]
    assert server.api("GET", f"/api/v1/assets/{asset}/versions/77/content").status == 404


def test_hostile_files_end_in_a_state_and_the_server_does_not_move(server, tmp_path):
    before = {role: server.roles(role) for role in ("worker", "media", "front", "app")}
    some = [(n, b) for n, b, _ in (*hostile.pictures(), *hostile.archives(), *hostile.two_faced()) if n not in ("adam7.png", "empty.jpg")]
    assets = [upload(server, tmp_path, name, body)[0] for name, body in some]
    good, _ = upload(server, tmp_path, "good.png", hostile.png(70, 60, colour=2, depth=8))
    wait_for(lambda: preview(server, good, 64).status == 200, 60)
    def states():
        a = server.api("POST", "/api/v1/assets/cards", json.dumps({"ids": assets}), {"Content-Type": "application/json"})
        assert a.status == 200, a.text
        return {name: card["preview"] for (name, _), card in zip(some, a.json()["cards"])}
    wait_for(lambda: "pending" not in states().values(), 60)
    expected = {"texts.png": "refused", "few-rows.png": "damaged", "bomb.docx": "none", "zip.pdf": "ready", "zip.svgz": "refused"}
    assert {name: states()[name] for name in expected} == expected
    assert before == {role: server.roles(role) for role in before}


def test_what_a_file_tells_of_itself(server, tmp_path):
    """Camera and time, and why there is no preview; never where it was taken."""
    e = Image.Exif()
    e[0x010F], e[0x0110], e[0x8769], e[0x8825] = "Canon", "EOS R5", {0x9003: "2024:05:01 12:30:00"}, {1: "N", 2: (52.0, 31.0, 12.0)}
    Image.new("CMYK", (60, 40)).save(tmp_path / "made.jpg", exif=e.tobytes())
    asset, _ = upload(server, tmp_path, "a.jpg", (tmp_path / "made.jpg").read_bytes())
    wait_for(lambda: preview(server, asset, 64).status == 200)
    a = server.api("GET", f"/api/v1/assets/{asset}")
    told = {k: a.json()[k] for k in ("width", "height", "preview", "preview_reason", "space", "camera", "taken")}
    assert told == {"width": 60, "height": 40, "preview": "ready", "preview_reason": None, "space": "cmyk", "camera": "Canon EOS R5",
                    "taken": "2024-05-01 12:30:00"}
    assert "gps" not in a.text.lower() and "latitude" not in a.text.lower()
    asset, _ = upload(server, tmp_path, "b.png", hostile.png(30000, 30000))
    a = wait_for(lambda: (r := server.api("GET", f"/api/v1/assets/{asset}")).json()["preview"] != "pending" and r)
    assert (a.json()["preview"], a.json()["preview_reason"], a.json()["camera"]) == ("refused", "pixels", None)


@pytest.mark.parametrize("how", [[], ["--unusable"]], ids=["forbidden", "given and of no use"])
def test_where_user_namespaces_are_forbidden(fresh, tmp_path, how):
    """As in containers: previews are made all the same, and the log says behind what."""
    s = fresh().start(below=[BUILD / "src/media/no_namespaces", *how])
    made = {name: upload(s, tmp_path, name, body)[0] for name, body in
            (("a.png", hostile.png(90, 80, colour=2, depth=8)), ("b.pdf", hostile.plain_pdf(2)),
             ("c.svg", hostile.svg('<rect width="9" height="9"/>')))}
    for asset in made.values():
        wait_for(lambda: preview(s, asset, 64).status == 200)
    assert "forbids user namespaces" in s.log_text() and s.stop() == 0


@pytest.mark.parametrize("times", [3])
def test_a_supervisor_that_dies_is_waited_for(fresh, tmp_path, times):
    s = fresh().start()
    try:
        assets = [upload(s, tmp_path, f"{i}.png", hostile.png(900, 900 + i, colour=2, depth=8))[0] for i in range(times)]
        s.kill("media")
        for asset in assets:
            wait_for(lambda: preview(s, asset, 64).status == 200, 40)
    finally:
        assert s.stop() == 0
