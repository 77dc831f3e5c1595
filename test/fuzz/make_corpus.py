#!/usr/bin/python3
"""Writes the seeds of test/fuzz/corpus: messages and files made by hand, good and bad ones.

usage: make_corpus.py [FOLDER]

What the fuzzers found later lies beside them under names made of digits.
"""

import base64
import os
import struct
import sys

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "corpus")

A, NS, CNAME, SOA, PTR, TXT, AAAA, SRV, OPT, TSIG, ANY = 1, 2, 5, 6, 12, 16, 28, 33, 41, 250, 255


def put(target, name, data):
    os.makedirs(os.path.join(FOLDER, target), exist_ok=True)
    with open(os.path.join(FOLDER, target, name), "wb") as out:
        out.write(data)


def name(text):
    labels = text.encode().split(b".") if text else []
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, rdata, klass=1, ttl=300):
    return owner + struct.pack(">HHIH", kind, klass, ttl, len(rdata)) + rdata


def message(flags, question, answer=(), authority=(), additional=(), count=None):
    counts = count or [len(question), len(answer), len(authority), len(additional)]
    return struct.pack(">HH4H", 0x1234, flags, *counts) + \
        b"".join([*question, *answer, *authority, *additional])


ASKED = "_vlmcs._tcp.contoso.com"
POINTER = b"\xc0\x0c"
DOMAIN = b"\xc0\x18"
QUESTION = name(ASKED) + struct.pack(">HH", SRV, 1)
EDNS = record(b"\0", OPT, b"", 1232, 0)


def srv(target, priority=0, port=1688):
    return struct.pack(">HHH", priority, 5, port) + target


def soa():
    return b"\3ns1" + DOMAIN + b"\5admin" + DOMAIN + struct.pack(">5I", 7, 900, 600, 86400, 300)


def dns():
    answer = [record(POINTER, SRV, srv(name("kms%02d.contoso.com" % i), i)) for i in range(2)]
    extra = [record(name("kms00.contoso.com"), A, bytes([192, 0, 2, 7])),
             record(name("kms00.contoso.com"), AAAA, bytes(15) + b"\7"), EDNS]
    put("dns", "query", message(0x0100, [QUESTION]))
    put("dns", "query-edns", message(0x0100, [QUESTION], additional=[EDNS]))
    put("dns", "answer", message(0x8580, [QUESTION], answer, additional=extra))
    put("dns", "name-missing", message(0x8583, [QUESTION], authority=[record(DOMAIN, SOA, soa())]))
    put("dns", "refused-bare", message(0x8005, []))
    put("dns", "bad-version", message(0x8000, [], additional=[record(b"\0", OPT, b"", 512, 1 << 24)]))
    put("dns", "opt-first", message(0x8400, [QUESTION], additional=[EDNS, *extra[:2]]))
    put("dns", "opt-twice", message(0x8400, [QUESTION], additional=[EDNS, EDNS]))
    put("dns", "root-target", message(0x8400, [QUESTION], [record(POINTER, SRV, srv(b"\0"))]))
    put("dns", "target-pointer", message(0x8400, [QUESTION], [record(POINTER, SRV, srv(DOMAIN))]))
    put("dns", "alias-chain", message(0x8400, [QUESTION], [
        record(POINTER, CNAME, b"\1a" + DOMAIN), record(b"\1a" + DOMAIN, CNAME, POINTER)]))
    put("dns", "texts", message(0x8400, [QUESTION], [
        record(DOMAIN, TXT, b"\3one\0\4\\\"\0\xff"), record(DOMAIN, TXT, b"\0"),
        record(DOMAIN, PTR, DOMAIN), record(DOMAIN, NS, b"\3ns1" + DOMAIN),
        record(DOMAIN, 65280, b"\xc0\x0c")]))
    put("dns", "bad-rdata", message(0x8400, [QUESTION], [
        record(POINTER, kind, b"\0\1\xff") for kind in (A, NS, SOA, TXT, AAAA, SRV)]))
    put("dns", "empty-rdata", message(0x8400, [QUESTION], [record(POINTER, SRV, b"")]))
    put("dns", "update", message(0x2800, [name("contoso.com") + struct.pack(">HH", SOA, 1)],
        [record(name("a.contoso.com"), ANY, b"", 255, 0), record(POINTER, SRV, b"", 254, 0)],
        [record(b"\1b" + POINTER, SRV, b"", 255, 0), record(b"\1b" + POINTER, TXT, b"\1x", 254, 0),
         record(b"\1b" + POINTER, SRV, srv(name("kms01.contoso.com")))]))
    put("dns", "loop-to-itself", message(0x8400, [b"\xc0\x0c" + QUESTION[-4:]]))
    put("dns", "loop-of-two", message(0x8400, [b"\xc0\x0e\xc0\x0c" + QUESTION[-4:]]))
    put("dns", "pointer-forwards", message(0x8400, [b"\xc0\x12" + QUESTION[-4:] + b"\1a\0"]))
    put("dns", "pointer-chain", message(0x8400, [QUESTION], [
        record(POINTER if not i else struct.pack(">H", 0xc000 | 41 + 12 * (i - 1)), 65280, b"")
        for i in range(140)]))
    put("dns", "counts-too-large", message(0x8400, [QUESTION], answer, count=[1, 65535, 65535, 65535]))
    put("dns", "pointer-into-header", message(0x8400, [QUESTION], [
        record(b"\xc0\x09", SRV, srv(b"\xc0\x18"))]))
    put("dns", "two-questions", message(0, [QUESTION, b"\1x" + POINTER + b"\0\1\0\1"]))
    put("dns", "trailing", message(0x8400, [QUESTION]) + b"more")
    put("dns", "cut", message(0x8400, [QUESTION], answer)[:-9])
    longest = b"".join(bytes([n]) + b"\x80" * n for n in (63, 63, 63, 61)) + b"\0"
    put("dns", "name-of-255", message(0, [longest + b"\0\1\0\1"]))
    put("dns", "name-of-256", message(0, [b"\1a" + longest[2:] + b"\1a\0" + b"\0\1\0\1"]))
    put("dns", "label-types", message(0, [b"\x40\x80\0" + b"\0\1\0\1"]))
    put("dns", "idn", message(0, [name("b\u00fcro\\.*.contoso.com") + b"\0\1\0\1"]))


def tsig_record(key, algorithm, mac, error=0, other=b"", time=1700000000):
    rdata = name(algorithm) + struct.pack(">HIHH", time >> 32, time & 0xffffffff, 300, len(mac)) + \
        mac + struct.pack(">HHH", 0x1234, error, len(other)) + other
    return record(name(key), TSIG, rdata, 255, 0)


def tsig():
    key, algorithm, mac = "kms-update.contoso.com", "hmac-sha256", bytes(range(32))

    def signed(*args, **more):
        return message(0x8400, [QUESTION], additional=[EDNS, tsig_record(*args, **more)])

    put("tsig", "unsigned", message(0x0100, [QUESTION]))
    put("tsig", "unsigned-edns", message(0x0100, [QUESTION], additional=[EDNS]))
    put("tsig", "unsigned-answer", message(0x8400, [QUESTION], [record(POINTER, SRV, srv(DOMAIN))]))
    # its owner would change with the count of additional records
    put("tsig", "pointer-into-header", message(0x8400, [name("a") + QUESTION[-4:]], authority=[
        record(b"\xc0\x09", SRV, srv(b"\xc0\x13"))]))
    put("tsig", "unsigned-bare", message(0x8005, []))
    put("tsig", "signed", signed(key, algorithm, mac))
    put("tsig", "other-key", signed("other", algorithm, mac))
    put("tsig", "other-algorithm", signed(key, "hmac-md5.sig-alg.reg.int", mac[:16]))
    put("tsig", "unknown-algorithm", signed(key, "gss-tsig", mac))
    put("tsig", "mac-short", signed(key, algorithm, mac[:16]))
    put("tsig", "mac-too-short", signed(key, algorithm, mac[:9]))
    put("tsig", "mac-too-long", signed(key, algorithm, bytes(65)))
    put("tsig", "badsig", signed(key, algorithm, b"", 16))
    put("tsig", "badkey", signed(key, algorithm, b"", 17))
    put("tsig", "badtime", signed(key, algorithm, mac, 18, b"\0\0\x65\x53\xf1\0"))
    put("tsig", "long-other-data", signed(key, algorithm, mac, 18, bytes(700)))
    put("tsig", "clock", signed(key, algorithm, mac, time=(1 << 48) - 1))
    put("tsig", "not-last", message(0, [QUESTION],
                                    additional=[tsig_record(key, algorithm, mac), EDNS]))
    put("tsig", "cut", signed(key, algorithm, mac)[:-3])
    put("tsig", "trailing", signed(key, algorithm, mac) + b"x")


def tsig_key():
    secret = base64.b64encode(b"secret-of-the-fuzzers").decode()

    def statement(algorithm="hmac-sha256", text=secret, key="kms-update.contoso.com"):
        return f'key "{key}" {{\n\talgorithm {algorithm};\n\tsecret "{text}";\n}};\n'.encode()

    def private(number, text=secret, file=None, bits="AAA="):
        file = file or f"Kkms.contoso.com.+{number}+04711.private"
        return (f"{file}\nPrivate-key-format: v1.3\nAlgorithm: {number} (HMAC)\nKey: {text}\n"
                f"Bits: {bits}\nCreated: 20240229120000\n").encode()

    for algorithm in ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384",
                      "hmac-sha512", "hmac-md5.sig-alg.reg.int", "gss-tsig"):
        put("tsig-key", algorithm, statement(algorithm))
    for number in (157, 161, 162, 163, 164, 165, 8):
        put("tsig-key", f"private-{number}", private(number))
    put("tsig-key", "private-cut-mac", private(163, bits="AIA="))
    put("tsig-key", "private-odd-name", private(163, file="Ka%2fb\\.c+d.+163+1.private"))
    put("tsig-key", "private-other-number", private(163, file="Ka.+165+1.private"))
    put("tsig-key", "private-no-name", private(163)[len("Kkms.contoso.com.+163+04711.private\n"):])
    put("tsig-key", "comments", b"# one\n// two\n/* three\n*/ " + statement() + b"# end")
    put("tsig-key", "comment-open", b"/* key" + statement())
    put("tsig-key", "bare-words", b"key a.b. { secret " + secret.encode() + b"; algorithm hmac-sha1; };")
    put("tsig-key", "two-keys", statement() * 2)
    put("tsig-key", "padding", statement(text="AA=="))
    put("tsig-key", "padding-bad", statement(text="AB=="))
    put("tsig-key", "spaces", statement(text="AA A\n\tA"))
    put("tsig-key", "largest", statement(text=base64.b64encode(bytes(512)).decode()))
    put("tsig-key", "too-large", statement(text=base64.b64encode(bytes(513)).decode()))
    put("tsig-key", "escapes", statement(key="a\\.b\\032.\\255"))
    put("tsig-key", "byte-order-mark", b"\xef\xbb\xbf" + statement().replace(b"\n", b"\r\n"))


def uuid(text, order):
    parts = text.split("-")
    return struct.pack(order + "IHH", *(int(p, 16) for p in parts[:3])) + \
        bytes.fromhex(parts[3] + parts[4])


def pdu(kind, body, order="<", auth=b"", flags=3):
    length = 16 + len(body) + len(auth)
    return bytes([5, 0, kind, flags, 0x10 if order == "<" else 0, 0, 0, 0]) + \
        struct.pack(order + "HHI", length, max(0, len(auth) - 8), 7) + body + auth


def dcerpc():
    kms, ndr = "51c82175-844e-4750-b0d8-ec255555bc06", "8a885d04-1ceb-11c9-9fe8-08002b104860"

    def syntax(text, version, order):
        return uuid(text, order) + struct.pack(order + "I", version)

    def bind(contexts, order="<", transfers=1):
        body = struct.pack(order + "HHIBxxx", 5840, 5840, 0, contexts)
        for i in range(contexts):
            body += struct.pack(order + "HBx", i, transfers) + syntax(kms, 1, order) + \
                syntax(ndr, 2, order) * transfers
        return pdu(11, body, order)

    def ack(results, order="<", port=b"1688\0", auth=b""):
        body = struct.pack(order + "HHIH", 5840, 5840, 1, len(port)) + port
        body += bytes(-(16 + len(body)) % 4) + struct.pack("Bxxx", len(results))
        for result, reason in results:
            body += struct.pack(order + "HH", result, reason) + syntax(ndr, 2, order)
        return pdu(12, body, order, auth)

    put("dcerpc", "bind", bind(1))
    put("dcerpc", "bind-two", bind(2))
    put("dcerpc", "bind-big-endian", bind(8, ">"))
    put("dcerpc", "bind-two-transfers", bind(1, transfers=2))
    put("dcerpc", "bind-no-transfer", bind(1, transfers=0))
    put("dcerpc", "bind-nine", bind(9))
    put("dcerpc", "bind-none", bind(0))
    put("dcerpc", "ack", ack([(0, 0), (2, 1)]))
    put("dcerpc", "ack-big-endian", ack([(2, 2)], ">"))
    put("dcerpc", "ack-no-port", ack([(0, 0)], port=b""))
    put("dcerpc", "ack-port-135", ack([(3, 0)], port=b"135\0"))
    put("dcerpc", "ack-auth", ack([(0, 0)], auth=bytes(20)))
    put("dcerpc", "ack-nothing", ack([]))
    put("dcerpc", "ack-nine", ack([(0, 0)] * 9))
    put("dcerpc", "ack-cut", ack([(0, 0)])[:-1])
    put("dcerpc", "ack-more", ack([(0, 0)]) + b"more")
    put("dcerpc", "nak", pdu(13, b"\4\0\1\5\0"))
    put("dcerpc", "nak-short", pdu(13, b"\4\0"))
    put("dcerpc", "nak-big-endian", pdu(13, b"\0\4\1\5\0", ">"))
    put("dcerpc", "fault", pdu(3, bytes(8) + b"\3\0\1\x1c" + bytes(4)))
    put("dcerpc", "fragment", pdu(12, bytes(40), flags=1))
    put("dcerpc", "header", pdu(12, b"")[:9])
    for label, text in {"tls": b"\x15\3\3\0\2\2F", "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
                        "ssh": b"SSH-2.0-OpenSSH_9.2\r\n", "smb": b"\0\0\0\x55\xfeSMB\x40\0",
                        "smtp": b"220 mail ESMTP\r\n", "http2": b"\0\0\x12\4" + bytes(5),
                        "socks": b"\5\xff"}.items():
        put("dcerpc", label, text)


RESPONSE, REQUEST, HEAD, CONNECT = 1, 0, 2, 4
ENDLESS = b"Content-Length: 18446744073709551615\r\n"


def http():
    def message(label, kind, *lines, body=b"", piece=7):
        text = b"\r\n".join(lines) + b"\r\n\r\n" + body
        put("http", label, bytes([kind | piece << 3 & 255]) + text)

    ok = b"HTTP/1.1 200 OK"
    date = b"Date: Sun, 06 Nov 1994 08:49:37 GMT"
    message("length", RESPONSE, ok, date, b"Content-Length: 5", body=b"hellomore")
    message("lengths", RESPONSE, ok, b"Content-Length: 5, 5", b"Content-Length: 6", body=b"hello")
    message("until-close", RESPONSE, b"HTTP/1.0 200", b"Date: Sunday, 06-Nov-94 08:49:37 GMT",
            body=b"text")
    message("chunked", RESPONSE, ok, b"Transfer-Encoding: chunked",
            body=b"5;a=b\r\nhello\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nmore")
    message("chunk-large", RESPONSE, ok, b"Transfer-Encoding: chunked", body=b"f" * 17)
    message("head", RESPONSE | HEAD, ok, b"Content-Length: 5")
    message("tunnel", RESPONSE | CONNECT, ok, b"Proxy-Agent: x", body=b"\x16\3\1")
    message("proxy-auth", RESPONSE | CONNECT, b"HTTP/1.1 407 Proxy Authentication Required",
            b"Proxy-Authenticate: Negotiate", b"Proxy-Authenticate: NTLM", b"Content-Length: 0")
    message("interim", RESPONSE, b"HTTP/1.1 100 Continue", body=ok + b"\r\n\r\ntext")
    message("folded", RESPONSE, ok, b"A: one", b"\t two", b"B :", b" b", b"Content-Length: 0")
    message("endless", RESPONSE | 6, b"HTTP/1.1 200", ENDLESS[:-2], body=b"\x10\1\0\x30")
    message("bare-line-feeds", RESPONSE, ok + b"\nDate: Sun Nov  6 08:49:37 1994\n\nbody")
    message("request", REQUEST, b"\r\nGET /ca.crl?x HTTP/1.1", b"Host: crl.test")
    message("request-body", REQUEST, b"POST /ocsp HTTP/1.1", b"Content-Length: 3", body=b"abcGET")
    message("request-both", REQUEST, b"POST / HTTP/1.1", b"Content-Length: 3",
            b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    message("mail", REQUEST, b"EHLO example")
    message("ssh", RESPONSE, b"SSH-2.0-OpenSSH_9.2")


def httpauth():
    for label, text in {
            "schemes": "Negotiate, NTLM, Basic realm=\"a, b\", Digest realm=r, nonce=n, qop=auth",
            "digest": "Digest realm=\"r \\\"q\\\"\", nonce=\"7ypf/xlj=\", opaque=\"o\", "
                      "algorithm=SHA-256, qop=\"auth, auth-int\", stale=true",
            "digest-session": "Digest realm=r,nonce=n,algorithm=MD5-sess",
            "digest-old": "digest nonce=\"n\" , realm=\"\"",
            "digest-answer": "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth, "
                             "nc=00000001, cnonce=\"c\", response=\"%s\"" % ("0" * 32),
            "basic-answer": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "token": "NTLM TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA=",
            "commas": " ,, Basic ,,NTLM , x=y",
            "cut": "Basic realm=\"x",
            "many": ", ".join("abcdefghijklmnopqr")}.items():
        put("httpauth", label, text.encode())


def ntlm():
    def fields(head, *parts, tail=b""):
        at = len(head) + 8 * len(parts) + len(tail)
        out, payload = head, b""
        for part in parts:
            out += struct.pack("<HHI", len(part), len(part), at + len(payload))
            payload += part
        return out + tail + payload

    def wide(text):
        return text.encode("utf-16-le")

    def pair(kind, value):
        return struct.pack("<HH", kind, len(value)) + value

    sign = b"NTLMSSP\0"
    flags = 0x00888201
    negotiate = fields(sign + struct.pack("<II", 1, 0x00088206), b"", b"")
    put("ntlm", "negotiate", negotiate)
    put("ntlm", "negotiate-names", fields(sign + struct.pack("<II", 1, 0x0008b206), b"LAB", b"PC"))
    put("ntlm", "negotiate-short", negotiate[:16])
    info = pair(2, wide("LAB")) + pair(1, wide("PROXY")) + bytes(4)
    timed = pair(2, wide("LAB")) + pair(7, bytes(range(8))) + bytes(4)

    def challenge(target_info, its_flags=flags):
        name = wide("LAB")
        head = sign + struct.pack("<I", 2) + struct.pack("<HHI", len(name), len(name), 48)
        head += struct.pack("<I", its_flags) + bytes(range(8)) + bytes(8)
        head += struct.pack("<HHI", len(target_info), len(target_info), 48 + len(name))
        return head + name + target_info

    put("ntlm", "challenge", challenge(info))
    put("ntlm", "challenge-timed", challenge(timed))
    put("ntlm", "challenge-no-end", challenge(info[:-4]))
    put("ntlm", "challenge-oem", challenge(info, 0x00888202))
    put("ntlm", "challenge-plain", challenge(b"", 0x201)[:40])
    put("ntlm", "challenge-beyond", challenge(info)[:-9])
    put("ntlm", "authenticate", fields(
        sign + struct.pack("<I", 3), bytes(24), bytes(60), wide("LAB"), wide("user"), wide("PC1"),
        b"", tail=struct.pack("<I", flags)))
    put("ntlm", "authenticate-surrogates", fields(
        sign + struct.pack("<I", 3), bytes(24), bytes(24), b"", b"\x3d\xd8A\0\x11\xdd", b"", b"x",
        tail=struct.pack("<I", flags)))


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else struct.pack(">BH", 0x82, len(body))
    return bytes([tag]) + length + body


def spnego():
    ntlm_oid = der(6, bytes.fromhex("2b06010401823702020a"))
    kerberos = der(6, bytes.fromhex("2a864886f712010202"))
    other = der(6, b"\x2a\3")

    def init(mechs, *fields):
        mech_list = der(0xa0, der(0x30, *mechs))
        return der(0x60, der(6, bytes.fromhex("2b0601050502")),
                   der(0xa0, der(0x30, mech_list, *fields)))

    put("spnego", "init", init([kerberos, ntlm_oid], der(0xa2, der(4, b"NTLMSSP\0"))))
    put("spnego", "init-large", init([ntlm_oid], der(0xa2, der(4, bytes(300)))))
    put("spnego", "init-flags", init([other], der(0xa1, der(3, b"\1\2")), der(0xa3, der(4, b"m"))))
    put("spnego", "init-many", init([kerberos] * 9))
    put("spnego", "response", der(0xa1, der(0x30, der(0xa0, der(10, b"\1")), der(0xa1, ntlm_oid),
                                           der(0xa2, der(4, b"token")))))
    put("spnego", "response-rejected", der(0xa1, der(0x30, der(0xa0, der(10, b"\2")))))
    put("spnego", "response-empty", der(0xa1, der(0x30)))
    put("spnego", "bare-kerberos", der(0x60, kerberos, b"\1\0ticket"))
    put("spnego", "bare-ntlm", b"NTLMSSP\0\1\0\0\0")
    put("spnego", "indefinite", b"\x60\x80")


def sstp():
    packets, client, server = 0, 1, 2

    def control(kind, *attributes, announced=None):
        count = len(attributes) if announced is None else announced
        body = struct.pack(">HH", kind, count)
        for ident, value in attributes:
            body += struct.pack(">BBH", 0, ident, len(value) + 4) + value
        return struct.pack(">BBH", 0x10, 1, len(body) + 4) + body

    def seed(label, who, *parts, piece=3):
        put("sstp", label, bytes([who | piece << 2]) + b"".join(parts))

    def status(attribute, value, more=b""):
        return 2, struct.pack(">BHBI", 0, 0, attribute, value) + more

    request = control(1, (1, b"\0\1"))
    ack = control(2, (4, b"\0\0\0\3" + bytes(32)))
    connected = control(4, (3, b"\0\0\0\2" + bytes(96)))
    abort = control(5, status(2, 7))
    ppp = b"\x10\0\0\x0c\xff\3\xc0\x21\1\1\0\4"
    answer = b"HTTP/1.1 200\r\n" + ENDLESS + b"\r\n"
    post = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n" + \
        b"Host: vpn.test\r\n" + ENDLESS + b"SSTPCORRELATIONID: {ID}\r\n\r\n"
    seed("packets", packets, request, ack, connected, abort, ppp, control(7), control(8))
    seed("nak", packets, control(3, status(1, 4, b"\0\2"), status(9, 2)))
    seed("short-status", packets, control(5, (2, b"\0\0\0\7")), control(6, (0, bytes(4))))
    seed("nine", packets, control(1, *[(1, b"\0\1")] * 9))
    seed("announced", packets, control(5, status(0, 0), announced=2))
    seed("reserved", packets, b"\x10\xff\xf0\x0e\0\1\0\1\xff\1\xf0\6\0\1")
    seed("client-ack", client, answer, ack, ppp, abort)
    seed("client-nak", client, answer, control(3, status(1, 4)) * 5, piece=60)
    seed("client-abort", client, answer, abort)
    seed("client-disconnect", client, answer, control(6))
    seed("client-echo", client, answer, control(8))
    seed("client-no-hash", client, answer, control(2, (4, bytes(36))))
    seed("client-status", client, b"HTTP/1.1 404 Not Found\r\n\r\n")
    seed("client-lost", client, answer, b"HTTP", piece=60)
    seed("server-call", server, post, request, ppp, abort)
    seed("server-early", server, post, request, connected, piece=60)
    seed("server-faults", server, post, control(1, (1, b"\0\2"), status(0, 0)) * 4)
    seed("server-get", server, b"GET / HTTP/1.1\r\n\r\n")
    seed("server-disconnect", server, post, control(6, status(0, 0)), control(7))


def url():
    for label, text in {
            "http": "http://crl.contoso.com/a/b/../ca%20one.crl?x=y#part",
            "https": "HTTPS://VPN.Contoso.com:8443", "ipv6": "https://[2001:DB8::1]:444/x",
            "ipv4": "http://192.0.2.1/", "query": "http://a?q", "port-empty": "http://a:/",
            "ldap": "ldap:///CN=CA,DC=contoso?certificateRevocationList?base?objectClass=x",
            "idn": "http://m\xfcnchen.test/", "user": "http://user:secret@host/",
            "other": "file://server/share", "none": "contoso.com:80/x", "port": "http://a:65536/",
            "percent": "http://a/%zz", "bracket": "http://[::1", "reference": "../../g/./h?y/../x",
            "authority": "//other.test/x", "empty": "", "long": "http://a/" + "x" * 2039}.items():
        put("url", label, text.encode())


for seeds in (dns, tsig, tsig_key, dcerpc, http, httpauth, ntlm, spnego, sstp, url):
    seeds()
