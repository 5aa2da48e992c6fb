"""A mail server to hand mail to: one that keeps it, or refuses it."""

import collections
import contextlib

from tcpserver import TcpServer

Mail = collections.namedtuple("Mail", "sender recipients text")


class SmtpServer(TcpServer):
    """Recipients that hold "refused" are."""

    def __init__(self):
        super().__init__()
        self.mails = []

    def __exit__(self, *why):
        super().__exit__(*why)
        self.thread.join()

    def session(self, client):
        # a client need not wait for the reply to its QUIT
        with client.makefile("rwb", 0) as f, \
                contextlib.suppress(ConnectionError):
            self._session(f)

    def _session(self, f):
        sender, recipients = None, []
        f.write(b"220 mx.example.net\r\n")
        for line in f:
            command = line.decode().strip()
            verb, reply = command[:4].upper(), "250 2.0.0 fine"
            if verb == "MAIL":
                sender, recipients = command[len("MAIL FROM:"):], []
            elif verb == "RCPT" and "refused" in command:
                reply = "550 5.1.1 nobody of that name"
            elif verb == "RCPT":
                recipients.append(command[len("RCPT TO:"):])
            elif verb == "EHLO":
                reply = "250-mx.example.net\r\n250 8BITMIME"
            elif verb == "QUIT":
                reply = "221 2.0.0 bye"
            elif verb == "DATA":
                f.write(b"354 go on\r\n")
                text = self._text(f)
                self.mails.append(Mail(sender, recipients, text))
            f.write(reply.encode() + b"\r\n")

    @staticmethod
    def _text(f):
        text = ""
        for line in f:
            line = line.decode()
            if line == ".\r\n":
                break
            text += (line[1:] if line[0] == "." else line).replace("\r", "")
        return text
