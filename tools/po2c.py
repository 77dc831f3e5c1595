#!/usr/bin/env python3
"""Turns translations (po/*.po) into C tables: po2c.py OUT.c LANG.po...

A translation that is missing or fuzzy is left out, and English is shown. One whose placeholders
do not fit the English ones stops the build: it would show a reader the wrong name.
"""

import ast
import os
import re
import sys

PLACEHOLDER = re.compile(r"%(?:(\d)\$)?(.)")


def placeholders(text):
    """The arguments that a text uses, as a sorted list of numbers; None: not one of ours."""
    used, position = [], 0
    for index, conversion in PLACEHOLDER.findall(text):
        if conversion == "%" and not index:
            continue
        if conversion != "s":
            return None
        position += 1
        used.append(int(index) if index else position)
    return sorted(used)


def entries(path):
    """Yields (line, flags, msgid, msgstr) of every entry but the header."""
    fields, flags, current, start = {}, set(), None, 0

    def flush():
        if fields.get("msgid") and "msgstr" in fields:
            yield start, flags, fields["msgid"], fields["msgstr"]

    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if line.startswith("#~"):
                continue
            if not line or (line.startswith("#") and "msgstr" in fields):
                yield from flush()
                fields, flags, current = {}, set(), None
            if line.startswith("#,"):
                flags = {flag.strip() for flag in line[2:].split(",")}
            if not line or line.startswith("#"):
                continue
            if not line.startswith('"'):
                current, line = line.split(None, 1)
                if current not in ("msgid", "msgstr"):
                    sys.exit(f"{path}:{number}: want msgid or msgstr, have {current}")
                fields[current] = ""
                if current == "msgid":
                    start = number
            fields[current] += ast.literal_eval(line)
    yield from flush()


def table(path):
    found = {}
    for line, flags, msgid, msgstr in entries(path):
        if "fuzzy" in flags or not msgstr:
            continue
        want, have = placeholders(msgid), placeholders(msgstr)
        if want is None or have is None or set(want) != set(have):
            sys.exit(f"{path}:{line}: want placeholders {want}, have {have}")
        found[msgid.encode()] = msgstr.encode()
    return sorted(found.items())


def c_string(text):
    out = []
    for byte in text:
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif 0x20 <= byte < 0x7F and char != "?":
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def main(out_path, *po_paths):
    lines = ["/* Made by tools/po2c.py from the translations in po. */", '#include "report/translate.h"', ""]
    names = []
    for path in po_paths:
        name = os.path.basename(path).removesuffix(".po")
        names.append(name)
        rows = table(path)
        lines.append(f"static const struct po_entry entries_{name}[] = {{")
        lines += [f"\t{{ {c_string(msgid)},\n\t  {c_string(msgstr)} }}," for msgid, msgstr in rows]
        lines += ["\t{ NULL, NULL },", "};", ""]
        lines += [f"static const char *translate_{name}(const char *msgid)", "{"]
        lines += [f"\treturn po_find(entries_{name}, {len(rows)}, msgid);", "}", ""]
    lines.append("const struct po_language po_languages[] = {")
    lines += [f'\t{{ "{name}", translate_{name} }},' for name in names]
    lines += ["\t{ NULL, NULL },", "};"]
    with open(out_path, "w", encoding="ascii") as out:
        out.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
