#!/usr/bin/python3
"""What `clearway check sstp` says of revocation lists, and of OCSP as openssl answers it."""

import time
import unittest

import harness
from harness import Bind, Case, Zone, address, free_port, run_clearway
from webparts import DAY, NAME, Authority, Pki, SstpFront, now, ocsp_page, openssl

harness.need("openssl")

REVOKED = ("sstp-cert-revoked", "0x80092010")
NO_SOURCE = ("sstp-cert-no-cdp", "0x80092012")
UNREACHABLE = ("sstp-crl-unreachable", "0x80092013")
STALE = ("sstp-crl-stale", "0x80092013")


class Parts(Case):
    count = 0  # of authorities

    @classmethod
    def setUpClass(cls):
        cls.pki = Pki()
        cls.files = cls.pki.files

    def setUp(self):
        """An authority of this test's own, whose list may be spoilt."""
        Parts.count += 1
        self.ca = Authority(f"Interop CA {Parts.count}", self.pki.root, self.files)

    def check(self, cert, verdict, *causes, issuer=None, more=(), **how):
        front = SstpFront(cert, (issuer or cert.authority).cert)
        run = run_clearway("check", "sstp", NAME, "--connect-to", f"{front.addr}:{front.port}",
                           "--ca", self.pki.ca, *more)
        self.expect(run, verdict, *causes, **how)
        self.assertEqual(front.complaints, [], run.story())
        self.assertTrue(front.calls, run.story())
        return run

    def clear(self, cert, **how):
        return self.check(cert, "clear", **how)

    def broken(self, cert, *causes, **how):
        return self.check(cert, "cause-found", *causes, **how)

    def source(self, run, url):
        """The outcome of this source."""
        outcomes = [f["outcome"] for f in run.facts("cert.revocation") if f["subject"] == url]
        self.assertEqual(len(outcomes), 1, run.story())
        return outcomes[0]


class Lists(Parts):

    def test_revoked(self):
        cert, twin = self.ca.issue(NAME), self.ca.issue(NAME)
        self.clear(cert)
        self.ca.revoke(cert)
        self.clear(cert)  # nobody knows yet
        self.ca.publish()
        run = self.broken(cert, REVOKED)
        self.assertEqual(self.source(run, self.ca.crl_url), "revoked")
        self.clear(twin)

    def test_issuer_revoked(self):
        root = Authority("Interop Root of a revoked CA", files=self.files)
        ca = Authority("Interop Revoked CA", root, self.files)
        cert = ca.issue(NAME)
        self.clear(cert, more=["--ca", root.cert.path])
        root.revoke(ca.cert)
        root.publish()
        self.broken(cert, REVOKED, more=["--ca", root.cert.path])

    def serve(self, body, kind="application/pkix-crl", status=200):
        self.files.put(f"/{self.ca.slug}.crl", body, kind, status)
        return self.ca.issue(NAME)

    def test_stale(self):
        cert = self.serve(self.ca.crl(now() - 9 * DAY, now() - 2 * DAY))
        run = self.broken(cert, STALE)
        self.assertEqual(self.source(run, self.ca.crl_url), "stale")
        self.ca.publish()
        self.clear(cert)

    def test_of_tomorrow(self):
        self.broken(self.serve(self.ca.crl(now() + DAY, now() + 8 * DAY)), STALE)

    def test_of_another_authority(self):
        self.broken(self.serve(self.pki.root.crl()), STALE)

    def test_signed_by_another_key(self):
        same_name = Authority(self.ca.name, files=None)
        run = self.broken(self.serve(same_name.crl()), STALE)
        self.assertEqual(self.source(run, self.ca.crl_url), "untrusted")

    def test_cut(self):
        self.broken(self.serve(self.ca.crl()[:-20]), STALE)

    def test_text_form(self):
        """Windows fetches lists in DER alone."""
        path = harness.folder("pem") + "/list"
        with open(path, "wb") as f:
            f.write(self.ca.crl())
        pem = openssl("crl", "-inform", "DER", "-in", path).stdout
        self.broken(self.serve(pem), STALE)

    def test_page_in_place_of_a_list(self):
        self.broken(self.serve(b"<html>Please accept our terms</html>", "text/html"), STALE)

    def test_empty(self):
        self.broken(self.serve(b""), STALE)

    def test_not_there(self):
        for status in (404, 500):
            with self.subTest(status):
                self.broken(self.serve(b"<html>no</html>", "text/html", status), UNREACHABLE)

    def test_nobody_listens(self):
        at = address()
        self.broken(self.ca.issue(NAME, crl=f"http://{at}:{free_port(at)}/list.crl"), UNREACHABLE)

    def test_list_of_the_issuer(self):
        """The server's own certificate is not the only one with a status."""
        at = address()
        ca = Authority("Interop CA without list", self.pki.root, self.files,
                       crl=f"http://{at}:{free_port(at)}/list.crl")
        self.broken(ca.issue(NAME), UNREACHABLE)

    def test_inside_alone(self):
        self.broken(self.ca.issue(NAME, crl="ldap:///CN=ca?certificateRevocationList"),
                    UNREACHABLE)

    def test_no_source(self):
        self.broken(self.ca.issue(NAME, crl=None), NO_SOURCE)

    def test_issuer_without_source(self):
        ca = Authority("Interop CA without source", self.pki.root, self.files, crl=None)
        self.broken(ca.issue(NAME), NO_SOURCE)

    def test_slow(self):
        body = self.ca.crl()

        def page(method, asked):
            time.sleep(5.3)
            return 200, "application/pkix-crl", body

        self.files.put(f"/{self.ca.slug}.crl", page)
        self.clear(self.ca.issue(NAME), warnings=["sstp-crl-slow"])


class ListNames(Parts):

    @classmethod
    def setUpClass(cls):
        if not harness.tool("named"):
            raise unittest.SkipTest("want named, have none")
        super().setUpClass()
        cls.dns = Bind([Zone("corp.example", f"crl A {cls.files.addr}")])
        cls.dns.wait_ready()

    def name(self, host):
        return self.ca.issue(NAME, crl=f"http://{host}.corp.example:{self.files.port}"
                                       f"/{self.ca.slug}.crl")

    def test_found(self):
        self.clear(self.name("crl"), more=["--dns", self.dns.at])

    def test_unresolved(self):
        self.broken(self.name("crl-inside"), UNREACHABLE, more=["--dns", self.dns.at])


class Responder(Parts):

    def with_ocsp(self, page, crl=None):
        url = self.files.put(f"/{self.ca.slug}-ocsp", page)
        return self.ca.issue(NAME, crl=crl, ocsp=url), url

    def test_good(self):
        cert, url = self.with_ocsp(ocsp_page(self.ca))
        run = self.clear(cert)
        self.assertEqual(self.source(run, url), "ok")

    def test_revoked(self):
        cert, url = self.with_ocsp(ocsp_page(self.ca))
        self.ca.revoke(cert)
        run = self.broken(cert, REVOKED)
        self.assertEqual(self.source(run, url), "revoked")

    def test_revoked_there_alone(self):
        """The list is older than what the responder knows."""
        cert, _ = self.with_ocsp(ocsp_page(self.ca), crl="own")
        self.clear(cert)
        self.ca.revoke(cert)
        self.broken(cert, REVOKED)

    def test_signer_of_its_own(self):
        signer = self.ca.issue("ocsp.corp.example", eku="OCSPSigning", crl=None)
        cert, url = self.with_ocsp(ocsp_page(self.ca, signer))
        run = self.clear(cert)
        self.assertEqual(self.source(run, url), "ok")

    def test_signer_without_the_right(self):
        signer = self.ca.issue("www.corp.example")
        cert, url = self.with_ocsp(ocsp_page(self.ca, signer))
        run = self.broken(cert, STALE)
        self.assertEqual(self.source(run, url), "untrusted")

    def test_signer_of_somebody_else(self):
        other = Authority("Bystander of OCSP", files=self.files)
        cert, url = self.with_ocsp(ocsp_page(self.ca, other.cert))
        run = self.broken(cert, STALE)
        self.assertEqual(self.source(run, url), "untrusted")

    def test_unknown(self):
        """A responder of another authority does not know the certificate."""
        other = Authority("Other CA of OCSP", self.pki.root, self.files)
        cert, url = self.with_ocsp(ocsp_page(other))
        self.broken(cert, STALE)

    def test_broken_but_the_list_is_there(self):
        cert, url = self.with_ocsp(lambda *_: (500, "text/plain", b"out of order"), crl="own")
        run = self.clear(cert, warnings=["sstp-crl-unreachable"])
        self.assertEqual(self.source(run, url), "http-status")

    def test_broken(self):
        cert, _ = self.with_ocsp(lambda *_: (500, "text/plain", b"out of order"))
        self.broken(cert, UNREACHABLE)


if __name__ == "__main__":
    harness.main()
