# SPDX-License-Identifier: AGPL-3.0-or-later
"""The library over the real server: a view, its cards, folders, the trash and back, words, a basket."""
import struct

import pytest

JSON = {"Content-Type": "application/json"}


def layout(server, query="", headers=None):
    a = server.api("GET", "/api/v1/assets/layout" + query, None, headers)
    if a.status != 200:
        return a
    magic, count, _ = struct.unpack_from("<4sIQ", a.body)
    assert magic == b"GLY1"
    start = (16 + count + 7) // 8 * 8
    assert len(a.body) == start + 8 * count
    a.ids = [str(i) for i in struct.unpack_from(f"<{count}Q", a.body, start)]
    a.ratios = list(a.body[16:16 + count])
    return a


def post(server, path, body, status=200):
    a = server.api("POST", path, body, JSON)
    assert a.status == status, (path, a.status, a.text)
    return a.json()


def cards(server, ids):
    return post(server, "/api/v1/assets/cards", {"ids": ids})["cards"]


@pytest.fixture(scope="module")
def ids(server, tmp_path_factory):
    """Three files of one folder, two of them the same."""
    here = tmp_path_factory.mktemp("library")
    found = []
    for name, text in (("Möbel Havn.txt", "eins"), ("Möbel Kopie.txt", "eins"), ("Preise 10.txt", "zwei")):
        (here / name).write_text(text)
        found.append(server.run("upload", here / name, "--folder", "Katalog/Herbst")["files"][0]["asset"])
    return found


def test_a_view_and_its_cards(server, ids):
    view = layout(server, "?folder=Katalog")
    assert view.ids == ids[::-1] and view.ratios == [128] * 3
    assert layout(server, "?folder=Katalog", {"If-None-Match": view.headers["ETag"]}).status == 304
    assert layout(server, "?folder=Katalog&sort=name").ids == ids
    assert layout(server, "?folder=Kat").ids == []
    shown = cards(server, [ids[2], "7", ids[0]])
    assert [c["id"] for c in shown] == [ids[2], ids[0]]
    assert shown[1]["duplicates"] == [ids[1]] and shown[0]["duplicates"] == []
    assert shown[0]["checks"] == {"release": "open", "licence": "unchecked", "people": "unchecked",
                                  "audience": "unchecked", "dates": "ok"}
    server.run("release", ids[0], "cleared")
    assert layout(server, "?folder=Katalog", {"If-None-Match": view.headers["ETag"]}).status == 200
    assert layout(server, "?folder=Katalog&state=sendable").ids == [ids[0]]
    assert cards(server, [ids[0]])[0]["checks"]["release"] == "ok"


def test_words_find_their_beginnings(server, ids):
    assert layout(server, "?q=mob").ids == [ids[1], ids[0]]
    assert layout(server, "?q=KOPIE%20m%C3%B6b").ids == [ids[1]]
    post(server, "/api/v1/assets/bulk", {"ids": ids[1:], "add_keywords": ["Stühle"]})
    assert layout(server, "?q=stuhl").ids == [ids[2], ids[1]]
    assert server.api("GET", "/api/v1/keywords?prefix=st").json() == [{"label": "Stühle", "count": 2}]


def test_the_trash_stops_what_is_sent_and_gives_it_back(server, ids):
    server.run("send", ids[0], "--to", "trash@customer.test")
    gone = post(server, "/api/v1/assets/bulk", {"ids": [ids[0]], "trash": True})
    assert gone["done"] == 1 and ids[0] not in layout(server).ids
    assert layout(server, "?trash=1").ids == [ids[0]]
    line = post(server, "/api/v1/check", {"assets": [ids[0]], "to": ["trash@customer.test"]})["lines"][0]
    assert line["state"] == "blocked" and "trashed" in [r["code"] for r in line["reasons"]]
    refused = server.api("POST", "/api/v1/deliveries", {"assets": [ids[0]], "to": ["trash@customer.test"]}, JSON)
    assert refused.status == 403 and refused.json()["code"] == "not-cleared"
    assert post(server, f"/api/v1/undo/{gone['undo']}", None) == {"done": 1}
    assert ids[0] in layout(server).ids
    assert server.api("POST", f"/api/v1/undo/{gone['undo']}").status == 404
    history = [e["kind"] for e in server.api("GET", f"/api/v1/assets/{ids[0]}/history").json()["events"]]
    assert history.index("asset.trashed") < history.index("asset.restored")


def test_a_folder_takes_its_files_along(server, ids):
    tree = {f["path"]: f for f in server.api("GET", "/api/v1/folders").json()}
    assert tree["Katalog"]["count"] == 3 and tree["Katalog/Herbst"]["count"] == 3
    moved = server.api("PATCH", f"/api/v1/folders/{tree['Katalog/Herbst']['id']}", {"path": "Archiv/Herbst 26"}, JSON)
    assert moved.status == 200 and moved.json()["count"] == 3
    assert server.api("GET", f"/api/v1/assets/{ids[0]}").json()["folder"] == "Archiv/Herbst 26"
    assert layout(server, "?folder=Katalog").ids == [] and len(layout(server, "?folder=Archiv").ids) == 3
    assert server.api("POST", "/api/v1/folders", {"path": "Katalog"}, JSON).json()["code"] == "folder-exists"


def test_two_who_edit_at_once(server, ids):
    path = f"/api/v1/assets/{ids[2]}"
    etag = server.api("GET", path).headers["ETag"]
    assert server.api("PATCH", path, {"title": "Preise"}, {**JSON, "If-Match": etag}).status == 200
    late = server.api("PATCH", path, {"title": "Andere"}, {**JSON, "If-Match": etag})
    assert late.status == 412 and late.json()["code"] == "changed"
    assert late.json()["current"]["title"] == "Preise"


def test_a_release_overwrites_no_other(server, ids):
    """Whoever says what he saw is told of a colleague's block; without If-Match, as the command line, it is set."""
    path = f"/api/v1/assets/{ids[1]}"
    seen = server.api("GET", path).headers["ETag"]
    block = {"state": "blocked", "reason": "Streit"}
    assert server.api("PUT", path + "/release", block, {**JSON, "If-Match": seen}).status == 200
    late = server.api("PUT", path + "/release", {"state": "cleared"}, {**JSON, "If-Match": seen})
    assert late.status == 412 and late.json()["code"] == "changed"
    assert late.json()["current"]["release"]["reason"] == "Streit"
    assert server.api("GET", path).json()["release"]["state"] == "blocked"
    again = server.api("PUT", path + "/release", {"state": "cleared"}, {**JSON, "If-Match": late.headers["ETag"]})
    assert again.status == 200
    server.run("release", ids[1], "draft")


def test_a_basket_is_kept(server, ids):
    post(server, "/api/v1/basket", {"add": [ids[2], ids[0]]})
    basket = server.api("GET", "/api/v1/basket").json()
    assert [c["id"] for c in basket["cards"]] == [ids[2], ids[0]] and basket["bytes"] == 8 and basket["gone"] == 0
    assert post(server, "/api/v1/basket", {"clear": True}) == {"count": 0, "bytes": 0}
