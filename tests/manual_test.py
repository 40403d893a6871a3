# SPDX-License-Identifier: AGPL-3.0-or-later
"""The manual pages: well written mdoc, and every command and option of the programs is in them."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build"))
PAGES = sorted((ROOT / "docs/man").iterdir())


def read(name):
    """A page as its reader sees it, in one line."""
    done = subprocess.run(["mandoc", "-T", "utf8", str(ROOT / "docs/man" / name)], capture_output=True, text=True, check=True)
    text = re.sub(".\x08", "", done.stdout)           # bold and underlined
    return " ".join(re.sub("\u2010\\s+", "", text).split())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_mandoc_finds_nothing(page):
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page)], capture_output=True, text=True)
    assert done.stdout == "" and done.returncode == 0, done.stdout


def test_all_three_are_installed():
    listed = (ROOT / "meson.build").read_text()
    assert len(PAGES) == 3 and all(f"docs/man/{p.name}" in listed for p in PAGES)


def test_every_command_and_option_of_geleit_is_there():
    page = read("geleit.1")
    said = subprocess.run([BUILD / "src/cli/geleit", "--help"], capture_output=True, text=True, check=True).stdout
    commands = [line.split() for line in said.splitlines() if line.startswith("  ")]
    assert len(commands) > 15
    verbs = [" ".join([c[0], *(w for w in c[1:2] if w in ("create", "set", "link"))]) for c in commands]
    for verb in [*verbs, "config check", "outbox show"]:
        assert re.search(rf"\b{re.escape(verb)}\b", page), verb
    for option in set(re.findall(r"--[a-z-]+", said)) | {"--help"}:
        assert option in page, option


def test_every_option_that_a_command_takes_is_there():
    """What --help leaves out would be found here: the tables of options in the source."""
    page = read("geleit.1")
    source = "".join(p.read_text() for p in (ROOT / "src/cli").glob("*.c") if not p.name.endswith("_test.c"))
    options = set(re.findall(r'\{"(--[a-z-]+)"', source))
    assert len(options) > 15
    assert not [o for o in options if o not in page]


def test_every_command_and_option_of_geleitd_is_there():
    page = read("geleitd.8")
    said = subprocess.run([BUILD / "src/roles/geleitd"], capture_output=True, text=True)
    assert said.returncode == 2
    words = set(re.findall(r"--[a-z-]+", said.stderr)) | set(re.search(r"geleitd (\S+)", said.stderr)[1].split("|"))
    assert {"--set", "run", "master-key"} <= words
    assert not [w for w in words if w not in page]


def test_every_exit_code_is_there():
    codes = [*re.findall(r"EXIT_\w+ = (\d)", (ROOT / "src/cli/cli.h").read_text()), "6"]     # 6: geleitd's own commands
    status = read("geleit.1").split("EXIT STATUS")[1].split("EXAMPLES")[0]
    assert len(codes) == 7 and all(re.search(rf"(^| ){c} [A-Z]", status) or f"{c} fsck" in status for c in codes), status
