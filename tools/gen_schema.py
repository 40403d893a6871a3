# SPDX-License-Identifier: AGPL-3.0-or-later
"""gen_schema - schema/*/NNNN_*.sql become the arrays of db/migrate.h

usage: gen_schema.py OUTPUT.c DEPFILE NAME=FOLDER...

NNNN_name.sql is the common file; NNNN_name.sqlite.sql and NNNN_name.pg.sql run
after it.  Numbers start at 1 without gaps, and an own file needs a common one:
anything else stops the build.
"""

import os
import re
import sys

NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)(?:\.(sqlite|pg))?\.sql$")


def literal(text):
    """One C string per line, so that a wrong migration is easy to find."""
    lines = []
    for line in text.splitlines(keepends=True):
        esc = line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
        esc = esc.replace("?", "\\?")  # no trigraphs
        lines.append('\t"%s"' % esc.replace("\n", "\\n"))
    return "\n".join(lines) or '\t""'


def read_folder(folder):
    """{number: (name, {kind: text})}, kinds common, sqlite, pg."""
    found = {}
    for entry in sorted(os.listdir(folder)):
        match = NAME.match(entry)
        if not match:
            sys.exit("%s: not NNNN_name[.sqlite|.pg].sql" % os.path.join(folder, entry))
        number, name, kind = int(match[1]), match[2], match[3] or "common"
        have = found.setdefault(number, (name, {}))
        if have[0] != name or kind in have[1]:
            sys.exit("%s: number %04d is there twice" % (entry, number))
        with open(os.path.join(folder, entry), encoding="ascii") as f:
            have[1][kind] = f.read()
    for expected, number in enumerate(sorted(found), start=1):
        if number != expected or "common" not in found[number][1]:
            sys.exit("%s: %04d is missing" % (folder, expected))
    return found


def array(name, found):
    out = []
    for number, (title, texts) in sorted(found.items()):
        for kind, text in sorted(texts.items()):
            out.append("static const char %s_%04d_%s[] =\n%s;\n" % (name, number, kind, literal(text)))
    out.append("const struct migration %s[] = {" % name)
    for number, (title, texts) in sorted(found.items()):
        own = ["%s_%04d_%s" % (name, number, k) if k in texts else "NULL" for k in ("common", "sqlite", "pg")]
        out.append('\t{%d, "%04d_%s", %s},' % (number, number, title, ", ".join(own)))
    out.append("\t{0, NULL, NULL, NULL, NULL},\n};\n")
    return "\n".join(out)


def main():
    output, depfile = sys.argv[1:3]
    parts, depends = [], []
    for arg in sys.argv[3:]:
        name, folder = arg.split("=", 1)
        parts.append(array(name, read_folder(folder)))
        depends += [folder] + [os.path.join(folder, f) for f in sorted(os.listdir(folder))]
    with open(output, "w", encoding="ascii") as f:
        f.write('/* Made by tools/gen_schema.py from schema/; do not edit. */\n#include "db/migrate.h"\n\n')
        f.write("\n".join(parts))
    with open(depfile, "w", encoding="utf-8") as f:
        f.write("%s: %s\n" % (output, " ".join(d.replace(" ", "\\ ") for d in depends)))


if __name__ == "__main__":
    main()
