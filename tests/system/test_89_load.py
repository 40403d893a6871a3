# SPDX-License-Identifier: AGPL-3.0-or-later
"""bench/load.py and bench/oracle.py work: a short run each, whose figures say nothing."""
import json
import os
import re
import subprocess

import pytest

from geleit import BUILD, ROOT
from test_82_access import DEAD


def run(tmp_path, program, *args):
    env = {**os.environ, "GELEIT_BUILD": str(BUILD), "GELEIT_REPORTS": str(tmp_path)}
    done = subprocess.run(["/usr/bin/python3", str(ROOT / "bench" / program), *args], capture_output=True, text=True, env=env)
    lines = json.loads((tmp_path / "scoreboard.json").read_text()) if (tmp_path / "scoreboard.json").exists() else []
    return done, {line["suite"].removesuffix(", sqlite"): line["figure"] for line in lines}


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
def test_the_oracle_asks_each_kind_and_none_stands_out(tmp_path):
    """By half of what an unknown one takes, but where drawing lots would make nearly as much of it.

    The tool itself ends where the answers of two kinds differ in a byte.
    """
    done, told = run(tmp_path, "oracle.py", "--tries", "200")
    assert "largest |Δ median|" in done.stdout, done.stdout + done.stderr
    rows = {words[0]: words[1:] for words in map(str.split, done.stdout.splitlines()[1:-1])}
    assert set(rows) == {*DEAD, "unknown", "malformed", "long", "odd"} and {r[0] for r in rows.values()} == {"200"}
    by_lot = float(re.search(r"by lot ([0-9.]+) ms", done.stdout).group(1))
    assert told["oracle"] <= max(float(rows["unknown"][1]) / 1000 / 2, 3 * by_lot), done.stdout
