# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the checkers share: which files there are, and C without its prose.

A checker is a program that takes an optional root folder, prints one line per
finding as "path:line: what" and exits 1 when there was one.  In a git work tree
only tracked files are looked at, elsewhere (the checkers' own tests) all of them.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A comment, a string or a character constant, whichever begins first.
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def root():
    return pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT


def files(top):
    """Paths below top, relative to it, sorted."""
    if (top / ".git").exists():
        out = subprocess.run(["git", "-C", top, "ls-files", "-z"], check=True, capture_output=True)
        names = [pathlib.Path(n) for n in out.stdout.decode().split("\0") if n]
    else:
        names = [p.relative_to(top) for p in top.rglob("*")]
    return sorted(n for n in names if (top / n).is_file())


def c_files(top):
    return [n for n in files(top) if n.suffix in (".c", ".h")]


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def blank(text):
    """The same length and lines, every other character a blank."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m.group()) if m.group()[0] == "/" else m.group(), text)


def code_only(text):
    """C with comments and the insides of strings blanked; positions stay."""
    def mask(match):
        token = match.group()
        if token[0] == "/":
            return blank(token)
        return token[0] + " " * (len(token) - 2) + token[-1]

    return TOKEN.sub(mask, text)


def strings(text):
    """(position, content) of every string literal."""
    return [(m.start(), m.group()[1:-1]) for m in TOKEN.finditer(text) if m.group()[0] == '"']


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def finish(findings):
    """Print and leave; findings are (path, line, what)."""
    for path, line, what in findings:
        print(f"{path}:{line}: {what}")
    sys.exit(1 if findings else 0)
