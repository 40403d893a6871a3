# SPDX-License-Identifier: AGPL-3.0-or-later
"""The scoreboard keeps one line per suite and unit, and script/scoreboard prints it."""
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lib"))
import scoreboard  # noqa: E402


def test_one_line_per_suite_and_unit(tmp_path, monkeypatch):
    monkeypatch.setenv("GELEIT_REPORTS", str(tmp_path / "reports"))
    scoreboard.figure("b", 1, "requests", "run b")
    scoreboard.figure("a", 7, "kills", "run a")
    scoreboard.figure("b", 22, "requests", "run b")
    scoreboard.figure("b", 3, "sockets", "run b")
    kept = json.loads((tmp_path / "reports/scoreboard.json").read_text())
    assert [(l["suite"], l["figure"], l["unit"]) for l in kept] == [
        ("a", 7, "kills"), ("b", 22, "requests"), ("b", 3, "sockets")]
    done = subprocess.run([str(ROOT / "script/scoreboard"), str(tmp_path / "reports/scoreboard.json")],
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[2].split() == ["b", "22", "requests", "run", "b"]


def test_each_database_has_a_line_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("GELEIT_REPORTS", str(tmp_path))
    for database, value in ((None, 5), ("postgresql", 6), ("sqlite", 7)):
        monkeypatch.delenv("GELEIT_TEST_DB", raising=False)
        if database:
            monkeypatch.setenv("GELEIT_TEST_DB", database)
        scoreboard.system_figure("a", value, "kills", "LONG=1 pytest a")
    kept = json.loads((tmp_path / "scoreboard.json").read_text())
    assert [(l["suite"], l["figure"], l["command"]) for l in kept] == [
        ("a, postgresql", 6, "GELEIT_TEST_DB=postgresql tests/with_pg.sh env LONG=1 pytest a"), ("a, sqlite", 7, "LONG=1 pytest a")]


def test_two_at_once_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("GELEIT_REPORTS", str(tmp_path))

    def tell(n):
        subprocess.run([sys.executable, str(ROOT / "tests/lib/scoreboard.py"), f"s{n}", str(n), "u", "c"], check=True)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(16)))
    kept = json.loads((tmp_path / "scoreboard.json").read_text())
    assert sorted((l["suite"], l["figure"]) for l in kept) == sorted((f"s{n}", n) for n in range(16))


def test_without_being_asked_the_tree_stays(tmp_path, monkeypatch):
    monkeypatch.delenv("GELEIT_REPORTS", raising=False)
    monkeypatch.delenv("GELEIT_SCOREBOARD", raising=False)
    monkeypatch.setenv("GELEIT_BUILD", str(tmp_path))
    assert scoreboard.folder() == tmp_path
    monkeypatch.setenv("GELEIT_SCOREBOARD", "1")
    assert scoreboard.folder() == ROOT / "reports"


def test_the_committed_file_is_whole():
    kept = json.loads((ROOT / "reports/scoreboard.json").read_text())
    assert len({(l["suite"], l["unit"]) for l in kept}) == len(kept)
    for l in kept:
        assert set(l) == {"suite", "figure", "unit", "command"} and all(str(v) for v in l.values())


def test_the_readme_shows_the_committed_file(tmp_path):
    for name in ("README.md", "script/scoreboard", "reports/scoreboard.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run([str(tmp_path / "script/scoreboard"), "--readme"], check=True)
    assert (tmp_path / "README.md").read_text() == (ROOT / "README.md").read_text(), "run script/scoreboard --readme"
