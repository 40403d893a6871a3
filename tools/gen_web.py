#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Build the staff app and link it into C. usage: gen_web.py OUT STAMP

Runs npm ci and web/build.mjs when something below web/ changed since STAMP, then
writes OUT: every file of dist/ as it is and as gzip, and the page that starts the
app.  A release tarball carries web/dist with the hash of its sources in
web/dist/sources; then Node.js is not needed.
"""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

WEB = pathlib.Path(__file__).resolve().parent.parent / "web"
SOURCES = ("src/**/*", "css/*", "i18n/*", "gen/*", "fonts/*.woff2", "icons/*", "build.mjs", "package-lock.json")
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

# a folder of web/src/features that is not what its address says
ADDRESSES = {"auth": ["account"], "overview": ["", "overview"]}

PAGE = """<!doctype html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>Geleit</title>
<link rel="icon" href="/static/{icon}" type="image/svg+xml">
<link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="/static/{css}">
{preload}<script type="module" src="/static/{entry}"></script>
</head>
<body>
<div id="app"></div>
<noscript><p>Geleit braucht für Mitarbeitende JavaScript. Empfängerseiten kommen ohne aus.</p>
<p lang="en">Geleit needs JavaScript for staff. Recipient pages do without.</p></noscript>
</body>
</html>
"""


def digest_of_sources():
    whole = hashlib.sha256()
    files = {p for pattern in SOURCES for p in WEB.glob(pattern) if p.is_file()}
    for path in sorted(files):
        name = path.relative_to(WEB)
        if name.parts[:2] == ("src", "gen"):
            continue
        whole.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def packages_missing():
    """A package that the build needs and that is not there, or None."""
    lock = json.loads((WEB / "package-lock.json").read_text())
    for place, package in lock["packages"].items():
        if not place or package.get("dev") or package.get("optional"):
            continue
        there = WEB / place / "package.json"
        if not there.exists() or json.loads(there.read_text())["version"] != package["version"]:
            return place
    return None


def tool(name):
    found = shutil.which(name)
    if found is None:
        sys.exit(f"gen_web.py: {name} is missing, and the staff app is built with it: "
                 "apt-get install nodejs npm, or script/packages install run")
    return found


def build(dist):
    node, npm = tool("node"), tool("npm")
    with open(WEB / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several build folders share node_modules
        if packages_missing():
            subprocess.run([npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=WEB,
                           check=True, stdout=sys.stderr)
        done = subprocess.run([node, "build.mjs"], cwd=WEB, env={**os.environ, "GELEIT_WEB_DIST": str(dist)},
                              stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"gen_web.py: web/build.mjs failed\n{done.stdout}")


def c_bytes(data):
    lines = ("\t" + "".join(f"{b}," for b in data[i:i + 24]) + "\n" for i in range(0, len(data), 24))
    return "{\n" + "".join(lines) + "\t0}"


def page(manifest):
    preload = "".join(f'<link rel="modulepreload" href="/static/{n}">\n' for n in manifest["preload"])
    return PAGE.format(css=manifest["css"], entry=manifest["entry"], icon=manifest["icon"], font=manifest["font"],
                       preload=preload).encode()


def screens(manifest):
    """What is the first part of a screen's address, and each script that it alone needs."""
    for folder, names in sorted(manifest["screens"].items()):
        for address in ADDRESSES.get(folder, [folder]):
            yield from ((address, name) for name in names)


def write_c(out, dist, manifest):
    names = sorted(manifest["files"])
    parts = ['/* made by tools/gen_web.py */\n#include "api/web.h"\n\n']
    for i, name in enumerate(names):
        parts.append(f"static const unsigned char plain_{i}[] = {c_bytes((dist / name).read_bytes())};\n")
        parts.append(f"static const unsigned char packed_{i}[] = {c_bytes((dist / (name + '.gz')).read_bytes())};\n")
    shell = page(manifest)
    parts.append(f"static const unsigned char page[] = {c_bytes(shell)};\n")
    parts.append("\nconst struct web_file web_files[] = {\n")
    for i, name in enumerate(names):
        plain, packed = (dist / name).stat().st_size, (dist / (name + ".gz")).stat().st_size
        kind = TYPES[pathlib.Path(name).suffix]
        parts.append(f'\t{{"{name}", "{kind}", {{(const char *)plain_{i}, {plain}}}, '
                     f"{{(const char *)packed_{i}, {packed}}}}},\n")
    parts.append(f"}};\nconst size_t web_file_count = {len(names)};\n")
    rows = list(screens(manifest))
    parts.append("\nconst struct web_screen web_screens[] = {\n")
    parts += [f'\t{{"{address}", "{name}"}},\n' for address, name in rows]
    parts.append(f"}};\nconst size_t web_screen_count = {len(rows)};\n")
    parts.append(f"const struct str web_page = {{(const char *)page, {len(shell)}}};\n")
    pathlib.Path(out).write_text("".join(parts), encoding="ascii")


def main(out, stamp):
    sources = digest_of_sources()
    stamp = pathlib.Path(stamp)
    mine = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    if stamp.exists() and pathlib.Path(out).exists() and stamp.read_text() == sources + mine:
        return
    dist = WEB / "dist"
    carried = dist / "sources"
    if not carried.exists() or carried.read_text().strip() != sources:
        dist = stamp.parent.resolve() / "web-dist"
        build(dist)
    write_c(out, dist, json.loads((dist / "manifest.json").read_text()))
    stamp.write_text(sources + mine)


main(*sys.argv[1:])
