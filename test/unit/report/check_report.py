#!/usr/bin/env python3
"""Looks at what report-sample prints as a reader and a program would.

check_report.py json PROGRAM SCHEMA   every sample is JSON of the schema, every mistake is seen
check_report.py text PROGRAM GOLDEN   widths, folding, escapes, and the kept texts
With UPDATE_GOLDEN=1 in the environment the kept texts are written anew.
"""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import unicodedata

SAMPLES = ["clear", "one-cause", "two-causes", "undetermined", "hostile", "many", "every-fact"]
STYLES = {
    "en-80": ["columns=80"],
    "en-40": ["columns=40"],
    "en-plain-80": ["plain", "columns=80"],
    "ja-80": ["ja", "columns=80"],
    "ja-40": ["ja", "columns=40"],
    "ja-plain-80": ["ja", "plain", "columns=80"],
    "timeline-100": ["timeline", "columns=100"],
    "timeline-plain-40": ["timeline", "plain", "columns=40"],
    "color-100": ["color", "timeline", "columns=100"],
    "unfolded": ["columns=0"],
    "quiet": ["quiet"],
}
KEPT = ["clear", "one-cause", "two-causes", "undetermined", "hostile"]
# What is copied and must not be folded: it may be wider than the page.
VERBATIM = re.compile(r"_vlmcs\._tcp  3600|clearway check kms|echo ")

failures = []


def fail(what):
    failures.append(what)
    print(f"not ok: {what[:2000]}")


def run(program, *words):
    return subprocess.run([program, *words], stdout=subprocess.PIPE, check=True).stdout


def width(text):
    wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return wide - sum(1 for c in text if unicodedata.combining(c))


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key twice: {keys}")
    return dict(pairs)


def check_json(program, schema_path):
    try:
        import jsonschema
    except ImportError:
        print("skip: want python3-jsonschema, have none")
        sys.exit(77)
    schema = json.loads(pathlib.Path(schema_path).read_text(encoding="utf-8"))
    validator_class = jsonschema.validators.validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    for sample in SAMPLES:
        for form in "json", "json-indented":
            for language in [], ["ja"]:
                name = f"{sample} {form} {language}"
                text = run(program, sample, form, *language).decode("utf-8", "strict")
                if re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", text):
                    fail(f"{name}: a hidden character stands unescaped")
                if form == "json" and text.count("\n") != 1:
                    fail(f"{name}: want one line")
                report = json.loads(text, object_pairs_hook=no_duplicates)
                for error in validator.iter_errors(report):
                    fail(f"{name}: {error.json_path}: {error.message[:300]}")
    check_strictness(validator, json.loads(run(program, "two-causes", "json")))


def check_strictness(validator, report):
    """The schema must see what a careless change of the writer would do."""
    def mistake(name, change):
        wrong = copy.deepcopy(report)
        change(wrong)
        if validator.is_valid(wrong):
            fail(f"the schema takes {name}")

    mistake("another key", lambda r: r.update(more=1))
    mistake("a missing key", lambda r: r.pop("not_tested"))
    mistake("another verdict", lambda r: r.update(verdict="fine"))
    mistake("a verdict against the findings", lambda r: r.update(verdict="clear"))
    mistake("a local time", lambda r: r.update(started="2026-11-22 03:00"))
    mistake("an outcome of its own", lambda r: r["facts"][0].update(outcome="failed"))
    mistake("a field of its own", lambda r: r["facts"][0]["fields"].update(x=1))
    mistake("a number as text", lambda r: r["facts"][0]["fields"].update(port="1688"))
    mistake("a missing title", lambda r: r["findings"][0].pop("title"))
    mistake("a cause because of another", lambda r: r["findings"][0].update(because_of="x"))
    mistake("another state", lambda r: r["hops"][0].update(state="open"))


def is_unbreakable(line, columns):
    """A name that leaves no room for anything else is never cut."""
    return max(map(len, line.split()), default=0) > columns / 2


def check_lines(name, text, columns, color):
    if color:
        text = re.sub(r"\x1b\[(0|1|2|31|32|33)m", "", text)
    for line in text.split("\n"):
        if any(unicodedata.category(c) in ("Cc", "Cf", "Cn", "Co", "Zl", "Zp") for c in line):
            fail(f"{name}: a control character in {line!r}")
        if line != line.rstrip():
            fail(f"{name}: blanks at the end of {line!r}")
        if columns and width(line) > columns:
            if not VERBATIM.search(line) and not is_unbreakable(line, columns):
                fail(f"{name}: {width(line)} columns: {line[:200]}")


def check_golden(golden, name, text):
    path = golden / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    elif not path.exists():
        fail(f"{name}: want {path}")
    elif path.read_text(encoding="utf-8") != text:
        fail(f"{name}: want\n{path.read_text(encoding='utf-8')}have\n{text}")


def check_text(program, golden):
    golden = pathlib.Path(golden)
    for sample in SAMPLES:
        for style, words in STYLES.items():
            text = run(program, sample, "text", *words).decode("utf-8", "strict")
            name = f"{sample}.{style}"
            columns = next((int(w[8:]) for w in words if w.startswith("columns=")), 80)
            check_lines(name, text, columns, "color" in words)
            if "plain" in words and "ja" not in words and not text.isascii():
                fail(f"{name}: want ASCII")
            if sample in KEPT and not (sample == "hostile" and style not in ("en-80", "ja-40")):
                check_golden(golden, name, text)
    check_widths(program)


def check_widths(program):
    """Every width from very narrow to wide folds without a lost word."""
    want = run(program, "two-causes", "text", "columns=0").decode().split()
    for columns in list(range(1, 60)) + [79, 81, 120, 200, 100000]:
        text = run(program, "two-causes", "text", f"columns={columns}").decode()
        if sorted(text.split()) != sorted(want):
            fail(f"columns={columns}: words were lost")


def main(form, program, other):
    check_json(program, other) if form == "json" else check_text(program, other)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
