"""A mail server to hand mail to: one that keeps it, or refuses it."""

import collections
import contextlib
import socket
import threading

Mail = collections.namedtuple("Mail", "sender recipients text")


class SmtpServer:
    """Use it in a with statement; recipients that hold "refused" are."""

    def __init__(self):
        self.mails = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            # a client need not wait for the reply to its QUIT
            with client, client.makefile("rwb", 0) as f, \
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
