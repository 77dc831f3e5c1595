#!/bin/sh
# Installs what is missing to build, to test, or to do what .ci/run does.
# usage: setup.sh [--check] build|test|ci
set -eu

list=$(dirname "$0")/packages.txt

usage() {
	echo "usage: tools/setup.sh [--check] build|test|ci" >&2
	exit 2
}

check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
[ $# -eq 1 ] || usage
purpose=$1
case $purpose in
build) needs='build' ;;
test) needs='build|test' ;;
ci) needs='build|test|ci' ;;
*) usage ;;
esac

wanted=$(sed -nE "s/^($needs) //p" "$list")

# What the system says of itself; a machine without dpkg or of another release has other names.
system=unknown
if [ -r /etc/os-release ]; then
	system=$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")
fi
if [ "$system" != 'debian 12' ] || ! command -v dpkg-query >/dev/null; then
	missing=
	for program in cc meson ninja pkg-config python3; do
		command -v $program >/dev/null || missing="$missing $program"
	done
	[ -z "$missing" ] && exit 0
	{
		echo "setup: not found:$missing"
		echo "setup: want Debian 12, have '$system': packages are not installed here."
		echo "setup: these are their names on Debian 12:"
		echo "$wanted" | sed 's/^/  /'
	} >&2
	exit 1
fi

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
missing=$(printf '%s\n' "$wanted" | while read -r package; do
	printf '%s\n' "$installed" | grep -qx "$package" || echo "$package"
done)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086
set -- $missing
echo "setup: missing for $purpose: $*" >&2
[ -z "$check" ] || exit 1

sudo=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: want root or sudo to install them, have neither. As root:" >&2
		echo "  apt-get update && apt-get install --no-install-recommends $*" >&2
		exit 1
	fi
	sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
echo "setup: installing them with apt-get" >&2
$sudo apt-get -q update >&2
$sudo apt-get -q install -y --no-install-recommends "$@" >&2 </dev/null
case " $* " in
*' bind9 '* | *' knot '*)
	if [ -d /run/systemd/system ]; then
		echo "setup: Debian has started named or knot as a service; no test uses it. To stop it:" >&2
		echo "  systemctl disable --now named knot" >&2
	fi
	;;
esac
