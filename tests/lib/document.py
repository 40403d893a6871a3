# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a document tells its reader to do or to write, so that a test does it: blocks that begin with ```LANGUAGE and words that name them."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(path, language="sh"):
    """The blocks of the document by their name, the words behind the language."""
    found = re.findall(rf"^```{language} (\S.*?)\n(.*?)^```$", (ROOT / path).read_text(), re.M | re.S)
    assert found and len({name for name, _ in found}) == len(found), path
    return dict(found)


def filled_in(text, places):
    """A configuration with what differs on this machine put in; each place must be there."""
    for old, new in places.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


def run(commands, env):
    """As a person would who stops at the first that fails; its output."""
    done = subprocess.run(["sh", "-eu", "-c", commands], cwd=ROOT, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (commands, done.stdout, done.stderr)
    return done.stdout
