#!/usr/bin/env python3
"""Writes the scenarios as C: embed_scenarios.py OUT ROOT FILE...

ROOT is data/scenarios; a scenario's name is its path below ROOT without ".lab". What lies below
ROOT and is not among the FILEs is an error: it would be a scenario that no test runs.
"""
import pathlib
import sys


def quoted(line):
    escapes = {'\\': '\\\\', '"': '\\"', '\t': '\\t', '?': '\\?'}
    out = []
    for byte in line.encode():
        char = chr(byte)
        if char in escapes:
            out.append(escapes[char])
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append('\\%03o' % byte)
    return '"' + ''.join(out) + '\\n"'


def name_of(path, root):
    return path.relative_to(root).with_suffix('').as_posix()


def said_name(text):
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith('#'):
            return words[1] if len(words) == 2 and words[0] == 'scenario' else None
    return None


def read(root, paths):
    texts = {}
    for path in paths:
        name, text = name_of(path, root), path.read_text(encoding='utf-8')
        if said_name(text) != name:
            sys.exit(f'{path}:1: want "scenario {name}", have "{said_name(text)}"')
        texts[name] = text if text.endswith('\n') else text + '\n'
    for path in root.rglob('*.lab'):
        if name_of(path, root) not in texts:
            sys.exit(f'{path}: want it in data/scenarios/meson.build, have it only in the folder')
    return texts


def main():
    out, root = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    texts = read(root, [pathlib.Path(p).resolve() for p in sys.argv[3:]])
    lines = ['/* Made by tools/embed_scenarios.py. */', '#include "lab/builtin.h"', '',
             '#include <string.h>', '',
             'const struct lab_builtin lab_builtins[] = {']
    for name in sorted(texts):
        lines.append('\t{ "%s",' % name)
        lines += ['\t  ' + quoted(line) for line in texts[name].splitlines()]
        lines.append('\t  , %d },' % len(texts[name].encode()))
    lines += ['};', f'const size_t lab_builtin_count = {len(texts)};', '',
              'const struct lab_builtin *lab_builtin_find(const char *name)', '{',
              '\tfor (size_t i = 0; i < lab_builtin_count; i++)',
              '\t\tif (!strcmp(lab_builtins[i].name, name))',
              '\t\t\treturn &lab_builtins[i];', '\treturn NULL;', '}', '']
    out.write_text('\n'.join(lines), encoding='utf-8')


main()
