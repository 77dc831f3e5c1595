#!/usr/bin/python3
"""Adds up what .ci/run has run.

usage: count_tests.py STEPS LOGS

STEPS has a line "passed|failed TAB name" for each step; LOGS the name of a Meson testlog.json a
line. A test that speaks TAP counts with each of its points. Skipped tests are listed with their
reasons, and the last line is "N passed, N failed, N skipped" alone. Exit status 1: something
failed.
"""

import json
import re
import sys

POINT = re.compile(r"^(not )?ok\b(?: +\d+)?(?: *- *| +)?([^#]*)(?:#\s*(.*))?$")


class Sum:
    def __init__(self):
        self.passed = self.failed = 0
        self.failures, self.skips = [], []

    def fail(self, name, count=1):
        self.failed += count
        self.failures.append(name)

    def skip(self, name, why):
        self.skips.append(f"{name}: {why or 'no reason given'}")


def count_points(total, name, out):
    """The points of a TAP test; whether there were any, and whether one failed."""
    seen = failed = False
    for line in out.splitlines():
        match = POINT.match(line)
        if not match:
            continue
        seen = True
        directive = (match[3] or "").strip()
        if directive.upper().startswith("SKIP"):
            total.skip(f"{name}: {match[2].strip()}", directive[4:].strip())
        elif match[1]:
            total.fail(f"{name}: {match[2].strip()}")
            failed = True
        else:
            total.passed += 1
    return seen, failed


def count_test(total, log, row):
    name = f"{log.split('/meson-logs')[0]}: {row['name']}"
    out = row.get("stdout", "") or ""
    result = row["result"]
    if result == "SKIP":
        said = (out + "\n" + (row.get("stderr", "") or "")).strip().splitlines()
        total.skip(name, re.sub(r"^1\.\.0\s*#\s*(SKIP)?\s*", "", said[-1]) if said else "")
        return
    tap = re.search(r"^1\.\.\d+", out, re.M)
    seen, failed = count_points(total, name, out) if tap else (False, False)
    if result in ("OK", "EXPECTEDFAIL"):
        total.passed += not seen
    elif not failed:
        total.fail(f"{name} ({result.lower()})")


def main():
    steps, logs = sys.argv[1:]
    total = Sum()
    with open(steps, encoding="utf-8") as f:
        for line in f:
            result, name = line.rstrip("\n").split("\t")
            if result == "passed":
                total.passed += 1
            else:
                total.fail(name)
    with open(logs, encoding="utf-8") as f:
        for log in f.read().split():
            try:
                with open(log, encoding="utf-8") as rows:
                    for row in rows:
                        count_test(total, log, json.loads(row))
            except FileNotFoundError:
                total.fail(f"{log}: no test has run")
    for name in total.failures:
        print(f"failed: {name}")
    for line in total.skips:
        print(f"skipped: {line}")
    print(f"{total.passed} passed, {total.failed} failed, {len(total.skips)} skipped")
    sys.exit(1 if total.failed or not total.passed else 0)


main()
