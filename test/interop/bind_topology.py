#!/usr/bin/python3
"""Several BIND 9 servers: resolvers, secondaries, servers that disagree, refer or are gone."""

import harness
from harness import Bind, Endpoint, FakeDns, Zone, run_clearway

harness.need("named")

MISSING = ("kms-srv-missing", "0x8007232B")
REFUSED = ("kms-dns-refused", "0x8007232A")
UNREACHABLE = ("kms-dns-unreachable", "0x8007232A")
INCONSISTENT = ("kms-dns-inconsistent", "0x8007232B")
ABSENT = ("kms-wrong-channel", "0x8007232B")


class Servers(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {cls.kms.port} kms01\n"
        port = cls.kms.port
        cls.primary = Bind([
            Zone("healthy.example", cls.good),
            Zone("split.example", cls.good, serial=8),
            Zone("two.example", cls.good + f"_vlmcs._tcp SRV 0 0 {port} kms02\n"
                 f"kms02 A {cls.kms.addr}\n", serial=8),
            Zone("missing.example", "www A 127.0.0.1\n"),
            Zone("nodata.example", "_vlmcs._tcp TXT \"kms01\"\n"),
            Zone("unresolved.example", f"_vlmcs._tcp SRV 0 0 {port} kms01\n"),
            Zone("udp.example", f"_vlmcs._udp SRV 0 0 {port} kms01\nkms01 A 127.0.0.1\n"),
            Zone("many.example", f"kms01 A {cls.kms.addr}\n" + "".join(
                f"_vlmcs._tcp SRV {n} 0 {port} kms01\n" for n in range(500))),
            # An alias into another zone: a resolver follows it.
            Zone("chain.example", "_vlmcs._tcp CNAME _vlmcs._tcp.healthy.example.\n"),
            Zone("dangling.example", "_vlmcs._tcp CNAME _vlmcs._tcp.missing.example.\n"),
            Zone("example", "www A 127.0.0.1\n"),
        ])
        cls.primary.wait_ready()
        primaries = f"primaries {{ {cls.primary.addr} port {cls.primary.port}; }};"
        nobody = f"primaries {{ {harness.address()} port 9; }};"
        cls.other = Bind([
            Zone("healthy.example", kind="secondary", options=primaries),
            Zone("split.example", "www A 127.0.0.1\n", serial=7),
            Zone("two.example", cls.good, serial=7),
            Zone("missing.example", "www A 127.0.0.1\n"),
            Zone("expired.example", kind="secondary", options=nobody),
        ], name="other")
        cls.root = Bind([
            Zone("", "example. NS ns.far.example.\nns.far.example. A 127.0.0.1\n"),
        ], name="root")
        cls.resolver = Bind([], name="resolver", options="recursion yes; allow-recursion { any; }; "
                            f"forward only; forwarders {{ {cls.primary.addr} port "
                            f"{cls.primary.port}; }};")
        for server in cls.other, cls.root, cls.resolver:
            server.wait_ready()
        harness.wait_until("the transfer of healthy.example",
                           lambda: "Transfer status: success" in cls.other.said())
        cls.closed = harness.address()
        cls.closed_at = f"{cls.closed}:{harness.free_port(cls.closed)}"
        cls.silent = FakeDns(harness.swallow)

    def check(self, domain, *servers):
        args = [arg for server in servers for arg in ("--dns", getattr(server, "at", server))]
        return run_clearway("check", "kms", domain, *args)

    # Two servers.

    def test_primary_and_secondary(self):
        run = self.check("healthy.example", self.primary, self.other)
        self.expect(run, "clear")
        self.assertEqual(len(run.facts("dns.srv")), 2)

    def test_both_say_it_is_missing(self):
        run = self.check("missing.example", self.primary, self.other)
        self.expect(run, "cause-found", MISSING)

    def test_one_without_the_record(self):
        run = self.check("split.example", self.primary, self.other)
        self.expect(run, "cause-found", INCONSISTENT, like="kms/dns-inconsistent")
        finding = run.json["findings"][0]
        evidence = " ".join(e["text"] for e in finding["evidence"])
        for want in self.primary.at, self.other.at, "SOA serial 8", "SOA serial 7":
            self.assertIn(want, evidence, run.story())
        # The order of the servers does not matter.
        self.expect(self.check("split.example", self.other, self.primary), "cause-found",
                    INCONSISTENT)

    def test_different_records(self):
        self.expect(self.check("two.example", self.primary, self.other), "clear",
                    warnings=["kms-dns-inconsistent"])

    # Servers that do not answer the question.

    def test_expired_secondary(self):
        run = self.check("expired.example", self.other)
        self.expect(run, "cause-found", REFUSED)
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["rcode"], "SERVFAIL")

    def test_no_zone_below_the_root(self):
        self.expect(self.check("contoso.nowhere", self.root), "cause-found", ABSENT)
        self.expect(self.check("nowhere", self.root), "cause-found", ABSENT)

    def test_referral(self):
        run = self.check("healthy.example", self.root)
        self.expect(run, "cause-found", REFUSED)
        self.assertEqual(run.facts("dns.srv")[0]["outcome"], "referral", run.story())

    def test_not_served_here(self):
        # Neither authoritative nor a resolver: BIND says REFUSED.
        self.expect(self.check("healthy.example", self.other, self.primary), "clear")
        self.expect(self.check("elsewhere.invalid", self.other), "cause-found", REFUSED)

    def test_dead_beside_good(self):
        for dead in self.closed_at, self.silent.at:
            with self.subTest(dead):
                self.expect(self.check("healthy.example", dead, self.primary), "clear",
                            warnings=["kms-dns-unreachable"])
                self.expect(self.check("healthy.example", self.primary, dead), "clear",
                            warnings=["kms-dns-unreachable"])

    def test_refusing_beside_good(self):
        self.expect(self.check("nodata.example", self.primary, self.other), "cause-found",
                    ("kms-srv-nodata", "0x8007251D"), REFUSED)
        self.expect(self.check("udp.example", self.primary), "cause-found",
                    ("kms-srv-misspelt", "0x8007232B"))

    def test_dead_beside_one_without_the_record(self):
        # Two faults that do not explain each other: nobody knows what the dead server has.
        run = self.check("missing.example", self.closed_at, self.primary)
        self.assertIn(UNREACHABLE, run.findings("cause"), run.story())

    def test_all_dead(self):
        self.expect(self.check("healthy.example", self.closed_at), "cause-found", UNREACHABLE)
        self.expect(self.check("healthy.example", self.silent), "cause-found", UNREACHABLE,
                    like="kms/dns-unreachable")
        run = self.check("healthy.example", self.closed_at, self.silent)
        self.expect(run, "cause-found", UNREACHABLE)

    # A resolver in front: answers without the AA bit give the same verdicts.

    def same(self, domain, server):
        direct = self.check(domain, self.primary)
        through = self.check(domain, server)
        self.assertFalse(through.facts("dns.srv")[0]["fields"].get("authoritative"),
                         through.story())
        self.expect(through, direct.json["verdict"], *direct.findings("cause"),
                    warnings={i for i, _ in direct.findings("warning")})
        return through

    def test_through_a_resolver(self):
        want = {"healthy": "clear", "missing": "kms-srv-missing", "nodata": "kms-srv-nodata",
                "unresolved": "kms-srv-target-unresolved", "udp": "kms-srv-misspelt",
                "nobody-has-this": "kms-wrong-channel", "many": "clear"}
        for zone, end in want.items():
            with self.subTest(zone):
                run = self.same(f"{zone}.example", self.resolver)
                got = [i for i, _ in run.findings("cause")] or [run.json["verdict"]]
                self.assertEqual(got, [end], run.story())

    def test_alias_into_another_zone(self):
        run = self.check("chain.example", self.resolver)
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["alias"],
                         ["_vlmcs._tcp.chain.example", "_vlmcs._tcp.healthy.example"])
        self.expect(self.check("dangling.example", self.resolver), "cause-found", MISSING)
        # A server that does not resolve leaves the end of the alias open: the record may be there.
        self.expect(self.check("chain.example", self.primary), "cause-found", REFUSED)

    def test_from_the_cache(self):
        # The second answer comes from the resolver's cache, with a TTL that has run on.
        for zone in "healthy.example", "missing.example":
            first, second = (self.check(zone, self.resolver) for _ in range(2))
            self.assertEqual(first.findings("cause"), second.findings("cause"), second.story())
            self.assertEqual(first.exit, second.exit)


if __name__ == "__main__":
    harness.main()
