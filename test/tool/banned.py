#!/usr/bin/python3
"""Functions that are not used here, and state that is not kept below src/cmd.

usage: banned.py NM LIBRARY...     the static libraries below src/cmd
"""

import os
import re
import subprocess
import sys

import source_tree as tree

NOWHERE = r"strcpy|strcat|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|atof|gets|alloca|" \
          r"rand|random|srand|tmpnam|mktemp|gethostbyname|inet_aton|inet_ntoa"
# Depend on the locale and take an int that wire bytes may overrun.
CTYPE = r"is(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|toupper|tolower"
PRINT = r"printf|vprintf|puts|putchar|perror|exit"
SPEAKS = {"src/base/arena.c"}  # out of memory ends the process (base/arena.h)

# What a library that has neither clock nor socket must not reach for.
OUTSIDE = {"time", "clock_gettime", "gettimeofday", "clock", "getrandom", "getentropy", "RAND_bytes",
           "socket", "connect", "bind", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg",
           "read", "write", "open", "open64", "fopen", "fopen64", "getaddrinfo", "poll", "select",
           "getenv", "secure_getenv", "sleep", "usleep", "nanosleep"}
PURE = ("base", "cert", "codec", "proto", "fact", "rule", "report")


def calls(name):
    code = tree.without_comments(tree.read(name))
    banned = NOWHERE
    if not name.startswith(os.path.join("src", "cmd")):
        banned += "|" + CTYPE
        if name not in SPEAKS:
            banned += "|" + PRINT
    for match in re.finditer(rf"(?<![\w.>])({banned})\s*\(", code):
        yield f"{name}:{tree.line_of(code, match.start())}: {match.group(1)} is not used here"


def symbols(nm, library):
    """Rows of nm: object, symbol, type letter, section."""
    out = subprocess.run([nm, "--format=sysv", library], check=True, capture_output=True,
                         text=True).stdout
    current = "?"
    for line in out.splitlines():
        header = re.search(r"\[([^\]]+)\]:?$", line)
        if header:
            current = header.group(1)
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7:
            yield current, cells[0], cells[2], cells[6]


def state_and_reach(nm, library):
    folder = re.search(r"libcw_(\w+)\.a$", library).group(1)
    for obj, symbol, letter, section in symbols(nm, library):
        # Constants with addresses are in .data.rel.ro: written by the loader only.
        if re.match(r"\.(data|bss|tdata|tbss)|\*COM\*", section) and \
                not section.startswith(".data.rel.ro"):
            yield f"{obj} in {folder}: {symbol} is state outside of src/cmd ({section})"
        if letter == "U" and folder in PURE and symbol in OUTSIDE:
            yield f"{obj}: src/{folder} reaches for {symbol}"


def main():
    nm, libraries = sys.argv[1], sys.argv[2:]
    complaints, checked = [], 0
    for name in tree.files("src", suffixes=(".c", ".h")):
        complaints += calls(name)
        checked += 1
    for folder in sorted(os.listdir(tree.path_of("src"))):
        if os.path.isdir(tree.path_of(f"src/{folder}")) and folder != "cmd" and \
                not any(library.endswith(f"libcw_{folder}.a") for library in libraries):
            complaints.append(f"test/tool/meson.build: want {folder}_lib in tool_libs")
    for library in libraries:
        complaints += state_and_reach(nm, library)
    tree.finish(complaints, checked, "files")


main()
