#!/usr/bin/env python3
"""lab_dig.py CLEARWAY: other DNS tools (dig, kdig, nsupdate) understand the lab's servers.

The lab and Clearway's own client share one codec, so a fault in it could hide in both.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SCENARIO = '''scenario test/dig
about    What other tools ask.
shows    healthy
key lab-key hmac-sha256 bGFiLWtleS1vZi10aGUtY2xlYXJ3YXktdGVzdHMtMzI=
dns ns1
  update key lab-key
  zone contoso.example serial 2026112201
    kms01       A    192.0.2.1
    kms01       AAAA 2001:db8::1
    _vlmcs._tcp 300 SRV 10 20 1688 kms01
    a.b.c       TXT  "some text"
    www         CNAME kms01
    *.wild      A    192.0.2.9
    sub         NS   ns.sub
    ns.sub      A    192.0.2.3
    generate 500 _many._tcp SRV 0 0 1688 kms$
client resolver @ns1:addr
run    check kms contoso.example
expect verdict clear
'''
SECRET = 'hmac-sha256:lab-key:bGFiLWtleS1vZi10aGUtY2xlYXJ3YXktdGVzdHMtMzI='


class Lab:
    def __init__(self, clearway, folder):
        path = os.path.join(folder, 'dig.lab')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(SCENARIO)
        env = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='en')
        self.process = subprocess.Popen([clearway, 'lab', 'up', path], env=env, text=True,
                                        stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        match = re.match(r'\s+ns1\s+([0-9.]+):(\d+)$', line)
        if not match:
            sys.exit(f'want the address of ns1, have {line!r}')
        self.address, self.port = match.groups()

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


def run(args, text=None):
    return subprocess.run(args, input=text, text=True, capture_output=True, timeout=30, check=False)


def want(what, have, *patterns):
    for pattern in patterns:
        if not re.search(pattern, have, re.M):
            sys.exit(f'{what}: want /{pattern}/, have:\n{have}')
    print('ok', what)


def check_queries(tool, lab):
    def ask(*words):
        base = [tool, f'@{lab.address}', '-p', lab.port, '+tries=1' if tool == 'dig' else '+retry=0']
        return re.sub(r'[ \t]+', ' ', run(base + list(words)).stdout)

    want(f'{tool} SRV', ask('_vlmcs._tcp.contoso.example', 'SRV'), r'status: NOERROR',
         r'[Ff]lags: qr aa', r'300 IN SRV 10 20 1688 kms01\.contoso\.example\.',
         r'^kms01\.contoso\.example\. 3600 IN A 192\.0\.2\.1', r'IN AAAA 2001:db8::1')
    want(f'{tool} TXT', ask('a.b.c.contoso.example', 'TXT'), r'"some text"')
    want(f'{tool} alias', ask('www.contoso.example', 'A'), r'IN CNAME kms01', r'IN A 192\.0\.2\.1')
    want(f'{tool} wildcard', ask('x.wild.contoso.example', 'A'),
         r'^x\.wild\.contoso\.example\. 3600 IN A 192\.0\.2\.9')
    want(f'{tool} NXDOMAIN', ask('no.contoso.example', 'A'), r'status: NXDOMAIN',
         r'^contoso\.example\. 300 IN SOA ns1\.contoso\.example\. .* 2026112201 ')
    want(f'{tool} NODATA', ask('b.c.contoso.example', 'A'), r'status: NOERROR', r'ANSWER: 0',
         r'IN SOA')
    want(f'{tool} referral', ask('x.sub.contoso.example', 'A'), r'ANSWER: 0',
         r'^sub\.contoso\.example\. 3600 IN NS ns\.sub', r'^ns\.sub.* A 192\.0\.2\.3')
    want(f'{tool} REFUSED', ask('www.other.example', 'A'), r'status: REFUSED')
    want(f'{tool} 500 records', ask('_many._tcp.contoso.example', 'SRV'), r'ANSWER: 500', r'TCP')
    want(f'{tool} without EDNS', ask('_vlmcs._tcp.contoso.example', 'SRV', '+noedns'),
         r'status: NOERROR', r'IN SRV 10 20')
    want(f'{tool} signed', ask('-y', SECRET, 'kms01.contoso.example', 'A'), r'192\.0\.2\.1', r'TSIG')


def check_updates(lab):
    def update(*options):
        return run(['nsupdate', *options], f'server {lab.address} {lab.port}\n'
                   'zone contoso.example\nupdate add new.contoso.example 60 A 192.0.2.77\nsend\n')

    unsigned = update()
    want('nsupdate unsigned', f'{unsigned.returncode} {unsigned.stderr}', r'^2 ', r'REFUSED')
    wrong = update('-y', SECRET.replace('bGFi', 'bGFj'))
    want('nsupdate wrong secret', f'{wrong.returncode} {wrong.stderr}', r'^2 ', r'BADSIG')
    unknown = update('-y', SECRET.replace('lab-key', 'no-key'))
    want('nsupdate unknown key', f'{unknown.returncode} {unknown.stderr}', r'^2 ', r'BADKEY')
    signed = update('-y', SECRET)
    want('nsupdate signed', f'{signed.returncode}', r'^0$')
    have = run(['dig', f'@{lab.address}', '-p', lab.port, '+short', 'new.contoso.example', 'A'])
    want('the record is there', have.stdout, r'^192\.0\.2\.77$')


def main():
    tools = [t for t in ('dig', 'kdig') if shutil.which(t)]
    if not tools:
        print('neither dig nor kdig is installed')
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(sys.argv[1], folder)
        try:
            for tool in tools:
                check_queries(tool, lab)
            if 'dig' in tools and shutil.which('nsupdate'):
                check_updates(lab)
        finally:
            lab.close()


main()
