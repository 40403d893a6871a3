# SPDX-License-Identifier: AGPL-3.0-or-later
"""One server per module, on the database that GELEIT_TEST_DB names.

For PostgreSQL a throw-away cluster is started once (tests/lib/pg.sh) and each
server gets databases of its own.
"""
import collections
import contextlib
import os
import pathlib
import random
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import geleit  # noqa: E402
import outbound  # noqa: E402

sys.path.insert(0, str(geleit.ROOT / "tests/lib"))
from scoreboard import system_figure  # noqa: E402


# Suites whose figure is how many of their tests passed, when all of the file did.
COUNTED = {"test_71_tus_checksum": ("tus checksum", "tests of how a checksum is given, and what it does to a piece"),
           "test_82_access": ("access", "tests of ways in, guesses and ends of keys, sessions, links and codes"),
           "test_86_malware": ("malware", "tests that tell apart what a real clamd says, or does not say")}
outcomes = collections.defaultdict(list)
tests_run = collections.Counter()       # by file
watched = []                            # what each process that ran tests saw (outbound.py); None: one broke off


def pytest_runtest_logreport(report):
    stem = pathlib.Path(report.location[0]).stem
    if report.when == "call":
        tests_run[stem] += 1
    if report.when == "call" or report.failed:
        outcomes[stem].append(report.passed)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    outbound.running[0] = item.path.stem


def count_suites(session):
    collected = collections.Counter(item.path.stem for item in session.items)
    for name, (suite, unit) in COUNTED.items():
        if outcomes[name] and all(outcomes[name]) and len(outcomes[name]) == collected[name] > 3:
            system_figure(suite, collected[name], unit, f"pytest tests/system/{name}.py")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    watched.append(getattr(node, "workeroutput", {}).get("outbound"))


def pytest_sessionfinish(session):
    """What a process ran itself counts: below xdist that is each worker, the first of all sees them twice."""
    is_worker, config = hasattr(session.config, "workerinput"), session.config
    if is_worker or not config.getoption("numprocesses", None):
        count_suites(session)
        watched.append(dict(outbound.told))
    if is_worker:
        config.workeroutput["outbound"] = watched[0]
    elif outbound.is_asked_for() and is_whole(config) and all(w is not None for w in watched):
        count_watched(session)


def is_whole(config):
    """Are all files of this folder asked for, with all that is in them?"""
    asked = [(config.invocation_params.dir / a).resolve() for a in config.args]
    less = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "maxfail")
    return asked == [pathlib.Path(__file__).parent.resolve()] and not any(config.getoption(o, None) for o in less)


def count_watched(session):
    """Whether other tests failed or not: this figure is of connections alone."""
    starts, foreign = (sum(w.get(name, 0) for w in watched) for name in ("starts", "foreign"))
    tests = sum(n for stem, n in tests_run.items() if stem not in outbound.LEFT_OUT)
    left_out = "; ".join(f"without {file}: {why}" for file, why in outbound.LEFT_OUT.items())
    system_figure("outbound", f"{foreign} of {starts} starts of a server, in {tests} tests",
                  f"each watched by strace, that asked an address which no setting names; {left_out}",
                  "GELEIT_TEST_CONNECTS=1 pytest tests/system")


@pytest.fixture(scope="session")
def cluster():
    if os.environ.get("GELEIT_TEST_DB", "sqlite") != "postgresql":
        yield None
        return
    url = os.environ.get("GELEIT_TEST_PG")
    assert url, "run below tests/with_pg.sh"
    yield url


def database(cluster):
    """A pair of empty databases; the URL of the first."""
    if cluster is None:
        return "sqlite"
    name = f"g{random.randrange(1 << 40):x}"
    for n in (name, name + "_keys"):
        subprocess.run(["psql", "-q", cluster, "-c", f"create database {n}"], check=True, stdout=subprocess.DEVNULL)
    return cluster.rsplit("/", 1)[0] + "/" + name


@pytest.fixture(scope="module")
def server(cluster):
    s = geleit.Server(db=database(cluster)).start()
    yield s
    s.remove()


@pytest.fixture()
def fresh(cluster):
    with contextlib.ExitStack() as ends:
        def make(**kw):
            s = geleit.Server(db=database(cluster), **kw)
            ends.callback(s.remove)
            return s
        yield make


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Ten real files of different kinds and awkward names."""
    d = tmp_path_factory.mktemp("files")
    rnd = random.Random(7)
    made = {
        "leer.txt": b"", "ein Byte.bin": b"x", "Überblick „final“ 100%.pdf": b"%PDF-1.4\n" + rnd.randbytes(20000),
        "CON.txt": b"reserved\n", "emoji \U0001f6cb\ufe0f.png": b"\x89PNG\r\n\x1a\n" + rnd.randbytes(5000),
        "chunk.bin": rnd.randbytes(16384), "chunk+1.bin": rnd.randbytes(16385), "gross.bin": rnd.randbytes(5_000_000),
        "text.json": b'{"a": 1}\n', ("n" * 190) + ".tif": b"II*\0" + rnd.randbytes(300_000),
    }
    for name, data in made.items():
        (d / name).write_bytes(data)
    return [d / n for n in made]
