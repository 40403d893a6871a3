# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first start fills a new DIR with the demo library, once, and --empty does not."""
import json
import pathlib

from geleit import ROOT, Server, wait_for

LIBRARY = json.loads((ROOT / "demo/library.json").read_text())


def assets(server):
    found, cursor = [], ""
    while True:
        page = server.api("GET", "/api/v1/assets?limit=100" + cursor).json()
        found += page["assets"]
        if not page["next"]:
            return found
        cursor = "&cursor=" + page["next"]


def test_every_file_of_the_demo_is_there_and_listed():
    files = {str(p.relative_to(ROOT / "demo/files")) for p in (ROOT / "demo/files").rglob("*") if p.is_file()}
    assert files == {f["file"] for f in LIBRARY["files"]} and len(files) > 50
    assert sum((ROOT / "demo/files" / f).stat().st_size for f in files) < 6_000_000
    listed = (ROOT / "docs/demo-content.md").read_text()
    assert all(f"`{pathlib.Path(f).parts[0]}`" in listed for f in files)


def test_the_demo_is_loaded_once_with_a_finished_delivery(fresh):
    s = fresh()
    s.start(demo=True)
    done = wait_for(lambda: [d for d in s.run("deliveries") if s.run("delivery", d["delivery"])["recipients"][0]["state"] == "complete"],
                    120, 0.5)
    found = {a["title"]: a for a in assets(s)}
    assert set(found) == {f["title"] for f in LIBRARY["files"]}
    for f in LIBRARY["files"]:
        want = {"review": "in_review"}.get(f["release"], f["release"])
        assert found[f["title"]]["release"]["state"] == want, f["title"]
    assert s.run("fsck")["ok"]
    assert s.stop() == 0
    s.start(demo=True)          # the same DIR: nothing is loaded again
    assert len(s.run("deliveries")) == len(done) == 1 and len(assets(s)) == len(LIBRARY["files"])
    assert "demo library" not in s.log_text()


def test_empty_is_empty(fresh):
    s = fresh()
    s.start()
    assert assets(s) == []


def test_a_server_that_ends_takes_the_loader_with_it():
    s = Server()
    try:
        s.start(demo=True)
        assert s.stop() == 0
        loader = str(s.dir).encode()
        wait_for(lambda: not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                              if b"load.py" in (text := read(p)) and loader in text], 30)
    finally:
        s.remove()


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
