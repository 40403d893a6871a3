#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A route without a row in the authorisation matrix fails the build. usage: matrix_routes.py DUMP_ROUTES MATRIX STAMP

DUMP_ROUTES prints the table of src/api/routes.c; of MATRIX (tests/matrix.yaml) only the lines that name a route are
read, as text: whoever only builds has no YAML for Python.  What the rows then say is tests/openapi_test.py's.
"""
import collections
import pathlib
import re
import subprocess
import sys

ROW = re.compile(r"^  - route: (\S+ \S+)$", re.M)


def findings(routes, rows):
    for name in sorted(routes - rows.keys()):
        yield f"{name}: a route without a row: who gets what?"
    for name in sorted(rows.keys() - routes):
        yield f"{name}: a row without a route"
    for name, n in sorted(rows.items()):
        if n > 1:
            yield f"{name}: {n} rows"


def main():
    program, matrix, stamp = sys.argv[1:]
    table = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    routes = {" ".join(line.split()[:2]) for line in table.splitlines()}
    found = list(findings(routes, collections.Counter(ROW.findall(pathlib.Path(matrix).read_text()))))
    for line in found:
        print(f"tests/matrix.yaml: {line}")
    if found or not routes:
        sys.exit(1)
    pathlib.Path(stamp).touch()


main()
