#!/usr/bin/python3
"""What every file of the project keeps to, whatever it holds."""

import os
import re

import source_tree as tree

UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
# Places of one machine: nobody else has them.
PLACES = re.compile(r"(?<![\w.:/-])/(" + "|".join(("wo" + "rk", "home", "root", "Users")) + r")/|"
                    "/tmp/" + "b-")
BINARY = (".pcap", ".bin", ".raw", ".png")


def hygiene(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()}"
        if PLACES.search(line):
            yield f"{name}:{number}: a place of one machine: {line.strip()}"
        if line != line.rstrip():
            yield f"{name}:{number}: white space at the end"
    if text and not text.endswith("\n"):
        yield f"{name}: want a newline at the end"
    if "\r" in text:
        yield f"{name}: want lines that end with a newline alone"


def listed(name):
    """A source that no meson.build names is not built, so nobody would see it rot."""
    folder = os.path.dirname(name)
    while folder:
        build = os.path.join(folder, "meson.build")
        if os.path.exists(tree.path_of(build)):
            below = os.path.relpath(name, folder)
            stem = os.path.splitext(os.path.basename(name))[0]
            text = tree.read(build)
            # Tests are named without their prefix: 'addr' is test-addr.c.
            short = re.sub(r"^(test|fuzz|bench)-", "", stem)
            if f"'{below}'" in text or (folder.startswith("test") and
                                        re.search(rf"'({stem}|{short})'", text)):
                return True
        folder = os.path.dirname(folder)
    return False


def guard(name, text):
    want = "CW_" + re.sub(r"\W", "_", name[len("src/"):]).upper()
    if not re.search(rf"^#ifndef {want}\n#define {want}\n", text, re.M):
        yield f"{name}: want the include guard {want}"


def main():
    complaints, checked = [], 0
    for name in tree.files():
        if "/corpus/" in name or name.endswith(BINARY):
            continue
        checked += 1
        try:
            text = tree.read(name)
        except UnicodeDecodeError:
            complaints.append(f"{name}: want UTF-8")
            continue
        complaints += hygiene(name, text)
        if name.endswith(".c") and not listed(name):
            complaints.append(f"{name}: no meson.build names it")
        if name.startswith("src/") and name.endswith(".h"):
            complaints += guard(name, text)
    tree.finish(complaints, checked, "files")


main()
