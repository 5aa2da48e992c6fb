#!/usr/bin/python3
"""A consumer as a site may have it: delivers the messages of the queue "sms",
each once, though RabbitMQ hands one out again when its consumer has died.

    consumer.py PORT DIR [stop-at N]

DIR is what all consumers share: a message_id that has a file there was
delivered.  With stop-at it hangs at its Nth message, delivered and not yet
acknowledged, which is the worst moment to die."""

import os
import sys
import time

import pika


def deliver(share, properties, body):
    """The file is made whole or not at all; False where it is there."""
    part = "%s/.%d" % (share, os.getpid())
    with open(part, "wb") as f:
        f.write(properties.headers["number"].encode() + b"\n" + body)
    try:
        os.link(part, "%s/%s" % (share, properties.message_id))
    except FileExistsError:
        return False
    finally:
        os.unlink(part)
    return True


def main():
    port, share = int(sys.argv[1]), sys.argv[2]
    stop_at = int(sys.argv[4]) if sys.argv[3:4] == ["stop-at"] else 0
    connection = pika.BlockingConnection(pika.ConnectionParameters(
        "127.0.0.1", port,
        credentials=pika.PlainCredentials("admin", "admin")))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=5)
    count = 0
    for method, properties, body in channel.consume("sms"):
        new = deliver(share, properties, body)
        print("delivered" if new else "dropped", properties.message_id,
              flush=True)
        count += 1
        if count == stop_at:
            print("stopped", flush=True)
            time.sleep(300)
        channel.basic_ack(method.delivery_tag)


main()
