#!/usr/bin/python3
"""What `clearway check sstp` says of listeners, TLS servers and certificates that are real."""

import socket
import unittest

import harness
from harness import Bind, Case, Zone, address, folder, free_port, run_clearway
from webparts import (DAY, NAME, Authority, Cert, Listener, Nginx, Pki, SServer, SstpFront, bundle,
                      call_nak, new_key, now, openssl)

harness.need("openssl")

UNRESOLVED = ("sstp-name-unresolved", "868")
REFUSED = ("sstp-not-listening", "809")
NO_CERTIFICATE = ("sstp-no-certificate", "0x80070040")
CLIENT_CERTIFICATE = ("sstp-client-certificate", None)
TLS_FAILS = ("sstp-tls-fails", "0x80090326")
NOT_SSTP = ("sstp-not-sstp", "809")
EXHAUSTED = ("sstp-ports-exhausted", "0x800704C9")
CALL_REFUSED = ("sstp-call-refused", None)
CALL_SILENT = ("sstp-call-silent", "809")
EXPIRED = ("sstp-cert-expired", "0x800B0101")
UNTRUSTED = ("sstp-cert-untrusted", "0x800B0109")
INCOMPLETE = ("sstp-chain-incomplete", "0x800B010A")
WRONG_NAME = ("sstp-cert-name", "0x800B010F")
WRONG_EKU = ("sstp-cert-eku", "809")
WEAK = ("sstp-cert-weak", "0x80096004")
INTERCEPTED = ("sstp-tls-intercepted", "0x800B0109")
PARTLY = ("sstp-partly-broken", "809")


class Parts(Case):
    """One PKI for a class, and a server with nothing wrong to hold the wrong ones against."""

    @classmethod
    def setUpClass(cls):
        cls.pki = Pki()
        cls.middle = cls.pki.middle
        cls.good = cls.middle.issue(NAME)
        cls.chain = bundle(cls.good, cls.middle.cert)

    def check(self, server, verdict, *causes, name=NAME, ca=None, warnings=(), more=()):
        run = run_clearway("check", "sstp", name, "--connect-to", f"{server.addr}:{server.port}",
                           "--ca", ca or self.pki.ca, *more)
        self.expect(run, verdict, *causes, warnings=warnings)
        if isinstance(server, SstpFront):
            self.assertEqual(server.complaints, [], run.story())
        return run

    def clear(self, server, **how):
        run = self.check(server, "clear", **how)
        self.assertTrue(server.calls and all(server.calls), "no call with a correlation id")
        return run

    def broken(self, server, *causes, **how):
        return self.check(server, "cause-found", *causes, **how)


class Certificates(Parts):

    def front(self, *chain, **how):
        return self.pki.front(*chain, **how)

    def test_good(self):
        run = self.clear(self.front(self.good))
        self.assertTrue(all(f["outcome"] == "ok" for f in run.facts("cert.revocation")),
                        run.story())
        self.assertEqual(len({f["subject"] for f in run.facts("cert.revocation")}), 2, run.story())

    def test_expired(self):
        cert = self.middle.issue(NAME, start=now() - 400 * DAY, end=now() - DAY)
        self.broken(self.front(cert), EXPIRED)

    def test_not_yet_valid(self):
        cert = self.middle.issue(NAME, start=now() + DAY, end=now() + 90 * DAY)
        self.broken(self.front(cert), EXPIRED)

    def test_issuer_expired(self):
        old = Authority("Interop Former CA", self.pki.root, self.pki.files,
                        start=now() - 400 * DAY, end=now() - DAY)
        self.broken(self.front(old.issue(NAME), old.cert), EXPIRED)

    def test_ends_soon(self):
        cert = self.middle.issue(NAME, end=now() + 5 * DAY)
        self.clear(self.front(cert), warnings=["sstp-cert-expires-soon"])

    def test_wrong_name(self):
        cert = self.middle.issue("www.corp.example")
        self.broken(self.front(cert), WRONG_NAME)

    def test_names(self):
        for san in (["DNS:*.corp.example"], ["DNS:a.example", f"DNS:{NAME.upper()}"]):
            with self.subTest(san):
                self.clear(self.front(self.middle.issue("a.example", san=san)))
        for san in (["DNS:*.example"], ["DNS:*.vpn.corp.example"], [f"DNS:x{NAME}"]):
            with self.subTest(san):
                self.broken(self.front(self.middle.issue("a.example", san=san)), WRONG_NAME)

    def test_address_for_a_name(self):
        front = self.front(self.good)
        self.broken(front, WRONG_NAME, name=front.addr)
        at = harness.address()
        cert = self.middle.issue(at, san=[f"IP:{at}"])
        self.clear(self.front(cert, addr=at), name=at)

    def test_wrong_eku(self):
        self.broken(self.front(self.middle.issue(NAME, eku="clientAuth")), WRONG_EKU)

    def test_other_ekus(self):
        ike = "1.3.6.1.5.5.8.2.2"
        self.clear(self.front(self.middle.issue(NAME, eku=f"clientAuth,serverAuth,{ike}")))
        self.clear(self.front(self.middle.issue(NAME, eku=None)))

    def test_old_hashes(self):
        """Windows minds SHA-1 under the roots of its own programme alone."""
        self.clear(self.front(self.middle.issue(NAME, md="sha1")), warnings=["sstp-cert-weak"])
        rsa = Authority("Interop RSA CA", self.pki.root, self.pki.files, kind="2048")
        self.clear(self.front(rsa.issue(NAME), rsa.cert))
        self.clear(self.front(rsa.issue(NAME, md="sha1"), rsa.cert), warnings=["sstp-cert-weak"])
        self.broken(self.front(rsa.issue(NAME, md="md5"), rsa.cert), WEAK)

    def test_weak_key(self):
        self.broken(self.front(self.middle.issue(NAME, key=new_key("1023"))), WEAK)

    def test_self_signed(self):
        key, path = new_key(), folder("self") + "/cert.pem"
        openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={NAME}", "-addext",
                f"subjectAltName=DNS:{NAME}", "-addext", "extendedKeyUsage=serverAuth", "-days",
                "90", "-out", path)
        cert = Cert(path, key)
        self.broken(SstpFront(cert), UNTRUSTED)

    def test_other_root(self):
        other = Authority("Somebody Else Root", files=self.pki.files)
        self.broken(SstpFront(other.issue(NAME), other.cert), UNTRUSTED)
        self.clear(SstpFront(other.issue(NAME), other.cert), ca=other.cert.path)

    def test_cross_signed(self):
        """Two roots have signed one intermediate, and either of them will do."""
        other = Authority("Interop New Root", files=self.pki.files)
        cross = Authority("Cross of Interop Issuing CA", other, self.pki.files, like=self.middle)
        front = self.front(self.good, self.middle.cert, cross.cert)
        self.clear(front)
        self.clear(front, ca=other.cert.path)
        self.clear(self.front(self.good, cross.cert, self.middle.cert))
        self.broken(self.front(self.good, cross.cert, other.cert), UNTRUSTED)
        self.broken(self.front(self.good, cross.cert), INCOMPLETE)

    def test_order_and_extras(self):
        other = Authority("Bystander", files=self.pki.files)
        self.clear(self.front(self.good, other.cert, self.pki.root.cert, self.middle.cert))

    def test_issuer_left_out(self):
        front = SstpFront(self.good)
        self.broken(front, INCOMPLETE)

    def test_issuer_left_out_but_published(self):
        cert = self.middle.issue(NAME, aia=self.middle.ca_url)
        run = self.clear(SstpFront(cert), warnings=["sstp-chain-incomplete"])
        self.assertEqual([f["outcome"] for f in run.facts("cert.aia")], ["ok"], run.story())

    def test_issuer_published_wrongly(self):
        for path, page in (("/page.cer", b"<html>Please log in</html>"),
                           ("/root.cer", self.pki.root.cert.der)):
            with self.subTest(path):
                url = self.pki.files.put(path, page)
                self.broken(SstpFront(self.middle.issue(NAME, aia=url)), INCOMPLETE)

    def test_inspected(self):
        box = Authority("FortiGate CA", files=self.pki.files)
        self.broken(SstpFront(box.issue(NAME, crl=None), box.cert), INTERCEPTED)


class Handshakes(Parts):

    def s_server(self, *options):
        return SServer(self.chain, self.good.key, *options)

    def test_nobody_listens(self):
        at = address()
        port = free_port(at)
        front = self.pki.front(self.good, addr=at, port=port)
        self.clear(front)
        front.stop()
        self.broken(front, REFUSED)

    def test_closes(self):
        for how in ("at once", "behind the hello"):
            with self.subTest(how):
                self.broken(Listener(lambda c, how=how: how == "at once" or c.recv(4096)),
                            NO_CERTIFICATE)

    def test_resets(self):
        def reset(connection):
            connection.recv(4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.broken(Listener(reset), NO_CERTIFICATE)

    def test_speaks_something_else(self):
        def ssh(connection):
            connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
            connection.recv(4096)
        self.broken(Listener(ssh), NOT_SSTP)

    def test_only_old_versions(self):
        for option in ("-tls1_1", "-tls1"):
            with self.subTest(option):
                self.broken(self.s_server(option, "-cipher", "DEFAULT@SECLEVEL=0"), NOT_SSTP,
                            warnings=["sstp-old-tls"])

    def test_only_one_new_version(self):
        """The twins: TLS alone is well, and what is behind it turns lines round."""
        for option in ("-tls1_2", "-tls1_3"):
            with self.subTest(option):
                self.broken(self.s_server(option), NOT_SSTP)

    def test_client_certificate(self):
        for option in ("-tls1_2", "-tls1_3"):
            with self.subTest(option):
                self.broken(self.s_server(option, "-Verify", "1", "-verify_return_error"),
                            CLIENT_CERTIFICATE)

    def test_client_certificate_that_may_be_left_out(self):
        self.broken(self.s_server("-verify", "1"), NOT_SSTP)

    def test_no_cipher_in_common(self):
        """A key for RSA suites alone, which an ECDSA certificate cannot serve."""
        self.broken(self.s_server("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"), TLS_FAILS)


class Calls(Parts):

    def test_old_version(self):
        """Not every Windows has TLS 1.1 switched off, so this is no cause by itself."""
        front = self.pki.front(self.good)
        front.take_old_versions()
        self.clear(front, warnings=["sstp-old-tls"])

    def test_refused(self):
        self.broken(self.pki.front(self.good, answer=call_nak), CALL_REFUSED)

    def test_no_port_left(self):
        self.broken(self.pki.front(self.good, status="503 Service Unavailable"), EXHAUSTED)

    def test_stopped_service(self):
        self.broken(self.pki.front(self.good, status="404 Not Found"), NOT_SSTP)

    def test_garbage_for_an_ack(self):
        self.broken(self.pki.front(self.good, answer=lambda: b"\x16\x03\x01\x02\x00" * 9), NOT_SSTP)

    def test_no_ack(self):
        self.broken(self.pki.front(self.good, silent=True), CALL_SILENT)


class WebServer(Parts):

    @classmethod
    def setUpClass(cls):
        if not harness.tool("nginx"):
            raise unittest.SkipTest("want nginx, have none")
        super().setUpClass()
        cls.tls = f"ssl_certificate {cls.chain};\nssl_certificate_key {cls.good.key};\n"

    def test_web_server(self):
        self.broken(Nginx(f"server {{ listen {{at}} ssl;\n{self.tls} }}"), NOT_SSTP)

    def test_web_server_that_forwards(self):
        """As on a reverse proxy that nobody told of SSTP, with the server itself behind it."""
        front = self.pki.front(self.good)
        self.clear(front)
        self.broken(Nginx(f"server {{ listen {{at}} ssl;\n{self.tls}\n"
                          f"location / {{ proxy_pass https://{front.addr}:{front.port}; }} }}"),
                    NOT_SSTP)
        self.assertEqual(len(front.calls), 1)

    def test_plain_http(self):
        self.broken(Nginx("server { listen {at}; }"), NOT_SSTP)

    def test_busy_gateway_is_not_out_of_ports(self):
        self.broken(Nginx(f"server {{ listen {{at}} ssl;\n{self.tls}\nreturn 503; }}"), NOT_SSTP)

    def test_other_names_only(self):
        other = self.middle.issue("www.corp.example")
        self.broken(Nginx(f"server {{ listen {{at}} ssl default_server;\n{self.tls}\n"
                          f"ssl_reject_handshake on; }}\n"
                          f"server {{ listen {{at}} ssl; server_name www.corp.example;\n"
                          f"ssl_certificate {bundle(other, self.middle.cert)};\n"
                          f"ssl_certificate_key {other.key}; }}"), TLS_FAILS)

    def test_old_versions(self):
        self.broken(Nginx(f"server {{ listen {{at}} ssl;\n{self.tls}\nssl_protocols TLSv1.1;\n"
                          f"ssl_ciphers DEFAULT@SECLEVEL=0; }}"), NOT_SSTP,
                    warnings=["sstp-old-tls"])


class Names(Parts):

    @classmethod
    def setUpClass(cls):
        if not harness.tool("named"):
            raise unittest.SkipTest("want named, have none")
        super().setUpClass()
        cls.front = cls.pki.front(cls.good)
        cls.dead = address()
        cls.dns = Bind([Zone("corp.example", f"""
            vpn A {cls.front.addr}
            alias CNAME vpn
            nothing TXT "no address"
            dead A {cls.dead}""")])
        cls.dns.wait_ready()

    def ask(self, name, verdict, *causes, **how):
        run = run_clearway("check", "sstp", f"{name}.corp.example:{self.front.port}", "--dns",
                           self.dns.at, "--ca", self.pki.ca)
        self.expect(run, verdict, *causes, **how)
        return run

    def test_good(self):
        self.ask("vpn", "clear")

    def test_no_such_name(self):
        self.ask("vnp", "cause-found", UNRESOLVED)

    def test_name_without_address(self):
        self.ask("nothing", "cause-found", UNRESOLVED)

    def test_alias_has_another_name(self):
        self.ask("alias", "cause-found", WRONG_NAME)

    def test_nobody_at_the_address(self):
        self.ask("dead", "cause-found", REFUSED)

    def test_one_of_two(self):
        cert = self.middle.issue("two.corp.example")
        front = self.pki.front(cert, addr=address())
        dead = address()
        dns = Bind([Zone("corp.example", f"two A {front.addr}\ntwo A {dead}")])
        dns.wait_ready()
        run = run_clearway("check", "sstp", f"two.corp.example:{front.port}", "--dns", dns.at,
                           "--ca", self.pki.ca)
        self.expect(run, "cause-found", PARTLY)


if __name__ == "__main__":
    harness.main()
