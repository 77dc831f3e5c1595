#!/usr/bin/python3
"""The same faults with Knot DNS: verdicts do not depend on who serves the zone."""

import os
import re
import subprocess

import harness
from harness import Endpoint, Knot, Zone, run_clearway, tool

harness.need("knotd", "dig", "tsig-keygen")

MISSING = ("kms-srv-missing", "0x8007232B")
UPDATE_REFUSED = ("kms-update-refused", "0x8007232D")


class KnotDns(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        port = cls.kms.port
        good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {port} kms01\n"
        cls.key = os.path.join(harness.folder("keys"), "knot.key")
        text = subprocess.run([tool("tsig-keygen"), "kms-hosts"], check=True, capture_output=True,
                              text=True).stdout
        harness.write(cls.key, text)
        secret = re.search(r'secret "([^"]+)"', text).group(1)
        config = f"""key:
  - id: kms-hosts
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: copy
    address: 127.0.0.0/8
    action: transfer
  - id: write
    key: kms-hosts
    action: update
  - id: write-srv
    key: kms-hosts
    action: update
    update-type: [SRV]
    update-owner: name
    update-owner-match: equal
    update-owner-name: [_vlmcs._tcp]
  - id: write-others
    key: kms-hosts
    action: update
    deny: on
    update-owner: name
    update-owner-match: equal
    update-owner-name: [_vlmcs._tcp]
"""
        cls.dns = Knot([
            Zone("healthy.example", good),
            Zone("missing.example", "www A 127.0.0.1\n"),
            Zone("txt.example", "_vlmcs._tcp TXT \"kms01\"\n"),
            Zone("below.example", f"old._vlmcs._tcp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("unresolved.example", f"_vlmcs._tcp SRV 0 0 {port} kms01\n"),
            Zone("root.example", "_vlmcs._tcp SRV 0 0 0 .\n"),
            Zone("port.example", f"_vlmcs._tcp SRV 0 0 0 kms01\nkms01 A {cls.kms.addr}\n"),
            Zone("udp.example", f"_vlmcs._udp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("parent.example", good),
            Zone("corp.parent.example", "www A 127.0.0.1\n"),
            Zone("many.example", f"kms01 A {cls.kms.addr}\n" + "".join(
                f"_vlmcs._tcp SRV {n} 0 {port} kms01\n" for n in range(500))),
            Zone("none.example", good, options="acl: [copy]"),
            Zone("keyed.example", good, options="acl: [copy, write]"),
            Zone("sound.example", good, options="acl: [copy, write-srv]"),
            Zone("second.example", good, options="acl: [copy, write-others, write]"),
            Zone("example", "www A 127.0.0.1\n"),
        ], config)
        cls.dns.wait_ready()

    def check(self, domain, *args):
        return run_clearway("check", "kms", domain, "--dns", self.dns.at, *args)

    def test_healthy(self):
        self.expect(self.check("healthy.example"), "clear", like="kms/healthy")

    def test_record_missing(self):
        self.expect(self.check("missing.example"), "cause-found", MISSING, like="kms/srv-missing")

    def test_no_data(self):
        for zone in "txt.example", "below.example":
            self.expect(self.check(zone), "cause-found", ("kms-srv-nodata", "0x8007251D"),
                        like="kms/srv-nodata")

    def test_target_without_address(self):
        self.expect(self.check("unresolved.example"), "cause-found",
                    ("kms-srv-target-unresolved", "0xC004F074"), like="kms/srv-target-unresolved")

    def test_unusable_records(self):
        for zone in "root.example", "port.example":
            self.expect(self.check(zone), "cause-found", ("kms-srv-malformed", "0xC004F074"))

    def test_misspelt(self):
        self.expect(self.check("udp.example"), "cause-found", ("kms-srv-misspelt", "0x8007232B"),
                    like="kms/srv-misspelt")

    def test_record_elsewhere(self):
        self.expect(self.check("corp.parent.example"), "cause-found",
                    ("kms-srv-other-suffix", "0x8007232B"), like="kms/srv-other-suffix")

    def test_no_zone(self):
        self.expect(self.check("nobody-has-this.example"), "cause-found",
                    ("kms-wrong-channel", "0x8007232B"), like="kms/wrong-channel")

    def test_not_served_here(self):
        self.expect(self.check("contoso.invalid"), "cause-found",
                    ("kms-dns-refused", "0x8007232A"), like="kms/dns-refused")

    def test_many_records(self):
        run = self.check("many.example")
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["count"], 500)

    # Dynamic updates.

    def update(self, zone, *args):
        before, _ = self.dns.zone_dump(zone)
        run = self.check(zone, "--update-test", "--yes", *args)
        self.assertEqual(before, self.dns.zone_dump(zone)[0], run.story())
        return run

    def test_no_updates(self):
        self.expect(self.update("none.example"), "cause-found", UPDATE_REFUSED,
                    like="kms/update-refused")
        self.expect(self.update("none.example", "--key", self.key), "cause-found", UPDATE_REFUSED)
        self.expect(self.update("keyed.example"), "cause-found", UPDATE_REFUSED)

    def test_key_allowed(self):
        _, serial = self.dns.zone_dump("keyed.example")
        self.expect(self.update("keyed.example", "--key", self.key), "clear")
        self.assertNotEqual(serial, self.dns.zone_dump("keyed.example")[1])

    def test_sound_acl(self):
        self.expect(self.update("sound.example", "--key", self.key), "clear")

    def test_second_host(self):
        self.expect(self.update("second.example", "--key", self.key), "cause-found",
                    ("kms-update-second-host", "0x80072338"), like="kms/update-second-host")


if __name__ == "__main__":
    harness.main()
