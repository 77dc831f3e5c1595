#!/usr/bin/env python3
"""Wants a complete translation: check_po.py TOP_OF_SOURCE

Collects the texts anew and compares, so a text that nobody translated fails here.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

top = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(top / "tools"))
import po2c  # noqa: E402

failures = []


def fail(what):
    failures.append(what)
    print(f"not ok: {what}")


def ids(path):
    return {msgid for _, _, msgid, _ in po2c.entries(path)}


def check_language(po, wanted):
    done = set()
    for line, flags, msgid, msgstr in po2c.entries(po):
        want, have = po2c.placeholders(msgid), po2c.placeholders(msgstr)
        if "fuzzy" in flags or not msgstr:
            continue
        done.add(msgid)
        if want is None or have is None or set(want) != set(have):
            fail(f"{po.name}:{line}: want placeholders {want}, have {have}")
        if msgid.endswith("\n") != msgstr.endswith("\n"):
            fail(f"{po.name}:{line}: want line ends alike")
    for msgid in sorted(wanted - done):
        fail(f"{po.name}: want a translation of {msgid!r}")
    for msgid in sorted(done - wanted):
        fail(f"{po.name}: no source has {msgid!r}; run tools/update_po.sh")
    check = subprocess.run(["msgfmt", "--check", "-o", "/dev/null", po], stderr=subprocess.PIPE)
    if check.returncode:
        fail(f"msgfmt --check {po.name}: {check.stderr.decode()}")


def main():
    if not shutil.which("xgettext") or not shutil.which("msgfmt"):
        print("skip: want gettext, have none")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        pot = pathlib.Path(folder, "now.pot")
        subprocess.run([top / "tools/update_po.sh", "--pot", pot], check=True)
        wanted = ids(pot)
    if len(wanted) < 50:
        fail(f"want the texts of the sources, have {len(wanted)}")
    for msgid in sorted(wanted):
        if po2c.placeholders(msgid) is None:
            fail(f"want only %s and %1$s in {msgid!r}")
        if not msgid.isascii():
            fail(f"want ASCII in {msgid!r}")
    languages = sorted((top / "po").glob("*.po"))
    if not languages:
        fail("want translations in po, have none")
    for po in languages:
        check_language(po, wanted)
    print(f"{len(wanted)} texts, {len(languages)} languages, {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
