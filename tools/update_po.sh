#!/bin/sh
# Collects the texts of the sources into po/clearway.pot and takes what is new into po/*.po.
#   tools/update_po.sh              update the files of this tree
#   tools/update_po.sh --pot FILE   only write the template, for the test that compares
set -eu
cd "$(dirname "$0")/.."

pot=po/clearway.pot
[ "${1-}" = --pot ] && pot=$2

files=$(mktemp)
trap 'rm -f "$files"' EXIT
# Every source with a marked text; the outcomes are marked by their place in CW_OUTCOME_LIST.
grep -rlE '\bN_\(' src --include='*.c' --include='*.h' | grep -v '^src/base/text.h$' |
	LC_ALL=C sort >"$files"

extract() {
	xgettext --language=C --from-code=UTF-8 --add-comments=Translators --sort-by-file \
		--add-location=file --package-name=clearway --copyright-holder='The Clearway authors' "$@"
}
extract --keyword --keyword=N_ --files-from="$files" --output="$pot.new"
sed -i 's/charset=CHARSET/charset=UTF-8/' "$pot.new"
extract --keyword --keyword=X:3 --join-existing --output="$pot.new" src/base/outcome.h
sed -i '/^"POT-Creation-Date:/d' "$pot.new"
mv "$pot.new" "$pot"
[ "$pot" = po/clearway.pot ] || exit 0

{ cat "$files"; echo src/base/outcome.h; } >po/POTFILES.in
for po in po/*.po; do
	[ -e "$po" ] || continue
	msgmerge --quiet --update --backup=none --sort-by-file --no-fuzzy-matching "$po" "$pot"
	sed -i '/^"POT-Creation-Date:/d' "$po"
done
