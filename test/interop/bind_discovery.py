#!/usr/bin/python3
"""What `clearway check kms` says of zones that BIND 9 serves."""

import harness
from harness import Bind, Endpoint, Zone, run_clearway

harness.need("named")

MISSING = ("kms-srv-missing", "0x8007232B")
NODATA = ("kms-srv-nodata", "0x8007251D")
UNRESOLVED = ("kms-srv-target-unresolved", "0xC004F074")
MALFORMED = ("kms-srv-malformed", "0xC004F074")
MISSPELT = ("kms-srv-misspelt", "0x8007232B")
ELSEWHERE = ("kms-srv-other-suffix", "0x8007232B")
ABSENT = ("kms-wrong-channel", "0x8007232B")
REFUSED = ("kms-dns-refused", "0x8007232A")


class Authoritative(harness.Case):
    """One server, authoritative for a zone with each fault."""

    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.second = Endpoint()
        good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {cls.kms.port} kms01\n"
        port = cls.kms.port
        many = "".join(f"_vlmcs._tcp SRV {n} 0 {port} kms{n:03}\nkms{n:03} A {cls.kms.addr}\n"
                       for n in range(500))
        zones = [
            Zone("healthy.example", good),
            Zone("two.example", good + f"kms02 A {cls.second.addr}\n"
                 f"_vlmcs._tcp SRV 0 0 {cls.second.port} kms02\n"),
            Zone("missing.example", "www A 127.0.0.1\n"),
            # The owner name exists with another type, or has something below it only.
            Zone("txt.example", "_vlmcs._tcp TXT \"kms01\"\n"),
            Zone("below.example", f"old._vlmcs._tcp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("unresolved.example", f"_vlmcs._tcp SRV 0 0 {port} kms01\n"),
            Zone("noaddress.example", f"_vlmcs._tcp SRV 0 0 {port} kms01\nkms01 TXT \"gone\"\n"),
            Zone("alias.example", f"_vlmcs._tcp SRV 0 0 {port} kms\nkms CNAME kms01\n"
                 f"kms01 A {cls.kms.addr}\n"),
            Zone("port.example", f"_vlmcs._tcp SRV 0 0 0 kms01\nkms01 A {cls.kms.addr}\n"),
            Zone("root.example", "_vlmcs._tcp SRV 0 0 0 .\n"),
            Zone("literal.example", f"_vlmcs._tcp SRV 0 0 {port} {cls.kms.addr}.\n"),
            Zone("corp.parent.example", "www A 127.0.0.1\n"),
            Zone("parent.example", good),
            Zone("sibling.example", "www A 127.0.0.1\n"),
            Zone("ad.sibling.example", good),
            Zone("udp.example", f"_vlmcs._udp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("notcp.example", f"_vlmcs SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("nounderscore.example", f"vlmcs._tcp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("doubled.example", f"_vlmcs._tcp.doubled.example SRV 0 0 {port} kms01\n"
                 "kms01 A 127.0.0.1\n"),
            Zone("denied.example", good, options="allow-query { none; };"),
            Zone("broken.example", text="@ SOA this is no zone file\n"),
            Zone("many.example", many),
            Zone("chain.example", f"_vlmcs._tcp CNAME kms._tcp\nkms._tcp SRV 0 0 {port} kms01\n"
                 f"kms01 A {cls.kms.addr}\n"),
            Zone("dangling.example", "_vlmcs._tcp CNAME nowhere\n"),
            Zone("wild.example", f"* A {cls.kms.addr}\n"),
            # A name inside a zone, which is no zone itself.
            Zone("inside.example", f"dept TXT \"a department\"\nwww.floor A 127.0.0.1\n"),
            Zone("closed.example", f"_vlmcs._tcp SRV 0 0 {harness.free_port('127.0.0.1')} kms01\n"
                 "kms01 A 127.0.0.1\n"),
            # The zone above all of them: what it does not know does not exist.
            Zone("example", "www A 127.0.0.1\n"),
        ]
        cls.dns = Bind(zones)
        cls.dns.wait_ready()

    def check(self, domain, *args):
        return run_clearway("check", "kms", domain, "--dns", self.dns.at, *args)

    def test_healthy(self):
        run = self.check("healthy.example")
        self.expect(run, "clear", like="kms/healthy")
        self.assertEqual([f["outcome"] for f in run.facts("rpc.bind")], ["ok"], run.story())
        answer = run.facts("dns.srv")[0]
        self.assertTrue(answer["fields"]["authoritative"], run.story())

    def test_two_hosts(self):
        before = self.kms.binds, self.second.binds
        self.expect(self.check("two.example"), "clear")
        self.assertEqual((self.kms.binds, self.second.binds), (before[0] + 1, before[1] + 1))

    def test_record_missing(self):
        run = self.check("missing.example")
        self.expect(run, "cause-found", MISSING, like="kms/srv-missing")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["zone"], "missing.example")

    def test_no_data(self):
        self.expect(self.check("txt.example"), "cause-found", NODATA, like="kms/srv-nodata")
        self.expect(self.check("below.example"), "cause-found", NODATA, like="kms/srv-nodata")

    def test_target_without_address(self):
        self.expect(self.check("unresolved.example"), "cause-found", UNRESOLVED,
                    like="kms/srv-target-unresolved")
        self.expect(self.check("noaddress.example"), "cause-found", UNRESOLVED)

    def test_target_is_an_alias(self):
        # RFC 2782 forbids it; resolvers follow it all the same, so clients reach the host.
        run = self.check("alias.example")
        self.assertEqual([f["outcome"] for f in run.facts("rpc.bind")], ["ok"], run.story())
        self.expect(run, "clear", warnings=["kms-srv-malformed"])

    def test_unusable_records(self):
        self.expect(self.check("port.example"), "cause-found", MALFORMED)
        self.expect(self.check("root.example"), "cause-found", MALFORMED)
        self.expect(self.check("literal.example"), "cause-found", MALFORMED)

    def test_record_elsewhere(self):
        self.expect(self.check("corp.parent.example"), "cause-found", ELSEWHERE,
                    like="kms/srv-other-suffix")
        self.expect(self.check("sibling.example"), "cause-found", ELSEWHERE)

    def test_misspelt(self):
        for zone in "udp", "notcp", "nounderscore", "doubled":
            with self.subTest(zone):
                self.expect(self.check(f"{zone}.example"), "cause-found", MISSPELT,
                            like="kms/srv-misspelt")

    def test_no_zone(self):
        self.expect(self.check("nobody-has-this.example"), "cause-found", ABSENT,
                    like="kms/wrong-channel")

    def test_name_inside_a_zone(self):
        # The zone exists, and the name of the domain stands in it: the record could be there.
        self.expect(self.check("dept.inside.example"), "cause-found", MISSING)
        self.expect(self.check("floor.inside.example"), "cause-found", MISSING)

    def test_wildcard(self):
        # A wildcard for addresses answers NODATA to an SRV query.
        self.expect(self.check("wild.example"), "cause-found", NODATA)

    def test_refused(self):
        self.expect(self.check("denied.example"), "cause-found", REFUSED, like="kms/dns-refused")

    def test_server_failure(self):
        run = self.check("broken.example")
        self.expect(run, "cause-found", REFUSED)
        self.assertEqual(run.facts("dns.srv")[0]["outcome"], "server-failure")

    def test_many_records(self):
        run = self.check("many.example")
        self.expect(run, "clear")
        answer = run.facts("dns.srv")[0]["fields"]
        self.assertEqual((answer["count"], answer["truncated"], answer["transport"]),
                         (500, True, "tcp"))

    def test_alias_of_the_owner(self):
        run = self.check("chain.example")
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["alias"],
                         ["_vlmcs._tcp.chain.example", "kms._tcp.chain.example"])
        self.expect(self.check("dangling.example"), "cause-found", MISSING)

    def test_nothing_listens(self):
        self.expect(self.check("closed.example"), "cause-found", ("kms-port-refused", "0xC004F074"),
                    like="kms/port-refused")

    def test_two_suffixes(self):
        # Clients search their suffixes in order until one has a record.
        self.expect(self.check("missing.example", "--suffix", "healthy.example"), "clear")
        # A name that is half there is the fault, and the other suffix the rest of the search.
        self.expect(self.check("missing.example", "--suffix", "txt.example"), "cause-found", NODATA)

    def test_two_faults(self):
        # A missing record and a host that is set by hand and is not there are two causes.
        run = self.check("missing.example", "--host", f"kms09.inside.example:{self.kms.port}")
        self.expect(run, "cause-found", MISSING, UNRESOLVED)
        # Discovery works, the host that was set does not.
        run = self.check("healthy.example", "--host", f"kms09.healthy.example:{self.kms.port}")
        self.expect(run, "cause-found", ("kms-manual-host-dead", "0xC004F074"))

    def test_pinned_host(self):
        host = f"kms01.healthy.example:{self.kms.port}"
        run = run_clearway("check", "kms", "--host", host, "--dns", self.dns.at)
        self.expect(run, "clear")

    def test_case_is_kept_and_ignored(self):
        self.expect(self.check("HeAlThY.ExAmPlE"), "clear")


class OldServer(harness.Case):
    """Without EDNS, and with answers of 512 octets at most."""

    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        records = f"kms01 A {cls.kms.addr}\n" + \
            "".join(f"_vlmcs._tcp SRV {n} 0 {cls.kms.port} kms01\n" for n in range(40))
        cls.dns = Bind([Zone("healthy.example", records), Zone("missing.example")],
                       options="max-udp-size 512; edns-udp-size 512; nocookie-udp-size 512;")
        cls.dns.wait_ready()

    def test_truncated_at_512(self):
        run = run_clearway("check", "kms", "healthy.example", "--dns", self.dns.at)
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["transport"], "tcp")

    def test_missing(self):
        run = run_clearway("check", "kms", "missing.example", "--dns", self.dns.at)
        self.expect(run, "cause-found", MISSING)


if __name__ == "__main__":
    harness.main()
