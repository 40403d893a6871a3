# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of goals: each case with its value, goal and command, out of the sections of bench/RESULTS.md.

bench/run.py --table prints it; whoever stores a section puts it anew at the top (run.store, run.merge).
"""
import pathlib

RESULTS = pathlib.Path(__file__).resolve().parent / "RESULTS.md"
BEGIN, END = "<!-- table -->\n", "<!-- /table -->\n"
RUN, ALONE, PEER = "bench/run.py", "bench/run.py --alone", "bench/directus.py FOLDER"

# case, against, how its row begins below, the command that measures it
CASES = [
    ("download 1 GiB sealed, TLS 1.3 AES-GCM, all our CPU", "nginx, plain file", "Download, 1 GiB", RUN),
    ("the same as ZIP of 1,000 files", "nginx, one file", "Package of ", RUN),
    ("upload 1 GiB by tus, sealed, durable", "nginx WebDAV PUT + fsync", "Upload by tus, 1 GiB, sealed and synced", RUN),
    ("the same", "`@tus/server`", "Upload by tus, 1 GiB, beside @tus/server", RUN),
    ("20 KB preview authorised by `app`", "nginx static", "Preview asked of app", RUN),
    ("the same with `If-None-Match`", "nginx static", "The same, unchanged: 304", RUN),
    ("full handshake", "nginx", "Full handshake", RUN),
    ("resumed handshake", "nginx", "Resumed handshake", RUN),
    ("5,000 idle TLS connections, memory each", "nginx", "Idle connection", RUN),
    ("revocation of 100 running downloads, last byte after the answer", "–", "last byte of 100 running downloads", ALONE),
    ("whole system idle, unshared", "–", "unshared memory of all processes, at rest", ALONE),
    ("the same after 100 sign-ins", "–", "the same after 100 passwords", ALONE),
    ("list page of 100 assets from 100,000, API", "Directus, same files", "page of 100 files by the API", PEER),
    ("upload of 1,000 photos with previews", "Directus", "1000 photos with previews", PEER),
]


def cells(line):
    return [c.strip() for c in line.strip().strip("|").split("|")]


def rows(text):
    """Each row of each table as {heading: cell}, by its first cell."""
    found, head = {}, []
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""]):
        if following.startswith("|---"):
            head = cells(line)
        elif line.startswith("|") and not line.startswith("|---"):
            found[cells(line)[0]] = dict(zip(head, cells(line)))
    return found


def value(row):
    """A ratio where there is a peer, else what was measured."""
    return row["ratio"] if "ratio" in row else f"{row['measured']} {row['unit']}"


def table(text):
    """Its lines; a case that no section has yet says so."""
    before, _, rest = text.partition(BEGIN)
    known = rows(before + rest.partition(END)[2])
    out = ["| case | against | measured | goal | met | command |", "|---|---|---|---|---|---|"]
    for case, against, begin, command in CASES:
        row = next((r for name, r in known.items() if name.startswith(begin)), None)
        shown = [value(row), row["goal"], row["met"]] if row else ["not measured", "", ""]
        out.append("| " + " | ".join([case, against, *shown, f"`{command}`"]) + " |")
    return out


def renewed(text):
    """The document with the table of what stands in it."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n".join(table(text)) + "\n" + END + rest.split(END)[1]
