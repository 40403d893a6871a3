# SPDX-License-Identifier: AGPL-3.0-or-later
"""bench/load.py and bench/oracle.py work: a short run each, whose figures say nothing."""
import json
import os
import subprocess

import pytest

from geleit import BUILD, ROOT


def run(tmp_path, program, *args):
    env = {**os.environ, "GELEIT_BUILD": str(BUILD), "GELEIT_REPORTS": str(tmp_path)}
    done = subprocess.run(["/usr/bin/python3", str(ROOT / "bench" / program), *args], capture_output=True, text=True, env=env)
    lines = json.loads((tmp_path / "scoreboard.json").read_text()) if (tmp_path / "scoreboard.json").exists() else []
    return done, {line["suite"]: line["figure"] for line in lines}


@pytest.mark.skipif(os.environ.get("GELEIT_TEST_DB", "sqlite") != "sqlite", reason="the tool starts its own server, on SQLite")
def test_load_counts_no_error_and_every_kind_has_worked(tmp_path):
    done, told = run(tmp_path, "load.py", "--seconds", "12", "--idle", "60", "--slow", "8", "--downloads", "4", "--uploads", "4", "--cold", "2",
                     "--cold-bytes", str(24 << 20), "--upload-bytes", str(1 << 20))
    assert done.returncode == 0, done.stdout + done.stderr
    worked = {words[0]: int(words[1]) + int(words[3]) for words in map(str.split, done.stdout.splitlines()) if words[2:3] == ["done"]}
    assert set(worked) == {"timed", "idle", "slow", "downloads", "uploads"} and all(n > 0 for k, n in worked.items() if k != "timed"), worked
    assert told["load, errors"] == 0 and set(told) == {"load, errors", "load, growth of memory", "load, page", "load, 20 KB"}
    for role in ("front", "app", "worker", "keeper", "master"):
        assert f"\n{role} " in done.stdout


@pytest.mark.skipif(os.environ.get("GELEIT_TEST_DB", "sqlite") != "sqlite", reason="the tool starts its own server, on SQLite")
def test_the_oracle_asks_each_kind(tmp_path):
    done, told = run(tmp_path, "oracle.py", "--tries", "20")
    assert "largest |Δ median|" in done.stdout, done.stdout + done.stderr
    assert told["oracle"] >= 0
