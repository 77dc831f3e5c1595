#!/usr/bin/python3
"""The program as a user drives it: interrupted, limited in time, with streams that are full,
closed or terminals, with lists of targets, and against servers that mean no good."""

import errno
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import threading
import time
import unicodedata

import harness
from harness import (Endpoint, FakeDns, dns_answer, dns_name, dns_question, dns_record, environment,
                     run_clearway, run_program, swallow)

MISSING = ("kms-srv-missing", "0x8007232B")
UNREACHABLE = ("kms-dns-unreachable", "0x8007232A")
ESCAPE = b"\x1b]0;owned\x07\x1b[2J\x1b[31m"


def srv(owner, target, port):
    return dns_record(owner, "SRV", struct.pack(">3H", 0, 0, port) + dns_name(target))


def soa(zone):
    return dns_record(zone, "SOA", dns_name(f"ns1.{zone}") + dns_name(f"root.{zone}") +
                      struct.pack(">5I", 1, 3600, 60, 86400, 5))


def healthy(endpoint):
    """A server that knows a KMS host in every domain that is asked about."""
    def answer(query):
        name, kind, _ = dns_question(query)
        if kind == harness.TYPES["SRV"]:
            return dns_answer(query, [srv(name, "kms01.good.example", endpoint.port)])
        if kind == harness.TYPES["A"]:
            address = bytes(map(int, endpoint.addr.split(".")))
            return dns_answer(query, [dns_record(name, "A", address)])
        return dns_answer(query)
    return answer


def missing(query):
    """Every name is missing, says a zone that has the name's last two labels."""
    name, kind, question = dns_question(query)
    zone = ".".join(name.split(".")[-2:])
    rcode = 0 if name == zone else 3
    return query[:2] + struct.pack(">5H", 0x8400 | rcode, 1, 0, 1, 0) + question + soa(zone)


def controls(text):
    """Characters that would do something to a terminal instead of being shown."""
    return {f"U+{ord(c):04X}" for c in text
            if c != "\n" and (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp"))}


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *args, stdin=None, env=None, columns=100):
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.process = subprocess.Popen(
            [harness.PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave,
            env=environment(**{"TERM": "xterm", "COLUMNS": str(columns), **(env or {})}),
            start_new_session=True)
        os.close(slave)
        self.text = b""

    def read(self, seconds=harness.RUN_S, until=None):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and until in self.text):
            ready, _, _ = select.select([self.master], [], [], 0.05)
            try:
                part = os.read(self.master, 65536) if ready else b""
            except OSError as error:
                if error.errno == errno.EIO:  # everybody has closed the other side
                    break
                raise
            self.text += part
            if ready and not part:
                break
        return self.text

    def finish(self):
        self.read()
        os.close(self.master)
        self.process.wait(10)
        return self.text.decode("utf-8", "surrogateescape")


class Streams(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.good = FakeDns(healthy(cls.kms))
        cls.missing = FakeDns(missing)
        cls.silent = FakeDns(swallow)

    def args(self, server, *more, domain="good.example"):
        return ["check", "kms", domain, "--dns", server.at, *more]

    def test_exit_status(self):
        self.expect(run_clearway(*self.args(self.good)), "clear")
        self.expect(run_clearway(*self.args(self.missing)), "cause-found", MISSING)
        self.assertEqual(run_program(*self.args(self.good)).exit, 0)
        self.assertEqual(run_program(*self.args(self.missing)).exit, 1)
        self.assertEqual(run_program(*self.args(self.silent)).exit, 1)
        run = run_program(*self.args(self.silent, "--timeout", "1"))
        self.assertIn(run.exit, (1, 3), run.story())

    def test_usage_errors(self):
        wrong = [
            [], ["nonsense"], ["check"], ["check", "nonsense"], ["check", "kms", "a", "b"],
            ["check", "kms", "--nonsense"], ["check", "kms", "a.example", "--dns", "no-address"],
            ["check", "kms", "a.example", "--dns"], ["check", "kms", "a.example", "--dns", "::1:53:x"],
            ["check", "kms", "a.example", "--dns", "127.0.0.1:99999"],
            ["check", "kms", "a.example", "--timeout", "0"],
            ["check", "kms", "a.example", "--timeout", "2x"],
            ["check", "kms", "a.example", "--timeout", "-1"],
            ["check", "kms", "a.example", "--timeout", "99999999999999999999"],
            ["check", "kms", "a.example", "--lang", "xx"],
            ["check", "kms", "a.example", "--color", "maybe"],
            ["check", "kms", "a.example", "--json=yes"],
            ["check", "kms", "a.example", "--host", ""],
            ["check", "kms", "a.example", "--host-address", "kms01"],
            ["check", "kms", "a.example", "--key", "/nonexistent"],
            ["check", "kms", "a.example", "--update-test", "--yes", "--key", "/nonexistent"],
            ["check", "kms", "a.example", "--update-test", "--yes", "--key", "/dev/null"],
            ["check", "-f", "/nonexistent"], ["check", "-f", "/"],
            ["check", "-f", "/dev/null", "--jobs", "0"], ["check", "-f", "/dev/null", "kms"],
            ["check", "kms", "a.example", "--jobs", "3"],
        ]
        for args in wrong:
            with self.subTest(args):
                run = run_program(*args)
                self.assertEqual(run.exit, 2, run.story())
                self.assertEqual(run.out, "", run.story())
                self.assertRegex(run.err, r"^clearway: .+\n$")

    def test_help_and_version(self):
        for args in ["--help"], ["--version"], ["check", "--help"], ["check", "kms", "-h"]:
            with self.subTest(args):
                run = run_program(*args)
                self.assertEqual((run.exit, run.err), (0, ""))
                self.assertTrue(run.out)
        self.assertRegex(run_program("--version").out, r"^clearway \d+\.\d+\.\d+\n$")

    def test_quiet(self):
        for server in self.good, self.missing:
            run = run_program(*self.args(server, "-q"))
            self.assertEqual(run.out.count("\n"), 1, run.story())
            self.assertEqual(run.err, "")
            whole = run_program(*self.args(server))
            self.assertTrue(whole.out.splitlines()[-1].startswith(run.out.rstrip("\n")),
                            whole.out + run.out)
        # One line is one line, however long: scripts take the last one.
        domain = ".".join(["a-rather-long-part-of-a-name"] * 6) + ".example"
        run = run_program(*self.args(self.missing, "-q", domain=domain))
        self.assertEqual(run.out.count("\n"), 1, run.out)

    def test_full_disk(self):
        for more in [], ["--json"], ["-q"], ["-v"]:
            with self.subTest(more), open("/dev/full", "wb") as full:
                ran = subprocess.run([harness.PROGRAM, *self.args(self.good, *more)], stdout=full,
                                     stderr=subprocess.PIPE, env=environment(), timeout=20)
                self.assertEqual(ran.returncode, 2)
                self.assertIn(b"No space left on device", ran.stderr)
        with open("/dev/full", "wb") as full:
            for args in ["--version"], ["--help"], ["check", "--help"]:
                ran = subprocess.run([harness.PROGRAM, *args], stdout=full, stderr=subprocess.PIPE,
                                     env=environment(), timeout=20)
                self.assertEqual((args, ran.returncode), (args, 2))
                self.assertTrue(ran.stderr)

    def test_reader_has_gone(self):
        for more in [], ["--json"]:
            reader, writer = os.pipe()
            os.close(reader)
            ran = subprocess.run([harness.PROGRAM, *self.args(self.good, *more)], stdout=writer,
                                 stderr=subprocess.PIPE, env=environment(), timeout=20)
            os.close(writer)
            self.assertGreaterEqual(ran.returncode, 0, "ended by a signal")
            self.assertEqual(ran.stderr, b"")

    def test_streams_closed(self):
        # A socket that took the number of a closed stream would get the report.
        for closing in "<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-", ">&- 2>&-":
            with self.subTest(closing):
                binds = self.kms.binds
                ran = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closing}', harness.PROGRAM,
                                      *self.args(self.good)], capture_output=True,
                                     env=environment(), timeout=20)
                self.assertEqual(self.kms.extra, b"", "the report went to the KMS host")
                if ">&-" in closing.replace("2>&-", ""):
                    self.assertEqual(ran.returncode, 2)
                else:
                    self.assertEqual(ran.returncode, 0)
                    self.assertTrue(ran.stdout)
                    self.assertEqual(self.kms.binds, binds + 1)

    def test_nowhere_to_write(self):
        # No home, and one that cannot be written: nothing is kept there anyway.
        for env in {"HOME": None}, {"HOME": "/proc/nowhere"}, {"HOME": "/dev/full"}:
            run = run_program(*self.args(self.good), env=environment(**env), cwd="/proc")
            self.assertEqual((run.exit, run.err), (0, ""))

    def test_odd_surroundings(self):
        for env in ({"LC_ALL": "nonsense"}, {"LC_ALL": "C"}, {"TERM": ""}, {"COLUMNS": "-7"},
                    {"LC_ALL": None, "PATH": None}, {"COLUMNS": "1"}, {"LC_ALL": "ja_JP.UTF-8"}):
            with self.subTest(env):
                run = run_program(*self.args(self.missing), env=environment(**env))
                self.assertEqual((run.exit, run.err), (1, ""))
                self.assertIn("0x8007232B", run.out.splitlines()[-1])

    # Terminals and colours.

    def test_colours(self):
        on = Terminal(*self.args(self.missing)).finish()
        self.assertIn("\x1b[", on)
        for args, env in ((["--color", "never"], {}), ([], {"NO_COLOR": "1"}),
                          ([], {"TERM": "dumb"})):
            with self.subTest(args=args, env=env):
                # The line that shows progress may come and go; colours may not.
                text = Terminal(*self.args(self.missing, *args), env=env).finish()
                self.assertNotRegex(text, r"\x1b\[[0-9;]*m")
        piped = run_program(*self.args(self.missing))
        self.assertEqual(controls(piped.out), set())
        forced = run_program(*self.args(self.missing, "--color", "always"))
        self.assertIn("\x1b[", forced.out)
        # NO_COLOR is for programs that were not told otherwise (no-color.org).
        forced = run_program(*self.args(self.missing, "--color", "always"),
                             env=environment(NO_COLOR="1"))
        self.assertIn("\x1b[", forced.out)

    def test_json_has_no_colours(self):
        for choice in "always", "never", "auto":
            run = run_clearway(*self.args(self.missing, "--color", choice))
            self.assertNotIn("\x1b", run.out)
        text = Terminal(*self.args(self.missing, "--json"), env={"NO_COLOR": ""}).finish()
        self.assertEqual(harness.read_report(text[text.index("{"):])["verdict"], "cause-found")
        self.assertNotRegex(text, r"\x1b\[[0-9;]*m")

    def test_live_line(self):
        # Drawn while something is under way, and gone when the report stands there.
        terminal = Terminal(*self.args(self.silent))
        text = terminal.finish()
        self.assertIn("\r\x1b[K", text)
        last = text.rindex("\r\x1b[K")
        self.assertIn("0x8007232A", text[last:])
        self.assertNotIn("\x1b[K", Terminal(*self.args(self.silent, "-q")).finish())
        with open(os.devnull) as nothing:
            ran = subprocess.run([harness.PROGRAM, *self.args(self.silent)], stdin=nothing,
                                 capture_output=True, env=environment(), timeout=20)
        self.assertEqual(ran.stderr, b"")

    def test_consent(self):
        # Anything but yes writes nothing.
        for answer in b"n\n", b"\n", b"\x04", b"what\n":
            before = self.good.queries
            terminal = Terminal(*self.args(self.good, "--update-test"))
            terminal.read(until=b"[y/N]", seconds=10)
            self.assertEqual(self.good.queries, before, "it began before it was told to")
            os.write(terminal.master, answer)
            text = terminal.finish()
            self.assertNotIn("UPDATE", text)
            self.assertEqual(terminal.process.returncode, 0, text)


class Time(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.silent = FakeDns(swallow)
        cls.kms = Endpoint()

    def args(self, *more):
        return ["check", "kms", "good.example", "--dns", self.silent.at, *more]

    def interrupt(self, number, *more):
        program = subprocess.Popen([harness.PROGRAM, *self.args(*more)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment())
        asked = self.silent.queries
        harness.wait_until("the first query", lambda: self.silent.queries > asked)
        time.sleep(0.1)
        sent = time.monotonic()
        program.send_signal(number)
        out, err = program.communicate(timeout=10)
        return program.returncode, out.decode(), err.decode(), time.monotonic() - sent

    def test_interrupted(self):
        """Ctrl-C gives what is known so far within 100 ms, and says that it was cut short."""
        took = []
        for _ in range(5):  # a busy machine may make one of them late
            status, out, err, seconds = self.interrupt(signal.SIGINT, "--json")
            took.append(seconds)
            report = harness.read_report(out)
            self.assertEqual((status, report["verdict"], report["cut_short"]),
                             (3, "undetermined", True))
            self.assertEqual(report["findings"], [])
            self.assertTrue(report["not_tested"])
            self.assertEqual({f["outcome"] for f in report["facts"] if f["kind"] == "dns.srv"},
                             {"cancelled"})
        self.assertLess(min(took), 0.1, took)
        status, out, err, _ = self.interrupt(signal.SIGINT)
        self.assertEqual((status, err), (3, ""))
        self.assertIn("interrupted", out)
        status, out, _, _ = self.interrupt(signal.SIGTERM, "--json")
        self.assertTrue(status == -signal.SIGTERM or harness.read_report(out)["cut_short"])

    def test_interrupted_on_a_terminal(self):
        terminal = Terminal(*self.args())
        terminal.read(until=b"\r\x1b[K", seconds=10)
        os.write(terminal.master, b"\x03")  # what the key sends; not the program's own session
        terminal.process.send_signal(signal.SIGINT)
        text = terminal.finish()
        self.assertEqual(terminal.process.returncode, 3, text)
        self.assertIn("interrupted", text)

    def test_interrupted_twice(self):
        # Impatience breaks nothing.
        program = subprocess.Popen([harness.PROGRAM, *self.args("--json")], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment())
        time.sleep(0.3)
        for _ in range(20):
            program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=10)
        self.assertTrue(program.returncode == -signal.SIGINT or
                        harness.read_report(out.decode())["cut_short"])

    def test_nothing_answers(self):
        run = run_clearway(*self.args())
        self.expect(run, "cause-found", UNREACHABLE, like="kms/dns-unreachable")
        self.assertLess(run.took_s, 3.0, run.story())
        # Servers and suffixes are asked at once, not one behind the other.
        others = [FakeDns(swallow) for _ in range(3)]
        more = [arg for other in others for arg in ("--dns", other.at)]
        run = run_clearway(*self.args(*more, "--suffix", "other.example", "--suffix", "x.example"))
        self.expect(run, "cause-found", UNREACHABLE)
        self.assertLess(run.took_s, 3.0, run.story())

    def test_time_limit(self):
        for seconds in 1, 4:
            run = run_clearway(*self.args("--timeout", str(seconds)))
            self.assertLess(run.took_s, seconds + 0.5, run.story())
            self.assertNotEqual(run.json["verdict"], "clear")
        run = run_program(*self.args("--timeout=2"))
        self.assertIn(run.exit, (1, 3))

    def test_slow_host_gets_its_time(self):
        # Slow is not dead.
        slow = Endpoint(delay_s=1.5)
        late = FakeDns(lambda query: time.sleep(0.7) or healthy(slow)(query))
        run = run_clearway("check", "kms", "good.example", "--dns", late.at)
        self.expect(run, "clear")

    def test_dripping_bytes(self):
        """A server that truncates over UDP, and drips its answer over TCP."""
        def truncate(query):
            return dns_answer(query, flags=0x8600)

        def drip(seconds):
            def tcp(connection, query):
                answer = healthy(self.kms)(query)
                for byte in struct.pack(">H", len(answer)) + answer:
                    connection.sendall(bytes([byte]))
                    time.sleep(seconds)
            return tcp

        run = run_clearway("check", "kms", "good.example", "--dns",
                           FakeDns(truncate, drip(0.005)).at)
        self.expect(run, "clear")
        run = run_clearway("check", "kms", "good.example", "--dns",
                           FakeDns(truncate, drip(0.2)).at)
        self.assertLess(run.took_s, 3.5, run.story())
        self.assertEqual(run.json["verdict"], "cause-found", run.story())
        self.assertIn(run.findings("cause")[0][0], ("kms-dns-unreachable", "kms-dns-garbled"))


class Lists(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint(delay_s=0.02)
        cls.good = FakeDns(healthy(cls.kms))
        cls.missing = FakeDns(missing)

    def list(self, *lines):
        return harness.write(os.path.join(harness.folder("list"), "targets"), "\n".join(lines) + "\n")

    def reports(self, run):
        return [harness.read_report(line) for line in run.out.splitlines()]

    def test_targets(self):
        good, bad = f"--dns {self.good.at}", f"--dns {self.missing.at}"
        path = self.list("# a comment", "", f"kms good.example {good}", f"  kms b.example {bad}  ",
                         f"kms good.example {good} # and why", f"kms 'c.example' {bad}")
        run = run_program("check", "-f", path)
        reports = self.reports(run)
        self.assertEqual(sorted((r["target"], r["verdict"]) for r in reports),
                         [("b.example", "cause-found"), ("c.example", "cause-found"),
                          ("good.example", "clear"), ("good.example", "clear")])
        self.assertEqual(run.exit, 1)
        self.assertIn("2 of 4", run.err)
        self.assertEqual(run_program("check", "-f", self.list(f"kms good.example {good}")).exit, 0)
        self.assertEqual(run_program("check", "-f", self.list("# nothing")).exit, 0)

    def test_standard_input(self):
        text = f"kms good.example --dns {self.good.at}\nkms b.example --dns {self.missing.at}"
        run = run_program("check", "-f", "-", stdin=text.encode())
        self.assertEqual(len(self.reports(run)), 2)
        self.assertEqual(run.exit, 1)

    def test_bad_lines(self):
        good = f"kms good.example --dns {self.good.at}"
        lines = [good, "kms a b c", good, "nonsense x", "kms x.example --dns nowhere", "kms 'open",
                 "kms x.example --json", "kms x.example --update-test", "kms " + "x" * 5000,
                 "kms x.example -f other", good]
        path = self.list(*lines)
        run = run_program("check", "-f", path)
        self.assertEqual(run.exit, 2)
        self.assertEqual([r["verdict"] for r in self.reports(run)], ["clear"] * 3)
        said = [int(n) for n in re.findall(rf"^{re.escape(path)}:(\d+): \S", run.err, re.M)]
        self.assertEqual(sorted(said), [2, 4, 5, 6, 7, 8, 9, 10], run.err)

    def test_odd_bytes(self):
        # What a list holds is shown, not obeyed.
        data = b"kms \x1b[2J\x1b[31mevil.example --dns " + self.missing.at.encode() + b"\n" \
               b"kms a\x00b.example\nkms \xff\xfe.example --dns " + self.missing.at.encode() + \
               b"\n\x1b]0;owned\x07\nkms ok.example --dns " + self.good.at.encode() + b"\r\n"
        for more in [], ["--json"], ["-v"]:
            run = run_program("check", "-f", "-", *more, stdin=data)
            self.assertGreaterEqual(run.exit, 0, "ended by a signal")
            self.assertEqual(controls(run.out), set(), run.out)
            self.assertEqual(controls(run.err), set(), run.err)
            self.assertIn("ok.example", [r["target"] for r in self.reports(run)])

    def test_eight_towards_one_address(self):
        slow = Endpoint(delay_s=0.1)
        before = FakeDns(lambda query: time.sleep(0.05) or healthy(slow)(query))
        path = self.list(*(f"kms t{n}.example --dns {before.at}" for n in range(60)))
        run = run_program("check", "-f", path, "--json")
        self.assertEqual({r["verdict"] for r in self.reports(run)}, {"clear"}, run.err)
        # As many as may be, and never more.
        self.assertEqual(before.most_inside, 8)
        self.assertEqual(slow.most_open, 8)
        path = self.list(*(f"kms --host {slow.addr}:{slow.port} --dns {before.at}"
                           for n in range(40)))
        slow.most_open = 0
        self.assertEqual(run_program("check", "-f", path).exit, 0)
        self.assertLessEqual(slow.most_open, 8)

    def test_one_silent_server_for_all(self):
        # What is known of a server is not waited for by every target anew.
        silent = FakeDns(swallow)
        path = self.list(*(f"kms t{n}.example --dns {silent.at}" for n in range(200)))
        run = run_program("check", "-f", path)
        reports = self.reports(run)
        self.assertEqual(len(reports), 200)
        self.assertEqual({f["id"] for r in reports for f in r["findings"]}, {"kms-dns-unreachable"})
        self.assertLess(run.took_s, 8, run.err)

    def test_interrupted(self):
        silent = FakeDns(swallow)
        path = self.list(*(f"kms t{n}.example --dns {silent.at}" for n in range(100)))
        program = subprocess.Popen([harness.PROGRAM, "check", "-f", path, "--jobs", "10"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment())
        harness.wait_until("the first queries", lambda: silent.queries > 4)
        sent = time.monotonic()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=10)
        self.assertLess(time.monotonic() - sent, 1)
        reports = [harness.read_report(line) for line in out.decode().splitlines()]
        self.assertTrue(reports and all(r["cut_short"] for r in reports))
        self.assertEqual(program.returncode, 3)
        self.assertIn(f"{100 - len(reports)} of 100", err.decode())

    def test_full_disk(self):
        path = self.list(*(f"kms t{n}.example --dns {self.good.at}" for n in range(20)))
        with open("/dev/full", "wb") as full:
            ran = subprocess.run([harness.PROGRAM, "check", "-f", path], stdout=full,
                                 stderr=subprocess.PIPE, env=environment(), timeout=20)
        self.assertEqual(ran.returncode, 2)
        self.assertEqual(ran.stderr.count(b"No space left on device"), 1, ran.stderr)

    def test_reader_has_gone(self):
        path = self.list(*(f"kms t{n}.example --dns {self.good.at}" for n in range(50)))
        program = subprocess.Popen([harness.PROGRAM, "check", "-f", path, "--jobs", "2"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment())
        self.assertTrue(program.stdout.readline())
        program.stdout.close()
        err = program.stderr.read()
        self.assertGreaterEqual(program.wait(20), 0, "ended by a signal")
        self.assertNotIn(b"Broken pipe", err)

    def test_summary_on_a_terminal(self):
        lines = [f"kms t{n}.example --dns {self.good.at}" for n in range(5)]
        lines += [f"kms m{n}.example --dns {self.missing.at}" for n in range(5)]
        text = Terminal("check", "-f", self.list(*lines), "--color", "never").finish()
        self.assertNotIn('"schema"', text)
        self.assertIn("0x8007232B", text)
        self.assertIn("5 of 10", text)

    def test_many_at_once(self):
        path = self.list(*(f"kms t{n}.example --dns {self.missing.at}" for n in range(300)))
        run = run_program("check", "-f", path, "--jobs", "10000")
        self.assertEqual(len(self.reports(run)), 300)
        self.assertEqual(run.exit, 1)


class Hostile(harness.Case):
    """What a server sends is shown, and never reaches the terminal as it is."""

    def show(self, *args):
        """Every way in which a report can be shown."""
        for more in [], ["-v"], ["-q"], ["--json"], ["--lang", "ja"], ["-v", "--lang", "ja"]:
            run = run_program(*args, *more)
            self.assertGreaterEqual(run.exit, 0, "ended by a signal")
            self.assertEqual(controls(run.out), set(), (more, run.out))
            self.assertEqual(run.err, "")
            if "--json" in more:
                report = harness.read_report(run.out)
        text = Terminal(*args, "-v", "--color", "never").finish()
        text = text.replace("\r\n", "\n").replace("\r\x1b[K", "")
        self.assertEqual(controls(text), set(), text)
        coloured = re.sub(r"\x1b\[[0-9;]*m", "", run_program(*args, "--color", "always").out)
        self.assertEqual(controls(coloured), set(), coloured)
        return report

    def test_names(self):
        names = [[b"\x1b[2J\x1b[31mkms01", b"good", b"example"], [ESCAPE, b"example"],
                 [b"a\nb\rc\td\0e", b"example"], [b"\xc2\x9b31m", b"example"],
                 ["\u202eexample".encode(), b"good"], [b"\xff\xfe\x80", b"example"],
                 [b"a.b", b"example"], [b"'; reboot; '", b"example"], [b"x" * 63] * 3 + [b"y" * 61]]

        def answer(query):
            name, kind, _ = dns_question(query)
            if kind == harness.TYPES["SRV"] and name.startswith("_vlmcs._tcp.good"):
                return dns_answer(query, [dns_record(
                    name, "SRV", struct.pack(">3H", 0, 0, 1688) + dns_name(target))
                    for target in names])
            return missing(query)

        report = self.show("check", "kms", "good.example", "--dns", FakeDns(answer).at)
        self.assertEqual(report["verdict"], "cause-found")
        # What is offered to be pasted into a shell or a zone holds none of it.
        for finding in report["findings"]:
            for fix in finding["fix"]:
                self.assertNotIn("reboot", fix["snippet"] or "")
                self.assertEqual(controls(fix["snippet"] or ""), set())

    def test_zone_names(self):
        def answer(query):
            _, _, question = dns_question(query)
            record = dns_record([b"example"], "SOA", dns_name([ESCAPE]) + dns_name([ESCAPE]) +
                                struct.pack(">5I", 1, 2, 3, 4, 5))
            return query[:2] + struct.pack(">5H", 0x8403, 1, 0, 1, 0) + question + record
        self.show("check", "kms", "good.example", "--dns", FakeDns(answer).at)

    def test_greetings(self):
        for greeting in (ESCAPE + b"\r\n", b"HTTP/1.1 400 " + ESCAPE + b"\r\n\r\n",
                         "SSH-2.0-\u202e\n".encode(), b"\x00\xff\x9b31m" * 20):
            endpoint = Endpoint(answer=greeting)
            report = self.show("check", "kms", "--host", f"{endpoint.addr}:{endpoint.port}",
                               "--dns", FakeDns(missing).at)
            self.assertEqual([f["id"] for f in report["findings"] if f["role"] == "cause"],
                             ["kms-not-kms"])

    def test_command_line(self):
        server = FakeDns(missing).at
        for domain in "\x1b[2Jgood.example", "a\nb.example", "\u202egood.example", "\x9b31m.example":
            with self.subTest(ascii(domain)):
                self.show("check", "kms", domain, "--dns", server)
                self.show("check", "kms", "--host", domain, "--dns", server)
        for args in (["\x1b[2J"], ["check", "\x1b[2J"], ["check", "kms", "--\x1b[2J"],
                     ["check", "kms", "a", "--dns", "\x1b[2J"], ["check", "-f", "/\x1b[2J"],
                     ["check", "kms", "a", "--update-test", "--yes", "--key", "/\x1b[2J"]):
            run = run_program(*args)
            self.assertEqual(run.exit, 2)
            self.assertEqual(controls(run.err), set(), ascii(run.err))

    def test_garbage(self):
        """Answers that are no answers end the run with a report, never with a crash."""
        def with_id(rest):
            return lambda query: query[:2] + rest

        def pointer_loop(query):
            return dns_answer(query, [b"\xc0\x0c" + struct.pack(">2HIH", 33, 1, 1, 8) +
                                      bytes(6) + b"\xc0\x2f"])

        answers = [with_id(b""), with_id(b"\x84\x00"), with_id(bytes(10)), with_id(b"\xff" * 600),
                   lambda query: b"", lambda query: os.urandom(300), pointer_loop,
                   lambda query: query, lambda query: dns_answer(query)[:-3],
                   lambda query: [os.urandom(40)] * 300]
        for number, answer in enumerate(answers):
            with self.subTest(number):
                run = run_clearway("check", "kms", "good.example", "--dns", FakeDns(answer).at,
                                   "--timeout", "4")
                self.assertNotEqual(run.json["verdict"], "clear", run.story())
                self.assertNotIn("kms-srv-missing", [i for i, _ in run.findings("cause")])
                self.assertLess(run.took_s, 6)


if __name__ == "__main__":
    harness.main()
