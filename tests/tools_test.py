# SPDX-License-Identifier: AGPL-3.0-or-later
"""The checkers refuse what they say they refuse, and nothing beside it.

Each case plants one file in an empty tree and runs the tool as a person would;
the finding has to name the file, the line and the reason.
"""
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPDX = "/* SPDX-License-Identifier: AGPL-3.0-or-later */\n"
HEAD = SPDX + "/* x - a file made for a test */\n"


def run(tool, tree):
    done = subprocess.run([sys.executable, ROOT / "tools" / tool, tree], capture_output=True,
                          text=True)
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout and done.stdout != "check: ok\n" else 0)
    return done.stdout


def plant(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def function(lines=(), head="int\nf(void)"):
    return head + "\n{\n" + "".join(line + "\n" for line in lines) + "}\n"


@pytest.mark.parametrize("name, include, why", [
    ("src/base/x.c", "os/loop.h", "base may not include"),
    ("src/http/x.c", "db/db.h", "http may not include"),
    ("src/http/x.c", "os/loop.h", "http may not include"),
    ("src/net/x.c", "model/change.h", "net may not include"),
    ("src/model/x.c", "http/head.h", "model may not include"),
    ("src/api/x.c", "roles/front.h", "api may not include"),
    ("src/api/x.c", "net/net.h", "api may not include"),
    ("src/db/x.h", "model/change.h", "db may not include"),
    ("src/egress/x.c", "cli/cli.h", "egress may not include"),
    ("src/roles/x.c", "db/db_private.h", "never leaves db"),
    ("src/db/x.c", "db.h", "from src/"),
    ("src/db/x.c", "../os/lock.h", "from src/"),
    ("src/novel/x.c", "base/str.h", "not in the table"),
])
def test_layers_refuses(tmp_path, name, include, why):
    plant(tmp_path, name, f'{HEAD}#include "{include}"\n')
    out = run("layers", tmp_path)
    assert out.startswith(f"{name}:3: ") and why in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("name, line", [
    ("src/base/x.c", '#include "base/str.h"'),
    ("src/base/x.c", "#include <time.h>"),
    ("src/base/x.c", '/* not\n#include "os/loop.h"\n*/'),
    ("src/db/x.c", '#include "db/db_private.h"'),
    ("src/db/x.c", '#include "os/lock.h"'),
    ("src/store/x.c", '#include "crypto/sealed.h"'),
    ("src/model/x.c", '#include "msg/msg.h"'),
    ("src/roles/x.c", '#include "api/api.h"'),
    ("web/x.h", '#include "elsewhere.h"'),
])
def test_layers_accepts(tmp_path, name, line):
    plant(tmp_path, name, HEAD + line + "\n")
    assert run("layers", tmp_path) == ""


@pytest.mark.parametrize("statement, use", [
    ("strcpy(a, b);", "arena_str"),
    ("strcat(a, b);", "struct buf"),
    ("sprintf(a, b);", "snprintf"),
    ("vsprintf(a, b, c);", "vsnprintf"),
    ("strtok (a, b);", "str_cut"),
    ("return atoi(a);", "str_i64"),
    ("gets(a);", "bounded"),
    ("return rand();", "random_below"),
    ("p = alloca(9);", "arena"),
    ("system(a);", "os/"),
    ("popen(a, b);", "os/"),
    ("goto out;", "AUTO"),
    ('getenv("HOME");', "cli and roles"),
    ('secure_getenv("HOME");', "cli and roles"),
    ('q("SELECT 1");', "src/model"),
    ('q("select name from person");', "src/model"),
    ('q("insert into t values (?)");', "src/model"),
    ('q("UPDATE person SET name = ?");', "src/model"),
    ('q("DELETE FROM person");', "src/model"),
    ('q("CREATE TABLE t (a INTEGER)");', "src/model"),
    ('q("BEGIN IMMEDIATE");', "src/model"),
    ('return e->code;', "err_code(e)"),
    ('return r < 0 ? e->code : 1;', "err_code(e)"),
    ('return r > 0 ? 0 : e->code;', "err_code(e)"),
    ('q("PRAGMA journal_mode = WAL");', "src/model"),
    ('q(" WHERE id = ?");', "src/model"),
])
def test_banned_refuses(tmp_path, statement, use):
    plant(tmp_path, "src/api/x.c", HEAD + function(["\t" + statement]))
    out = run("banned", tmp_path)
    assert out.startswith("src/api/x.c:6: ") and use in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("statement, use", [
    ('q("SELECT 1 FROM t WHERE a LIKE \'x%\'");', "normalised"),
    ('q("AND coalesce(b, FALSE)");', "db_b(false)"),
    ('q("SET b = TRUE");', "db_b(true)"),
])
def test_banned_refuses_sql_for_one_database(tmp_path, statement, use):
    plant(tmp_path, "src/model/x.c", HEAD + function(["\t" + statement]))
    out = run("banned", tmp_path)
    assert out.startswith("src/model/x.c:6: ") and use in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("name, statement", [
    ("src/api/x.c", "/* strcpy(a, b); goto out; */"),
    ("src/api/x.c", "// system(a)"),
    ("src/api/x.c", 'log("never call system(x), goto hell, getenv(y)");'),
    ("src/api/x.c", 'log("say \\"strcpy(a)\\"");'),
    ("src/api/x.c", "/* don't */ f('\"'); /* \"SELECT 1\" */"),
    ("src/api/x.c", 'log("cannot select a version");'),
    ("src/api/x.c", 'log("update the logo");'),
    ("src/api/x.c", "random_below(3); operand(); s->system(1); vsnprintf(a, 1, b, c);"),
    ("src/model/x.c", 'q("SELECT 1");'),
    ("src/model/x.c", "return e->code == ERR_NOT_FOUND ? 0 : err_code(e);"),
    ("src/db/x.c", 'q("BEGIN IMMEDIATE");'),
    ("src/cli/x.c", 'getenv("HOME");'),
    ("src/roles/x.c", 'getenv("HOME");'),
    ("src/db/x_test.c", 'getenv("GELEIT_TEST_PG");'),
])
def test_banned_accepts(tmp_path, name, statement):
    plant(tmp_path, name, HEAD + function(["\t" + statement]))
    assert run("banned", tmp_path) == ""


@pytest.mark.parametrize("name, text, at, why", [
    ("src/db/x.c", HEAD + "\n" * 599, 1, "601 lines, at most 600"),
    ("src/db/x.h", HEAD + "\n" * 299, 1, "301 lines, at most 300"),
    ("web/src/x.ts", "\n" * 401, 1, "401 lines, at most 400"),
    ("src/db/x.c", HEAD + function(["\tf();"] * 99), 5, "function of 101 lines"),
    ("src/db/x.c", HEAD + "/* " + "x" * 95 + " */\n", 3, "101 columns"),
    ("src/db/x.c", HEAD + "\t" * 12 + "f(12);\n", 3, "102 columns"),
    ("src/db/x.c", HEAD + function(["\t" * 6 + "f();"]), 6, "nesting 5"),
    ("src/db/x.c", HEAD + function(head="int\nf(int a, int b, int c, int d,\n    int e, int f, "
                                        "int g, int h)"), 6, "8 parameters"),
])
def test_sizes_refuses(tmp_path, name, text, at, why):
    plant(tmp_path, name, text)
    out = run("sizes", tmp_path)
    assert out.startswith(f"{name}:{at}: ") and why in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("name, text", [
    ("src/db/x.c", HEAD + "\n" * 598),
    ("src/db/x.h", HEAD + "\n" * 298),
    ("src/db/x.c", HEAD + function(["\tf();"] * 98)),
    ("src/db/x.c", HEAD + "/* " + "x" * 94 + " */\n"),
    ("src/db/x.c", HEAD + function(["\t" * 5 + "f();"])),
    ("src/db/x.c", HEAD + function(head="int\nf(int a, int (*b)(int, int), int c, int d, int e,\n"
                                        "    int f, int g)")),
    ("src/db/x.c", HEAD + "static const int t[] = {\n" + "\t1,\n" * 200 + "};\n"),
    ("src/db/x.c", SPDX + "/* sizes: one flat switch */\n" + function(["\tf();"] * 300)),
    ("src/db/x.c", SPDX + "/*\n * x - text\n * sizes: a table\n */\n" + "\n" * 2000),
])
def test_sizes_accepts(tmp_path, name, text):
    plant(tmp_path, name, text)
    assert run("sizes", tmp_path) == ""


def test_sizes_exception_needs_a_reason_and_the_first_lines(tmp_path):
    plant(tmp_path, "src/db/a.c", SPDX + "/* sizes: */\n" + "\n" * 600)
    plant(tmp_path, "src/db/b.c", HEAD + "\n" * 600 + "/* sizes: too late */\n")
    assert run("sizes", tmp_path).count("\n") == 2


def test_sizes_exception_does_not_cover_lines(tmp_path):
    plant(tmp_path, "src/db/x.c", SPDX + "/* sizes: a table */\n" + "x" * 101 + "\n")
    assert "101 columns" in run("sizes", tmp_path)


@pytest.mark.parametrize("name, text, at, why", [
    ("src/db/x.c", "/* x - what this file is for */\nint a;\n", 1, "first line"),
    ("src/db/x.c", "\n" + HEAD, 1, "first line"),
    ("src/db/x.c", SPDX + "#include <stdio.h>\n/* too late to say anything here */\n", 2,
     "no opening"),
    ("src/db/x.h", SPDX + "/* db */\n#pragma once\n", 2, "no opening"),
    ("src/db/x.c", SPDX.replace("AGPL-3.0-or-later", "MIT") + "/* a file for the test */\n", 1,
     "first line"),
    ("tools/x.py", '"""Says what this file is for."""\n', 1, "first line"),
    ("tools/x.py", "# SPDX-License-Identifier: AGPL-3.0-or-later\nimport os\n", 2, "no opening"),
    ("script/x", "#!/bin/sh\n# Does what a script does here.\n", 2, "first line"),
    ("script/x", "#!/bin/sh\n# SPDX-License-Identifier: AGPL-3.0-or-later\nset -eu\n", 3,
     "no opening"),
    ("schema/x.sql", "-- SPDX-License-Identifier: AGPL-3.0-or-later\nCREATE TABLE t (a);\n", 2,
     "no opening"),
])
def test_headers_refuses(tmp_path, name, text, at, why):
    plant(tmp_path, name, text)
    out = run("headers", tmp_path)
    assert f"{name}:{at}: " in out and why in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("name, text", [
    ("src/db/x.c", HEAD + "int a;\n"),
    ("tools/x.py", '# SPDX-License-Identifier: AGPL-3.0-or-later\n"""Say it in a docstring."""\n'),
    ("tools/x", "#!/usr/bin/python3\n# SPDX-License-Identifier: AGPL-3.0-or-later\n"
                "# Say it in a comment.\nimport os\n"),
    ("schema/x.sql", "-- SPDX-License-Identifier: AGPL-3.0-or-later\n-- x: what it is for\n"),
    ("schema/README.md", "no licence line\n"),
    ("script/list", "data without an interpreter\n"),
])
def test_headers_accepts(tmp_path, name, text):
    plant(tmp_path, name, text)
    assert run("headers", tmp_path) == ""


def test_check_runs_everything(tmp_path):
    shutil.copy(ROOT / ".clang-format", tmp_path)
    plant(tmp_path, "src/db/x.c", HEAD + function(["\treturn 0;"]))
    looked = shutil.which("clang-format-14") is not None
    assert run("check", tmp_path) == ("check: ok\n" if looked else "check: ok, but for the format: no clang-format-14\n")
    plant(tmp_path, "src/db/format.c", HEAD + "int f (void) { return 0; }\n")
    plant(tmp_path, "src/db/layers.c", HEAD + '#include "api/api.h"\n')
    plant(tmp_path, "src/db/banned.c", HEAD + function(["\tgoto out;"]))
    plant(tmp_path, "src/db/sizes.c", HEAD + "/* line */\n" * 600)
    plant(tmp_path, "src/db/headers.c", "int a;\n")
    out = run("check", tmp_path)
    for name in (*(["format"] if looked else []), "layers", "banned", "sizes", "headers"):
        assert f"src/db/{name}.c:" in out
    assert "check: ok" not in out and "src/db/x.c" not in out


def test_only_tracked_files_count(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    plant(tmp_path, "src/db/x.c", "int a;\n")
    assert run("headers", tmp_path) == ""
    subprocess.run(["git", "-C", tmp_path, "add", "src"], check=True)
    assert "src/db/x.c:1:" in run("headers", tmp_path)


@pytest.mark.parametrize("rows, finding", [
    ("  - route: GET /a\n    class: read\n  - route: POST /a/{b}\n", ""),
    ("  - route: GET /a\n", "POST /a/{b}: a route without a row"),
    ("  - route: GET /a\n  - route: POST /a/{b}\n  - route: PUT /c\n", "PUT /c: a row without a route"),
    ("  - route: GET /a\n  - route: POST /a/{b}\n  - route: GET /a\n", "GET /a: 2 rows"),
    ("  - route: GET /a\n      - {route: POST /a/{b}, there: 200}\n", "POST /a/{b}: a route without a row"),
])
def test_matrix_routes_wants_one_row_for_each_route(tmp_path, rows, finding):
    plant(tmp_path, "dump", "#!/bin/sh\necho 'GET /a staff 1 none - own'\necho 'POST /a/{b} public 0 json x own'\n")
    (tmp_path / "dump").chmod(0o755)
    plant(tmp_path, "matrix", "rows:\n" + rows)
    files = [tmp_path / n for n in ("dump", "matrix", "stamp")]
    done = subprocess.run([sys.executable, ROOT / "tools/matrix_routes.py", *files], capture_output=True, text=True)
    assert finding in done.stdout and (done.returncode == 0) == (finding == "") == (tmp_path / "stamp").exists()
