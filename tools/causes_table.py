#!/usr/bin/python3
"""Makes C from data/causes.tsv: one CAUSE(...) a row, for whoever defines that macro.

usage: causes_table.py CAUSES.TSV OUT.H
"""

import re
import sys

COLUMNS = ["id", "area", "code", "symbol", "also", "live", "article", "cause", "fix"]
# An HRESULT; or a number that Windows shows as it is: of RAS, or a message number.
CODE = re.compile(r"(0x[0-9A-F]{8}|[1-9][0-9]*)$")


def fail(line, message):
    sys.exit(f"causes.tsv:{line}: {message}")


def check(line, row, seen):
    if not re.match(r"[a-z]+(-[a-z0-9]+)+$", row["id"]) or row["id"] in seen:
        fail(line, f"want an id of its own, have {row['id']!r}")
    if not row["id"].startswith(row["area"] + "-"):
        fail(line, f"want an id that starts with its area, have {row['id']!r}")
    if row["code"] not in ("-", "any") and not CODE.match(row["code"]):
        fail(line, f"want a code like 0x8007232B, have {row['code']!r}")
    if row["code"] in ("-", "any") and row["symbol"] != "-":
        fail(line, "want a symbol only where there is a code")
    if row["code"].startswith("0x") and row["symbol"] == "-":
        fail(line, "want the symbol of the code")
    for also in row["also"].split(",") if row["also"] != "-" else []:
        if not CODE.match(also):
            fail(line, f"want codes like 0x8007232B, have {also!r}")
    if row["live"] not in ("yes", "no"):
        fail(line, f"want live yes or no, have {row['live']!r}")
    if any(not value for value in row.values()):
        fail(line, "want every column filled, '-' for none")


def read(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if lines[0].split("\t") != COLUMNS:
        fail(1, f"want the columns {', '.join(COLUMNS)}")
    rows = {}
    for number, line in enumerate(lines[1:], 2):
        values = line.split("\t")
        if len(values) != len(COLUMNS):
            fail(number, f"want {len(COLUMNS)} columns, have {len(values)}")
        row = dict(zip(COLUMNS, values))
        check(number, row, rows)
        rows[row["id"]] = row
    return rows.values()


def literal(text):
    if text == "-":
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write("/* Made from data/causes.tsv: id, code, symbol, also, live, cause, fix. */\n")
        for row in read(sys.argv[1]):
            cells = [literal(row[c]) for c in ("id", "code", "symbol", "also")]
            cells.append("true" if row["live"] == "yes" else "false")
            cells += [literal(row[c]) for c in ("cause", "fix")]
            out.write(f"CAUSE({', '.join(cells)})\n")


if __name__ == "__main__":
    main()
