# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/openapi.yaml, and whether a value fits one of its schemas.

Only the words of JSON Schema that the document uses are known; another one is
an error, so that nothing is believed to be checked that is not.
"""
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int}
SAID_ONLY = {"description", "examples", "default", "contentEncoding", "contentMediaType"}


def load():
    return yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def resolve(doc, o):
    while isinstance(o, dict) and "$ref" in o:
        assert o["$ref"].startswith("#/"), o
        at = doc
        for part in o["$ref"][2:].split("/"):
            at = at[part]
        o = at
    return o


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


class Check:
    """Collects what does not fit, each with its place."""

    def __init__(self, doc):
        self.doc, self.wrong = doc, []

    def say(self, where, what):
        self.wrong.append(f"{where or '.'}: {what}")

    def value(self, v, schema, where=""):
        schema = resolve(self.doc, schema)
        for word, arg in schema.items():
            if word in SAID_ONLY or word in ("required", "additionalProperties"):
                continue
            handler = getattr(self, "word_" + word.replace("$", ""), None)
            assert handler, f"unknown word {word} in a schema"
            handler(v, arg, schema, where)

    def word_type(self, v, arg, schema, where):
        names = arg if isinstance(arg, list) else [arg]
        if not any(is_type(v, n) for n in names):
            self.say(where, f"{v!r} is no {arg}")

    def word_enum(self, v, arg, schema, where):
        if v not in arg:
            self.say(where, f"{v!r} is none of {arg}")

    def word_const(self, v, arg, schema, where):
        if v != arg:
            self.say(where, f"{v!r} is not {arg}")

    def word_pattern(self, v, arg, schema, where):
        if isinstance(v, str) and not re.search(arg, v):
            self.say(where, f"{v!r} does not match {arg}")

    def word_minimum(self, v, arg, schema, where):
        if isinstance(v, int) and v < arg:
            self.say(where, f"{v} is below {arg}")

    def word_maximum(self, v, arg, schema, where):
        if isinstance(v, int) and v > arg:
            self.say(where, f"{v} is above {arg}")

    def word_minLength(self, v, arg, schema, where):
        if isinstance(v, str) and len(v) < arg:
            self.say(where, "too short")

    def word_maxLength(self, v, arg, schema, where):
        if isinstance(v, str) and len(v) > arg:
            self.say(where, "too long")

    def word_minItems(self, v, arg, schema, where):
        if isinstance(v, list) and len(v) < arg:
            self.say(where, "too few")

    def word_maxItems(self, v, arg, schema, where):
        if isinstance(v, list) and len(v) > arg:
            self.say(where, "too many")

    def word_minProperties(self, v, arg, schema, where):
        if isinstance(v, dict) and len(v) < arg:
            self.say(where, "too few members")

    def word_oneOf(self, v, arg, schema, where):
        if sum(not misfits(self.doc, v, one) for one in arg) != 1:
            self.say(where, f"{v!r} is not exactly one of {len(arg)} forms")

    def word_items(self, v, arg, schema, where):
        for i, x in enumerate(v if isinstance(v, list) else []):
            self.value(x, arg, f"{where}[{i}]")

    def word_properties(self, v, arg, schema, where):
        if not isinstance(v, dict):
            return
        for name in schema.get("required", []):
            if name not in v:
                self.say(where, f"{name} is missing")
        for name, x in v.items():
            if name in arg:
                self.value(x, arg[name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                self.say(where, f"{name} is not described")


def misfits(doc, value, schema):
    c = Check(doc)
    c.value(value, schema)
    return c.wrong


def operation(doc, method, pattern):
    return doc["paths"][pattern][method.lower()]


def answer_schema(doc, op, status, media_type):
    """The schema of one answer; None where it has no body of that type."""
    r = resolve(doc, op["responses"].get(str(status)) or op["responses"]["default"])
    content = r.get("content", {}).get(media_type)
    return content.get("schema") if content else None
