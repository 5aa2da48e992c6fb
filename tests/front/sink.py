"""Where a mail server's bounces go: keeps each mail as a file in a directory.

    sink.py PORT DIRECTORY
"""

import os
import socket
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/../behaviour")
from smtpserver import SmtpServer


class Files:
    """Stands in for the list of mails: a file appears whole, by a rename."""

    def __init__(self, directory):
        self.directory, self.count = directory, 0

    def append(self, mail):
        self.count += 1
        path = "%s/%d" % (self.directory, self.count)
        with open(path + ".part", "w") as f:
            f.write("sender %s\n" % mail.sender)
            f.writelines("recipient %s\n" % r for r in mail.recipients)
            f.write(mail.text)
        os.rename(path + ".part", path + ".mail")


class Sink(SmtpServer):
    def __init__(self, port, directory):
        super().__init__()
        self.socket.close()
        self.socket = socket.create_server(("127.0.0.1", port))
        self.mails = Files(directory)


with Sink(int(sys.argv[1]), sys.argv[2]) as sink:
    print("ready", flush=True)
    sink.thread.join()
