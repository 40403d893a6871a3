#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/openapi.yaml as a page to read: tools/api_page.py > docs/api.md

Grouped by resource; for each route who may, parameters, what is sent and answered, and the shapes at the end.
tests/openapi_test.py compares the page with what this prints.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/lib"))
import openapi  # noqa: E402

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
HEAD = """# The API

Made from `docs/openapi.yaml` by `tools/api_page.py`; a test compares the two. The contract is that file: generate clients from it.

{about}

**Who asks.** `Authorization: Bearer KEY` with an api key, or the cookie of somebody signed in; with the cookie every method but GET and HEAD needs the field
`Geleit-CSRF`. *May* names the scopes of a key, any of which will do. A person, and every key of his, may what his role allows:

| scope | viewer | sender | editor | administrator |
|---|---|---|---|---|
| `read` | yes | yes | yes | yes |
| `upload`, `send` | | yes | yes | yes |
| `edit`, `release` | | | yes | yes |
| `outbox`, `admin` | | | | yes |

**Every refusal** is a [Problem](#problem). {problem}

An address in square brackets below is a shape at the end of this page. `?` stands behind what may be left out.
"""


def flat(text):
    return " ".join((text or "").split())


def cell(text):
    return flat(text).replace("|", "\\|")


class Page:
    def __init__(self, doc):
        self.doc, self.out = doc, []

    def say(self, *lines):
        self.out += lines

    def type_of(self, schema):
        """One line for a schema."""
        if not isinstance(schema, dict):
            return "any"
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f"[{name}](#{name.lower()})"
        for word, between in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
            if word in schema:
                return between.join(self.type_of(s) for s in schema[word])
        if "enum" in schema:
            return ", ".join(f"`{v}`" for v in schema["enum"])
        if "const" in schema:
            return f"`{schema['const']}`"
        kinds = schema.get("type", "any")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return " or ".join(self.kind(k, schema) for k in kinds)

    def kind(self, kind, schema):
        if kind == "array":
            return "list of " + self.type_of(schema.get("items", {}))
        if kind == "object" and schema.get("properties"):
            required = schema.get("required", ())
            return "{" + ", ".join(f"{n}{'' if n in required else '?'}: {self.type_of(s)}" for n, s in schema["properties"].items()) + "}"
        low, high = (schema.get(k) for k in ("minimum", "maximum"))
        if kind == "integer" and low is not None and high is not None:
            return f"{low} to {high}"
        most = schema.get("maxLength")
        return kind + (f", at most {most}" if kind == "string" and most else "")

    def content(self, media):
        return "; ".join(f"{self.type_of(m.get('schema', {}))}" + ("" if name == "application/json" else f" as `{name}`")
                         for name, m in media.items())

    def who(self, o):
        if o.get("security") == []:
            return "everybody, without a key"
        if o.get("x-sign-in"):
            return "whoever is signing in or has signed in, by the cookie"
        return ", ".join(f"`{s}`" for s in o.get("x-scope", [])) or "whoever is known"

    def parameters(self, path, o):
        rows = [openapi.resolve(self.doc, p) for p in [*path.get("parameters", ()), *o.get("parameters", ())]]
        if not rows:
            return
        self.say("| parameter | in | values | |", "|---|---|---|---|")
        for p in rows:
            mark = "" if p.get("required") else "?"
            self.say(f"| `{p['name']}`{mark} | {p['in']} | {cell(self.type_of(p.get('schema', {})))} | {cell(p.get('description'))} |")
        self.say("")

    def answers(self, o):
        for status, answer in o.get("responses", {}).items():
            answer = openapi.resolve(self.doc, answer)
            if status == "default":
                continue
            fields = ", ".join(f"`{f}`" for f in answer.get("headers", {}))
            parts = [flat(answer.get("description")), self.content(answer["content"]) if "content" in answer else "",
                     f"fields {fields}" if fields else ""]
            self.say(f"- **{status}** " + " ".join(p if p.endswith(".") else p + "." for p in parts if p))

    def operation(self, method, pattern, path, o):
        self.say(f"### {method.upper()} {pattern}", "", flat(o.get("summary")) + ". " + flat(o.get("description")), "")
        event = f" Event: `{o['x-event']}`." if o.get("x-event") else ""
        self.say(f"May: {self.who(o)}.{event}", "")
        self.parameters(path, o)
        if "requestBody" in o:
            self.say(f"Sent: {self.content(o['requestBody']['content'])}.", "")
        self.answers(o)
        self.say("")

    def resource(self, name, patterns):
        self.say(f"## Resource {name}", "")      # not the anchor of a shape
        for pattern in patterns:
            path = self.doc["paths"][pattern]
            for method in METHODS:
                if method in path:
                    self.operation(method, pattern, path, path[method])

    def shape(self, name, schema):
        self.say(f"### {name}", "")
        if schema.get("description"):
            self.say(flat(schema["description"]), "")
        if not schema.get("properties"):
            self.say(self.type_of(schema) + ".", "")
            return
        self.say("| member | values | |", "|---|---|---|")
        for member, s in schema["properties"].items():
            mark = "" if member in schema.get("required", ()) else "?"
            self.say(f"| `{member}`{mark} | {cell(self.type_of(s))} | {cell(s.get('description'))} |")
        self.say("")

    def made(self):
        problem = flat(self.doc["components"]["responses"]["Problem"]["description"])
        self.say(HEAD.format(about=self.doc["info"]["description"].strip(), problem=problem))
        groups = {}
        for pattern in self.doc["paths"]:
            groups.setdefault(re.match(r"/api/v1/([\w-]+)", pattern)[1], []).append(pattern)
        for name, patterns in groups.items():
            self.resource(name, patterns)
        self.say("## Shapes", "")
        for name, schema in self.doc["components"]["schemas"].items():
            self.shape(name, schema)
        return re.sub(r"[ \t]+$", "", "\n".join(self.out).rstrip() + "\n", flags=re.M)


def made():
    return Page(openapi.load()).made()


if __name__ == "__main__":
    sys.stdout.write(made())
