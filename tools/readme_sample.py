#!/usr/bin/python3
"""Keeps the report that README.md shows that of the program.

usage: readme_sample.py PROGRAM            writes it into README.md
       readme_sample.py --check PROGRAM    says whether it is still what the program prints

It is the report on Osaka of `clearway lab run company`. Addresses, ports and times differ from
run to run and do not count, nor does where lines are folded because of them.
"""

import os
import re
import subprocess
import sys

README = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "README.md")
BLOCK = re.compile(r"```\n(\$ clearway check kms osaka.*?)\n```\n", re.S)


def sample(program):
    out = subprocess.run([program, "lab", "run", "company", "--lang", "en"], capture_output=True,
                         text=True, encoding="utf-8", timeout=60,
                         env={**os.environ, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}).stdout
    match = re.search(r"^\$ clearway check kms osaka.*?(?=\n\n\$ )", out, re.S | re.M)
    if not match:
        sys.exit(f"want a report on Osaka in 'lab run company', have:\n{out}")
    return "\n".join(line.rstrip() for line in match.group(0).split("\n"))


def lasting(text):
    text = re.sub(r"127\.\d+\.\d+\.\d+(:\d+)?", "ADDRESS", " ".join(text.split()))
    return re.sub(r"\b\d+(\.\d+)? m?s\b", "TIME", text)


def main():
    check = "--check" in sys.argv
    new = sample(sys.argv[-1])
    with open(README, encoding="utf-8") as f:
        readme = f.read()
    match = BLOCK.search(readme)
    if not match:
        sys.exit("README.md: want a block that begins with '$ clearway check kms osaka'")
    if lasting(match.group(1)) == lasting(new):
        return
    if check:
        sys.exit(f"README.md: want the report that the program prints; run "
                 f"tools/readme_sample.py build/clearway:\n{new}")
    with open(README, "w", encoding="utf-8") as f:
        f.write(readme[:match.start(1)] + new + readme[match.end(1):])


main()
