#!/usr/bin/python3
"""What `clearway check sstp` says of SoftEther VPN Server, up to the Ack to a call."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import threading

import harness
from harness import Case, Server, folder, run_clearway, tool, wait_until
from webparts import NAME, Authority, Files, new_key

SERVER = "/usr/libexec/softether/vpnserver"
CLONE_NEWNET = 0x40000000

# The build of Debian 12 finds the protocol of a connection by its name and then forgets it, so it
# never answers an SSTP_DUPLEX_POST (SoftEtherVPN pull request 1249). In a copy of that very build
# these bytes let the loop keep what it found.
KNOWN = "487e51a73f152c9042837975044edd6d11cef4f29eaff2162512f2b897054212"
LOOP_AT = 0x3a00f
LOOP = bytes.fromhex("4c8b77084531ed4d85f67435453b6e08732f498b56104e8b24ea4889ee498b3c24e89b1b13"
                     "0041ffc585c075df4c89e0eb68")

harness.need("openssl", "vpncmd", "unshare", "nsenter", "mount", "ip")
harness.need_root("namespaces of the server's own")
if not os.path.exists(os.path.join(SERVER, "vpnserver")):
    harness.skip("want softether-vpnserver, have none")

INIT = """
mount --make-rprivate /
mount --bind "$1/var" /var
mount -t tmpfs tmpfs /run && mkdir -p /run/softether
mount -t proc proc /proc
ip link set lo up
touch "$1/ready"
cd "$1/bin" && exec ./vpnserver execsvc
"""


class SoftEther(Server):
    """The server in namespaces of its own, from where it reaches nobody."""

    def __init__(self, repaired):
        self.folder = folder("softether")
        for name in ("bin", "var/lib/softether", "var/log/softether", "var/tmp"):
            os.makedirs(os.path.join(self.folder, name))
        for name in ("vpnserver", "hamcore.se2"):
            shutil.copy(os.path.join(SERVER, name), os.path.join(self.folder, "bin"))
        if repaired:
            self._repair(os.path.join(self.folder, "bin", "vpnserver"))
        self.start("vpnserver", [tool("unshare"), "--net", "--mount", "--pid", "--fork",
                                 "--kill-child=KILL", "--", "sh", "-ec", INIT, "sh", self.folder])
        wait_until("namespaces", self._is_ready)
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children",
                  encoding="ascii") as f:
            self.inner = f.read().split()[0]
        self.prefix = [tool("nsenter"), "-t", self.inner, "-n", "--"]
        wait_until("vpnserver", lambda: self.command("ServerStatusGet") == 0)

    @staticmethod
    def _repair(path):
        with open(path, "rb") as f:
            program = f.read()
        if hashlib.sha256(program).hexdigest() != KNOWN:
            return  # a build of another day, which is hoped to be whole
        with open(path, "r+b") as f:
            f.seek(LOOP_AT)
            f.write(LOOP)

    def _is_ready(self):
        self.check_alive()
        return os.path.exists(os.path.join(self.folder, "ready"))

    def stop(self):
        self.process.kill()  # unshare waits with SIGTERM blocked, and takes its child along
        self.process.wait()

    def command(self, *words):
        self.check_alive()
        ran = subprocess.run([*self.prefix, tool("vpncmd"), "127.0.0.1:5555", "/SERVER", "/CMD",
                              *words], capture_output=True, text=True, timeout=20)
        self.told = ran.stdout
        return ran.returncode

    def run(self, function):
        """Calls it in a thread that is inside."""
        result = []

        def inside():
            with open(f"/proc/{self.inner}/ns/net", encoding="ascii") as f:
                if ctypes.CDLL(None).setns(f.fileno(), CLONE_NEWNET):
                    raise OSError("setns")
            result.append(function())

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return result[0]


class Calls(Case):

    def server(self, repaired):
        """(server, path of the root that has signed its certificate)"""
        server = SoftEther(repaired)
        files = server.run(Files)
        root = Authority("Interop Root of SoftEther", files=files, kind="2048")
        cert = root.issue(NAME, key=new_key("2048"))
        self.assertEqual(server.command("ServerCertSet", f"/LOADCERT:{cert.path}",
                                        f"/LOADKEY:{cert.key}"), 0, server.told)
        return server, root.cert.path

    def check(self, server, root, *more):
        return run_clearway("check", "sstp", NAME, "--connect-to", "127.0.0.1", "--ca", root, *more,
                            prefix=server.prefix)

    def test_takes_the_call(self):
        server, root = self.server(repaired=True)
        run = self.check(server, root)
        self.expect(run, "clear")
        self.assertEqual([f["outcome"] for f in run.facts("sstp.call")], ["ok"], run.story())

    def test_never_answers(self):
        """As it comes: TLS is well, nothing answers the call, and after 20 s it hangs up."""
        with open(os.path.join(SERVER, "vpnserver"), "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != KNOWN:
                self.skipTest("want the build that forgets, have another")
        server, root = self.server(repaired=False)
        self.expect(self.check(server, root), "cause-found", ("sstp-call-silent", "809"))


if __name__ == "__main__":
    harness.main()
