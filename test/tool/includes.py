#!/usr/bin/python3
"""Includes point one way, as the table in doc/architecture.md says."""

import os
import re

import source_tree as tree

# Libraries that only some folders may see, by the start of the header's name.
LIBRARIES = {
    "uv": ("io", "lab"),
    "openssl/": ("codec", "cert", "io", "lab"),
    "utf8proc": ("codec", "report"),
    "idn2": ("cert", "codec", "cmd"),
    "jansson": (),
    "ldns/": (),
}
# What reaches sockets or files has no place below io.
SYSTEM = {"sys/socket.h", "netdb.h", "poll.h", "sys/epoll.h", "unistd.h",
          "fcntl.h", "sys/random.h", "pthread.h", "signal.h"}
PURE = ("base", "cert", "codec", "proto", "fact", "rule", "report")


def rules():
    """folder -> folders that it may see, from the table."""
    table = {}
    for row in re.findall(r"^\| `src/(\w+)` \|[^|]*\|([^|]*)\|", tree.read("doc/architecture.md"), re.M):
        table[row[0]] = row[1].split()
    for folder, sees in table.items():
        if sees == ["nothing"]:
            table[folder] = []
        elif sees == ["all"]:
            table[folder] = list(table)
    return table


def complaints_of(name, table):
    folder = name.split(os.sep)[1]
    text = tree.read(name)
    for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text, re.M):
        kind, header = match.groups()
        at = f"{name}:{tree.line_of(text, match.start())}"
        first = header.split("/")[0]
        if kind == '"' and "/" not in header:
            yield f'{at}: want the path from src, have "{header}"'
        elif kind == '"' and first != folder and first not in table[folder]:
            sees = " ".join(table[folder]) or "nothing"
            yield f"{at}: src/{folder} sees {sees}, have {header}"
        if kind == "<":
            for start, allowed in LIBRARIES.items():
                if re.match(re.escape(start) + r"(\b|$|(?<=/))", header) and folder not in allowed:
                    yield f"{at}: {header} belongs to {' '.join(allowed) or 'no folder'}"
            if folder in PURE and header in SYSTEM:
                yield f"{at}: src/{folder} has no use for {header}"


def main():
    table = rules()
    complaints, checked = [], 0
    for folder in sorted(os.listdir(tree.path_of("src"))):
        if os.path.isdir(tree.path_of(f"src/{folder}")) and folder not in table:
            complaints.append(f"doc/architecture.md: src/{folder} has no row in the table")
    for folder in table:
        if not os.path.isdir(tree.path_of(f"src/{folder}")):
            complaints.append(f"doc/architecture.md: there is no src/{folder}")
    for name in tree.files("src", suffixes=(".c", ".h")):
        if name.split(os.sep)[1] in table:
            complaints += complaints_of(name, table)
            checked += 1
    tree.finish(complaints, checked, "files")


main()
