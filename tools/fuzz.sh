#!/bin/sh
# Searches for new inputs with libFuzzer, under ASan and UBSan, each target for a while.
# usage: fuzz.sh BUILD-DIRECTORY SECONDS
# What is found stays in BUILD-DIRECTORY/found/<name>/; crashes end with status 1.
set -eu

[ $# -eq 2 ] || {
	echo "usage: tools/fuzz.sh BUILD-DIRECTORY SECONDS" >&2
	exit 2
}
build=$1
seconds=$2
source=$(cd "$(dirname "$0")/.." && pwd)

if [ ! -e "$build/build.ninja" ]; then
	CC=clang-14 meson setup -Dfuzz=true -Dtests=enabled -Dman=disabled -Db_lundef=false \
		-Db_sanitize=address,undefined \
		-Dc_args='-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined' \
		"$build" "$source"
fi
targets=$(ninja -C "$build" -t targets all | sed -n 's/^\(test\/fuzz\/fuzz-[a-z0-9-]*\): c_LINKER$/\1/p')
[ -n "$targets" ] || {
	echo "fuzz: want targets in test/fuzz, have none" >&2
	exit 1
}
# shellcheck disable=SC2086
ninja -C "$build" $targets

failed=0
for target in $targets; do
	name=${target#test/fuzz/fuzz-}
	found=$build/found/$name
	mkdir -p "$found"
	echo "fuzz: $name, $seconds s"
	if ! "$build/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-max_len=65600 -print_final_stats=1 -verbosity=0 -artifact_prefix="$found-" \
		"$found" "$source/test/fuzz/corpus/$name" >"$found.log" 2>&1; then
		cat "$found.log"
		echo "fuzz: $name failed" >&2
		failed=1
	else
		sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' "$found.log"
	fi
done
exit $failed
