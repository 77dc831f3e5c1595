"""Real servers on loopback for the tests of `clearway check kms`.

Everything lives in one temporary directory and ends with the test: on success, on failure, and
when the test itself is told to stop. Exit status 77 tells Meson that a test was skipped.
"""

import atexit
import collections
import ctypes
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIPPED = 77
READY_S = 20  # for servers to come up on a busy machine
RUN_S = 40    # for one run of the program


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


try:
    import jsonschema
except ImportError:
    skip("want python3-jsonschema, have none")


def tool(name):
    """Path of a program; servers live in sbin, which is not in everybody's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def need(*names):
    for name in names:
        if not tool(name):
            skip(f"want {name}, have none")


def need_root(why):
    if os.geteuid() != 0:
        skip(f"want root for {why}, have uid {os.geteuid()}")


# What is running, to be stopped at the end, the last one first.

_stops = []
_logs = []


def at_end(stop):
    _stops.append(stop)


def stop_all():
    while _stops:
        stop = _stops.pop()
        try:
            stop()
        except Exception as error:  # the others still have to be stopped
            print(f"while stopping: {error}", file=sys.stderr)


def _told_to_stop(number, frame):
    sys.exit(128 + number)


atexit.register(stop_all)
for _signal in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_signal, _told_to_stop)

FOLDER = tempfile.mkdtemp(prefix="clearway-interop-")
at_end(lambda: shutil.rmtree(FOLDER, ignore_errors=True))


def show_logs(lines=20):
    for name in _logs:
        try:
            with open(name, encoding="utf-8", errors="replace") as log:
                tail = collections.deque(log, lines)
        except FileNotFoundError:
            continue
        print(f"---- {os.path.relpath(name, FOLDER)}, last {len(tail)} lines")
        sys.stdout.write("".join(tail))


def folder(name):
    path = tempfile.mkdtemp(prefix=name + "-", dir=FOLDER)
    return path


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


# Addresses and ports.

_first = random.SystemRandom()
_net = f"127.{_first.randrange(16, 250)}.{_first.randrange(1, 255)}"
_last_octet = 0


def address():
    """A loopback address that nothing else of this machine uses."""
    global _last_octet
    _last_octet += 1
    assert _last_octet < 255, "more loopback addresses than a test needs"
    return f"{_net}.{_last_octet}"


def _can_bind(addr, port, kind):
    with socket.socket(socket.AF_INET, kind) as s:
        try:
            s.bind((addr, port))
        except OSError:
            return False
    return True


def free_port(addr):
    """A port that is free for UDP and TCP, below those that outgoing connections take."""
    for _ in range(200):
        port = _first.randrange(10000, 30000)
        if _can_bind(addr, port, socket.SOCK_DGRAM) and _can_bind(addr, port, socket.SOCK_STREAM):
            return port
    raise RuntimeError(f"no free port at {addr}")


def wait_until(what, happens, seconds=READY_S):
    end = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: waited {seconds} s in vain")
        time.sleep(0.02)


# A little DNS: enough to see whether a server is up, and to be one that is wrong.

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "SRV": 33, "OPT": 41, "DNSKEY": 48}


def dns_name(name):
    wire = b""
    for label in (name if isinstance(name, list) else [x for x in name.split(".") if x]):
        label = label if isinstance(label, bytes) else label.encode()
        wire += bytes([len(label)]) + label
    return wire + b"\0"


def dns_query(name, kind, ident=1):
    return struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + dns_name(name) + \
        struct.pack(">2H", TYPES[kind], 1)


def dns_question(message):
    """(name as written, type, wire of the question section) of a query."""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    kind = struct.unpack(">H", message[at + 1:at + 3])[0]
    return ".".join(labels), kind, message[12:at + 5]


def dns_record(owner, kind, rdata, ttl=60):
    return dns_name(owner) + struct.pack(">2HIH", TYPES[kind], 1, ttl, len(rdata)) + rdata


def dns_answer(query, answers=(), rcode=0, flags=0x8400):
    return query[:2] + struct.pack(">5H", flags | (query[2] & 1) << 8 | rcode, 1, len(answers), 0,
                                   0) + dns_question(query)[2] + b"".join(answers)


def dns_ask(addr, port, name, kind, timeout=0.5):
    """The answer over UDP, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((addr, port))
            s.send(dns_query(name, kind))
            return s.recv(4096)
        except OSError:
            return None


# Servers.

def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Server:
    """A process that is stopped at the end, with its output in a file."""

    def start(self, name, argv, prefix=()):
        self.log = os.path.join(self.folder, f"{name}.log")
        _logs.append(self.log)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*prefix, *argv], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder,
                                            preexec_fn=_die_with_parent)
        at_end(self.stop)

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def check_alive(self):
        if self.process.poll() is None:
            return
        text = self.said()
        if "permission denied" in text.lower() and \
                os.path.exists("/sys/kernel/security/apparmor/profiles"):
            skip(f"{type(self).__name__}: AppArmor keeps it from reading {self.folder}")
        raise RuntimeError(f"{type(self).__name__} ended with {self.process.returncode}:\n{text}")


class Zone:
    """A zone and its file. The records are those of a zone file, one a line; `ns` is the
    address of its first server, which the SOA record names too."""

    def __init__(self, name, records="", serial=1, ns=None, text=None, kind="primary", options=""):
        self.name, self.kind, self.options = name, kind, options
        self.text, self.ns, self.serial, self.records = text, ns, serial, records

    def content(self, ns):
        if self.text is not None:
            return self.text
        lines = [f"$ORIGIN {self.name}.\n$TTL 60\n" if self.name else "$ORIGIN .\n$TTL 60\n"]
        server = f"ns1.{self.name}" if self.name else "ns1.servers"
        lines.append(f"@ SOA {server}. hostmaster.{server}. {self.serial} 3600 60 86400 5\n")
        lines.append(f"@ NS {server}.\n{server}. A {self.ns or ns}\n")
        lines += [line.strip() + "\n" for line in self.records.split("\n") if line.strip()]
        return "".join(lines)


class Dns(Server):
    """What BIND and Knot have in common."""

    def __init__(self, name, addr=None, port=None, inside=None):
        self.folder = folder(name)
        self.addr = addr or address()
        self.port = port or free_port(self.addr)
        self.at = f"{self.addr}:{self.port}"
        self.inside = inside
        self.prefix = inside.prefix if inside else ()

    def zone_file(self, zone):
        name = os.path.join(self.folder, (zone.name or "root") + ".zone")
        if zone.kind == "primary":
            write(name, zone.content(self.addr))
        return name

    def wait_ready(self):
        def up():
            self.check_alive()
            return self.is_up()
        wait_until(f"{type(self).__name__} at {self.at}", up)

    def is_up(self):
        def ask():
            return dns_ask(self.addr, self.port, "version.invalid", "TXT") is not None
        return self.inside.run(ask) if self.inside else ask()

    def zone_dump(self, zone):
        """All records of the zone by AXFR, sorted, and the serial of its SOA record apart."""
        ran = subprocess.run([tool("dig"), f"@{self.addr}", "-p", str(self.port), "+noall",
                              "+answer", "+nocookie", "+time=5", "+tries=1", zone, "AXFR"],
                             capture_output=True, text=True, timeout=20)
        rows = [line.split(None, 4) for line in ran.stdout.splitlines()
                if line.strip() and not line.startswith(";")]
        if not rows or rows[0][3] != "SOA":
            raise RuntimeError(f"no transfer of {zone} from {self.at}: {ran.stdout}{ran.stderr}")
        serials = {row[4].split()[2] for row in rows if row[3] == "SOA"}
        records = sorted(tuple(row) for row in rows if row[3] != "SOA")
        return records, serials.pop()


def _accepts(option):
    """Whether this BIND knows the option."""
    checker = tool("named-checkconf")
    if not checker:
        return False
    path = write(os.path.join(folder("option"), "named.conf"), f"options {{ {option} }};\n")
    return subprocess.run([checker, path], capture_output=True).returncode == 0


class Bind(Dns):
    """named with these zones, and nothing of the machine's own configuration.

    BIND listens on addresses that an interface has, so of the loopback ones it takes this one.
    """

    def __init__(self, zones=(), options="", config="", name="bind", addr="127.0.0.1", **where):
        super().__init__(name, addr, **where)
        if _accepts("max-records-per-type 0;"):  # 100 otherwise
            options += " max-records-per-type 0;"
        defaults = {"recursion": "no", "allow-query": "{ any; }", "allow-transfer": "{ any; }",
                    "dnssec-validation": "no", "empty-zones-enable": "no", "notify": "no",
                    "minimal-responses": "no", "check-names": "primary ignore",
                    "listen-on-v6": "{ none; }", "check-integrity": "no", "check-srv-cname": "ignore"}
        lines = [f"\t{key} {value};\n" for key, value in defaults.items()
                 if not re.search(rf"(^|[\s;]){key}\b", options)]
        text = f"controls {{ }};\noptions {{\n\tdirectory \"{self.folder}\";\n\tpid-file none;\n" \
               f"\tsession-keyfile none;\n\tlock-file none;\n" \
               f"\tlisten-on port {self.port} {{ {self.addr}; }};\n" \
               f"{''.join(lines)}\t{options}\n}};\n{config}\n"
        for zone in zones:
            type_line = f"\ttype {zone.kind};\n\tfile \"{self.zone_file(zone)}\";\n"
            text += f"zone \"{zone.name or '.'}\" {{\n{type_line}\t{zone.options}\n}};\n"
        self.config = write(os.path.join(self.folder, "named.conf"), text)
        self.start("named", [tool("named"), "-c", self.config, "-g", "-n", "1", "-U", "1"],
                   self.prefix)

    def is_up(self):
        return bool(re.search(r"\brunning$", self.said(), re.M)) and super().is_up()


class Knot(Dns):
    """knotd with these zones."""

    def __init__(self, zones=(), config="", name="knot", **where):
        super().__init__(name, **where)
        text = f"server:\n    rundir: {self.folder}\n    listen: {self.addr}@{self.port}\n" \
               f"    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n" \
               f"log:\n  - target: stderr\n    any: info\n" \
               f"database:\n    storage: {self.folder}\n    journal-db-max-size: 16M\n" \
               f"{config}\nzone:\n"
        for zone in zones:
            text += f"  - domain: {zone.name}.\n    storage: {self.folder}\n" \
                    f"    file: {os.path.basename(self.zone_file(zone))}\n    semantic-checks: off\n"
            text += "".join(f"    {line.strip()}\n" for line in zone.options.split("\n")
                            if line.strip())
        self.config = write(os.path.join(self.folder, "knot.conf"), text)
        self.start("knotd", [tool("knotd"), "-c", self.config], self.prefix)


class FakeDns:
    """A DNS server of our own, to be wrong where BIND would not be.

    udp(query) gives datagrams as an answer, or None for silence; tcp(connection, query) does what
    it likes with the connection. Each runs in a thread of its own.
    """

    def __init__(self, udp, tcp=None, addr=None):
        self.addr = addr or address()
        self.port = free_port(self.addr)
        self.at = f"{self.addr}:{self.port}"
        self.udp_answer, self.tcp_answer = udp, tcp
        self.lock = threading.Lock()
        self.queries, self.inside, self.most_inside = 0, 0, 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.addr, self.port))
        self.tcp = socket.create_server((self.addr, self.port), backlog=128)
        at_end(self.stop)
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def stop(self):
        self.udp.close()
        self.tcp.close()

    def _serve_udp(self):
        while True:
            try:
                query, client = self.udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self._one_udp, args=(query, client), daemon=True).start()

    def _one_udp(self, query, client):
        with self.lock:
            self.queries += 1
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        answers = self.udp_answer(query)
        # Counted as left before the answer is there: nobody can take its place too early.
        with self.lock:
            self.inside -= 1
        for answer in [answers] if isinstance(answers, bytes) else answers or []:
            try:
                self.udp.sendto(answer, client)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._one_tcp, args=(connection,), daemon=True).start()

    def _one_tcp(self, connection):
        with connection:
            try:
                if not self.tcp_answer:
                    connection.recv(1)
                    while connection.recv(4096):
                        pass
                    return
                length = struct.unpack(">H", _read_exactly(connection, 2))[0]
                self.tcp_answer(connection, _read_exactly(connection, length))
            except OSError:
                pass


def swallow(query):
    return None


def _read_exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed early")
        data += more
    return data


KMS_INTERFACE = uuid.UUID("51c82175-844e-4750-b0d8-ec255555bc06").bytes_le + b"\1\0\0\0"
NDR32 = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + b"\2\0\0\0"


def bind_ack(bind, port):
    """The answer to an RPC bind: the KMS interface is taken, any other one is not."""
    call_id, count, at, results = bind[12:16], bind[24], 28, b""
    for _ in range(count):
        transfers = bind[at + 2]
        known = bind[at + 4:at + 24] == KMS_INTERFACE
        results += struct.pack("<2H", 0, 0) + NDR32 if known else struct.pack("<2H", 2, 1) + bytes(20)
        at += 24 + 20 * transfers
    text = str(port).encode() + b"\0"
    body = struct.pack("<2HI", 5840, 5840, 0x1234) + struct.pack("<H", len(text)) + text
    body += bytes(-(16 + len(body)) % 4) + struct.pack("<B3x", count) + results
    return struct.pack("<4B4sHH", 5, 0, 12, 3, b"\x10\0\0\0", 16 + len(body), 0) + call_id + body


_endpoints = []


class Endpoint:
    """A TCP port behind which an RPC bind is answered, and nothing else ever is.

    What a client sends behind its bind is kept in `extra`: it has no business there.
    """

    def __init__(self, answer=bind_ack, addr=None, port=None, inside=None, delay_s=0):
        self.addr = addr or address()
        self.answer, self.delay_s = answer, delay_s
        self.lock = threading.Lock()
        self.binds, self.open, self.most_open, self.extra = 0, 0, 0, b""

        def make():
            return socket.create_server((self.addr, port or 0), backlog=256,
                                        family=socket.AF_INET6 if ":" in self.addr
                                        else socket.AF_INET)

        self.socket = inside.run(make) if inside else make()
        self.port = self.socket.getsockname()[1]
        _endpoints.append(self)
        at_end(self.stop)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.open += 1
                self.most_open = max(self.most_open, self.open)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        try:
            with connection:
                connection.settimeout(20)
                self._talk(connection)
        except OSError:
            pass

    def _leave(self):
        with self.lock:
            self.open -= 1

    def _talk(self, connection):
        head = _read_exactly(connection, 16)
        bind = head + _read_exactly(connection, struct.unpack("<H", head[8:10])[0] - 16)
        if head[2] != 11:
            with self.lock:
                self.extra += bind
            return
        with self.lock:
            self.binds += 1
        time.sleep(self.delay_s)
        # Counted as left before the client can know: nobody can take its place too early.
        self._leave()
        connection.sendall(self.answer if isinstance(self.answer, bytes)
                           else self.answer(bind, self.port))
        rest = connection.recv(4096)
        with self.lock:
            self.extra += rest


# The program.

class Run:
    """One run of clearway and what it left."""

    def __init__(self, exit_status, out, err, took_s):
        self.exit, self.out, self.err, self.took_s = exit_status, out, err, took_s
        self.json = None

    def findings(self, role):
        return sorted(((f["id"], f["code"]) for f in self.json["findings"] if f["role"] == role),
                      key=lambda found: found[0])

    def facts(self, kind):
        return [f for f in self.json["facts"] if f["kind"] == kind]

    def story(self):
        """The run in a few lines, for a failed test."""
        if not self.json:
            return f"exit {self.exit}\n{self.out}{self.err}"
        lines = [f"exit {self.exit}, verdict {self.json['verdict']}, {self.took_s:.2f} s"]
        lines += [f"  {f['role']} {f['id']} {f['code']}: {f['title']}" for f in self.json["findings"]]
        lines += [f"  fact {f['n']} {f['kind']} {f['subject']}: {f['outcome']} {f['fields']}"
                  for f in self.json["facts"]]
        lines += [f"  not tested: {n['what']}: {n['why']}" for n in self.json["not_tested"]]
        return "\n".join(lines) + self.err


PROGRAM = None


def environment(**extra):
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
    env.update(extra)
    return {k: v for k, v in env.items() if v is not None}


def run_program(*args, prefix=(), env=None, stdin=None, timeout=RUN_S, **popen):
    started = time.monotonic()
    ran = subprocess.run([*prefix, PROGRAM, *map(str, args)], capture_output=True, timeout=timeout,
                         input=stdin, env=env or environment(), **popen)
    return Run(ran.returncode, ran.stdout.decode("utf-8", "surrogateescape"),
               ran.stderr.decode("utf-8", "surrogateescape"), time.monotonic() - started)


_validator = None


def validator():
    global _validator
    if not _validator:
        with open(os.path.join(ROOT, "doc", "report.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        kind = jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        _validator = kind(schema)
    return _validator


def read_report(text):
    """The report, after it was held against its schema."""
    report = json.loads(text)
    validator().validate(report)
    return report


def run_clearway(*args, **how):
    """`clearway ... --json`, its report checked."""
    run = run_program(*args, "--json", **how)
    try:
        run.json = read_report(run.out)
    except ValueError as error:
        raise AssertionError(f"want a report, have {error}\n{run.story()}") from error
    return run


EXIT = {"clear": 0, "cause-found": 1, "undetermined": 3}


def scenario(name):
    """What the lab's scenario of that name expects of its first run: verdict, causes, warnings."""
    path = os.path.join(ROOT, "data", "scenarios", name + ".lab")
    verdict, found = None, {"cause": set(), "warning": set()}
    runs = 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            runs += line.startswith("run ")
            if runs > 1:
                break
            if match := re.match(r"expect verdict (\S+)", line):
                verdict = match.group(1)
            if match := re.match(r"expect (cause|warning) (\S+)", line):
                found[match.group(1)].add(match.group(2))
    return verdict, found["cause"], found["warning"]


class Case(unittest.TestCase):
    """Tests of one set of servers."""

    def tearDown(self):
        for endpoint in _endpoints:
            self.assertEqual(endpoint.extra, b"", "something was sent behind an RPC bind")

    def expect(self, run, verdict, *causes, warnings=(), like=None):
        """The verdict, exactly these causes as (id, code), and exactly these warnings by id.

        like: the lab's scenario of the same fault, which must expect the same of its own run.
        """
        story = run.story()
        self.assertEqual(run.findings("cause"), sorted(causes), story)
        self.assertEqual(sorted({i for i, _ in run.findings("warning")}), sorted(warnings), story)
        self.assertEqual(run.json["verdict"], verdict, story)
        self.assertEqual(run.exit, EXIT[verdict], story)
        if verdict == "clear":
            self.assertEqual(run.findings("consequence"), [], story)
        numbers = {f["n"] for f in run.json["facts"]}
        for finding in run.json["findings"]:
            shown = {e["fact"] for e in finding["evidence"]}
            self.assertTrue(shown <= numbers, f"{finding['id']} shows facts that are not there")
            if finding["role"] != "consequence":
                self.assertTrue(shown, f"{finding['id']} has no evidence\n{story}")
        if like:
            self.assertEqual(scenario(like)[:2], (verdict, {cause for cause, _ in causes}),
                             f"the scenario {like} expects something else than what {story}")


class _Result(unittest.TextTestResult):
    """Says of slow tests how slow they are."""

    def startTest(self, test):
        self.started = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        took = time.monotonic() - self.started
        if took > 1:
            self.stream.writeln(f"    {took:.1f} s")
        super().stopTest(test)
        self.stream.flush()


def main():
    """Runs the tests of the calling file: FILE.py PROGRAM [TEST...]."""
    global PROGRAM
    if len(sys.argv) < 2:
        raise SystemExit(f"usage: {sys.argv[0]} PROGRAM [TEST...]")
    PROGRAM = os.path.realpath(sys.argv.pop(1))
    test = unittest.main(verbosity=2, exit=False, testRunner=unittest.TextTestRunner(
        stream=sys.stdout, resultclass=_Result, verbosity=2))
    ok = test.result.wasSuccessful() and test.result.testsRun > 0
    if not ok:
        show_logs()
    sys.stdout.flush()
    sys.exit(0 if ok else 1)
