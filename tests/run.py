#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Run every test there is and count: the body of script/test.

Steps run one after another; each prints its own output and adds to the two
numbers of the last line.  A step that cannot run counts as one failure; tests
that skip themselves are named with their reason and count as neither.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
passed = failed = 0
STARTED = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - STARTED:6.0f} s] {text}", flush=True)


def count(ok, bad, name):
    global passed, failed
    passed += ok
    failed += bad
    say(f"{name}: {ok} passed, {bad} failed")


def run(argv, **kw):
    return subprocess.run(argv, cwd=ROOT, **kw)


def step(name, argv, **kw):
    """One command that passes or fails as a whole."""
    say(name)
    ok = run(argv, **kw).returncode == 0
    count(int(ok), int(not ok), name)
    return ok


def build(name, directory, options, targets=()):
    env = dict(os.environ)
    if "clang" in name:
        env["CC"] = clang()
    if not (ROOT / directory / "build.ninja").exists():
        done = run(["meson", "setup", directory, *options], env=env, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            count(0, 1, name)
            return False
    return step(name, ["ninja", "-C", directory, "--quiet", *targets], env=env)


# What asks little of the database, or the same as others do; --long runs it on both.
ONCE = [f"--ignore-glob=*/test_{name}.py" for name in (
    "41_recipient_page", "60_preview", "70_master_key", "80_escapes", "80_http_attack", "81_takeover", "83_mail_faults",
    "85_outbound", "86_malware", "matrix")]


def clang():
    return shutil.which("clang-14") or shutil.which("clang-19") or "clang"


def meson_suite(name, directory, suites, wrapper=None):
    """meson's own runner; every test program counts once."""
    say(name)
    argv = ["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs", "--num-processes", "2"]
    for s in suites:
        argv += ["--suite", s]
    if wrapper:
        argv = [*wrapper, *argv]
    run(argv)
    log = ROOT / directory / "meson-logs" / "testlog.json"
    ok = bad = 0
    if log.exists():
        for line in log.read_text().splitlines():
            good = json.loads(line)["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
            ok += good
            bad += not good
    count(ok, bad if ok + bad else 1, name)


def pytest(name, paths, env=None, wrapper=()):
    say(name)
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        run([*wrapper, "/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
             f"--junitxml={report.name}", *paths], env={**os.environ, **(env or {})})
        text = pathlib.Path(report.name).read_text()
    m = re.search(r'<testsuite [^>]*errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"', text)
    if not m:
        count(0, 1, name)
        return
    errors, failures, skipped, tests = map(int, m.groups())
    if skipped:
        say(f"{name}: {skipped} SKIPPED, see above for why")
    count(tests - errors - failures - skipped, errors + failures, name)


def node_tests(name, argv, cwd=ROOT, env=None):
    """node --test, or what ends like it: counts from its last lines."""
    say(name)
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, text=True)
    ok, bad = (re.search(rf"^# {word} (\d+)$", done.stdout, re.M) for word in ("pass", "fail"))
    if done.returncode != 0:
        print(done.stdout[-20000:])
    if not ok or not bad:
        count(0, 1, name)
        return
    count(int(ok[1]), max(int(bad[1]), int(done.returncode != 0)), name)


def web():
    """Types, lint and unit tests of the staff app; needs the packages for developers, too."""
    directory = ROOT / "web"
    if not (directory / "node_modules/playwright-core").is_dir():
        step("web packages", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(directory)])
    step("web types", ["npm", "run", "--silent", "types", "--prefix", str(directory)])
    step("web lint", ["npm", "run", "--silent", "lint", "--prefix", str(directory)])
    node_tests("web unit tests", ["node", "test/run.mjs"], directory)


def browser():
    names = sorted(str(p) for p in (ROOT / "tests/browser").glob("*.test.mjs"))
    node_tests("browser tests", ["node", "--test", "--test-concurrency=2", *names],
               env={"GELEIT_BUILD": str(ROOT / "build")})


def fuzz(directory, seconds):
    say("fuzz targets")
    targets = sorted(p for p in (ROOT / directory).rglob("*_fuzz") if os.access(p, os.X_OK) and p.is_file())
    ok = bad = 0
    for t in targets:
        corpus = ROOT / "tests" / "fuzz" / t.name
        with tempfile.TemporaryDirectory() as scratch:
            argv = [str(t), f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=1024",
                    "-print_final_stats=0", "-verbosity=0", f"-artifact_prefix={scratch}/", scratch]
            if corpus.is_dir():
                argv.append(str(corpus))
            done = subprocess.run(argv, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            print(t.name, done.stderr[-3000:])
        ok += done.returncode == 0
        bad += done.returncode != 0
    count(ok, bad if targets else 1, "fuzz targets")


def main():
    args = argparse.ArgumentParser()
    which = args.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true")
    which.add_argument("--long", action="store_true")
    quick, long = (chosen := args.parse_args()).quick, chosen.long
    if long:
        os.environ["GELEIT_LONG"] = "1"

    step("tools/check", ["tools/check"])
    if build("build (gcc, sanitizers)", "build-asan", ["-Db_sanitize=address,undefined", "-Dbuildtype=debug"]):
        meson_suite("unit and contract suites", "build-asan", ["unit", "contract"])
    # a preview job's limits leave a sanitizer no room: those tests run on the release build
    pytest("python tests", sorted(str(p) for p in (ROOT / "tests").glob("*_test.py") if not p.name.startswith("media_")),
           {"GELEIT_BUILD": str(ROOT / "build-asan"),
            "PACKAGE_TEST": str(ROOT / "build-asan/src/model/package_test"),
            "HTTP_JUDGE": str(ROOT / "build-asan/src/http/http_judge"),
            "EVENT_TEST": str(ROOT / "build-asan/src/model/event_test")})
    web()
    if not quick:
        if build("build (clang, fuzz)", "build-fuzz",
                 ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Dbuildtype=debug", "-Db_lundef=false"]):
            fuzz("build-fuzz", 60 if long else 3)
        if build("build (release)", "build", ["--buildtype=release"]):
            pytest("preview tests", sorted(str(p) for p in (ROOT / "tests").glob("media_*_test.py")),
                   {"GELEIT_BUILD": str(ROOT / "build")})
            browser()
            pytest("system tests, SQLite", ["tests/system"], {"GELEIT_TEST_DB": "sqlite"})
            pytest("system tests, PostgreSQL", ["tests/system", *([] if long else ONCE)], {"GELEIT_TEST_DB": "postgresql"},
                   ["tests/with_pg.sh"])
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


main()
