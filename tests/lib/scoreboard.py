# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figure a suite ends with: one line per suite and unit, with the command that makes it.

With GELEIT_SCOREBOARD=1 it goes to reports/scoreboard.json, which is committed and printed by script/scoreboard;
otherwise to scoreboard.json in the build folder, so that a run leaves the tree as it was.  GELEIT_REPORTS names
another folder.  From a shell or node: tests/lib/scoreboard.py SUITE FIGURE UNIT COMMAND.
"""
import fcntl
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def folder():
    if os.environ.get("GELEIT_REPORTS"):
        return pathlib.Path(os.environ["GELEIT_REPORTS"])
    if os.environ.get("GELEIT_SCOREBOARD") == "1":
        return ROOT / "reports"
    return pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))


def lines(text):
    return json.loads(text) if text.strip() else []


def figure(suite, value, unit, command):
    """Keep this line in place of the one of the same suite and unit."""
    path = folder() / "scoreboard.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        kept = [l for l in lines(f.read()) if (l["suite"], l["unit"]) != (suite, unit)]
        kept.append({"suite": suite, "figure": value, "unit": unit, "command": command})
        kept.sort(key=lambda l: (l["suite"], l["unit"]))
        f.truncate(0)
        f.write("[\n" + ",\n".join(json.dumps(l, ensure_ascii=False) for l in kept) + "\n]\n")


def system_figure(suite, value, unit, command):
    """Of a suite of tests/system, which runs on either database: each has a line of its own that says which."""
    database = os.environ.get("GELEIT_TEST_DB", "sqlite")
    if database != "sqlite":
        command = f"GELEIT_TEST_DB={database} tests/with_pg.sh env {command}"
    figure(f"{suite}, {database}", value, unit, command)


def number(text):
    return json.loads(text) if text.replace(".", "", 1).isdigit() else text


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: scoreboard.py SUITE FIGURE UNIT COMMAND")
    figure(sys.argv[1], number(sys.argv[2]), *sys.argv[3:])
