#!/usr/bin/python3
"""Messages to anything that listens to HTTP, by the real curl."""

import collections
import http.server
import json
import os
import threading
import time
import urllib.parse

from behindtest import (LETTERS, LMTPTEXT, SIGNATURE, Gateway, free_port,
                        need, own_network, refused)
from taptest import case, check, equal, match, run, table

need("/usr/bin/curl", LMTPTEXT)
own_network()

PHONE = "0791234567@sms.example.net"
TEXT = "Grüezi \U0001f600 & 100% = \"x\"\\n; end\n\n+41 <$(id)>"

Request = collections.namedtuple("Request", "path headers body")


class Service:
    """A web service that answers as it is told, and keeps what it gets."""

    def __init__(self, status=200, answer="fine", headers=(), hang=0):
        self.status, self.answer, self.headers = status, answer, headers
        self.requests, self.hang = [], hang
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                service.handle(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.port = self.server.server_address[1]
        self.over = threading.Event()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def handle(self, h):
        body = h.rfile.read(int(h.headers["Content-Length"]))
        self.requests.append(Request(h.path, h.headers, body))
        if self.hang:
            self.over.wait(self.hang)
            return
        if self.status == 0:
            h.close_connection = True
            return
        answer = self.answer.encode()
        h.send_response(self.status)
        for name, value in self.headers:
            h.send_header(name, value)
        h.send_header("Content-Length", str(len(answer)))
        h.end_headers()
        h.wfile.write(answer)

    def url(self, path="/send"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    @property
    def form(self):
        request, = self.requests
        return dict(urllib.parse.parse_qsl(request.body.decode(),
                                           keep_blank_values=True))


def gateway(service, *changes, name="http"):
    urls = {"http": "https://sms.example.org/send",
            "voice": "https://voice.example.org/calls",
            "threema": "https://msgapi.threema.ch/send_simple"}
    g = Gateway(name, "http", (urls[name], service.url()),
                ("/etc/lmtpd/%s.curl" % name, "DIR/curl"), *changes)
    g.write_conf('header = "Authorization: Bearer s3cret"\n'
                 if name != "threema" else
                 'data-urlencode = "secret=s3cret+1"\n', path=g.dir + "/curl")
    return g


@case("a form: the fields, the text in one of them")
def _():
    with Service() as service, gateway(service) as g:
        equal(g.send(PHONE, TEXT + "\n"), "250 2.0.0", "reply")
        equal(service.form, {"to": "+41791234567", "from": "example",
                             "text": TEXT}, "form")
        headers = service.requests[0].headers
        equal(headers["Content-Type"], "application/x-www-form-urlencoded",
              "type")
        equal(headers["Authorization"], "Bearer s3cret", "secret")


@case("JSON: the same")
def _():
    with Service(201) as service, gateway(
            service, ('"http", ', '"http", "--json", ')) as g:
        equal(g.send(PHONE, TEXT + "\n"), "250 2.0.0", "reply")
        equal(json.loads(service.requests[0].body),
              {"to": "+41791234567", "from": "example", "text": TEXT},
              "object")
        headers = service.requests[0].headers
        equal(headers["Content-Type"], "application/json", "type")
        equal(headers["Authorization"], "Bearer s3cret", "secret")


@case("a form and JSON hold the message byte for byte")
def _():
    text = "\n \t%s\t\n\n\n" % TEXT
    with Service() as service, gateway(service) as g:
        equal(g.run(service.url(), "text", text=text.encode()), (0, ""), "run")
        equal(service.form, {"text": text}, "form")
        equal(g.run("--json", service.url(), "text", text=text.encode()),
              (0, ""), "run")
        equal(json.loads(service.requests[1].body), {"text": text}, "object")


@table("of a mail the words alone are posted: {0}", LETTERS)
def _(_name, mail, text):
    with Service() as service, gateway(service) as g:
        equal(g.send(PHONE, mail=mail), "250 2.0.0", "reply")
        equal(service.form, {"to": "+41791234567", "from": "example",
                             "text": text}, "form")


@case("as it is: the bytes, and fields of the header")
def _():
    with Service(204, "") as service, gateway(service) as g:
        data = bytes(range(1, 256)) * 9 + b"\n\n\n"
        equal(g.run(service.url(), "X-Call: a: b=c", text=data,
                    env={"LMTPD_DELIVERY_ID": "0123"}), (0, ""), "run")
        request, = service.requests
        equal(request.body, data, "body")
        equal([request.headers[n] for n in
               ("X-Call", "Content-Type", "Idempotency-Key")],
              ["a: b=c", "text/plain; charset=utf-8", "0123"], "header")


@case("a large message, and one whose lines begin with @ and -")
def _():
    with Service() as service, gateway(service) as g:
        for data in (b"@/etc/passwd", b"-K /etc/passwd", b"x" * 9000000):
            for args in ((), ("text",), ("--json", "text")):
                where = args[:1] == ("--json",)
                equal(g.run(*(args[:1] if where else ()), service.url(),
                            *(args[1:] if where else args), text=data),
                      (0, ""), "run")
                body = service.requests[-1].body
                check(data in body or urllib.parse.quote_plus(data).encode()
                      in body, "it is not there: %r" % body[:200])


ANSWERS = [(200, "250 2.0.0"), (202, "250 2.0.0"), (301, "451 4.3.0"),
           (307, "451 4.3.0"), (400, "550 5.7.1"), (401, "451 4.3.0"),
           (402, "451 4.3.0"), (403, "550 5.7.1"), (404, "451 4.3.0"),
           (407, "451 4.3.0"), (408, "451 4.3.0"), (413, "550 5.7.1"),
           (422, "550 5.7.1"), (429, "451 4.3.0"), (500, "451 4.3.0"),
           (503, "451 4.3.0"), (0, "451 4.3.0")]


@table("status {0} is {1}", ANSWERS)
def _(status, want):
    with Service(status, "no credit for s3rvice\n",
                 [("Location", "/other")]) as service, gateway(service) as g:
        reply = g.send(PHONE)
        equal(reply, want, "reply")
        check("s3rvice" not in reply.text, "the reply has the answer")
        if want[0] != "2" and status:
            match("no credit for s3rvice", g.log())
        equal(len(service.requests), 1, "requests")


@table("what the provider means by it can be said: {0}", [
    (404, "550 5.7.1"), (400, "451 4.3.0")])
def _(status, want):
    with Service(status) as service, gateway(
            service, ("=400 403 413 422", "=404 451")) as g:
        equal(g.send(PHONE), want, "reply")


@case("nobody listens: later")
def _():
    with Service() as service, gateway(service, (
            service.url(), "http://127.0.0.1:%d/" % free_port())) as g:
        refused(g.send(PHONE), "451 4.3.0", "service")


@table("HTTP_CONFIG is {0}: later, in our words", [
    ("not there", "DIR/none", 0o640), ("a directory", "DIR", 0o640),
    ("not for lmtpd's user", "DIR/curl", 0)])
def _(_name, path, mode):
    with Service() as service, gateway(service, ("=DIR/curl", "=" + path)) \
            as g:
        os.chmod(g.dir + "/curl", mode)
        refused(g.send(PHONE), "451 4.3.5", "secret cannot be read")
        match("cannot read HTTP_CONFIG: " + g.fill_in(path), g.log())
        equal(service.requests, [], "requests")


@case("there is no curl: later, in our words")
def _():
    with Service() as service, gateway(service) as g:
        os.mkdir(g.dir + "/bin")
        os.symlink("/bin/cat", g.dir + "/bin/cat")
        equal(g.run(service.url(), env={"PATH": g.dir + "/bin"}),
              (75, "4.3.0 the service does not take it now (000)"),
              "exit, reply")


@case("no answer: later, when the backend's time is up, and the log says so")
def _():
    with Service(hang=60) as service, gateway(
            service, ('input = "text"', 'input = "text"\n\ttimeout = 1')) as g:
        started = time.monotonic()
        equal(g.send(PHONE), "451 4.3.0", "reply")
        check(time.monotonic() - started < 30, "it took the service's time")
        equal(g.the_line().verdict, "maybe-sent", "log")


@table("nothing is posted: {0}", [
    ("an empty text", "", "550 5.6.0", "no text"),
    ("blanks and empty lines", " \n\t\n", "550 5.6.0", "no text"),
    ("a signature alone", SIGNATURE, "550 5.6.0", "no text"),
    ("more than three SMS", "x" * 460, "550 5.2.3", "takes 4 segments"),
])
def _(_name, text, code, words):
    with Service() as service, gateway(service) as g:
        refused(g.send(PHONE, text), code, words)
        equal(service.requests, [], "requests")


@table("the backend by itself posts nothing: {0}", [
    ("an empty text", b"", ()), ("blanks and empty lines", b" \n\t\n", ()),
    ("JSON of what is not UTF-8", b"Gr\xfcezi\n", ("--json",))])
def _(_name, text, options):
    with Service() as service, gateway(service) as g:
        code, reply = g.run(*options, service.url(), "text", text=text)
        equal((code, reply[:6]), (65, "5.6.0 "), "exit, reply")
        equal(service.requests, [], "requests")


@case("a retry has the same Idempotency-Key, another message has not")
def _():
    with Service(503) as service, gateway(service) as g:
        for text in ("one", "one", "two, as it is another"):
            equal(g.send(PHONE, text, queue_id="4Q" + text[:3])[0], "4",
                  "reply")
        keys = [r.headers["Idempotency-Key"] for r in service.requests]
        equal((len(keys[0]), keys[0] == keys[1], keys[0] == keys[2]),
              (32, True, False), "keys %r" % keys)


@case("secrets are in no argument, reply or log")
def _():
    with Service(500) as service, gateway(service) as g:
        os.mkdir(g.dir + "/bin")
        g.script("bin/curl", "#!/bin/sh\nprintf '%%s\\n' \"$@\" >%s/args\n"
                 "exec /usr/bin/curl \"$@\"\n" % g.records)
        with open(g.conf) as f:
            text = f.read()
        g.write_conf(text.replace('"HTTP_CONFIG', '"PATH=%s/bin:/usr/bin:/bin"'
                                  ', "HTTP_CONFIG' % g.dir))
        reply = g.send(PHONE)
        equal(reply, "451 4.3.0", "reply")
        match("Idempotency-Key", g.note("args"))
        equal(service.requests[0].headers["Authorization"], "Bearer s3cret",
              "sent")
        for text in (g.note("args"), reply.text, g.log()):
            check("s3cret" not in text, "the secret is told")


# -- channels that are no SMS ------------------------------------------------

ATTACHED = b"""\
From: alice@example.com
Subject: a recording
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Please call.
--b
Content-Type: audio/wav
Content-Transfer-Encoding: base64

UklGRiQAAABXQVZFZm10IBAAAAABAAEA
--b--
"""


@case("voice: the whole mail with its attachment, and whom to call")
def _():
    with Service() as service, gateway(service, name="voice") as g:
        header, body = ATTACHED.split(b"\n\n", 1)
        equal(g.send("reception.desk@voice.example.net", body,
                     header=header + b"\n"), "250 2.0.0", "reply")
        request, = service.requests
        equal(request.headers["Content-Type"], "message/rfc822", "type")
        equal(request.headers["X-Call"], "reception.desk", "whom")
        check(request.body.startswith(b"Return-Path: <alice@example.com>\n"),
              "no Return-Path")
        check(request.body.endswith(ATTACHED), "not whole")


@case("Threema: the ID, subject and text, and the secret from its file")
def _():
    with Service() as service, gateway(service, name="threema") as g:
        equal(g.send("ECHOECHO@threema.example.net", "Grüezi \U0001f600\n"),
              "250 2.0.0", "reply")
        equal(service.form, {"from": "*EXAMPLE", "to": "ECHOECHO",
                             "text": "x\nGrüezi \U0001f600",
                             "secret": "s3cret+1"}, "form")
        equal(g.send("ECHO@threema.example.net"), "550 5.1.1", "no ID")


@table("Threema: subject and words of {0}", [
    (*LETTERS[0], "Ihr Velo \U0001f6b2"), (*LETTERS[1], "AW: Termin")])
def _(_name, mail, text, subject):
    with Service() as service, gateway(service, name="threema") as g:
        equal(g.send("ECHOECHO@threema.example.net", mail=mail), "250 2.0.0",
              "reply")
        equal(service.form["text"], subject + "\n" + text, "text")


@case("Threema: no text, no message")
def _():
    with Service() as service, gateway(service, name="threema") as g:
        refused(g.send("ECHOECHO@threema.example.net", SIGNATURE,
                       header=b"X: y\n"), "550 5.6.0", "no text")
        equal(service.requests, [], "requests")


@table("Threema: {0} is {1}", [
    (400, "550 5.7.1"), (401, "451 4.3.0"), (402, "451 4.3.0"),
    (404, "550 5.7.1"), (413, "550 5.7.1"), (500, "451 4.3.0")])
def _(status, want):
    with Service(status) as service, gateway(service, name="threema") as g:
        equal(g.send("ECHOECHO@threema.example.net"), want, "reply")


run()
