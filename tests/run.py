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

import fuzz

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/lib"))
from scoreboard import figure  # noqa: E402

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


def build(name, directory, options, only=""):
    """Set up once, then build everything, or the programs whose names end in `only`."""
    env = dict(os.environ)
    if "clang" in name:
        env["CC"] = clang()
    if not (ROOT / directory / "build.ninja").exists():
        done = run(["meson", "setup", directory, *options], env=env, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            count(0, 1, name)
            return False
    return step(name, ["ninja", "-C", directory, "--quiet", *programs(directory, only)], env=env)


def programs(directory, ending):
    if not ending:
        return []
    known = json.loads(run(["meson", "introspect", directory, "--targets"], stdout=subprocess.PIPE).stdout)
    return [os.path.relpath(t["filename"][0], ROOT / directory) for t in known
            if t["type"] == "executable" and t["name"].endswith(ending)]


# What asks little of the database, or the same as others do; --long runs it on both.
ONCE = [f"--ignore-glob=*/test_{name}.py" for name in (
    "41_recipient_page", "60_preview", "70_master_key", "80_escapes", "80_http_attack", "81_spoilt_messages",
    "81_takeover", "83_mail_faults", "85_outbound", "86_malware", "89_load", "91_proxies", "92_documents", "matrix")]
# What says nothing below valgrind, which knows no sandbox and is 20 to 50 times slower, or would say it a day later.
NOT_BELOW_VALGRIND = ("test_80_escapes", "test_87_crash_points", "test_89_load", "test_90_zip_extremes", "test_91_proxies")


def clang():
    return shutil.which("clang-14") or shutil.which("clang-19") or "clang"


def meson_suite(name, directory, suites):
    """meson's own runner, below one database server for all; every test program counts once."""
    say(name)
    log = ROOT / directory / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)     # one that an earlier run left would be counted when meson is never reached
    argv = ["tests/with_pg.sh", "env", "-u", "GELEIT_TEST_PG",
            "meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs", "--num-processes", "2"]
    for s in suites:
        argv += ["--suite", s]
    code = run(argv).returncode
    ran = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    ok = sum(t["result"] in ("OK", "EXPECTEDFAIL") for t in ran)
    skipped = [t for t in ran if t["result"] == "SKIP"]
    for t in skipped:
        say(f"{name}: {t['name']} SKIPPED: {' '.join((t.get('stdout', '') + t.get('stderr', '')).split())[-200:] or 'it said nothing'}")
    count_ended(ok, len(ran) - ok - len(skipped), len(skipped), code, name)


def count_ended(ok, bad, skipped, code, name):
    """What a report says, and the code of what wrote it: a report of nothing is a failure, and so is a code without one."""
    empty = ok + bad + skipped == 0
    if empty or (code != 0 and bad == 0):
        say(f"{name}: ended with {code}, and {'no test ran' if empty else 'no test failed'}")
    count(ok, max(bad, int(empty or code != 0)), name)


def pytest(name, paths, env=None, wrapper=(), at_once=2):
    """Some files at a time, each file in one process and in its order: much of a test is waiting."""
    say(name)
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        code = run([*wrapper, "/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-n", str(at_once), "--dist", "loadfile",
                    f"--junitxml={report.name}", *paths], env={**os.environ, **(env or {})}).returncode
        text = pathlib.Path(report.name).read_text()
    m = re.search(r'<testsuite [^>]*errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"', text)
    errors, failures, skipped, tests = map(int, m.groups()) if m else (0, 0, 0, 0)
    if skipped:
        say(f"{name}: {skipped} SKIPPED, see above for why")
    count_ended(tests - errors - failures - skipped, errors + failures, skipped, code, name)
    return tests - errors - failures - skipped, errors + failures


def failures(tap):
    """Of what node --test printed, each failed test with its reasons; the first lines of a reason say most."""
    for block in re.split(r"^(?=(?:not )?ok \d+ )", tap, flags=re.M):
        if block.startswith("not ok"):
            yield block.split("\n# Subtest", 1)[0][:4000]


def node_tests(name, argv, cwd=ROOT, env=None):
    """node --test, or what ends like it: counts from its last lines."""
    say(name)
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, text=True)
    ok, bad = (re.search(rf"^# {word} (\d+)$", done.stdout, re.M) for word in ("pass", "fail"))
    if done.returncode != 0:
        print("\n".join(failures(done.stdout)) or done.stdout[-20000:])
    if not ok or not bad:
        count(0, 1, name)
        return
    count(int(ok[1]), max(int(bad[1]), int(done.returncode != 0)), name)


def own_tests():
    """Python tests that no meson suite runs; a preview job's limits leave a sanitizer no room."""
    listed = "".join(p.read_text() for p in (ROOT / "src").glob("*/meson.build"))
    return sorted(str(p) for p in (ROOT / "tests").glob("*_test.py") if p.name not in listed and not p.name.startswith("media_"))


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


def power_cut():
    """Needs a device that forgets; 77: there is none here, and it has said why."""
    say("power cuts")
    code = run(["tests/power/cut.py"], env={**os.environ, "GELEIT_BUILD": str(ROOT / "build")}).returncode
    if code == 77:
        say("power cuts: SKIPPED, see above for why")
    else:
        count(int(code == 0), int(code != 0), "power cuts")


def analysers():
    missing = [tool for tool in ("clang-tidy-14", "cppcheck") if not shutil.which(tool)]
    if missing:
        say(f"tools/analyze: SKIPPED, {' and '.join(missing)} not there")
    else:
        step("tools/analyze", ["tools/analyze"])


def system(name, db, long, files=(), **kw):
    """The system suite on one database, with its line for the scoreboard."""
    watch = {"GELEIT_TEST_CONNECTS": "1"} if long else {}       # below strace (tests/system/outbound.py)
    ok, bad = pytest(name, ["tests/system", *files], {"GELEIT_TEST_DB": db, **watch}, **kw)
    figure(f"system suite, {db}", f"{ok}, {bad} failed" if bad else ok, "passed", "script/test --long" if long else "script/test")


def load_and_oracle():
    """Ten minutes of load, and the times of dead links, on both databases: what has a goal fails when it misses it."""
    for db, below in (("sqlite", []), ("postgresql", ["tests/with_pg.sh"])):
        step(f"load, {db}", [*below, "bench/load.py", "--seconds", "600", "--db", db])
        step(f"oracle, {db}", [*below, "bench/oracle.py", "--tries", "2000", "--db", db])


def below_valgrind():
    if not shutil.which("valgrind"):
        count(0, 1, "valgrind: not there")
        return
    if build("build (valgrind)", "build-valgrind", ["-Dvalgrind=true", "-Dbuildtype=debugoptimized", "-Doptimization=1"]):
        for path in sorted((ROOT / "tests/system").glob("test_*.py")):
            if path.stem not in NOT_BELOW_VALGRIND:
                step(f"valgrind, {path.stem}", ["tests/valgrind.py", "build-valgrind", str(path)])


def end():
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


def main():
    args = argparse.ArgumentParser()
    which = args.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true")
    which.add_argument("--long", action="store_true")
    which.add_argument("--valgrind", action="store_true")
    quick, long = (chosen := args.parse_args()).quick, chosen.long
    if chosen.valgrind:
        below_valgrind()
        end()
    if long:
        os.environ["GELEIT_LONG"] = "1"

    step("tools/check", ["tools/check"])
    if build("build (gcc, sanitizers)", "build-asan", ["-Db_sanitize=address,undefined", "-Dbuildtype=debug"]):
        meson_suite("unit and contract suites", "build-asan", ["unit", "contract"])
    pytest("python tests", own_tests(), {"GELEIT_BUILD": str(ROOT / "build-asan")})
    web()
    if not quick:
        if build("build (clang, fuzz)", "build-fuzz",
                 ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Dbuildtype=debug", "-Db_lundef=false"], "_fuzz"):
            say("fuzz targets")
            count(*fuzz.all_short(ROOT / "build-fuzz", 60 if long else 3), "fuzz targets")
        if build("build (release)", "build", ["--buildtype=release"]):
            pytest("preview tests", sorted(str(p) for p in (ROOT / "tests").glob("media_*_test.py")),
                   {"GELEIT_BUILD": str(ROOT / "build")})
            browser()
            system("system tests, SQLite", "sqlite", long, at_once=3)
            system("system tests, PostgreSQL", "postgresql", long, [] if long else ONCE, wrapper=["tests/with_pg.sh"])
            if long:
                power_cut()
                analysers()
                load_and_oracle()
    end()


main()
