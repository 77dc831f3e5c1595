#!/usr/bin/python3
"""What `clearway check sstp` and `check activation` say of the way through Squid."""

import os
import unittest

import harness
from harness import Bind, Case, Zone, address, folder, free_port, run_clearway, write
from webparts import NAME, Kdc, Nginx, Pki, Squid, bundle, helper, openssl

harness.need("openssl", "squid", "named")

UNRESOLVED = ("sstp-name-unresolved", "868")
PROXY_BLOCKS = ("sstp-proxy-blocks", "809")
REFUSED = ("sstp-not-listening", "809")
LIST_LOGIN = ("sstp-crl-proxy-auth", "0x80092013")
NO_INTERNET = ("activation-no-internet", "32777")
LOGIN = ("activation-proxy-auth", "32777")
LISTS_LOGIN = ("activation-crl-proxy-auth", "32777")
STATUS = ("activation-http-status", "32777")

USER, PASSWORD = "alice", "correct horse"
OPEN = "http_access allow all\n"
LOGIN_FOR_ALL = "acl users proxy_auth REQUIRED\nhttp_access allow users\nhttp_access deny all\n"


def secret(text):
    return write(os.path.join(folder("secret"), "password"), text + "\n")


def readable(path):
    """Squid's own user runs the helpers."""
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0o644)
    return path


def basic():
    ran = openssl("passwd", "-apr1", PASSWORD)
    users = readable(write(os.path.join(folder("basic"), "users"),
                           f"{USER}:{ran.stdout.decode().strip()}\n"))
    return f"auth_param basic program {helper('basic_ncsa_auth')} {users}\n" \
           "auth_param basic realm interop\nauth_param basic children 1\n"


def digest():
    users = readable(write(os.path.join(folder("digest"), "users"), f"{USER}:{PASSWORD}\n"))
    return f"auth_param digest program {helper('digest_file_auth')} {users}\n" \
           "auth_param digest realm interop\nauth_param digest children 1\n"


class Parts(Case):
    """An SSTP server, a web server in the endpoint's place, and names for both."""

    @classmethod
    def setUpClass(cls):
        cls.pki = Pki()
        cls.good = cls.pki.middle.issue(NAME)
        cls.front = cls.pki.front(cls.good)
        cls.hosts = {NAME: cls.front.addr, "dead.corp.example": address()}
        nobody = address()  # the lists of the articles are asked for too: 503, and at once
        cls.seen_by_squid = {"crl.microsoft.com": nobody, "www.microsoft.com": nobody,
                             "crl-inside.corp.example": cls.pki.files.addr}
        cls.right = secret(PASSWORD)
        cls.wrong = secret("battery staple")

    @classmethod
    def name_them(cls):
        records = "".join(f"{host}. A {at}\n" for host, at in cls.hosts.items())
        cls.dns = Bind([Zone("corp.example", records)])
        cls.dns.wait_ready()

    @classmethod
    def squid(cls, *rules):
        return Squid("".join(rules), {**cls.hosts, **cls.seen_by_squid})

    env = {}

    def run_check(self, *args, proxy=None, login=None):
        more = ["--proxy", getattr(proxy, "url", proxy)] if proxy else []
        if login:
            more += ["--proxy-user", USER, "--password-file", login]
        return run_clearway("check", *args, "--dns", self.dns.at, "--ca", self.pki.ca, *more,
                            env=harness.environment(**self.env))

    def routes(self, run):
        """What the proxy said to CONNECT: (route, outcome, status)."""
        return sorted((f["fields"]["route"], f["outcome"], f["fields"].get("status"))
                      for f in run.facts("proxy.answer"))


class Vpn(Parts):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name_them()

    def check(self, proxy, verdict, *causes, host=NAME, port=None, login=None, warnings=()):
        run = self.run_check("sstp", f"{host}:{port or self.front.port}", proxy=proxy, login=login)
        self.expect(run, verdict, *causes, warnings=warnings)
        self.assertEqual(self.front.complaints, [], run.story())
        return run

    def test_direct(self):
        self.check(None, "clear")

    def test_open(self):
        squid = self.squid(OPEN)
        self.check(squid, "clear")
        asked = squid.requests()
        self.assertIn(("CONNECT", f"{NAME}:{self.front.port}", 200), asked)
        self.assertIn(("GET", self.pki.middle.crl_url, 200), asked)

    def test_login(self):
        for how in (basic, digest):
            with self.subTest(how.__name__):
                squid = self.squid(how(), LOGIN_FOR_ALL)
                run = self.check(squid, "cause-found", PROXY_BLOCKS,
                                 warnings=[LIST_LOGIN[0]])
                self.assertIn(("proxy", "http-status", 407), self.routes(run), run.story())

    def test_login_that_works_does_not_help_windows(self):
        for how in (basic, digest):
            with self.subTest(how.__name__):
                squid = self.squid(how(), LOGIN_FOR_ALL)
                run = self.check(squid, "cause-found", PROXY_BLOCKS, login=self.right,
                                 warnings=[LIST_LOGIN[0]])
                self.assertIn(("proxy-user", "ok", 200), self.routes(run), run.story())
                self.assertIn(("CONNECT", f"{NAME}:{self.front.port}", 200), squid.requests())

    def test_wrong_login(self):
        for how in (basic, digest):
            with self.subTest(how.__name__):
                squid = self.squid(how(), LOGIN_FOR_ALL)
                run = self.check(squid, "cause-found", PROXY_BLOCKS, login=self.wrong,
                                 warnings=[LIST_LOGIN[0]])
                self.assertIn(("proxy-user", "http-status", 407), self.routes(run), run.story())
                self.assertNotIn(200, {status for _, _, status in squid.requests()})

    def test_login_for_lists_alone(self):
        squid = self.squid(basic(), "acl connect method CONNECT\nhttp_access allow connect\n",
                           LOGIN_FOR_ALL)
        self.check(squid, "clear", warnings=[LIST_LOGIN[0]])  # the lists come directly

    def test_login_for_lists_that_only_the_proxy_reaches(self):
        cert = self.pki.middle.issue(NAME, crl=f"http://crl-inside.corp.example:"
                                               f"{self.pki.files.port}/interop-issuing-ca.crl")
        front = self.pki.front(cert, addr=self.front.addr)
        self.check(self.squid(OPEN), "clear", port=front.port)
        squid = self.squid(basic(), "acl connect method CONNECT\nhttp_access allow connect\n",
                           LOGIN_FOR_ALL)
        self.check(squid, "cause-found", LIST_LOGIN, port=front.port)

    def test_connect_forbidden(self):
        squid = self.squid("acl connect method CONNECT\nhttp_access deny connect\n", OPEN)
        run = self.check(squid, "cause-found", PROXY_BLOCKS)
        self.assertIn(("proxy", "http-status", 403), self.routes(run), run.story())

    def test_proxy_cannot_resolve_either(self):
        """Squid says 500 then, ERR_CANNOT_FORWARD."""
        self.check(self.squid(OPEN), "cause-found", UNRESOLVED, host="vnp.corp.example")

    def test_no_proxy_there(self):
        at = address()
        self.check(f"http://{at}:{free_port(at)}", "cause-found", PROXY_BLOCKS)

    def test_web_server_for_a_proxy(self):
        self.check(f"http://{self.pki.files.addr}:{self.pki.files.port}", "cause-found",
                   PROXY_BLOCKS, warnings=["sstp-crl-unreachable"])

    def test_proxy_cannot_connect_either(self):
        at = self.hosts["dead.corp.example"]
        self.check(self.squid(OPEN), "cause-found", REFUSED, host="dead.corp.example",
                   port=free_port(at))


class Activation(Parts):

    @classmethod
    def setUpClass(cls):
        if not harness.tool("nginx"):
            raise unittest.SkipTest("want nginx, have none")
        super().setUpClass()
        name = "activation.corp.example"
        cert = cls.pki.middle.issue(name)
        cls.server = Nginx(f"server {{ listen {{at}} ssl;\n"
                           f"ssl_certificate {bundle(cert, cls.pki.middle.cert)};\n"
                           f"ssl_certificate_key {cert.key}; }}")
        cls.hosts[name] = cls.server.addr
        cls.name_them()
        cls.url = f"https://{name}:{cls.server.port}/"
        cls.lists = {cls.pki.middle.crl_url, cls.pki.root.crl_url}

    def check(self, proxy, verdict, *causes, login=None, url=None, crl=(), warnings=()):
        more = [x for c in crl for x in ("--crl", c)]
        run = self.run_check("activation", url or self.url, *more, proxy=proxy, login=login)
        self.expect(run, verdict, *causes, warnings=warnings)
        return run

    def test_direct(self):
        self.check(None, "clear")

    def test_open(self):
        self.check(self.squid(OPEN), "clear")

    def test_nobody_there(self):
        url = f"https://dead.corp.example:{free_port(self.hosts['dead.corp.example'])}/"
        self.check(None, "cause-found", NO_INTERNET, url=url)
        self.check(None, "cause-found", NO_INTERNET, url="https://nothing.corp.example/")

    def test_no_proxy_there(self):
        at = address()
        self.check(f"http://{at}:{free_port(at)}", "cause-found", NO_INTERNET)

    def test_login_for_all(self):
        for how in (basic, digest):
            with self.subTest(how.__name__):
                squid = self.squid(how(), LOGIN_FOR_ALL)
                for login in (None, self.right):
                    self.check(squid, "cause-found", LOGIN, LISTS_LOGIN, login=login)

    def test_forbidden(self):
        squid = self.squid("acl connect method CONNECT\nhttp_access deny connect\n", OPEN)
        self.check(squid, "cause-found", STATUS)

    def squid_of_the_article(self, *before):
        """KB 816897: the endpoint is exempt from the login, its lists are not."""
        return self.squid(basic(), "acl connect method CONNECT\nhttp_access allow connect\n",
                          *before, LOGIN_FOR_ALL)

    def squid_lines(self, run):
        """The rules for Squid that the report gives."""
        found = [command for finding in run.json["findings"] for fix in finding["fix"]
                 for command in [fix["snippet"] or ""] if "http_access" in command]
        self.assertEqual(len(found), 1, run.story())
        return found[0] + "\n"

    def test_login_for_lists(self):
        run = self.check(self.squid_of_the_article(), "cause-found", LISTS_LOGIN)
        finding = next(f for f in run.json["findings"] if f["id"] == LISTS_LOGIN[0])
        shown = {run.json["facts"][e["fact"] - 1]["subject"] for e in finding["evidence"]}
        self.assertLessEqual(self.lists, shown, run.story())

    def test_advice_repairs_it(self):
        run = self.check(self.squid_of_the_article(), "cause-found", LISTS_LOGIN)
        repaired = self.squid_of_the_article(self.squid_lines(run))
        self.check(repaired, "clear")
        self.assertIn(("GET", self.pki.middle.crl_url, 200), repaired.requests())

    def test_exempt_one_of_two(self):
        rule = f"acl one url_regex ^{self.pki.root.crl_url}$\nhttp_access allow one\n"
        run = self.check(self.squid_of_the_article(rule), "cause-found", LISTS_LOGIN)
        self.assertNotIn(self.pki.root.crl_url, self.squid_lines(run))

    def test_list_by_itself(self):
        extra = self.pki.files.put("/further/list.crl", self.pki.root.crl(),
                                   "application/pkix-crl")
        self.check(self.squid(OPEN), "clear", crl=[extra])
        exempt = "".join(f"acl x url_regex ^{url}$\n" for url in self.lists)
        squid = self.squid_of_the_article(exempt, "acl m dstdomain .microsoft.com\n",
                                          "http_access allow x\nhttp_access allow m\n")
        self.check(squid, "clear")
        self.check(squid, "cause-found", LISTS_LOGIN, crl=[extra])


class Kerberos(Parts):
    """Negotiate, which Windows answers by itself where it has an account in the domain."""

    @classmethod
    def setUpClass(cls):
        for name in ("krb5kdc", "kdb5_util", "kadmin.local"):
            if not harness.tool(name):
                raise unittest.SkipTest(f"want {name}, have none")
        super().setUpClass()
        cls.kdc = Kdc("CORP.EXAMPLE")
        cls.kdc.add(USER, PASSWORD)
        cls.kdc.add("HTTP/proxy.corp.example", "of the proxy")
        keytab = cls.kdc.keytab("HTTP/proxy.corp.example")
        cls.proxy = cls.squid(f"auth_param negotiate program {helper('negotiate_kerberos_auth')} "
                              f"-k {keytab} -s GSS_C_NO_NAME\nauth_param negotiate children 1\n",
                              LOGIN_FOR_ALL)
        cls.hosts["proxy.corp.example"] = cls.proxy.addr
        cls.name_them()
        cls.env = cls.kdc.env

    def check(self, login=None):
        run = self.run_check("sstp", f"{NAME}:{self.front.port}", login=login,
                             proxy=f"http://proxy.corp.example:{self.proxy.port}")
        self.expect(run, "cause-found", PROXY_BLOCKS, warnings=[LIST_LOGIN[0]])
        return run

    def test_without_login(self):
        self.check()

    def test_login(self):
        run = self.check(self.right)
        self.assertIn(("proxy-user", "ok", 200), self.routes(run), run.story())
        self.assertIn(("CONNECT", f"{NAME}:{self.front.port}", 200), self.proxy.requests())

    def test_wrong_login(self):
        run = self.check(self.wrong)
        self.assertNotIn("ok", {outcome for _, outcome, _ in self.routes(run)}, run.story())


if __name__ == "__main__":
    harness.main()
