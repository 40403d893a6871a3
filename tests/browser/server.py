#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real server for the browser tests: says where it is in one JSON line, takes
commands line by line ({"run": [...]} geleit's command line, {"code": address},
{"sql": text} past the server), and ends with its standard input.  --demo: with the demo library, once it is loaded whole;
--mail: with a real relay and mailbox, {"mail": address, "count": n} gives the nth mail there;
--clock: {"clock": seconds} advances its wall clock; --disk=SIZE: on a file system of its own (root alone); --files=N: so many older ones in the library (bench/generate.py).
"""
import contextlib
import email
import email.policy
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import faketime  # noqa: E402
from geleit import Server, digits_of, sql, wait_for  # noqa: E402
from mailrig import MailRig  # noqa: E402


def answer(server, rig, ask):
    if "run" in ask:
        return {"ok": server.run(*ask["run"])}
    if "sql" in ask:
        return {"ok": sql(server, ask["sql"])}
    if "code" in ask:
        return {"ok": server.code_for(ask["code"])}
    if "clock" in ask:
        return {"ok": server.clock.advance(ask["clock"])}
    if "mail" in ask:
        return {"ok": mail(rig.wait(ask["mail"], ask["count"])[ask["count"] - 1])}
    raise ValueError(ask)


def mail(raw):
    """Subject, the personal link and the code of a mail, where it has them."""
    text = email.message_from_bytes(raw, policy=email.policy.default)
    body = text.get_body(("plain",)).get_content()
    link = re.search(r"https://\S+/r/[A-Za-z0-9_-]{43}", body)
    code = re.search(r"\b\d{3}[\s\u202f\u00a0]?\d{3}\b", body)
    return {"subject": text["Subject"], "link": link and link[0], "code": digits_of(raw) if code and not link else None}


def demo_is_loaded(server):
    """Its one delivery was fetched: the last thing the loader does."""
    rows = server.run("deliveries")
    return rows and server.run("delivery", rows[0]["delivery"])["recipients"][0]["state"] == "complete"


def mount(server, size):
    server.dir.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "geleit-test", server.dir], check=True)


def fill(server, n):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
    import generate
    server.stop()
    db = generate.Lite(server)
    generate.fill(db, n)
    db.end()
    server.start()


def main():
    words = sys.argv[1:]
    rig = MailRig().start() if "--mail" in words else None
    settings = [w for w in words if not w.startswith("--")]
    if rig:
        settings += [f"smtp.url={rig.url()}", f"smtp.ca={rig.ca}", "smtp.from=versand@example.test"]
    with_value = dict(w[2:].split("=") for w in words if w.startswith("--") and "=" in w)
    server = Server(settings=settings)
    if "disk" in with_value:
        mount(server, with_value["disk"])
    try:
        with faketime.around(server) if "--clock" in words else contextlib.nullcontext():
            server.start(demo="--demo" in words)
        server.clock = faketime.Clock(server)
        if "--demo" in words:
            wait_for(lambda: demo_is_loaded(server), 120, 0.5)
        if "files" in with_value:
            fill(server, int(with_value["files"]))
        say = {"url": server.url, "dir": str(server.dir), "key": server.key(), "token": server.sign_in_token()}
        print(json.dumps(say), flush=True)
        for line in sys.stdin:
            try:
                print(json.dumps(answer(server, rig, json.loads(line))), flush=True)
            except Exception as e:  # told to the test that asked
                print(json.dumps({"error": repr(e)}), flush=True)
    finally:
        server.stop()
        if "disk" in with_value:
            subprocess.run(["umount", server.dir], check=True)
        server.remove()
        if rig:
            rig.stop()


main()
