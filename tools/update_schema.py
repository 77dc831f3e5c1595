#!/usr/bin/python3
"""Writes the kinds, outcomes and fields of facts into doc/report.schema.json, from the lists in C.

usage: update_schema.py            after a change to src/fact/list.h or src/base/outcome.h
"""

import json
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..")
SCHEMA = os.path.join(ROOT, "doc", "report.schema.json")
TYPES = {
    "TEXT": {"type": "string"},
    "NUMBER": {"type": "integer"},
    "FLAG": {"type": "boolean"},
    "LIST": {"type": "array", "items": {"type": "string"}},
}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def field(kind, about):
    return {**TYPES[kind], "description": f"{about[0].upper()}{about[1:]}."}


def main():
    facts, outcomes = read("src/fact/list.h"), read("src/base/outcome.h")
    schema = json.loads(read("doc/report.schema.json"))
    fact = schema["$defs"]["fact"]["properties"]
    fact["kind"]["enum"] = re.findall(r'X\(FACT_\w+, "([^"]+)"', facts)
    fact["outcome"]["enum"] = re.findall(r'X\(CW_OUT_\w+, "([^"]+)"', outcomes)
    fields = re.findall(r'X\(FIELD_\w+, "([^"]+)", (\w+),\s*\\?\s*"([^"]+)"', facts)
    fact["fields"]["properties"] = {name: field(kind, about) for name, kind, about in fields}
    with open(SCHEMA, "w", encoding="utf-8") as f:
        f.write(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")


main()
