#!/bin/bash
# Measures, on loopback: DNS queries a CPU second against Knot, whole checks of a healthy domain, and
# verified TLS handshakes a CPU second against openssl.
# usage: bench.sh BUILD-DIRECTORY
set -eu

[ $# -eq 1 ] || {
	echo "usage: tools/bench.sh BUILD-DIRECTORY" >&2
	exit 2
}
build=$1
PATH=$PATH:/usr/sbin:/sbin
port=${BENCH_PORT:-5399}
servers='127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4'

folder=$(mktemp -d)
knot=
cleanup() {
	[ -z "$knot" ] || kill "$knot" 2>/dev/null || true
	[ -z "$knot" ] || wait "$knot" 2>/dev/null || true
	rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

{
	echo '@ 3600 SOA ns1 hostmaster 1 3600 900 604800 300'
	echo '@ NS ns1'
	echo 'ns1 A 127.0.0.1'
	seq 0 999 | sed 's/.*/_vlmcs._tcp.& SRV 0 0 1688 ns1/'
} >"$folder/example.zone"
{
	echo 'server:'
	echo "    rundir: $folder"
	for address in $servers; do
		echo "    listen: $address@$port"
	done
	echo 'database:'
	echo "    storage: $folder"
	echo 'zone:'
	echo '  - domain: example'
	echo "    storage: $folder"
	echo '    file: example.zone'
	echo '    journal-content: none'
} >"$folder/knot.conf"
knotd -c "$folder/knot.conf" >"$folder/log" 2>&1 &
knot=$!
tries=0
until kdig +short +timeout=1 +retry=0 @127.0.0.1 -p "$port" ns1.example A 2>/dev/null | grep -q .; do
	tries=$((tries + 1))
	if [ $tries -eq 20 ] || ! kill -0 "$knot" 2>/dev/null; then
		cat "$folder/log" >&2
		echo "bench: want Knot on port $port, it does not answer" >&2
		exit 1
	fi
	sleep 0.1
done

echo "== DNS queries, 64 at once"
# shellcheck disable=SC2086
"$build/test/bench/dns-bench" "$port" 300000 64 $servers

echo "== clearway check kms beside its peers and limits"
/usr/bin/python3 "$(dirname "$0")/../test/bench/kms.py" "$build/clearway"

echo "== clearway check sstp beside its peers and limits"
/usr/bin/python3 "$(dirname "$0")/../test/bench/sstp.py" "$build/clearway" \
	"$(dirname "$0")/../data/scenarios/sstp/healthy.lab"
