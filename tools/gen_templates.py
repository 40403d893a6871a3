#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Link templates and static files into C. usage: gen_templates.py OUT FILE...

.html and .txt become templates; .css, .js, .svg, .woff2 and .png static files. The address of a
static file is /static/NAME.HASH.EXT, so that browsers may keep it for ever: url(NAME)
in a style sheet and {{static:NAME}} in a template become that address.
"""
import gzip
import hashlib
import os
import re
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2", ".png": "image/png",
         ".svg": "image/svg+xml"}


def c_bytes(data):
    lines = []
    for i in range(0, len(data), 24):
        lines.append("\t" + "".join(f"{b}," for b in data[i:i + 24]) + "\n")
    return "{\n" + "".join(lines) + "\t0}"  # never an empty array


def address(name, digest):
    stem, ext = os.path.splitext(name)
    return f"/static/{stem}.{digest}{ext}"


def shrink_css(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


def packed(data):
    """As gzip, or nothing when that is hardly smaller (fonts, pictures)."""
    made = gzip.compress(data, 9, mtime=0)
    return made if len(made) < len(data) * 0.9 else b""


def main(target, *files):
    templates, static = {}, {}
    for path in files:
        name = os.path.basename(path)
        with open(path, "rb") as f:
            data = f.read()
        (templates if name.endswith((".html", ".txt")) else static)[name] = data
    places = {}

    def place(match):
        if match[1] not in places:
            sys.exit(f"{target}: no static file {match[1]}")
        return places[match[1]]

    # style sheets last: their addresses of fonts must be known
    for name in sorted(static, key=lambda n: (n.endswith(".css"), n)):
        if name.endswith(".css"):
            text = shrink_css(static[name].decode())
            text = re.sub(r"url\(([\w.-]+)\)", lambda m: f"url({place(m)})", text)
            static[name] = text.encode()
        digest = hashlib.sha256(static[name]).hexdigest()[:12]
        places[name] = address(name, digest)
    with open(target, "w", encoding="ascii") as f:
        f.write('/* made by tools/gen_templates.py */\n#include "text/linked.h"\n\n')
        for i, name in enumerate(sorted(templates)):
            text = re.sub(r"\{\{static:([\w.-]+)\}\}", place, templates[name].decode())
            text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.S)
            templates[name] = text.encode()
            f.write(f"static const unsigned char template_{i}[] = {c_bytes(templates[name])};\n")
        for i, name in enumerate(sorted(static)):
            f.write(f"static const unsigned char file_{i}[] = {c_bytes(static[name])};\n")
            f.write(f"static const unsigned char packed_{i}[] = {c_bytes(packed(static[name]))};\n")
        f.write("\nconst struct linked_template linked_templates[] = {\n")
        for i, name in enumerate(sorted(templates)):
            f.write(f'\t{{"{name}", {{(const char *)template_{i}, {len(templates[name])}}}}},\n')
        f.write(f"}};\nconst size_t linked_template_count = {len(templates)};\n\n")
        f.write("const struct asset_file linked_files[] = {\n")
        for i, name in enumerate(sorted(static)):
            digest = places[name].split(".")[-2]
            kind = TYPES[os.path.splitext(name)[1]]
            f.write(f'\t{{"{name}", "{kind}", "{digest}", ')
            f.write(f"{{(const char *)file_{i}, {len(static[name])}}}, ")
            f.write(f"{{(const char *)packed_{i}, {len(packed(static[name]))}}}}},\n")
        f.write(f"}};\nconst size_t linked_file_count = {len(static)};\n")


main(*sys.argv[1:])
