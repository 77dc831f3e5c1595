#!/usr/bin/python3
"""Makes a manual page with scdoc, without the empty paragraphs that mandoc complains of.

usage: man_page.py SCDOC < PAGE.scd > PAGE
"""

import subprocess
import sys


def tidy(lines):
    """scdoc writes .P behind every heading, and .P .RE where .RE .P is meant."""
    out = []
    for line in lines:
        if line == ".P" and out and out[-1].startswith((".SH", ".SS", ".TH", ".P")):
            continue
        if line == ".RE" and out and out[-1] == ".P":
            out[-1] = ".RE"
            out.append(".P")
            continue
        if line.startswith((".SH", ".SS")) and out and out[-1] == ".P":
            out.pop()
        out.append(line)
    while out and out[-1] == ".P":
        out.pop()
    return out


def main():
    page = subprocess.run([sys.argv[1]], stdin=sys.stdin, capture_output=True, text=True,
                          encoding="utf-8")
    sys.stderr.write(page.stderr)
    if page.returncode:
        sys.exit(page.returncode)
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n".join(tidy(page.stdout.splitlines())))


main()
