#!/usr/bin/python3
"""What `clearway check sstp` costs, beside its peers and limits, in one run.

    test/bench/sstp.py PROGRAM HEALTHY-SCENARIO [ROUNDS]

Wants nginx and openssl. Everything stays on loopback. Rounds alternate between the two sides, so
that a machine whose speed drifts slows both; medians and ratios are what to quote.
"""

import datetime
import json
import multiprocessing
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


def openssl(*args):
    subprocess.run([tool("openssl"), *args], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Authority:
    """Certificates with EC P-256 keys as files of one folder, by the openssl program."""

    def __init__(self, folder):
        self.folder = folder
        self.serial = 1000

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, subject, issuer=None, extensions=(), key=None):
        """NAME.pem, by the issuer's NAME.pem and NAME.key, or signed with its own key."""
        self.serial += 1
        key = self.path(f"{key or name}.key")
        if not os.path.exists(key):
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-new", "-key", key, "-subj", f"/CN={subject}", "-out", self.path("csr"))
        with open(self.path("ext"), "w") as f:
            f.write("\n".join(extensions) + "\n")
        by = (["-CA", self.path(f"{issuer}.pem"), "-CAkey", self.path(f"{issuer}.key")]
              if issuer else ["-signkey", key])
        openssl("x509", "-req", "-in", self.path("csr"), *by, "-set_serial", str(self.serial),
                "-days", "60", "-extfile", self.path("ext"), "-out", self.path(f"{name}.pem"))

    def join(self, name, parts):
        with open(self.path(f"{name}.pem"), "w") as out:
            for part in parts:
                with open(self.path(f"{part}.pem")) as f:
                    out.write(f.read())


CA = ("basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign",
      "subjectKeyIdentifier=hash")
SERVER = (f"subjectAltName=DNS:*.{ZONE}", "keyUsage=critical,digitalSignature",
          "extendedKeyUsage=serverAuth")
NO_KEY_IDS = ("subjectKeyIdentifier=none", "authorityKeyIdentifier=none")


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(octets)]) + octets + body


def write_large_list(authority, path, size):
    """A list of the root's, of about that many bytes, that does not name the server."""
    def utc(days):
        when = datetime.datetime.utcnow() + datetime.timedelta(days=days)
        return der(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040302"))
    subject = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"),
                                      der(0x0c, b"Bench Root CA"))))
    since = utc(-1)
    entry = der(0x30, der(0x02, bytes(16)), since)
    head, tail = entry[:4], entry[20:]
    entries = bytearray()
    for i in range(size // len(entry)):
        entries += head + b"\x40" + i.to_bytes(15, "big") + tail
    number = der(0xa0, der(0x30, der(0x30, bytes.fromhex("0603551d14"),
                                     der(0x04, der(0x02, b"\x01")))))
    tbs = der(0x30, der(0x02, b"\x01"), algorithm, subject, utc(-1), utc(30),
              der(0x30, bytes(entries)), number)
    with open(path + ".tbs", "wb") as f:
        f.write(tbs)
    openssl("dgst", "-sha256", "-sign", authority.path("root.key"), "-out", path + ".sig",
            path + ".tbs")
    with open(path + ".sig", "rb") as f:
        signature = f.read()
    with open(path, "wb") as f:
        f.write(der(0x30, tbs, algorithm, der(0x03, b"\0" + signature)))
    os.remove(path + ".tbs")


def make_certificates(folder, lists_port):
    """Server certificates: plain; with a list of 50 MB; below 100 authorities in a row; among 98 of
    one name and without key ids, each of which may have issued any other."""
    a = Authority(folder)
    a.issue("root", "Bench Root CA", None, CA)
    a.issue("plain", f"vpn.{ZONE}", "root", SERVER)
    cdp = f"crlDistributionPoints=URI:http://127.0.0.1:{lists_port}/large.crl"
    a.issue("large", f"vpn.{ZONE}", "root", SERVER + (cdp,), key="plain")
    # In a process of its own: a child's peak memory counts from its parent's.
    writer = multiprocessing.Process(target=write_large_list,
                                     args=(a, a.path("large.crl"), 50_000_000))
    writer.start()
    writer.join()
    above = "root"
    for i in range(98):
        a.issue(f"deep{i}", f"Deep {i} CA", above, CA)
        above = f"deep{i}"
    a.issue("deepleaf", f"vpn.{ZONE}", above, SERVER, key="plain")
    a.join("deep", ["deepleaf"] + [f"deep{i}" for i in reversed(range(98))] + ["root"])
    above = None
    for i in range(98):
        a.issue(f"wide{i}", "Wide CA", above, CA[:2] + NO_KEY_IDS)
        above = f"wide{i}"
    a.issue("wideleaf", f"vpn.{ZONE}", above, SERVER + NO_KEY_IDS, key="plain")
    # 64 are kept of a chain: the issuers that count are among them, behind those that do not.
    order = list(range(36, 98)) + list(range(36))
    a.join("wide", ["wideleaf"] + [f"wide{i}" for i in order] + ["root"])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_nginx(folder, ports, lists_port):
    """TLS 1.2 and 1.3 as most servers have it; every request there is answered 404."""
    conf = os.path.join(folder, "nginx.conf")
    servers = "".join(f"""    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/plain.key;
        location / {{ return 404; }}
    }}
""" for name, port in ports.items())
    with open(conf, "w") as f:
        f.write(f"""daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
    server {{ listen 127.0.0.1:{lists_port}; root {folder}; }}
{servers}}}
""")
    nginx = subprocess.Popen([tool("nginx"), "-c", conf, "-e", os.path.join(folder, "nginx.log")],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(50):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", lists_port)) == 0:
                return nginx
        time.sleep(0.1)
    nginx.kill()
    sys.exit(f"want nginx on port {lists_port}, it does not answer")


def handshakes_in(reports, want):
    """Handshakes that were finished, those that the server refused, and verified targets. What the
    first handshake showed already (its version) is put down as a fact, but not tried again."""
    done = refused = verified = count = 0
    for line in reports:
        facts = json.loads(line)["facts"]
        shown = {f["fields"].get("version") for f in facts if f["kind"] == "tls.handshake"}
        count += 1
        verified += any(f["kind"] == "cert.chain" and "root" in f["fields"] for f in facts)
        for f in facts:
            if f["kind"] == "tls.handshake":
                done += f["outcome"] == "ok"
            elif f["kind"] == "tls.version" and f["fields"]["version"] not in shown:
                done += f["outcome"] == "ok"
                refused += f["outcome"] == "tls-alert"
    if count != want or verified != want:
        sys.exit(f"want {want} verified targets, have {verified} of {count}")
    return done, refused


def bench_batch(program, rounds, folder, port):
    """Whole reports of TARGETS names on one TLS server, beside bare verified handshakes."""
    targets, root = os.path.join(folder, "targets"), os.path.join(folder, "root.pem")
    with open(targets, "w") as f:
        for i in range(TARGETS):
            f.write(f"sstp d{i}.{ZONE}:{port} --connect-to 127.0.0.1 --ca {root}\n")
    ours, peers, seconds, memory, per = [], [], [], [], []
    for _ in range(rounds):
        cpu, wall, mib, out = measured([program, "check", "-f", targets])
        done, refused = handshakes_in(out, TARGETS)
        ours.append(done / cpu)
        seconds.append(wall)
        memory.append(mib)
        per.append((done / TARGETS, refused / TARGETS))
        cpu, _, _, out = measured([tool("openssl"), "s_time", "-new", "-connect",
                                   f"127.0.0.1:{port}", "-CAfile", root, "-verify", "5",
                                   "-time", "5"])
        text = out.read().decode()
        peers.append(int(re.search(r"(\d+) connections in [\d.]+s", text).group(1)) / cpu)
    ratios = [a / b for a, b in zip(ours, peers)]
    print(f"batch of {TARGETS}: {statistics.median(ours):,.0f} verified handshakes a CPU second "
          f"with whole reports ({per[0][0]:.2f} finished and {per[0][1]:.2f} refused a target), "
          f"openssl s_time {statistics.median(peers):,.0f}, ratio {statistics.median(ratios):.2f} "
          f"({min(ratios):.2f} to {max(ratios):.2f}), want 0.8; "
          f"{statistics.median(seconds):.2f} s, {max(memory):.1f} MiB")


def bench_healthy(program, scenario, rounds):
    """DNS, TLS, HTTP, call: n = 4. The lists' DNS and HTTP go beside HTTP and call. The kernel's
    TCP handshake on loopback takes none of the lab's delay."""
    took = []
    for _ in range(rounds):
        text = subprocess.run([program, "lab", "run", scenario, "--rtt", "50", "-v"],
                              stdout=subprocess.PIPE, text=True, check=False).stdout
        if "As expected" not in text:
            sys.exit(f"want the healthy scenario as expected, have:\n{text}")
        took.append(float(re.search(r"sstp +(\d+\.\d+) s", text).group(1)) * 1000)
    print(f"healthy path with CRL, 50 ms a round trip, n = 4: {statistics.median(took):.0f} ms, "
          f"want at most {1.10 * 4 * 50 + 15:.0f} ms")


def bench_limits(program, rounds, folder, ports):
    """Lists and chains as large as can be met: within the limits of base/limits.h."""
    for name, what in (("plain", "one certificate, no list"), ("large", "a list of 50 MB"),
                       ("deep", "100 certificates in a row"),
                       ("wide", "100 certificates, 98 of one name")):
        args = [program, "check", "sstp", f"vpn.{ZONE}:{ports[name]}", "--connect-to",
                "127.0.0.1", "--ca", os.path.join(folder, "root.pem"), "--json"]
        walls, cpus, memory, seen = [], [], [], ""
        for _ in range(rounds):
            cpu, wall, mib, out = measured(args)
            walls.append(wall)
            cpus.append(cpu)
            memory.append(mib)
            facts = json.load(out)["facts"]
            if not any(f["kind"] == "cert.chain" for f in facts):
                sys.exit(f"want a judged chain ({what}), have none")
            seen = ", ".join(sorted({f["fields"]["why"] for f in facts if f["kind"] == "cert.fault"}
                                    | {f"list {f['outcome']}" for f in facts
                                       if f["kind"] == "cert.revocation"}))
        print(f"{what}: {statistics.median(walls):.2f} s, {statistics.median(cpus):.2f} s CPU, "
              f"{max(memory):.0f} MiB ({seen or 'no fault'})")


def main():
    program = os.path.abspath(sys.argv[1])
    scenario = sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    bench_healthy(program, scenario, rounds)
    with tempfile.TemporaryDirectory() as folder:
        lists_port = free_port()
        make_certificates(folder, lists_port)
        ports = {name: free_port() for name in ("plain", "large", "deep", "wide")}
        nginx = start_nginx(folder, ports, lists_port)
        try:
            bench_limits(program, rounds, folder, ports)
            bench_batch(program, rounds, folder, ports["plain"])
        finally:
            nginx.terminate()
            nginx.wait()


if __name__ == "__main__":
    main()
