"""Real parts for the tests of `clearway check sstp` and `clearway check activation`.

Certificates and lists of authorities that the openssl command keeps, its OCSP responder, web
servers to hand them out, TLS servers, and Squid.
"""

import datetime
import http.server
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import warnings

import harness
from harness import Server, address, at_end, folder, free_port, tool, wait_until, write

DAY = datetime.timedelta(days=1)
NAME = "vpn.corp.example"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def _asn1(when):
    return when.strftime("%Y%m%d%H%M%SZ")


def openssl(*args, check=True):
    ran = subprocess.run([tool("openssl"), *map(str, args)], capture_output=True, timeout=30,
                         stdin=subprocess.DEVNULL)
    if check and ran.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, args))}: {ran.stderr.decode()}")
    return ran


def new_key(kind="EC"):
    path = os.path.join(folder("key"), "key.pem")
    how = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else \
        ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
    openssl("genpkey", *how, "-out", path)
    return path


_leaf_key = None


def leaf_key():
    """One key for all servers: no test is about whose it is."""
    global _leaf_key
    _leaf_key = _leaf_key or new_key()
    return _leaf_key


class Cert:
    """A certificate and what came with it."""

    def __init__(self, path, key, authority=None):
        self.path, self.key, self.authority = path, key, authority

    @property
    def pem(self):
        with open(self.path, encoding="ascii") as f:
            return f.read()

    @property
    def der(self):
        return ssl.PEM_cert_to_DER_cert(self.pem)


class Authority:
    """An authority in a folder of its own, as `openssl ca` keeps it.

    Its list is at `crl_url`, its own certificate at `ca_url`, both of `files`.
    """

    def __init__(self, name, parent=None, files=None, like=None, kind="EC", **issued):
        self.name, self.parent, self.files = name, parent, files
        self.slug = name.lower().replace(" ", "-")
        self.folder = folder(self.slug)
        self.key = like.key if like else new_key(kind)
        self.index = write(os.path.join(self.folder, "index.txt"), "")
        write(os.path.join(self.folder, "index.txt.attr"), "unique_subject = no\n")
        self.config = write(os.path.join(self.folder, "ca.cnf"), f"""
[ca]
default_ca = this
[this]
database = {self.index}
new_certs_dir = {self.folder}
rand_serial = yes
default_md = sha256
default_crl_days = 7
policy = any
unique_subject = no
[any]
commonName = supplied
organizationName = optional
[req]
distinguished_name = dn
prompt = no
[dn]
CN = nobody
""")
        subject = like.name if like else name
        self.subject = f"/O=Interop/CN={subject}"
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        if parent:
            self.cert = parent.issue(subject, key=self.key, extensions=extensions, org="Interop",
                                     san=None, **issued)
        else:
            path = os.path.join(self.folder, "ca.pem")
            openssl("req", "-x509", "-new", "-key", self.key, "-out", path, "-days", "3650",
                    "-subj", self.subject, "-config", self.config, "-sha256",
                    *[x for e in extensions for x in ("-addext", e)])
            self.cert = Cert(path, self.key)
        if files:
            files.put(f"/{self.slug}.cer", self.cert.der, "application/pkix-cert")
            self.ca_url = files.url(f"/{self.slug}.cer")
            self.crl_url = files.url(f"/{self.slug}.crl")
            self.publish()

    def issue(self, name, san="same", extensions=None, eku="serverAuth", crl="own", aia=None,
              ocsp=None, start=None, end=None, key=None, md="sha256", org=None, must=()):
        """crl: "own", None, or a URL. san: list of subjectAltName entries, or None."""
        key = key or leaf_key()
        work = folder("issue")
        extensions = list(extensions or ["basicConstraints=critical,CA:FALSE",
                                         "keyUsage=critical,digitalSignature"])
        if san is not None:
            if eku:
                extensions.append(f"extendedKeyUsage={eku}")
            extensions.append("subjectAltName=" + ",".join([f"DNS:{name}"] if san == "same"
                                                           else san))
        if crl:
            url = self.crl_url if crl == "own" else crl
            extensions.append(f"crlDistributionPoints=URI:{url}")
        access = ([f"caIssuers;URI:{aia}"] if aia else []) + ([f"OCSP;URI:{ocsp}"] if ocsp else [])
        if access:
            extensions.append("authorityInfoAccess=" + ",".join(access))
        extensions += ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", *must]
        extfile = write(os.path.join(work, "ext.cnf"), "\n".join(extensions) + "\n")
        request, path = os.path.join(work, "req.pem"), os.path.join(work, "cert.pem")
        subject = (f"/O={org}" if org else "") + f"/CN={name}"
        openssl("req", "-new", "-key", key, "-subj", subject, "-config", self.config, "-out",
                request)
        openssl("ca", "-config", self.config, "-batch", "-notext", "-in", request, "-out", path,
                "-cert", self.cert.path, "-keyfile", self.key, "-md", md, "-preserveDN",
                "-startdate", _asn1(start or now() - DAY), "-enddate",
                _asn1(end or now() + 365 * DAY), "-extfile", extfile)
        return Cert(path, key, self)

    def revoke(self, cert):
        openssl("ca", "-config", self.config, "-batch", "-cert", self.cert.path, "-keyfile",
                self.key, "-revoke", cert.path, "-crl_reason", "keyCompromise")
        return cert

    def crl(self, start=None, end=None):
        """A list of now in DER."""
        path = os.path.join(folder("crl"), "list.pem")
        openssl("ca", "-config", self.config, "-batch", "-gencrl", "-cert", self.cert.path,
                "-keyfile", self.key, "-out", path, "-crl_lastupdate",
                _asn1(start or now() - DAY), "-crl_nextupdate", _asn1(end or now() + 7 * DAY))
        return openssl("crl", "-in", path, "-outform", "DER").stdout

    def publish(self):
        self.files.put(f"/{self.slug}.crl", self.crl(), "application/pkix-crl")


def bundle(*certs):
    """A file of these certificates, in this order."""
    return write(os.path.join(folder("bundle"), "chain.pem"), "".join(c.pem for c in certs))


class Files:
    """A web server that hands out what was put into it, and says how often each was asked for.

    A page may also be a function of (method, body) that gives (status, type, body).
    """

    def __init__(self, addr=None):
        self.pages, self.asked = {}, {}
        files = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.split("?")[0]
                page = files.pages.get(path)
                if not page and path.count("/") > 1:  # OCSP by GET: the request is in the path
                    page = files.pages.get("/" + path.split("/")[1])
                files.asked[path] = files.asked.get(path, 0) + 1
                if callable(page):
                    page = page(self.command, body or path)
                status, kind, body = page or (404, "text/html", b"<html>Nothing here</html>")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_HEAD = answer

            def log_message(self, *args):
                pass

        self.addr = addr or address()
        self.server = http.server.ThreadingHTTPServer((self.addr, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        at_end(self.stop)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def put(self, path, body, kind="text/html", status=200):
        self.pages[path] = body if callable(body) else (status, kind, body)
        return self.url(path)

    def url(self, path):
        return f"http://{self.addr}:{self.port}{path}"


def ocsp_page(authority, signer=None, days=1):
    """A page of Files that answers as `openssl ocsp` does, which runs once for each request."""
    signer = signer or authority.cert

    def answer(method, body):
        if method != "POST":
            return 405, "text/plain", b"want POST"
        work = folder("ocsp")
        request, response = os.path.join(work, "req.der"), os.path.join(work, "resp.der")
        with open(request, "wb") as f:
            f.write(body)
        ran = openssl("ocsp", "-index", authority.index, "-CA", authority.cert.path, "-rsigner",
                      signer.path, "-rkey", signer.key, "-reqin", request, "-respout", response,
                      "-ndays", str(days), check=False)
        if ran.returncode:
            return 500, "text/plain", ran.stderr
        with open(response, "rb") as f:
            return 200, "application/ocsp-response", f.read()

    return answer


# TLS servers.

class SServer(Server):
    """`openssl s_server`, which turns every line that it reads round and sends it back."""

    def __init__(self, chain, key, *options, name="s_server", addr=None):
        self.folder = folder(name)
        self.addr = addr or address()
        self.port = free_port(self.addr)
        self.start(name, [tool("openssl"), "s_server", "-accept", f"{self.addr}:{self.port}",
                          "-cert", chain, "-cert_chain", chain, "-key", key, "-rev", *options])
        wait_until("s_server", self._up)

    def _up(self):
        self.check_alive()
        return "ACCEPT" in self.said()


class Listener:
    """A TCP port where `talk(connection)` is called for each connection, in a thread."""

    def __init__(self, talk, addr=None, port=None):
        self.talk = talk
        self.addr = addr or address()
        self.socket = socket.create_server((self.addr, port or free_port(self.addr)), backlog=64)
        self.port = self.socket.getsockname()[1]
        at_end(self.stop)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() does not
        except OSError:
            pass
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        connection.settimeout(30)
        try:
            with connection:
                self.talk(connection)
        except (OSError, ValueError):
            pass


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(1024)
        if not more or len(head) > 16384:
            raise ConnectionError("no head")
        head += more
    return head.split(b"\r\n\r\n", 1)


def read_exactly(connection, count, have=b""):
    while len(have) < count:
        more = connection.recv(count - len(have))
        if not more:
            raise ConnectionError("closed early")
        have += more
    return have


PATH = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
CALL_REQUEST = bytes.fromhex("1001000e0001000100010006") + b"\0\1"
GOODBYES = (5, 6)  # Call Abort, Call Disconnect


def call_ack():
    """Call Connect Ack with a Crypto Binding Request for SHA-256 and a fresh nonce."""
    return struct.pack(">BBHHH", 0x10, 1, 48, 2, 1) + struct.pack(">BBH", 0, 4, 40) + \
        b"\0\0\0\2" + os.urandom(32)


def call_nak(status=4):
    """Call Connect Nak of the protocol that the request names."""
    info = struct.pack(">BBH3xBIH", 0, 2, 14, 1, status, 1)
    return struct.pack(">BBHHH", 0x10, 1, 8 + len(info), 3, 1) + info


class SstpFront(Listener):
    """The front of an SSTP server as far as the Ack to a call; a peer that asks for more, or is
    otherwise not as MS-SSTP says, stands in `complaints`."""

    def __init__(self, cert, *chain, status="200", answer=call_ack, agent="Microsoft-HTTPAPI/2.0",
                 silent=False, **where):
        self.complaints, self.calls = [], []
        self.status, self.answer, self.agent, self.silent = status, answer, agent, silent
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("DEFAULT@SECLEVEL=0")
        self.context.load_cert_chain(bundle(cert, *chain), cert.key)
        super().__init__(self._tls, **where)

    def take_old_versions(self):
        """Nothing later than TLS 1.1."""
        with warnings.catch_warnings():  # of Python, that these are old
            warnings.simplefilter("ignore")
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = ssl.TLSVersion.TLSv1_1

    def _tls(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as tls:
            self._call(tls)

    def _call(self, tls):
        head, rest = read_head(tls)
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(":", 1) for line in lines[1:])
        if lines[0] != f"SSTP_DUPLEX_POST {PATH} HTTP/1.1":
            self.complaints.append(lines[0])
        if fields.get("content-length", "").strip() != str(2**64 - 1) or "host" not in fields:
            self.complaints.append(f"fields {fields}")
        if rest:
            self.complaints.append("something came before the status")
        self.calls.append(fields.get("sstpcorrelationid", "").strip())
        if self.silent:
            tls.recv(1)
            return
        length = str(2**64 - 1) if self.status == "200" else "0"
        agent = f"Server: {self.agent}\r\n" if self.agent else ""
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        tls.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: {length}\r\n{agent}"
                    f"Date: {date}\r\n\r\n".encode())
        if self.status != "200":
            return
        request = read_exactly(tls, len(CALL_REQUEST))
        if request != CALL_REQUEST:
            self.complaints.append(f"call request {request.hex()}")
        tls.sendall(self.answer())
        while True:
            packet = tls.recv(4096)
            if not packet:
                return
            kind = packet[5] if len(packet) > 5 else -1
            if kind not in GOODBYES:
                self.complaints.append(f"behind the answer: {packet.hex()}")
            else:
                tls.sendall(bytes.fromhex("1001000800070000"))


class Nginx(Server):
    """nginx with this in its http block; `{folder}` and `{at}` are put in."""

    def __init__(self, text, name="nginx", addr=None):
        self.folder = folder(name)
        self.addr = addr or address()
        self.port = free_port(self.addr)
        os.mkdir(os.path.join(self.folder, "html"))
        write(os.path.join(self.folder, "html", "index.html"), "<html>It works</html>\n")
        temporary = "".join(f"{x}_temp_path {self.folder}/{x};\n" for x in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = write(os.path.join(self.folder, "nginx.conf"), f"""
daemon off;
master_process off;
worker_processes 1;
pid {self.folder}/pid;
error_log stderr info;
events {{ worker_connections 64; }}
http {{
access_log {self.folder}/access.log;
root {self.folder}/html;
{temporary}
{text.replace("{at}", f"{self.addr}:{self.port}").replace("{folder}", self.folder)}
}}
""")
        self.start(name, [tool("nginx"), "-c", config, "-p", self.folder, "-e", "stderr"])
        wait_until("nginx", self._up)

    def _up(self):
        self.check_alive()
        try:
            socket.create_connection((self.addr, self.port), 1).close()
            return True
        except OSError:
            return False


class Squid(Server):
    """Squid with these rules. It looks names up in `hosts` (name to address) alone."""

    running = []

    def __init__(self, rules, hosts=None, name="squid", addr=None):
        self.folder = folder(name)
        self.addr = addr or address()
        self.port = free_port(self.addr)
        self.url = f"http://{self.addr}:{self.port}"
        self.access = os.path.join(self.folder, "access.log")
        table = write(os.path.join(self.folder, "hosts"), "".join(
            f"{at} {host}\n" for host, at in (hosts or {}).items()))
        os.chmod(harness.FOLDER, 0o711)  # Squid's own user reads what it starts with
        os.chmod(self.folder, 0o777)
        config = write(os.path.join(self.folder, "squid.conf"), f"""
http_port {self.addr}:{self.port}
hosts_file {table}
dns_nameservers 127.0.0.1
dns_timeout 1 second
dns_retransmit_interval 300 milliseconds
connect_timeout 3 seconds
forward_timeout 4 seconds
pid_filename {self.folder}/pid
access_log stdio:{self.access}
cache_log /dev/stderr
cache deny all
cache_mem 4 MB
shutdown_lifetime 0 seconds
coredump_dir none
pinger_enable off
netdb_filename none
workers 1
max_filedescriptors 1024
via off
{rules.replace("{folder}", self.folder)}
""")
        self.start(name, [tool("squid"), "-N", "-n", f"interop{os.getpid()}{self.port}", "-f",
                          config, "-d", "1"])
        Squid.running.append(self)
        wait_until("squid", self._up)

    def stop(self):
        """Squid takes a second to end, so all of them end together."""
        while Squid.running:
            Squid.running.pop().process.terminate()
        super().stop()

    def _up(self):
        self.check_alive()
        try:
            socket.create_connection((self.addr, self.port), 1).close()
            return True
        except OSError:
            return False

    def requests(self):
        """(method, target, status) of what was asked so far."""
        try:
            with open(self.access, encoding="utf-8", errors="replace") as f:
                rows = [line.split() for line in f]
        except FileNotFoundError:
            return []
        return [(row[5], row[6], int(row[3].split("/")[1])) for row in rows if len(row) > 6]


def helper(name):
    """Path of one of Squid's helpers."""
    path = shutil.which(name, path="/usr/lib/squid:/usr/libexec/squid:/usr/lib64/squid")
    if not path:
        harness.skip(f"want Squid's {name}, have none")
    return path


class Kdc(Server):
    """krb5kdc for one realm, and what its clients have to be told (`env`)."""

    def __init__(self, realm):
        self.folder = folder("kdc")
        self.realm, self.addr = realm, address()
        self.port = free_port(self.addr)
        at = f"{self.addr}:{self.port}"
        profile = write(os.path.join(self.folder, "kdc.conf"), f"""
[kdcdefaults]
kdc_listen = {at}
kdc_tcp_listen = {at}
[realms]
{realm} = {{
    database_name = {self.folder}/principal
    key_stash_file = {self.folder}/stash
    acl_file = {self.folder}/acl
}}
""")
        config = write(os.path.join(self.folder, "krb5.conf"), f"""
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
{realm} = {{
    kdc = {at}
}}
[domain_realm]
.{realm.lower()} = {realm}
""")
        self.env = {"KRB5_CONFIG": config, "KRB5_KDC_PROFILE": profile,
                    "KRB5CCNAME": f"FILE:{self.folder}/tickets"}
        self.sh("kdb5_util", "create", "-r", realm, "-s", "-P", os.urandom(12).hex())
        self.start("krb5kdc", [tool("env"), *(f"{k}={v}" for k, v in self.env.items()),
                               tool("krb5kdc"), "-n", "-r", realm])
        wait_until("krb5kdc", self._up)

    def _up(self):
        self.check_alive()
        try:
            socket.create_connection((self.addr, self.port), 1).close()
            return True
        except OSError:
            return False

    def sh(self, *argv, text=None):
        ran = subprocess.run([tool(argv[0]), *argv[1:]], env={**os.environ, **self.env},
                             capture_output=True, text=True, input=text, timeout=20)
        if ran.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {ran.stdout}{ran.stderr}")

    def admin(self, *words):
        self.sh("kadmin.local", "-r", self.realm, *words)

    def add(self, principal, password):
        self.admin("addprinc", "-pw", password, principal)

    def keytab(self, principal):
        """A file with the principal's key that everybody may read."""
        path = os.path.join(folder("keytab"), "keytab")
        self.admin("ktadd", "-norandkey", "-k", path, principal)
        os.chmod(os.path.dirname(path), 0o755)
        os.chmod(path, 0o644)
        return path


class Pki:
    """A root, an intermediate below it, and where their lists are."""

    def __init__(self):
        self.files = Files()
        self.root = Authority("Interop Root", files=self.files)
        self.middle = Authority("Interop Issuing CA", self.root, self.files)

    def front(self, cert, *chain, **how):
        return SstpFront(cert, *(chain or [self.middle.cert]), **how)

    @property
    def ca(self):
        return self.root.cert.path
