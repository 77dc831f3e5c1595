#!/usr/bin/python3
"""Compares the harness with what a suite of x509-limbo's form wants.

usage: check_limbo.py HARNESS SUITE ACCEPTED

ACCEPTED lists the cases in which the judge differs, what it says there, and why. Differences
that it does not list fail, and so do listed ones of this suite that are none any more.
"""

import json
import subprocess
import sys


def accepted(path):
    rows = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                case, says, why = line.rstrip("\n").split("\t")
                if not why:
                    raise SystemExit(f"{path}: want a reason for {case}, have none")
                rows[case] = says
    return rows


def main():
    harness, suite_path, accepted_path = sys.argv[1:]
    with open(suite_path, encoding="utf-8") as f:
        suite = f.read()
    wanted = {case["id"]: case for case in json.loads(suite)["testcases"]}
    ran = subprocess.run([harness], input=suite, capture_output=True, text=True, check=True)
    differs, failed, counts = accepted(accepted_path), 0, {}
    results = json.loads(ran.stdout)["results"]
    for result in results:
        case, have = result["id"], result["actual_result"]
        want = wanted[case]["expected_result"]
        kind = "skipped" if have == "SKIPPED" else "as wanted" if have == want else "differs"
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "skipped":
            continue
        if have != differs.get(case, want):
            failed += 1
            print(f"{case}: want {differs.get(case, want)}, have {have}: {result['context']}")
        elif case in differs and have == want:
            failed += 1
            print(f"{case}: want a difference, as accepted; have none")
    if not results or {r["id"] for r in results} != set(wanted):
        failed += 1
        print(f"want {len(wanted)} results, have {len(results)}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    sys.exit(1 if failed else 0)


main()
