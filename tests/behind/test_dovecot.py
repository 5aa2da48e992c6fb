#!/usr/bin/python3
"""Mail into the mailboxes of the real Dovecot: by dovecot-lda, and by its
LMTP."""

import grp
import mailbox
import os
import socket

from behindtest import Gateway, Servers, need, own_network
from lmtptest import SERVER_USER
from taptest import case, check, equal, match, run, table

DOVECOT, LDA = "/usr/sbin/dovecot", "/usr/lib/dovecot/dovecot-lda"
need(DOVECOT, LDA, "/usr/lib/dovecot/lmtp", "/usr/bin/msmtp")
own_network()

CONFIG = """
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/dovecot.trace.log
protocols = lmtp
listen = 127.0.0.1
ssl = no
default_internal_user = %(user)s
default_internal_group = %(group)s
default_login_user = %(user)s
first_valid_uid = 1
mail_location = maildir:DIR/mail/%%u
mail_plugins = quota
plugin {
  quota = count:User quota
  quota_rule = *:storage=1G
  quota_vsizes = yes
}
userdb {
  driver = passwd-file
  args = DIR/users
}
passdb {
  driver = passwd-file
  args = DIR/users
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service auth {
  unix_listener auth-userdb {
    mode = 0600
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0600
  }
}
"""
USERS = """desk::%(uid)d:%(gid)d::DIR/mail/desk::
full::%(uid)d:%(gid)d::DIR/mail/full::userdb_quota_rule=*:bytes=10
"""


class Dovecot(Servers):
    """All of it as lmtpd's user, as a site has it whose mail is one user's."""

    def __init__(self):
        super().__init__()
        names = {"user": SERVER_USER.pw_name, "uid": SERVER_USER.pw_uid,
                 "gid": SERVER_USER.pw_gid,
                 "group": grp.getgrgid(SERVER_USER.pw_gid).gr_name}
        self.make("run", "state", "mail")
        self.write("dovecot.conf", CONFIG % names, 0o644)
        self.write("users", USERS % names)

    def boot(self):
        self.start(DOVECOT, "-F", "-c", self.dir + "/dovecot.conf")
        self.up(lambda: self.answers("lmtp") and self.answers("auth-userdb"),
                "dovecot")

    def answers(self, name):
        """A socket of a Dovecot that has ended stays until the next."""
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex("%s/run/%s" % (self.dir, name)) == 0

    def lda(self, *changes):
        return Gateway("dovecot-lda", "dovecot", (
            '"%s"}' % "%s", '"%s", "-c", "%s/dovecot.conf"}'
            % ("%s", self.dir)), *changes, servers=self)

    def lmtp(self, *changes):
        return Gateway("dovecot-lmtp", "smtp", (
            "/run/dovecot/lmtp", self.dir + "/run/lmtp"), *changes,
            servers=self)

    def mails(self, user="desk"):
        """What is in the mailbox, taken out."""
        path = "%s/mail/%s" % (self.dir, user)
        if not os.path.isdir(path + "/new"):
            return []
        box = mailbox.Maildir(path, create=False)
        found = [box.get_bytes(key) for key in box.keys()]
        box.clear()
        return found


WAYS = [("LDA",), ("LMTP",)]


def gateway(way):
    return dovecot.lda() if way == "LDA" else dovecot.lmtp()


@table("{0}: a mail is in the mailbox, whole", WAYS)
def _(way):
    with gateway(way) as g:
        body = "Grüezi\n.\n..two\nFrom here\n" + "x" * 2000 + "\n\n"
        equal(g.send("desk@box.example.net", body), "250 2.0.0", "reply")
        mail, = dovecot.mails()
        head, _, text = mail.partition(b"\n\n")
        equal(text.decode(), body, "body")
        equal(head.count(b"Return-Path:"), 1, "Return-Path fields")
        match("(?m)^Return-Path: <alice@example.com>$", head.decode())
        match("(?m)^Subject: x$", head.decode())


@table("{0}: any sender of our network, and the null sender", WAYS)
def _(way):
    with gateway(way) as g:
        for sender in ("", "stranger@example.org"):
            equal(g.send("desk@box.example.net", sender=sender), "250 2.0.0",
                  "reply to <%s>" % sender)
            mail, = dovecot.mails()
            match(r"(?m)^Return-Path: <%s>$" % sender, mail.decode())


@table("{0}: {1} is {2}", [
    (way, who, code, words) for way, in WAYS for who, code, words in (
        ("nobody", "550 5.1.1", "mailbox|exist"),
        ("full", "550 5.2.2", "full"),
        ("-e", None, ""), ('"../desk"', None, ""))])
def _(way, who, code, words):
    with gateway(way) as g:
        reply = g.send(who + "@box.example.net")
        if code is None:
            equal(reply[0], "5", "class")
        else:
            equal(reply, code, "reply %r" % reply.text)
            match(words, reply.text)
        equal((dovecot.mails(), dovecot.mails("full")), ([], []), "mailboxes")


@case("LDA: a full mailbox makes no bounce of Dovecot's own")
def _():
    with dovecot.lda() as g:
        equal(g.send("full@box.example.net"), "550 5.2.2", "reply")
        check("sendmail" not in g.log() + dovecot.read("dovecot.trace.log"),
              "it tried to send one")


@table("{0} while Dovecot is down: later", WAYS)
def _(way):
    with gateway(way) as g:
        for child in list(dovecot.children):
            dovecot.end(child)
        try:
            equal(g.send("desk@box.example.net")[:5], "451 4", "reply")
        finally:
            dovecot.boot()
        equal(g.send("desk@box.example.net"), "250 2.0.0", "reply")
        equal(len(dovecot.mails()), 1, "mails")


@case("LDA: a disk that is full: later, and nothing is in the mailbox")
def _():
    with dovecot.lda() as g:
        code, reply = g.run(
            "desk", "a@example.com", "-c", dovecot.dir + "/dovecot.conf",
            text=b"A: b\n\n" + b"x" * 100000, wrapper=(
                "/bin/sh", "-c", "ulimit -f 8; trap '' XFSZ; exec \"$@\"",
                "sh"))
        equal((code, reply[:4]), (75, "4.3."), "exit, reply")
        equal(dovecot.mails(), [], "mails")


with Dovecot() as dovecot:
    dovecot.boot()
    run()
