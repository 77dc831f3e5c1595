#!/usr/bin/python3
"""What `clearway check kms` says of zones that BIND 9 serves."""

import http.server
import socket
import subprocess
import threading

import harness
from harness import Bind, Endpoint, Zone, run_clearway

harness.need("named")

MISSING = ("kms-srv-missing", "0x8007232B")
NODATA = ("kms-srv-nodata", "0x8007251D")
UNRESOLVED = ("kms-srv-target-unresolved", "0xC004F074")
MALFORMED = ("kms-srv-malformed", "0xC004F074")
MISSPELT = ("kms-srv-misspelt", "0x8007232B")
ELSEWHERE = ("kms-srv-other-suffix", "0x8007232B")
SYNTAX = ("kms-name-syntax", "0x8007007B")
ABSENT = ("kms-wrong-channel", "0x8007232B")
REFUSED = ("kms-dns-refused", "0x8007232A")


def accept_all(bind, port):
    """A bind_ack that takes every context, as no Windows does."""
    ack = bytearray(harness.bind_ack(bind, port))
    results = bind[24]
    accepted = b"\0\0\0\0" + harness.NDR32
    ack[-24 * results:] = accepted * results
    return bytes(ack)


class Web:
    """A web server at the KMS host's port."""

    def __init__(self):
        self.addr = harness.address()
        self.server = http.server.HTTPServer((self.addr, 0), QuietHandler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        harness.at_end(self.server.shutdown)


class TlsServer(harness.Server):
    """A TLS server at the KMS host's port."""

    def __init__(self):
        self.folder = harness.folder("tls")
        self.addr = harness.address()
        self.port = harness.free_port(self.addr)
        subprocess.run([harness.tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                        "-subj", "/CN=kms01", "-keyout", "key.pem", "-out", "cert.pem"], check=True,
                       capture_output=True, cwd=self.folder)
        self.start("openssl", [harness.tool("openssl"), "s_server", "-key", "key.pem", "-cert",
                               "cert.pem", "-www", "-accept", f"{self.addr}:{self.port}"])
        harness.wait_until("openssl", self.is_up)

    def is_up(self):
        self.check_alive()
        with socket.socket() as s:
            return s.connect_ex((self.addr, self.port)) == 0


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


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
            Zone("outside.example", f"_vlmcs._tcp SRV 0 0 {port} kms\n"
                 "kms CNAME kms01.elsewhere.invalid.\n"),
            Zone("closed.example", f"_vlmcs._tcp SRV 0 0 {harness.free_port('127.0.0.1')} kms01\n"
                 "kms01 A 127.0.0.1\n"),
            Zone("xn--mnchen-3ya.example", good),
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

    def test_ways_to_write_a_domain(self):
        for domain in "HeAlThY.ExAmPlE", "healthy.example.", "münchen.example":
            with self.subTest(domain):
                self.expect(self.check(domain), "clear")
        for domain in ("", ".", "healthy..example", "healthy example", "http://healthy.example/",
                       "healthy.example:1688", "a" * 64 + ".example"):
            with self.subTest(domain):
                self.expect(self.check(domain), "cause-found", SYNTAX)

    def test_alias_of_the_host_elsewhere(self):
        # The end of the alias lies in a zone that the server does not have: nobody said that the
        # host has no address.
        self.expect(self.check("outside.example"), "cause-found", REFUSED,
                    warnings=["kms-srv-malformed"])


class Hosts(harness.Case):
    """What is behind the address that BIND gives."""

    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.foreign = Endpoint(answer=accept_all)
        cls.silent = Endpoint(answer=b"")
        cls.dead = harness.address()
        cls.web = Web()
        port = cls.kms.port
        good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {port} kms01\n"

        def host(name, endpoint):
            return f"{name} A {endpoint.addr}\n_vlmcs._tcp SRV 0 0 {endpoint.port} {name}\n"

        cls.dns = Bind([
            Zone("healthy.example", good + f"old A {cls.dead}\n"),
            Zone("branch.example", "pc01 A 127.0.0.1\n"),
            Zone("stale.example", good + f"old A {cls.dead}\n_vlmcs._tcp SRV 0 0 {port} old\n"),
            Zone("gone.example", good + f"_vlmcs._tcp SRV 0 0 {port} gone\n"),
            Zone("client.example", good + host("DESKTOP-7Q2M4XA", Endpoint())),
            Zone("address.example", good + f"kms01 A {cls.dead}\n"),
            Zone("moved.example", f"kms01 A {cls.dead}\n_vlmcs._tcp SRV 0 0 {port} kms01\n"),
            Zone("web.example", host("kms01", cls.web)),
            Zone("silent.example", host("kms01", cls.silent)),
            Zone("foreign.example", host("kms01", cls.foreign)),
        ])
        cls.dns.wait_ready()

    def check(self, *args):
        return run_clearway("check", "kms", *args, "--dns", self.dns.at)

    def test_one_of_two_hosts_is_dead(self):
        stale = ("kms-srv-stale-host", None)
        self.expect(self.check("stale.example"), "cause-found", stale, like="kms/srv-stale-host")
        # One that has no address is no dead host, but a record that leads nowhere.
        self.expect(self.check("gone.example"), "cause-found", UNRESOLVED)

    def test_client_beside_the_host(self):
        self.expect(self.check("client.example"), "cause-found", ("kms-host-key-on-client", None),
                    like="kms/host-key-on-client")

    def test_wrong_address(self):
        wrong = ("kms-srv-target-wrong-address", "0xC004F074")
        self.expect(self.check("address.example"), "cause-found", wrong,
                    like="kms/srv-target-wrong-address")
        run = self.check("moved.example", "--host-address", f"{self.kms.addr}:{self.kms.port}")
        self.expect(run, "cause-found", wrong)

    def test_host_that_is_set_is_dead(self):
        for host in f"old.healthy.example:{self.kms.port}", f"nobody.healthy.example:{self.kms.port}":
            run = self.check("--host", host, "--suffix", "healthy.example")
            self.expect(run, "cause-found", ("kms-manual-host-dead", "0xC004F074"),
                        like="kms/manual-host-dead")

    def test_published_in_its_own_domain_only(self):
        run = self.check("branch.example", "--host", f"kms01.healthy.example:{self.kms.port}")
        self.expect(run, "cause-found", ("kms-publish-domains", None), like="kms/publish-domains")

    def test_tls_server(self):
        if not harness.tool("openssl"):
            self.skipTest("want openssl, have none")
        tls = TlsServer()
        run = self.check("--host", f"{tls.addr}:{tls.port}")
        self.expect(run, "cause-found", ("kms-not-kms", "0xC004F039"), like="kms/not-kms")
        self.assertIn(run.facts("rpc.bind")[0]["outcome"], ("other-protocol", "closed", "reset"))

    def test_web_server(self):
        # This one waits for the end of a line. It answers where the bind happens to hold one, and
        # is silent where it does not; both are so.
        run = self.check("web.example")
        self.assertIn(run.findings("cause"), ([("kms-not-kms", "0xC004F039")],
                                              [("kms-host-silent", "0xC004F074")]), run.story())

    def test_silent(self):
        self.expect(self.check("silent.example"), "cause-found", ("kms-host-silent", "0xC004F074"),
                    like="kms/host-silent")

    def test_takes_everything(self):
        self.expect(self.check("foreign.example"), "clear", warnings=["kms-foreign-host"],
                    like="kms/foreign-host")


class OddServers(harness.Case):
    """Servers that answer as they may, but not as most do."""

    @classmethod
    def setUpClass(cls):
        cls.kms = Endpoint()
        cls.good = f"kms01 A {cls.kms.addr}\n_vlmcs._tcp SRV 0 0 {cls.kms.port} kms01\n"

    def serve(self, zones=(), **how):
        dns = Bind([Zone("healthy.example", self.good), Zone("missing.example"), *zones], **how)
        dns.wait_ready()
        self.addCleanup(dns.stop)
        return dns

    def both(self, dns):
        healthy = run_clearway("check", "kms", "healthy.example", "--dns", dns.at)
        self.expect(healthy, "clear")
        missing = run_clearway("check", "kms", "missing.example", "--dns", dns.at)
        self.expect(missing, "cause-found", MISSING)
        return healthy, missing

    def test_least_answers(self):
        # No additional records, so addresses have to be asked for.
        self.both(self.serve(options="minimal-responses yes;"))

    def test_rate_limit(self):
        # Answers beyond the first are truncated, which asks the client to come by TCP.
        dns = self.serve(options="rate-limit { responses-per-second 1; errors-per-second 1; "
                                 "nxdomains-per-second 1; slip 1; };")
        _, missing = self.both(dns)
        self.assertIn("tcp", [f["fields"].get("transport")
                              for f in missing.facts("dns.srv-misspelt")], missing.story())

    def test_signed_zone(self):
        dns = self.serve([
            Zone("signed.example", self.good, options="inline-signing yes; dnssec-policy default;"),
            Zone("signedempty.example", options="inline-signing yes; dnssec-policy default;"),
        ])
        harness.wait_until("the signatures", lambda: harness.dns_ask(
            dns.addr, dns.port, "signedempty.example", "DNSKEY")[7])
        self.expect(run_clearway("check", "kms", "signed.example", "--dns", dns.at), "clear")
        self.expect(run_clearway("check", "kms", "signedempty.example", "--dns", dns.at),
                    "cause-found", MISSING)


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
