#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run the fuzz targets: a few seconds each for script/test, or minutes of CPU each, keeping what was learnt.

    tests/fuzz.py [--minutes N] [--figure] BUILD [TARGET...]

BUILD was set up with -Dfuzz=true (see docs/internals/memory-checks.md).  Inputs that reach what no other does are merged
into tests/fuzz/TARGET, whose files every later run begins with.  --figure puts executions and CPU time into the
scoreboard.  A crash leaves its input in BUILD/crashes and ends the run of that target; exit 1.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests/fuzz"
LIMITS = ["-rss_limit_mb=1024", "-verbosity=0", "-print_final_stats=1"]
SHORT, LONG = "-timeout=5", "-timeout=300"      # seconds of the clock for one input: a long run may stand still for others
KEPT_BYTES = 65536      # larger inputs say little that smaller ones do not


def targets(build, names=()):
    found = sorted(p for p in pathlib.Path(build).rglob("*_fuzz") if os.access(p, os.X_OK) and p.is_file())
    return [t for t in found if not names or t.name in names]


def kept(target):
    folder = CORPUS / target.name
    return [str(folder)] if folder.is_dir() else []


def slice_of(target, found, seconds, patience, crashes):
    """Fuzz for a while into the folder `found`: (good, executions, what it printed)."""
    done = subprocess.run([str(target), f"-max_total_time={seconds}", patience, *LIMITS,
                           f"-artifact_prefix={crashes}/{target.name}-",
                           str(found), *kept(target)], capture_output=True, text=True, errors="replace")
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    return done.returncode == 0, int(runs[1]) if runs else 0, done.stderr


def short(target, seconds):
    """For script/test: nothing is kept."""
    with tempfile.TemporaryDirectory() as found, tempfile.TemporaryDirectory() as crashes:
        good, _, said = slice_of(target, found, seconds, SHORT, crashes)
    if not good:
        print(target.name, said[-3000:])
    return good


def all_short(build, seconds):
    """(passed, failed), two at a time; no target at all is a failure."""
    these = targets(build)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        good = list(pool.map(lambda t: short(t, seconds), these))
    return sum(good), len(good) - sum(good) if these else 1


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def merge(target, found):
    """Add to the kept corpus what reaches something new."""
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(target), "-merge=1", f"-max_len={KEPT_BYTES}", SHORT, *LIMITS, str(folder), str(found)], capture_output=True)


def long(target, minutes, crashes):
    """Until the target has had its CPU time, however busy the machine is: (good, executions, CPU seconds)."""
    began, executed, good = children_cpu(), 0, True
    with tempfile.TemporaryDirectory() as found:
        while good and children_cpu() - began < minutes * 60:
            left = minutes * 60 - (children_cpu() - began)
            good, runs, said = slice_of(target, found, max(5, min(120, int(left))), LONG, crashes)
            executed += runs
        merge(target, found)
    if not good:
        print(said[-3000:])
    return good, executed, children_cpu() - began


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--minutes", type=float, default=10)
    args.add_argument("--figure", action="store_true")
    args.add_argument("build", type=pathlib.Path)
    args.add_argument("target", nargs="*")
    asked = args.parse_args()
    crashes = asked.build / "crashes"
    crashes.mkdir(exist_ok=True)
    bad = total = 0
    cpu = 0.0
    these = targets(asked.build, asked.target)
    if not these:
        sys.exit(f"no fuzz target in {asked.build}")
    for t in these:
        good, runs, seconds = long(t, asked.minutes, crashes)
        print(f"{t.name}: {'ok' if good else 'CRASH'}, {runs} executions, {seconds:.0f} s of CPU", flush=True)
        bad, total, cpu = bad + (not good), total + runs, cpu + seconds
    print(f"{len(these)} targets, {total} executions, {cpu / 3600:.1f} h of CPU, {bad} crashed")
    if asked.figure:
        sys.path.insert(0, str(ROOT / "tests/lib"))
        from scoreboard import figure
        figure("fuzzing", total, f"executions of {len(these)} targets in {cpu / 3600:.1f} h of CPU, {bad} crashed",
               f"tests/fuzz.py --minutes {asked.minutes:g} BUILD")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
