# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of a document, so that a test runs what people read: blocks that begin with ```sh and words that name them."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(path):
    """The blocks of the document by their name, the words behind "sh"."""
    found = re.findall(r"^```sh (\S.*?)\n(.*?)^```$", (ROOT / path).read_text(), re.M | re.S)
    assert found and len({name for name, _ in found}) == len(found), path
    return dict(found)


def run(commands, env):
    """As a person would who stops at the first that fails; its output."""
    done = subprocess.run(["sh", "-eu", "-c", commands], cwd=ROOT, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (commands, done.stdout, done.stderr)
    return done.stdout
