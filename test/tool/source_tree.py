"""The source tree as the tests of test/tool see it."""

import os
import re
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def path_of(name):
    return os.path.normpath(os.path.join(ROOT, name))


def read(name):
    with open(path_of(name), encoding="utf-8") as f:
        return f.read()


def files(*folders, suffixes=None):
    """Names below the folders, relative to the root; no build directories, nothing hidden but .ci."""
    for folder in folders or (".",):
        for at, below, names in os.walk(path_of(folder)):
            below[:] = sorted(d for d in below
                              if (not d.startswith(".") or d == ".ci") and d != "__pycache__"
                              and not (at == ROOT and d.startswith("build"))
                              and not os.path.exists(os.path.join(at, d, "build.ninja")))
            for name in sorted(names):
                if suffixes is None or name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(at, name), ROOT)


def without_comments(code):
    """C code with comments and the inside of strings blanked; line numbers stay."""
    def blank(match):
        text = match.group(0)
        if text.startswith("/"):
            return re.sub(r"[^\n]", " ", text)
        return text[0] + " " * (len(text) - 2) + text[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, code,
                  flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def finish(complaints, checked, what):
    """Ends the test. Nothing to check is a failure of the test itself."""
    for complaint in complaints:
        print(complaint)
    if not checked:
        print(f"want {what} to check, have none")
        sys.exit(1)
    print(f"{checked} {what}, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)
