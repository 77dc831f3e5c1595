#!/usr/bin/python3
"""`--update-test` against BIND 9: who may write the record, and that nothing stays behind."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import Bind, Endpoint, Zone, run_clearway, tool

harness.need("named", "tsig-keygen", "dig")

REFUSED = ("kms-update-refused", "0x8007232D")
SECOND_HOST = ("kms-update-second-host", "0x80072338")
MISSING = ("kms-srv-missing", "0x8007232B")


def key_file(name, where, algorithm="hmac-sha256"):
    """A key as tsig-keygen writes it; (file, text)."""
    text = subprocess.run([tool("tsig-keygen"), "-a", algorithm, name], check=True,
                          capture_output=True, text=True).stdout
    return harness.write(os.path.join(where, f"{name}.{algorithm}.key"), text), text


class SlowUpdates:
    """Passes DNS datagrams on to a server; answers to updates come late, or never."""

    def __init__(self, server, addr, hold):
        self.server, self.hold = server, hold
        self.updates, self.stopping = 0, False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((addr, server.port))
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        harness.at_end(self.stop)

    def stop(self):
        self.stopping = True
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while not self.stopping:
            try:
                query, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            threading.Thread(target=self._pass, args=(query, client), daemon=True).start()

    def _pass(self, query, client):
        update = query[2] >> 3 & 15 == 5
        self.updates += update
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.settimeout(5)
            out.sendto(query, (self.server.addr, self.server.port))
            try:
                answer = out.recv(4096)
            except OSError:
                return
        if self.stopping:
            return
        if not update or not self.hold(self.updates):
            self.socket.sendto(answer, client)


class Update(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.keys = harness.folder("keys")
        cls.key, text = key_file("kms-hosts", cls.keys)
        cls.key512, text512 = key_file("strong", cls.keys, "hmac-sha512")
        cls.stranger, _ = key_file("stranger", cls.keys)
        # The same name with another secret.
        os.makedirs(os.path.join(cls.keys, "other"))
        cls.forged, _ = key_file("kms-hosts", os.path.join(cls.keys, "other"))
        good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {cls.kms.port} kms01\n"
        allowed = "allow-update { key kms-hosts; key strong; };"

        def policy(text):
            return f"update-policy {{ {text} }};"

        cls.front = harness.address()
        cls.dns = Bind([
            Zone("none.example", good, options="allow-update { none; };"),
            Zone("keyed.example", good, options=allowed),
            Zone("anyone.example", good, options="allow-update { any; };"),
            Zone("empty.example", "www A 127.0.0.1\n", options=allowed),
            Zone("txt.example", "_vlmcs._tcp TXT \"clearway update test\"\n", options=allowed),
            Zone("second.example", good, options=policy(
                "deny kms-hosts name _vlmcs._tcp.second.example ANY; "
                "grant kms-hosts zonesub ANY;")),
            Zone("sound.example", good, options=policy(
                "grant kms-hosts name _vlmcs._tcp.sound.example SRV;")),
            Zone("soundempty.example", "www A 127.0.0.1\n", options=policy(
                "grant kms-hosts name _vlmcs._tcp.soundempty.example SRV;")),
            Zone("inner.example", f"kms01 A {cls.kms.addr}\n"
                 f"_vlmcs._tcp.dept SRV 0 0 {cls.kms.port} kms01\n", options=allowed),
            # The primary that the SOA record names is the slow way to the same server.
            Zone("slow.example", good, ns=cls.front, options=allowed),
        ], config=text + text512)
        cls.dns.wait_ready()

    def update(self, zone, key=None, **how):
        """A run with the test, after which the zone holds exactly what it held before."""
        where = zone.split(".", 1)[1] if zone.startswith("dept.") else zone
        before, _ = self.dns.zone_dump(where)
        args = ["--key", key] if key else []
        run = run_clearway("check", "kms", zone, "--dns", self.dns.at, "--update-test", "--yes",
                           *args, **how)
        after, _ = self.dns.zone_dump(where)
        self.assertEqual(before, after, run.story())
        return run

    def steps(self, run):
        return {f["fields"]["step"]: f["outcome"] for f in run.facts("dns.update")}

    def test_none_allowed(self):
        run = self.update("none.example")
        self.expect(run, "cause-found", REFUSED, like="kms/update-refused")
        self.assertTrue(all(f["fields"]["key"] == "none" for f in run.facts("dns.update")))
        self.expect(self.update("none.example", self.key), "cause-found", REFUSED)

    def test_unsigned_where_a_key_is_wanted(self):
        self.expect(self.update("keyed.example"), "cause-found", REFUSED)

    def test_key_allowed(self):
        for key in self.key, self.key512:
            with self.subTest(os.path.basename(key)):
                _, serial = self.dns.zone_dump("keyed.example")
                run = self.update("keyed.example", key)
                self.expect(run, "clear")
                self.assertEqual(self.steps(run), {"existing-noop": "ok", "existing-add": "ok",
                                                   "new-name": "ok", "cleanup": "ok"})
                # Something was written and taken away: else nothing would have been proven.
                self.assertNotEqual(serial, self.dns.zone_dump("keyed.example")[1])

    def test_anyone_allowed(self):
        self.expect(self.update("anyone.example"), "clear")

    def test_secret_stays_secret(self):
        with open(self.key, encoding="utf-8") as f:
            secret = re.search(r'secret "([^"]+)"', f.read()).group(1)
        for key in self.key, self.forged:
            run = self.update("keyed.example", key)
            plain = harness.run_program("check", "kms", "keyed.example", "--dns", self.dns.at,
                                        "--update-test", "--yes", "--key", key, "-v")
            for text in run.out, run.err, plain.out, plain.err:
                self.assertNotIn(secret, text)

    def test_no_record_yet(self):
        # The zone takes updates: what is wrong is the missing record alone.
        run = self.update("empty.example", self.key)
        self.expect(run, "cause-found", MISSING)
        self.assertEqual(self.steps(run).get("existing-add"), "ok", run.story())
        self.expect(self.update("empty.example"), "cause-found", MISSING, REFUSED)

    def test_record_like_ours(self):
        # A TXT record there is somebody's, even with the words of the test in it.
        run = self.update("txt.example", self.key)
        self.expect(run, "cause-found", ("kms-srv-nodata", "0x8007251D"))

    def test_unknown_key(self):
        run = self.update("keyed.example", self.stranger)
        self.expect(run, "cause-found", REFUSED)
        self.assertEqual({f["fields"].get("tsig_error") for f in run.facts("dns.update")},
                         {"BADKEY"}, run.story())

    def test_wrong_secret(self):
        run = self.update("keyed.example", self.forged)
        self.expect(run, "cause-found", REFUSED)
        self.assertEqual({f["fields"].get("tsig_error") for f in run.facts("dns.update")},
                         {"BADSIG"}, run.story())

    def test_second_host(self):
        run = self.update("second.example", self.key)
        self.expect(run, "cause-found", SECOND_HOST, like="kms/update-second-host")
        self.assertEqual(self.steps(run)["new-name"], "ok", run.story())

    def test_sound_policy(self):
        # The key may write the SRV set and nothing else: that is how it should be.
        run = self.update("sound.example", self.key)
        self.expect(run, "clear")
        self.assertEqual(self.steps(run)["existing-noop"], "ok", run.story())
        self.expect(self.update("soundempty.example", self.key), "cause-found", MISSING)

    def test_domain_inside_a_zone(self):
        # The update names the zone (RFC 2136 2.3), not the domain that was asked about.
        run = self.update("dept.inner.example", self.key)
        self.expect(run, "clear")
        self.assertEqual({f["fields"]["zone"] for f in run.facts("dns.update")}, {"inner.example"})

    def test_refused_consent(self):
        # Nobody is there to be asked: nothing is sent at all.
        run = harness.run_program("check", "kms", "keyed.example", "--dns", self.dns.at,
                                  "--update-test", "--key", self.key, stdin=b"")
        self.assertEqual(run.exit, 2, run.story())
        self.assertIn("--yes", run.err)

    def test_lost_answers(self):
        # Every answer to an update is lost, so every addition has to be taken for a success.
        slow = SlowUpdates(self.dns, self.front, lambda n: True)
        try:
            run = self.update("slow.example", self.key, timeout=60)
        finally:
            slow.stop()
        self.assertGreater(slow.updates, 2, run.story())
        self.assertNotEqual(run.json["verdict"], "clear", run.story())

    def test_interrupted(self):
        """Ctrl-C while a test record is in the zone: it is removed in passing."""
        before, _ = self.dns.zone_dump("slow.example")
        for step in 2, 3, 4:  # behind the no-op: the addition, its removal, the new name
            with self.subTest(step):
                held = threading.Event()

                def hold(n, step=step, held=held):
                    if n >= step:
                        held.set()
                    return n >= step

                slow = SlowUpdates(self.dns, self.front, hold)
                program = subprocess.Popen(
                    [harness.PROGRAM, "check", "kms", "slow.example", "--dns", self.dns.at,
                     "--update-test", "--yes", "--key", self.key, "--json"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.environment())
                self.assertTrue(held.wait(10), "the update never came")
                program.send_signal(signal.SIGINT)
                out, _ = program.communicate(timeout=10)
                report = harness.read_report(out.decode())
                self.assertTrue(report["cut_short"])
                self.assertIn("nsupdate", " ".join(n["why"] for n in report["not_tested"]))
                end = time.monotonic() + 3
                while self.dns.zone_dump("slow.example")[0] != before and time.monotonic() < end:
                    time.sleep(0.05)
                slow.stop()
                self.assertEqual(self.dns.zone_dump("slow.example")[0], before)


if __name__ == "__main__":
    harness.main()
