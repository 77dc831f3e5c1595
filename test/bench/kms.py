#!/usr/bin/python3
"""What `clearway check kms` costs, beside its peers and limits, in one run.

    test/bench/kms.py PROGRAM [ROUNDS]

Wants knotd and dnsperf. Everything stays on loopback. Rounds alternate between the two sides, so
that a machine whose speed drifts slows both; medians and ratios are what to quote.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TARGETS = 10000
SERVERS = 25
ZONE = "bench.example"


def tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        sys.exit(f"want {name}, have none")
    return path


def measured(args):
    """Runs args; CPU seconds (user + system), wall seconds, peak memory in MiB, an open file with
    its output. The output is never held whole: a child's peak memory counts from its parent's."""
    out = tempfile.TemporaryFile()
    started = time.monotonic()
    process = subprocess.Popen(args, stdout=out, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    out.seek(0)
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, out


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


def write_zone(path):
    with open(path, "w") as zone:
        zone.write(f"$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns a 1 60 60 60 60\n@ NS ns\n")
        zone.write("ns A 127.0.0.1\n")
        for i in range(TARGETS):
            zone.write(f"d{i} A 127.0.0.1\n")


def start_knot(folder, port):
    conf = os.path.join(folder, "knot.conf")
    write_zone(os.path.join(folder, "zone"))
    with open(conf, "w") as f:
        f.write(f"""server:
    rundir: "{folder}"
    listen: 0.0.0.0@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{folder}"
zone:
  - domain: {ZONE}
    storage: "{folder}"
    file: "zone"
    zonefile-sync: -1
    journal-content: none
""")
    knot = subprocess.Popen([tool("knotd"), "-c", conf], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    time.sleep(2)
    return knot


def queries_in(reports):
    count = 0
    for line in reports:
        for fact in json.loads(line)["facts"]:
            count += fact["kind"].startswith("dns.") and fact["kind"] != "dns.srv-record"
    return count


def bench_batch(program, rounds, folder, port):
    """Reports of TARGETS targets (each asks a dozen names) beside dnsperf's bare queries."""
    targets = os.path.join(folder, "targets")
    names = os.path.join(folder, "names")
    with open(targets, "w") as f:
        for i in range(TARGETS):
            f.write(f"kms d{i}.{ZONE} --dns 127.0.{1 + i % SERVERS}.1:{port}\n")
    with open(names, "w") as f:
        for i in range(TARGETS):
            f.write(f"_vlmcs._tcp.d{i}.{ZONE} SRV\n")
    ours, peers, memory, seconds = [], [], [], []
    for _ in range(rounds):
        cpu, wall, mib, out = measured([program, "check", "-f", targets])
        ours.append(queries_in(out) / cpu)
        memory.append(mib)
        seconds.append(wall)
        cpu, _, _, out = measured([tool("dnsperf"), "-s", "127.0.0.1", "-p", str(port), "-d",
                                    names, "-q", "100", "-l", "2"])
        peers.append(int(re.search(rb"Queries completed:\s+(\d+)", out.read()).group(1)) / cpu)
    ratios = [a / b for a, b in zip(ours, peers)]
    print(f"batch of {TARGETS}: {statistics.median(ours):,.0f} queries a CPU second with whole "
          f"reports, dnsperf {statistics.median(peers):,.0f}, ratio "
          f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
          f"{statistics.median(seconds):.2f} s, {max(memory):.1f} MiB")


def bench_memory(program, folder):
    """1,000 targets under way at once: servers that never answer."""
    sockets, targets = [], os.path.join(folder, "silent")
    with open(targets, "w") as f:
        for i in range(250):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((f"127.9.{i // 200}.{1 + i % 200}", 0))
            sockets.append(s)
            for k in range(4):
                f.write(f"kms d{i}-{k}.{ZONE} --dns {s.getsockname()[0]}:{s.getsockname()[1]}\n")
    _, wall, mib, _ = measured([program, "check", "-f", targets, "--jobs", "1000"])
    print(f"1,000 targets in flight: {mib:.1f} MiB at most, want under 64, {wall:.2f} s until each is told silent")
    for s in sockets:
        s.close()


def bench_healthy(program, rounds):
    """The healthy path of the lab with 50 ms a round trip: SRV, then bind (TCP connect on
    loopback takes none of the lab's delay): n = 2."""
    took = []
    for _ in range(rounds):
        text = subprocess.run([program, "lab", "run", "kms/healthy-two-servers", "--rtt", "50", "-v"],
                              stdout=subprocess.PIPE, text=True, check=False).stdout
        took.append(float(re.search(r"kms +(\d+\.\d+) s", text).group(1)) * 1000)
    print(f"healthy path, 50 ms a round trip, n = 2: {statistics.median(took):.0f} ms, want at "
          f"most {1.10 * 2 * 50 + 15:.0f} ms")


def bench_dead(program):
    """Nothing answers at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.9.9.9", 0))
        args = [program, "check", "kms", ZONE, "-q", "--dns", f"127.9.9.9:{s.getsockname()[1]}"]
        _, wall, _, out = measured(args)
    print(f"a DNS server that swallows everything: {wall:.2f} s, want under 3 s: "
          f"{out.read().decode().strip()}")


def bench_start(program, rounds):
    took = [measured([program, "--version"])[1] * 1000 for _ in range(rounds * 4)]
    print(f"--version: {statistics.median(took):.1f} ms, want under 15 ms")
    size = os.path.getsize(program)
    libraries = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True,
                               check=True).stdout
    total = sum(os.path.getsize(os.path.realpath(p))
                for p in re.findall(r"=> (/\S+)", libraries))
    print(f"program {size / 1e6:.2f} MB, its libraries {total / 1e6:.2f} MB")


def main():
    program = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    bench_start(program, rounds)
    bench_healthy(program, rounds)
    bench_dead(program)
    with tempfile.TemporaryDirectory() as folder:
        bench_memory(program, folder)
        port = free_port()
        knot = start_knot(folder, port)
        try:
            bench_batch(program, rounds, folder, port)
        finally:
            knot.terminate()
            knot.wait()


if __name__ == "__main__":
    main()
