#!/usr/bin/python3
"""A client, a router and a server room in network namespaces: filters, routes, no network at all.

    client 10.53.1.2 -- 10.53.1.1 router 10.53.2.1 -- 10.53.2.2 DNS, 10.53.2.3 KMS host
                fd53:1::/64                    fd53:2::/64
"""

import ctypes
import os
import subprocess
import threading
import time

import harness
from harness import Bind, Endpoint, Zone, run_clearway, tool

harness.need("named", "ip", "nft", "unshare", "mount", "setpriv")
harness.need_root("network namespaces")

DNS, KMS, ROUTER = "10.53.2.2", "10.53.2.3", "10.53.1.1"
UNREACHABLE_DNS = ("kms-dns-unreachable", "0x8007232A")
UNREACHABLE_HOST = ("kms-host-unreachable", "0xC004F074")
BLOCKED = ("kms-port-blocked", "0xC004F074")
REFUSED = ("kms-port-refused", "0xC004F074")
NO_SERVERS = ("kms-no-dns-servers", "0x8007267C")

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def sh(*argv, check=True):
    return subprocess.run([tool(argv[0]), *argv[1:]], check=check, capture_output=True, text=True)


class Netns:
    """A network namespace of our own."""

    count = 0

    def __init__(self):
        Netns.count += 1
        self.name = f"cw-{os.getpid()}-{Netns.count}"
        made = sh("ip", "netns", "add", self.name, check=False)
        if made.returncode:
            harness.skip(f"want a network namespace, have {made.stderr.strip()}")
        harness.at_end(lambda: sh("ip", "netns", "del", self.name, check=False))
        self.prefix = [tool("ip"), "netns", "exec", self.name]
        self.ip("link", "set", "lo", "up")

    def ip(self, *args):
        return sh("ip", "-n", self.name, *args)

    def sh(self, *argv, check=True):
        return subprocess.run([*self.prefix, tool(argv[0]), *argv[1:]], check=check,
                              capture_output=True, text=True)

    def sysctl(self, key, value):
        subprocess.run([*self.prefix, "sh", "-c", f"echo {value} > /proc/sys/{key}"], check=True)

    def run(self, function):
        """The result of a call from within; a socket stays where it was made."""
        result = []

        def inside():
            with open(f"/run/netns/{self.name}") as f:
                if _libc.setns(f.fileno(), CLONE_NEWNET):
                    result.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                result.append(function())
            except OSError as error:
                result.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]


def link(a, a_name, b, b_name):
    a.ip("link", "add", a_name, "type", "veth", "peer", "name", b_name, "netns", b.name)
    for side, name in (a, a_name), (b, b_name):
        side.ip("link", "set", name, "up")


class Network(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.client, cls.router, cls.room = Netns(), Netns(), Netns()
        link(cls.client, "eth0", cls.router, "left")
        link(cls.router, "right", cls.room, "eth0")
        for where, name, *addresses in ((cls.client, "eth0", "10.53.1.2/24", "fd53:1::2/64"),
                                        (cls.router, "left", "10.53.1.1/24", "fd53:1::1/64"),
                                        (cls.router, "right", "10.53.2.1/24", "fd53:2::1/64"),
                                        (cls.room, "eth0", f"{DNS}/24", f"{KMS}/24", "fd53:2::2/64",
                                         "fd53:2::3/64")):
            for address in addresses:
                # Without duplicate address detection an address is there at once (RFC 4862 5.4).
                where.ip("addr", "add", address, "dev", name,
                         *(["nodad"] if ":" in address else []))
        cls.routes(cls.client, "10.53.1.1", "fd53:1::1")
        cls.routes(cls.room, "10.53.2.1", "fd53:2::1")
        cls.router.sysctl("net/ipv4/ip_forward", 1)
        cls.router.sysctl("net/ipv6/conf/all/forwarding", 1)
        # Every packet that is turned back shall be told of, also in a row of tests.
        cls.router.sysctl("net/ipv4/icmp_ratelimit", 0)
        cls.router.sysctl("net/ipv6/icmp/ratelimit", 0)
        cls.router.sh("nft", "add table inet filter")
        cls.router.sh("nft", "add chain inet filter forward "
                             "{ type filter hook forward priority 0; }")
        zones = [
            Zone("healthy.example", f"kms01 A {KMS}\n_vlmcs._tcp SRV 0 0 1688 kms01\n", ns=DNS),
            Zone("both.example", f"kms01 A {KMS}\nkms01 AAAA fd53:2::3\n"
                                 "_vlmcs._tcp SRV 0 0 1688 kms01\n", ns=DNS),
            Zone("six.example", "kms01 AAAA fd53:2::3\n_vlmcs._tcp SRV 0 0 1688 kms01\n", ns=DNS),
            Zone("nowhere.example", "kms01 A 10.53.2.99\n_vlmcs._tcp SRV 0 0 1688 kms01\n", ns=DNS),
            Zone("closed.example", f"kms01 A {DNS}\n_vlmcs._tcp SRV 0 0 1688 kms01\n", ns=DNS),
        ]
        cls.dns = Bind(zones, addr=DNS, port=53, inside=cls.room, config="",
                       options="listen-on-v6 port 53 { fd53:2::2; };")
        cls.dns.wait_ready()
        Endpoint(addr=KMS, port=1688, inside=cls.room)
        Endpoint(addr="fd53:2::3", port=1688, inside=cls.room)

    @staticmethod
    def routes(where, four, six):
        where.ip("route", "replace", "default", "via", four)
        where.ip("-6", "route", "replace", "default", "via", six)

    def tearDown(self):
        super().tearDown()
        self.router.sh("nft", "flush chain inet filter forward")

    def filter(self, *rules):
        for rule in rules:
            self.router.sh("nft", f"add rule inet filter forward {rule}")

    def check(self, domain="healthy.example", *args, dns=DNS, where=None):
        servers = ["--dns", dns] if dns else []
        return run_clearway("check", "kms", domain, *servers, *args,
                            prefix=(where or self.client).prefix)

    # A port that is filtered on the way.

    def test_healthy(self):
        self.expect(self.check(), "clear")
        self.expect(self.check("both.example"), "clear")
        self.expect(self.check("six.example", dns="fd53:2::2"), "clear")

    def test_port_dropped(self):
        self.filter("tcp dport 1688 drop")
        run = self.check()
        self.expect(run, "cause-found", BLOCKED, like="kms/port-blocked")
        self.assertLess(run.took_s, 3.5, run.story())

    def test_answers_dropped(self):
        self.filter("tcp sport 1688 drop")
        self.expect(self.check(), "cause-found", BLOCKED)

    def test_port_reset(self):
        # A firewall that resets looks like a host on which nothing listens.
        self.filter("tcp dport 1688 reject with tcp reset")
        self.expect(self.check(), "cause-found", REFUSED, like="kms/port-refused")

    def test_nothing_listens(self):
        self.expect(self.check("closed.example"), "cause-found", REFUSED)

    def test_port_rejected(self):
        for name in "host-prohibited", "admin-prohibited", "net-unreachable", "host-unreachable":
            with self.subTest(name):
                self.filter(f"tcp dport 1688 reject with icmp type {name}")
                run = self.check()
                self.expect(run, "cause-found", UNREACHABLE_HOST)
                fields = run.facts("tcp.connect")[0]["fields"]
                self.assertEqual(fields["icmp_from"], ROUTER, run.story())
                self.router.sh("nft", "flush chain inet filter forward")

    def test_port_rejected_as_closed(self):
        # What iptables' REJECT sends unless told otherwise.
        self.filter("tcp dport 1688 reject with icmp type port-unreachable")
        run = self.check()
        self.assertEqual(run.json["verdict"], "cause-found", run.story())
        self.assertEqual(len(run.findings("cause")), 1, run.story())
        self.assertIn(run.findings("cause")[0], [UNREACHABLE_HOST, REFUSED], run.story())

    def test_rejected_over_ipv6(self):
        for name in "admin-prohibited", "addr-unreachable", "no-route":
            with self.subTest(name):
                self.filter(f"tcp dport 1688 reject with icmpv6 type {name}")
                run = self.check("six.example")
                self.expect(run, "cause-found", UNREACHABLE_HOST)
                self.assertEqual(run.facts("tcp.connect")[0]["fields"]["icmp_from"], "fd53:1::1")
                self.router.sh("nft", "flush chain inet filter forward")

    def test_no_such_host(self):
        # Nobody answers the router's ARP request, so the router says: host unreachable.
        run = self.check("nowhere.example", "--timeout", "60")
        self.expect(run, "cause-found", UNREACHABLE_HOST)

    def test_ipv6_dropped_ipv4_works(self):
        # The client gets through by the other address.
        self.filter("meta nfproto ipv6 tcp dport 1688 drop")
        run = self.check("both.example")
        self.assertNotEqual(run.json["verdict"], "undetermined", run.story())
        self.assertEqual({f["outcome"] for f in run.facts("tcp.connect")}, {"ok", "timeout"})

    # Routes.

    def test_route_missing_at_the_router(self):
        self.router.ip("route", "add", "unreachable", KMS)
        self.addCleanup(self.router.ip, "route", "del", "unreachable", KMS)
        run = self.check()
        self.expect(run, "cause-found", UNREACHABLE_HOST)
        self.assertEqual(run.facts("tcp.connect")[0]["fields"]["icmp_from"], ROUTER, run.story())

    def test_route_missing_here(self):
        # What this machine cannot try says nothing about the network.
        for kind in "unreachable", "prohibit", "blackhole":
            with self.subTest(kind):
                self.client.ip("route", "add", kind, KMS)
                try:
                    run = self.check()
                finally:
                    self.client.ip("route", "del", kind, KMS)
                self.expect(run, "undetermined")
                self.assertTrue(run.json["not_tested"], run.story())

    def test_filtered_here(self):
        self.client.sh("nft", "add table inet own")
        self.addCleanup(self.client.sh, "nft", "delete table inet own")
        self.client.sh("nft", "add chain inet own output { type filter hook output priority 0; }")
        self.client.sh("nft", "add rule inet own output udp dport 53 drop")
        self.client.sh("nft", "add rule inet own output tcp dport 53 drop")
        run = self.check()
        self.assertNotEqual(run.json["verdict"], "clear", run.story())
        self.assertNotIn("kms-srv-missing", [i for i, _ in run.findings("cause")])

    # DNS.

    def test_dns_over_udp_dropped(self):
        self.filter("udp dport 53 drop")
        run = self.check()
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["transport"], "tcp", run.story())

    def test_dns_over_udp_rejected(self):
        self.filter("udp dport 53 reject with icmp type admin-prohibited")
        run = self.check()
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["transport"], "tcp", run.story())

    def test_dns_over_tcp_dropped(self):
        self.filter("tcp dport 53 drop")
        self.expect(self.check(), "clear")

    def test_answers_from_another_address(self):
        # A broken translator: answers over UDP come from an address that was not asked, and are
        # not believed (RFC 5452 9.1).
        self.router.sh("nft", "add table ip broken")
        self.addCleanup(self.router.sh, "nft", "delete table ip broken")
        self.router.sh("nft", "add chain ip broken forward "
                              "{ type filter hook forward priority 10; }")
        self.router.sh("nft", f"add rule ip broken forward udp sport 53 ip saddr set {KMS}")
        run = self.check()
        self.expect(run, "clear")
        self.assertEqual(run.facts("dns.srv")[0]["fields"]["transport"], "tcp", run.story())

    def test_dns_dropped(self):
        self.filter("udp dport 53 drop", "tcp dport 53 drop")
        run = self.check()
        self.expect(run, "cause-found", UNREACHABLE_DNS, like="kms/dns-unreachable")
        self.assertLess(run.took_s, 3.5, run.story())
        self.assertTrue(run.facts("dns.srv")[0]["fields"]["tcp_tried"], run.story())

    def test_dns_rejected(self):
        self.filter("udp dport 53 reject with icmp type host-prohibited",
                    "tcp dport 53 reject with icmp type host-prohibited")
        run = self.check()
        self.expect(run, "cause-found", UNREACHABLE_DNS)
        fields = run.facts("dns.srv")[0]["fields"]
        self.assertEqual((fields["icmp"], fields["icmp_from"]), ("host prohibited", ROUTER))
        # The network said no at once, so nobody has to wait.
        self.assertLess(run.took_s, 1.5, run.story())

    # Machines that lack something.

    def test_no_ipv6(self):
        self.client.sysctl("net/ipv6/conf/all/disable_ipv6", 1)
        try:
            for domain in "healthy.example", "both.example":
                with self.subTest(domain):
                    self.expect(self.check(domain), "clear")
        finally:
            self.client.sysctl("net/ipv6/conf/all/disable_ipv6", 0)
            self.client.ip("addr", "replace", "fd53:1::2/64", "dev", "eth0", "nodad")
            self.routes(self.client, "10.53.1.1", "fd53:1::1")

    def test_no_network(self):
        alone = Netns()
        for state in "up", "down":
            alone.ip("link", "set", "lo", state)
            with self.subTest(f"lo {state}"):
                started = time.monotonic()
                run = self.check(where=alone)
                self.expect(run, "undetermined")
                self.assertTrue(run.json["not_tested"], run.story())
                self.assertLess(time.monotonic() - started, 3.5)

    def test_no_network_towards_some(self):
        # One server cannot be reached from here, the other one answers.
        self.client.ip("route", "add", "unreachable", "10.99.0.0/24")
        self.addCleanup(self.client.ip, "route", "del", "unreachable", "10.99.0.0/24")
        self.expect(self.check("healthy.example", "--dns", "10.99.0.1"), "clear")

    # resolv.conf of the machine.

    def with_settings(self, text, *args, mode=0o644, drop=False):
        path = harness.write(os.path.join(harness.folder("etc"), "resolv.conf"), text)
        os.chmod(path, mode)
        script = 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"'
        prefix = [*self.client.prefix, tool("unshare"), "--mount", "sh", "-c", script, path]
        if drop:  # root reads every file, unless it may not
            prefix += [tool("setpriv"), "--bounding-set", "-dac_override,-dac_read_search"]
        return run_clearway("check", "kms", *args, prefix=prefix)

    def test_settings_of_the_machine(self):
        if not os.path.exists("/etc/resolv.conf"):
            self.skipTest("want /etc/resolv.conf to put another one there")
        run = self.with_settings(f"nameserver {DNS}\nsearch healthy.example\n")
        self.expect(run, "clear")
        self.assertEqual(run.json["target"], "healthy.example")
        run = self.with_settings("# nothing is set here\n", "healthy.example")
        self.expect(run, "cause-found", NO_SERVERS, like="kms/no-dns-servers")
        run = self.with_settings("", "healthy.example")
        self.expect(run, "cause-found", NO_SERVERS)

    def test_no_suffix(self):
        name = os.uname().nodename
        run = self.with_settings(f"nameserver {DNS}\nsearch .\n")
        if "." in name:
            self.skipTest(f"this machine's own name has a domain: {name}")
        self.expect(run, "cause-found", ("kms-name-syntax", "0x8007007B"))

    def test_settings_unreadable(self):
        run = self.with_settings(f"nameserver {DNS}\n", "healthy.example", mode=0, drop=True)
        self.expect(run, "undetermined")
        self.assertEqual([f["outcome"] for f in run.facts("client.resolver")], ["unreadable"])
        # With a server on the command line the settings do not matter.
        run = self.with_settings("", "healthy.example", "--dns", DNS, mode=0, drop=True)
        self.expect(run, "clear")


if __name__ == "__main__":
    harness.main()
