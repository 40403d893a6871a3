#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run system tests with every process of the server below valgrind, and say what memcheck found.

    tests/valgrind.py BUILD [PYTEST-ARGUMENT...]        e.g. tests/system/test_10_exchange.py

BUILD was set up with -Dvalgrind=true (docs/internals/memory-checks.md).  valgrind knows neither Landlock nor seccomp, so
roles say that the kernel does not offer them; tests of the sandbox fail there.  One line per distinct finding with
the innermost frames of ours; exit 1 when there is one, whatever the tests say, which are slow there and may time out.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a process still holds when its end is ordered is no leak: "definitely" is what nobody can reach any more.
OPTIONS = ["--trace-children=yes", "--trace-children-skip=*python*,*/sh,*/openssl", "--leak-check=full", "--show-leak-kinds=definite",
           "--errors-for-leak-kinds=definite", f"--suppressions={ROOT}/tests/valgrind.supp", "--num-callers=20", "--vgdb=no", "-q"]


def findings(text):
    """Each block of a log that is an error: its first line and the frames in our sources."""
    for block in re.split(r"^==\d+== *\n", text, flags=re.M):
        lines = [re.sub(r"^==\d+== ?", "", l) for l in block.splitlines() if l.startswith("==")]
        if not lines or lines[0].startswith(("Process terminating", "For lists", "Memcheck")):
            continue
        frames = [m[1] for l in lines if (m := re.search(r"(?:at|by) 0x[0-9A-F]+: (\w+ \(\w+\.c:\d+\))", l))]
        title = re.sub(r"[\d,]+ (\([^)]*\) )?bytes in [\d,]+ blocks? (are .*?) in loss record.*", r"bytes \2", lines[0].strip())
        yield title + " | " + " < ".join(frames[:6])


def main():
    build, tests = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:] or ["tests/system"]
    with tempfile.TemporaryDirectory(prefix="geleit-valgrind-") as logs:
        os.chmod(logs, 0o1777)      # roles are users of their own
        below = " ".join(["valgrind", *OPTIONS, f"--log-file={logs}/%p"])
        subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], cwd=ROOT,
                       env={**os.environ, "GELEIT_BUILD": str(build), "GELEIT_TEST_BELOW": below})
        files = list(pathlib.Path(logs).iterdir())
        found = collections.Counter(f for p in files for f in findings(p.read_text(errors="replace")))
    for what, times in found.most_common():
        print(f"{times:5} x {what}")
    print(f"{len(files)} processes below valgrind, {len(found)} findings")
    sys.exit(1 if found or not files else 0)


main()
