#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Turn web/messages.json into a sorted C table. usage: gen_messages.py IN OUT

Refuses a key without both languages, and placeholders that differ between them.
"""
import json
import re
import sys


def no_twins(pairs):
    keys = [k for k, _ in pairs]
    twins = {k for k in keys if keys.count(k) > 1}
    if twins:
        sys.exit(f"messages: twice: {', '.join(sorted(twins))}")
    return dict(pairs)


def c_string(text):
    data = text.encode()
    out = []
    for b in data:
        if b in b'"\\' or b == 63:  # no trigraphs either
            out.append("\\" + chr(b))
        elif 32 <= b < 127:
            out.append(chr(b))
        else:
            out.append(f"\\{b:03o}")
    return '"' + "".join(out) + '"'


def main(source, target):
    with open(source, encoding="utf-8") as f:
        table = json.load(f, object_pairs_hook=no_twins)
    rows = []
    for key in sorted(table, key=str.encode):
        if not re.fullmatch(r"[a-z0-9_.]+", key):
            sys.exit(f"messages: {key}: not a name")
        both = table[key]
        if set(both) != {"de", "en"} or not all(both.values()):
            sys.exit(f"messages: {key}: needs de and en, nothing else")
        names = [sorted(re.findall(r"\{([a-z0-9_:]+)\}", both[lang])) for lang in ("de", "en")]
        if names[0] != names[1]:
            sys.exit(f"messages: {key}: placeholders differ: {names}")
        rows.append(f"\t{{{c_string(key)}, {c_string(both['de'])}, {c_string(both['en'])}}},\n")
    with open(target, "w", encoding="ascii") as f:
        f.write('/* made by tools/gen_messages.py */\n#include "text/linked.h"\n\n')
        f.write("const struct linked_message linked_messages[] = {\n" + "".join(rows) + "};\n")
        f.write(f"const size_t linked_message_count = {len(rows)};\n")


main(*sys.argv[1:])
