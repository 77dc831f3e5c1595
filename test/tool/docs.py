#!/usr/bin/python3
"""Documents say what the code does: commands, facts, options.

usage: docs.py [PROGRAM]
"""

import glob
import json
import os
import re
import subprocess
import sys

import source_tree as tree


def make_targets():
    return set(re.findall(r"^([a-z-]+):", tree.read("Makefile"), re.M))


def make_commands():
    targets = make_targets()
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"(?:^|`|\$ )make ([a-z-]+)", tree.read(name), re.M):
            if target not in targets:
                yield f"{name}: make {target}: the Makefile has no such target"
    if not re.search(r"make test", tree.read("README.md")):
        yield "README.md: want 'make test'"


def macro_rows(text, macro, id_prefix):
    body = re.search(rf"#define {macro}\(X\)(.*?)\n\n", text, re.S).group(1)
    return re.findall(rf'X\({id_prefix}\w+, "([^"]+)"', body)


def facts():
    listed, page = tree.read("src/fact/list.h"), tree.read("doc/facts.md")
    kinds = macro_rows(listed, "FACT_KIND_LIST", "FACT_")
    fields = macro_rows(listed, "FACT_FIELD_LIST", "FIELD_")
    if not kinds or not fields:
        yield "src/fact/list.h: want kinds and fields, have none: the test cannot read it"
    rows = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    for kind in kinds:
        if kind not in rows:
            yield f"doc/facts.md: want a row of the kind {kind}"
    for row in rows:
        if "." in row and row not in kinds:
            yield f"doc/facts.md: {row} is no kind of src/fact/list.h"
    for field in fields:
        if not re.search(rf"(?<![\w-]){re.escape(field)}(?![\w-])", page):
            yield f"doc/facts.md: want a word on the field {field}"


def links():
    for name in ("README.md", "CONTRIBUTING.md", *glob.glob("doc/*.md", root_dir=tree.ROOT)):
        folder = os.path.dirname(name)
        for link in re.findall(r"\]\(([^)#:]+)\)", tree.read(name)):
            if not os.path.exists(tree.path_of(os.path.join(folder, link))):
                yield f"{name}: {link} is not there"


def scenarios():
    """The page names every statement, fault and answer that the lab reads."""
    page = tree.read("man/clearway-scenario.5.scd")
    header = tree.read("src/lab/scenario.h")
    front = tree.read("src/lab/scenario_front.h")
    faults = re.findall(r'X\(FAULT_\w+, "([^"]+)"', header)
    answers = re.findall(r'X\(ANSWER_\w+, "([^"]+)"', header)
    answers += re.findall(r'X\((?:PLACE|CRL|OCSP|HANDSHAKE|SSTP_SAY)_\w+, "([^"]+)"', front)
    statements = re.findall(r'\{ "([^"]+)", parse_\w+ \}', tree.read("src/lab/scenario.c") +
                            tree.read("src/lab/scenario_front.c"))
    for words in faults, answers, statements:
        if not words:
            yield "src/lab/scenario.h: want statements, faults and answers: the test cannot read it"
    for word in sorted({*faults, *answers, *statements}):
        if not re.search(rf"(?m)^(?:.*, )?\*{re.escape(word)}\b[ *]", page) and \
                not re.search(rf"(?m)^\*{re.escape(word)}\*", page):
            yield f"man/clearway-scenario.5.scd: want a word on '{word}'"


def report():
    """The page names every key of the report, whatever its depth, but the fields of facts."""
    schema = json.loads(tree.read("doc/report.schema.json"))
    page = tree.read("man/clearway-report.5.scd")
    finding, fact = (schema["$defs"][name]["properties"] for name in ("finding", "fact"))
    for key in sorted({*schema["properties"], *finding, *fact}):
        if f"*{key}*" not in page:
            yield f"man/clearway-report.5.scd: want a word on '{key}'"
    for values in (schema["properties"]["verdict"]["enum"], finding["role"]["enum"]):
        for value in values:
            if f"*{value}*" not in page:
                yield f"man/clearway-report.5.scd: want a word on '{value}'"


def help_of(program, *command):
    ran = subprocess.run([program, *command, "--help"], capture_output=True, text=True, timeout=10,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(command)} --help: want exit status 0, have {ran.returncode}")
    # Examples also show options of other commands.
    return re.sub(r"(?m)^ +clearway .*$", "", ran.stdout)


def options_of(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


# Command, the page that describes it.
PAGES = [
    (("check",), "man/clearway-check.1.scd"),
    (("check", "kms"), "man/clearway-check.1.scd"),
    (("check", "sstp"), "man/clearway-check.1.scd"),
    (("check", "activation"), "man/clearway-check.1.scd"),
    (("lab",), "man/clearway-lab.1.scd"),
    ((), "man/clearway.1.scd"),
]


def pages(program):
    told = {}
    for command, page in PAGES:
        text = tree.read(page).replace("\\-", "-")
        told.setdefault(page, set()).update(options_of(text))
        for option in sorted(options_of(help_of(program, *command)) - told[page]):
            yield f"{page}: want {option}, as clearway {' '.join(command)} --help says"
    known = set().union(*(options_of(help_of(program, *command)) for command, _ in PAGES))
    for page, options in told.items():
        for option in sorted(options - known):
            yield f"{page}: {option} is no option of the program"


def readme_options(program):
    known = set().union(*(options_of(help_of(program, *command)) for command, _ in PAGES))
    for line in tree.read("README.md").split("\n"):
        for option in re.findall(r"clearway [^`]*?(--[a-z][a-z-]+)", line):
            if option not in known:
                yield f"README.md: {option} is no option of the program"


def main():
    complaints = [*make_commands(), *facts(), *links(), *scenarios(), *report()]
    for program in sys.argv[1:]:
        complaints += [*pages(program), *readme_options(program)]
    tree.finish(complaints, 1, "set of documents")


main()
