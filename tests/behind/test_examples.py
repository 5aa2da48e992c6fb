#!/usr/bin/python3
"""The examples of configurations that no other test here runs."""

import glob
import os
import re
import subprocess

from behindtest import CONF, LIBEXEC, Gateway, own_network, refused
from lmtptest import LMTPD, ROOT, SERVER_USER, Site
from taptest import Skip, case, check, equal, match, run, table
from tcpserver import TcpServer

own_network()

EXAMPLES = sorted(os.path.basename(p)[:-len(".conf")]
                  for p in glob.glob(CONF + "/examples/*.conf"))
# What these are warned of, and why, test_ways.py tells.
WAYS = ("ecall", "echo", "messenger")
LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(LMTPD) + "/lmtpctl")
FAXMAIL = "/usr/bin/faxmail"
HYLA = "/etc/hylafax/hyla.conf"
FAX = "0441234567@fax.example.net"


def as_shipped(name):
    """Its text."""
    with open("%s/examples/%s.conf" % (CONF, name)) as f:
        return f.read()


@table("{0}.conf is right as it is", [(name,) for name in EXAMPLES])
def _(name):
    text = as_shipped(name)
    with Site(text=text) as site:
        done = subprocess.run(
            [LMTPD, "-n", "-f", site.conf, *(["-u", SERVER_USER.pw_name]
                                          if ROOT else [])],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=30,
            env={"PATH": "/usr/bin:/bin", "LMTPD_DATADIR": CONF})
        equal((done.returncode, done.stdout), (0, "configuration OK\n"),
              "lmtpd -n")
        for program in re.findall(r'command = \{\s*"([^"/]+)"', text):
            check(os.access("%s/%s" % (CONF, program), os.X_OK),
                  "there is no backend " + program)


@table("{0}.conf: check warns of nothing",
       [(name,) for name in EXAMPLES if name not in WAYS])
def _(name):
    # The mail server's user is not on every machine.
    text = as_shipped(name).replace('{"postfix"}', '{"root"}')
    with Site(text='state-dir = "STATE"\n' + text) as site:
        done = subprocess.run(
            [LMTPCTL, "-f", site.conf, "check"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=30,
            env={"PATH": "/usr/bin:/bin", "LMTPD_DATADIR": CONF,
                 "LMTPD_LIBEXECDIR": LIBEXEC})
        equal((done.returncode, done.stdout), (0, "configuration OK\n"),
              "lmtpctl check")


# -- faxes -------------------------------------------------------------------

ATTACHED = b"""\
Subject: a drawing
X-FAX-MIMEConverters: /tmp/evil
x-fax-dialstring: +449001234567,
 +449001234568
To: 0441234567@fax.example.net
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

X-FAX-Note: this line is text

--b
Content-Type: application/pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQKJSVFT0YK
--b--
"""


def environment(*variables):
    """The change that gives the backend these."""
    return ('input = "message"', 'input = "message"\n\tenvironment = {%s}'
            % ", ".join('"%s"' % v for v in variables))


def fax(*changes):
    """A gateway whose faxmail keeps what it gets."""
    g = Gateway("fax", "hylafax", environment(
        "PATH=DIR/bin:/usr/bin:/bin", "OUT=RECORDS"), *changes)
    os.mkdir(g.dir + "/bin")
    g.script("bin/faxmail", "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$OUT/args\"\n"
             "exec cat >\"$OUT/mail\"\n")
    return g


@case("fax: the whole mail with its attachment, to this number alone")
def _():
    with fax() as g:
        header, body = ATTACHED.split(b"\n\n", 1)
        equal(g.send(FAX, body, header=header + b"\n"), "250 2.0.0", "reply")
        equal(g.note("args").split(), ["-d", "-n", "41441234567",
                                       "alice@example.com"], "arguments")
        mail = g.note("mail")
        match("^Return-Path: <alice@example.com>\nReceived: ", mail)
        want = ATTACHED.decode()
        want = want[:want.index("X-FAX-M")] + want[want.index("To: "):]
        check(mail.endswith(want), "not whole: %r" % mail)


@case("fax: a bad number never gets to a sender's mercy")
def _():
    with fax() as g:
        code, reply = g.run("900; id", "a@example.com", text=ATTACHED)
        equal((code, reply[:6], g.note("mail")), (67, "5.1.3 ", ""),
              "exit, reply, mail")


def real_fax(g):
    """One by the real faxmail, for which nobody is there: later."""
    if not os.access(FAXMAIL, os.X_OK):
        raise Skip("no " + FAXMAIL)
    header, body = ATTACHED.split(b"\n\n", 1)
    refused(g.send(FAX, body, header=b"From: a@example.com\n" + header +
                   b"\n"), "451 4.3.0", "fax server")
    return g.log()


@case("fax: the real faxmail, and no fax server: later")
def _():
    with Gateway("fax", "hylafax") as g:
        match("Can not reach|connect|refused", real_fax(g))


class Hfaxd(TcpServer):
    """One that has no time, on an address of this machine."""

    def __init__(self, host):
        super().__init__((host, 4559))
        self.clients = 0

    def session(self, client):
        self.clients += 1
        client.sendall(b"421 not now\r\n")


# Debian's file with another line in it, for those below alone.
SET_HOST = ("sed 's/^Host:.*/Host: 127.0.0.9/' %s >\"$0\" && "
            "mount --bind \"$0\" %s && exec \"$@\"" % (HYLA, HYLA))


@case("fax: Host in hyla.conf says where hfaxd is, and not FAXSERVER")
def _():
    if not ROOT or subprocess.run(["unshare", "--mount", "true"],
                                  check=False).returncode != 0:
        raise Skip("needs root, and a mount namespace")
    with Gateway("fax", "hylafax", environment("FAXSERVER=127.0.0.8")) as g, \
            Hfaxd("127.0.0.9") as named, Hfaxd("127.0.0.8") as other:
        g.wrapper = ["unshare", "--mount", "/bin/sh", "-c", SET_HOST,
                     g.dir + "/hyla.conf"]
        real_fax(g)
        equal((named.clients, other.clients), (1, 0), "clients")


run()
