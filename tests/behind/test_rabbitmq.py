#!/usr/bin/python3
"""Messages to queues of the real RabbitMQ, from two hosts to two consumers."""

import base64
import json
import os
import re
import shlex
import subprocess
import threading
import urllib.error
import urllib.request

from behindtest import (HERE, LETTERS, LMTPTEXT, SIGNATURE, Gateway, Servers,
                        example, free_port, listens, need, own_network,
                        refused)
from taptest import case, check, equal, match, run, table, wait_for

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
EPMD, ADMIN = "/usr/bin/epmd", "/usr/bin/rabbitmqadmin"
need(SERVER, EPMD, ADMIN, LMTPTEXT, "/usr/bin/curl")
own_network()

PHONE = "0791234567@sms.example.net"
TEXT = "Grüezi \U0001f600 \"x\"\\ end"
HEX = set("0123456789abcdef")

CONFIG = """
listeners.tcp.1 = 127.0.0.1:%(amqp)d
management.tcp.port = %(http)d
management.tcp.ip = 127.0.0.1
management.http.max_body_size = 120000000
default_user = admin
default_pass = admin
vm_memory_high_watermark.relative = 0.9
disk_free_limit.absolute = 1MB
"""


class Broker(Servers):
    """RabbitMQ with a name server and an Erlang cookie of its own."""

    def __init__(self):
        super().__init__()
        self.port = {n: free_port() for n in ("amqp", "http", "epmd", "dist")}
        self.write("rabbitmq.conf", CONFIG % self.port)
        self.write("plugins", "[rabbitmq_management].\n")
        self.write("env", "")
        self.number = 0

    def boot(self):
        port = {n: str(p) for n, p in self.port.items()}
        # In the foreground, so that it ends with us.
        self.start(EPMD, "-port", port["epmd"], "-address", "127.0.0.1")
        self.up(lambda: listens(self.port["epmd"]), "epmd")
        self.start(SERVER, ERL_EPMD_PORT=port["epmd"],
                   RABBITMQ_NODENAME="behind@localhost",
                   RABBITMQ_DIST_PORT=port["dist"], RABBITMQ_LOGS="-",
                   RABBITMQ_MNESIA_BASE=self.dir + "/mnesia",
                   RABBITMQ_LOG_BASE=self.dir + "/log",
                   RABBITMQ_ENABLED_PLUGINS_FILE=self.dir + "/plugins",
                   RABBITMQ_CONFIG_FILE=self.dir + "/rabbitmq.conf",
                   RABBITMQ_CONF_ENV_FILE=self.dir + "/env",
                   RABBITMQ_PID_FILE=self.dir + "/pid")
        self.up(lambda: "Server startup complete" in
                self.read("rabbitmq-server.log"), "rabbitmq-server")
        # As the example tells.
        self.api("PUT", "users/lmtpd", password="8cbJdDh2wq",
                 tags="management")
        self.api("PUT", "permissions/%2F/lmtpd", configure="",
                 write=r"^amq\.default$", read="")

    def api(self, method, path, **body):
        secret = base64.b64encode(b"admin:admin").decode()
        request = urllib.request.Request(
            "http://127.0.0.1:%d/api/%s" % (self.port["http"], path),
            json.dumps(body).encode() if body else None, method=method,
            headers={"Authorization": "Basic " + secret,
                     "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def queue(self, *changes):
        """A queue that is new, by the example's command for it."""
        try:
            self.api("DELETE", "queues/%2F/sms")
        except urllib.error.HTTPError:
            pass
        lines = re.search(r"#\trabbitmqadmin( .*\\\n#\t.*\n)",
                          example("rabbitmq", *changes)).group(1)
        subprocess.run(
            [ADMIN, "-P", str(self.port["http"]), "-u", "admin", "-p", "admin",
             *shlex.split(re.sub(r"\\\n#\t", "", lines))],
            stdout=subprocess.DEVNULL, check=True, timeout=60)

    def get(self, name="sms"):
        """What is in the queue, taken out."""
        return self.api("POST", "queues/%%2F/%s/get" % name, count=1000,
                        ackmode="ack_requeue_false", encoding="base64")

    def gateway(self, *changes):
        return Gateway("rabbitmq", "rabbitmq",
                       ("http://127.0.0.1:15672/api", self.url()), *changes,
                       servers=self)

    def env(self):
        return {"RABBITMQ_URL": self.url(), "RABBITMQ_USER": "lmtpd",
                "RABBITMQ_PASSWORD": "8cbJdDh2wq"}

    def url(self):
        return "http://127.0.0.1:%d/api" % self.port["http"]

    def consumer(self, share, *args):
        """Its output is in a file of its own; the child and the file."""
        self.number += 1
        log = "consumer%d.log" % self.number
        child = self.start("/bin/sh", "-c", 'exec "$@" >"$0" 2>&1', log,
                           "/usr/bin/python3", self.program,
                           str(self.port["amqp"]), share, *args)
        return child, log


@case("a message is in the queue: text, facts, persistent, its key")
def _():
    broker.queue()
    with broker.gateway() as gateway:
        equal(gateway.send(PHONE, TEXT + "\n"), "250 2.0.0", "reply")
    message, = broker.get()
    properties = message["properties"]
    equal(base64.b64decode(message["payload"]).decode(), TEXT, "text")
    equal(properties["headers"], {
        "number": "+41791234567", "user": "example", "account": "example",
        "channel": "sms", "sender": "alice@example.com"}, "headers")
    equal(properties["delivery_mode"], 2, "delivery mode")
    key = properties["message_id"]
    check(len(key) == 32 and set(key) <= HEX, "message_id %r" % key)


@table("of a mail the words alone are in the queue: {0}", LETTERS)
def _(_name, mail, text):
    broker.queue()
    with broker.gateway() as gateway:
        equal(gateway.send(PHONE, mail=mail), "250 2.0.0", "reply")
    message, = broker.get()
    equal(base64.b64decode(message["payload"]).decode(), text, "text")


@case("a sender with quotes and backslashes is what he is")
def _():
    broker.queue()
    with broker.gateway() as gateway:
        reply = gateway.send(PHONE, sender='"a\\"b\\\\c, d"@example.com')
        equal(reply, "250 2.0.0", "reply")
    message, = broker.get()
    match(r'a\\?"b\\+c, d', message["properties"]["headers"]["sender"])


@case("more than the plugin takes is refused, not tried for days")
def _():
    broker.queue()
    with broker.gateway() as gateway:
        code, reply = gateway.run("sms", text=b"x" * 25000000, env=broker.env())
        equal((code, reply[:6]), (65, "5.3.4 "), "exit, reply")
    equal(broker.get(), [], "in the queue")


@case("10 MB are as whole as one line")
def _():
    broker.queue()
    with broker.gateway() as gateway:
        text = (b"x" * 99 + b"\n") * 100000
        equal(gateway.run("sms", text=text, env=broker.env()), (0, ""), "run")
    message, = broker.get()
    equal(base64.b64decode(message["payload"]) == text, True, "whole")


@table("{0}: later, and the log says why", [
    ("no such queue", ('"rabbitmq", "sms"', '"rabbitmq", "fax"'), "no queue"),
    ("an exchange that is not for us",
     ('"RABBITMQ_USER', '"RABBITMQ_EXCHANGE=none", "RABBITMQ_USER'),
     "ACCESS_REFUSED"),
    ("a wrong password", ("PASSWORD=8cbJdDh2wq", "PASSWORD=wrong"),
     "not_authorized|Login failed"),
])
def _(_name, change, words):
    broker.queue()
    with broker.gateway(change) as gateway:
        equal(gateway.send(PHONE), "451 4.3.0"
              if "fax" not in change[1] else "451 4.3.5", "reply")
        match(words, gateway.log())
    equal(broker.get(), [], "in the queue")


@case("the queue is full: later; what is in it stays")
def _():
    broker.queue(("10000", "2"))
    with broker.gateway() as gateway:
        replies = [gateway.send(PHONE, t + "\n") for t in ("one", "two", "3")]
        equal(replies[:2], ["250 2.0.0"] * 2, "replies")
        refused(replies[2], "451 4.3.1", "full")
    equal([base64.b64decode(m["payload"]) for m in broker.get()],
          [b"one", b"two"], "in the queue")


@case("no broker: later")
def _():
    with broker.gateway((broker.url(), "http://127.0.0.1:%d/api" %
                         free_port())) as gateway:
        refused(gateway.send(PHONE), "451 4.3.0", "RabbitMQ")


@table("nothing is published: {0}", [
    ("an empty text", ""), ("blanks and empty lines", " \n\t\n"),
    ("a signature alone", SIGNATURE)])
def _(name, text):
    broker.queue()
    with broker.gateway() as gateway:
        refused(gateway.send(PHONE, text), "550 5.6.0", "no text")
        if "signature" not in name:
            code, reply = gateway.run("sms", text=text.encode(),
                                      env=broker.env())
            equal((code, reply[:6]), (65, "5.6.0 "), "by itself")
    equal(broker.get(), [], "in the queue")


@case("the password is in no argument, reply or log")
def _():
    with broker.gateway() as gateway:
        os.mkdir(gateway.dir + "/bin")
        gateway.script("bin/curl", "#!/bin/sh\nprintf '%%s\\n' \"$@\" >%s/args"
                       "\nexec /usr/bin/curl \"$@\"\n" % gateway.records)
        with open(gateway.conf) as f:
            text = f.read()
        gateway.write_conf(text.replace(
            '"RABBITMQ_URL', '"PATH=%s/bin:/usr/bin:/bin", "RABBITMQ_URL'
            % gateway.dir))
        broker.queue()
        reply = gateway.send(PHONE)
        equal(reply, "250 2.0.0", "reply")
        match("publish", gateway.note("args"))
        for text in (gateway.note("args"), reply.text, gateway.log()):
            check("8cbJdDh2wq" not in text, "the secret is told")


@case("a mail that comes to the other host too has one key: consumed once")
def _():
    broker.queue()
    broker.make("once")
    share = broker.dir + "/once"
    header = b"Subject: x\nMessage-ID: <1@example.com>\n"
    with broker.gateway() as one, broker.gateway() as two:
        for host in (one, two):
            equal(host.send(PHONE, "text\n", queue_id="4QX1", header=header),
                  "250 2.0.0", "reply")
        child, log = broker.consumer(share)
        wait_for(lambda: broker.read(log).count("\n") == 2, "the consumer", 30)
        broker.end(child)
    words = [line.split() for line in broker.read(log).splitlines()]
    equal([w[0] for w in words], ["delivered", "dropped"], "consumer")
    equal(words[0][1], words[1][1], "keys")
    equal(os.listdir(share), [words[0][1]], "delivered")


COUNT = 20              # messages of each host


def send_many(gateway, name, replies):
    for i in range(COUNT):
        replies.append(gateway.send(PHONE, "%s %d\n" % (name, i),
                                    queue_id="4Q%s%d" % (name, i)))


@case("two hosts, two consumers, one killed: nothing lost, nothing twice")
def _():
    broker.queue()
    broker.make("many")
    share, replies = broker.dir + "/many", []
    with broker.gateway() as one, broker.gateway() as two:
        victim, its_log = broker.consumer(share, "stop-at", "3")
        threads = [threading.Thread(target=send_many, args=(g, n, replies))
                   for g, n in ((one, "one"), (two, "two"))]
        for thread in threads:
            thread.start()
        wait_for(lambda: "stopped" in broker.read(its_log), "the victim", 60)
        other, log = broker.consumer(share)
        victim.kill()
        for thread in threads:
            thread.join()
        equal(replies, ["250 2.0.0"] * 2 * COUNT, "replies")
        wait_for(lambda: len(os.listdir(share)) == 2 * COUNT, "all", 60)
        wait_for(lambda: "dropped" in broker.read(log), "the third again", 60)
        broker.end(victim)
        broker.end(other)
    texts = []
    for name in os.listdir(share):
        with open("%s/%s" % (share, name)) as f:
            number, text = f.read().splitlines()
        equal(number, "+41791234567", "number")
        texts.append(text)
    equal(sorted(texts), sorted("%s %d" % (n, i) for n in ("one", "two")
                                for i in range(COUNT)), "delivered")
    said = broker.read(its_log) + broker.read(log)
    equal(said.count("delivered"), 2 * COUNT, "deliveries")
    equal(said.count("dropped"), 1, "handed out again after it was delivered")
    equal(broker.get(), [], "left in the queue")


with Broker() as broker:
    with open(HERE + "/consumer.py") as consumer:
        broker.program = broker.write("consumer.py", consumer.read(), 0o644)
    broker.boot()
    run()
