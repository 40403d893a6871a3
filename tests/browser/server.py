#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real server for the browser tests: says where it is in one JSON line, takes
commands line by line ({"run": [...]} geleit's command line, {"code": address}), and
ends with its standard input.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from geleit import Server  # noqa: E402


def answer(server, ask):
    if "run" in ask:
        return {"ok": server.run(*ask["run"])}
    if "code" in ask:
        return {"ok": server.code_for(ask["code"])}
    raise ValueError(ask)


def main():
    server = Server(settings=sys.argv[1:]).start()
    try:
        say = {"url": server.url, "dir": str(server.dir), "key": server.key(), "token": server.sign_in_token()}
        print(json.dumps(say), flush=True)
        for line in sys.stdin:
            try:
                print(json.dumps(answer(server, json.loads(line))), flush=True)
            except Exception as e:  # told to the test that asked
                print(json.dumps({"error": repr(e)}), flush=True)
    finally:
        server.remove()


main()
