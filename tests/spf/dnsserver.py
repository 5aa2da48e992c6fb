#!/usr/bin/python3
"""A small authoritative DNS server for tests, with faults on demand.

    dnsserver.py ZONE [ADDRESS]     serve a YAML or JSON file until killed

A zone is what the OpenSPF suites call zonedata: names, each with a list of
{TYPE: value}.  Types are A, AAAA, MX, PTR, CNAME, TXT and SPF; a name's SPF
values are its TXT records too where it lists no TXT of its own (TXT: NONE).
The same list may hold what is wrong with the name:

    TIMEOUT, SERVFAIL, FORMERR, REFUSED
                    for every type that the name has no record of
    TRUNCATE        over UDP only the TC bit; TCP answers
    TCPTIMEOUT      the same, and TCP is silent
    GARBAGE         an answer that counts more records than it has
    CNAMELOOP       the name is its own alias
    DELAY: SECONDS  before any answer
    TTL: SECONDS    of its records (300)

Names compare without regard to case; nobody but the test is to be trusted.
"""

import contextlib
import socket
import struct
import sys
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
         "SPF": 99}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
OPT, IN = 41, 1
NOERROR, NXDOMAIN = 0, 3
RCODES = {"FORMERR": 1, "SERVFAIL": 2, "REFUSED": 5}
ANSWER, TRUNCATED = 0x8400, 0x0200      # QR and AA; TC
UDP_MAX, EDNS_MAX = 512, 1232
OWNER = b"\xc0\x0c"                     # the name of the question
TTL = 300
CHAIN_MAX = 12                          # aliases followed in one answer


# -- names and records --------------------------------------------------------

def labels(name):
    """The labels of a name in text, or None where DNS cannot carry it."""
    if name in ("", "."):
        return ()
    parts = tuple(octets(part) for part in name.removesuffix(".").split("."))
    if all(0 < len(p) < 64 for p in parts) and len(wire(parts)) < 256:
        return parts
    return None


def octets(text):
    """The suites write single bytes as characters."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def wire(parts):
    return b"".join(bytes([len(p)]) + p for p in parts) + b"\0"


def key(parts):
    return tuple(p.lower() for p in parts)


def text_rdata(value):
    """Character strings; a long one becomes several, none at all is kept."""
    strings = value if isinstance(value, list) else [value]
    rdata = b""
    for string in map(octets, strings):
        for start in range(0, len(string) or 1, 255):
            piece = string[start:start + 255]
            rdata += bytes([len(piece)]) + piece
    return rdata


def rdata(kind, value):
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack(">H", value[0]) + wire(labels(value[1]))
    if kind in ("PTR", "CNAME"):
        return wire(labels(value))
    return text_rdata(value)


class Node:
    """What stands at one name: records by type, and its faults."""

    def __init__(self, entries):
        self.records = {}
        self.alias = None
        self.faults = {}
        entries = [e if isinstance(e, dict) else {e: True} for e in entries]
        has_txt = any("TXT" in entry for entry in entries)
        for entry in entries:
            for kind, value in entry.items():
                self._add(kind, value)
                if kind == "SPF" and not has_txt:
                    self._add("TXT", value)

    def _add(self, kind, value):
        if kind not in TYPES:
            self.faults[kind] = value
        elif value != "NONE":
            if kind == "CNAME":
                self.alias = labels(value)
            self.records.setdefault(kind, []).append(rdata(kind, value))

    def fault(self, kind, *names):
        """The first of those faults that a question for kind meets."""
        if kind in self.records or self.alias is not None:
            return None
        return next((n for n in names if n in self.faults), None)


class Zone:
    def __init__(self, data):
        self.nodes = {}
        self.parents = set()
        for name, entries in data.items():
            parts = labels(str(name))
            if parts is None:
                continue                # cannot be asked for
            if any("CNAMELOOP" in e for e in entries):
                entries = [{"CNAME": str(name)}]
            self.nodes[key(parts)] = Node(entries)
            self.parents.update(key(parts[i:]) for i in range(len(parts)))

    def find(self, parts):
        """The node; an empty one where only names below it exist; or None."""
        node = self.nodes.get(key(parts))
        if node is None and key(parts) in self.parents:
            node = Node([])
        return node


# -- questions and answers ----------------------------------------------------

class Question:
    """A query's only question.  ValueError: it is none."""

    def __init__(self, packet):
        if len(packet) < 17:
            raise ValueError("too short")
        self.id, flags, count = struct.unpack(">HHH", packet[:6])
        if flags & 0xf800 or count != 1:
            raise ValueError("not a query")
        self.recurse = flags & 0x0100
        self.labels, end = self._name(packet)
        self.type, _ = struct.unpack(">HH", packet[end:end + 4])
        self.text = packet[12:end + 4]
        self.room = self._room(packet[end + 4:])
        self.kind = TYPE_NAMES.get(self.type, str(self.type))
        self.name = b".".join(self.labels).decode("latin-1").lower()

    @staticmethod
    def _name(packet):
        parts, at = [], 12
        while packet[at]:
            length = packet[at]
            if length > 63 or at + length + 5 >= len(packet):
                raise ValueError("bad name")
            parts.append(packet[at + 1:at + 1 + length])
            at += length + 1
        return tuple(parts), at + 1

    @staticmethod
    def _room(rest):
        """Bytes that the asker takes over UDP (RFC 6891)."""
        if len(rest) >= 11 and rest[0] == 0:
            kind, size = struct.unpack(">HH", rest[1:5])
            if kind == OPT:
                return max(UDP_MAX, min(size, EDNS_MAX))
        return UDP_MAX

    def reply(self, records, flags=0, count=None):
        count = len(records) if count is None else count
        return (struct.pack(">HHHHHH", self.id, ANSWER | flags | self.recurse,
                            1, count, 0, 0) + self.text + b"".join(records))


def record(owner, kind, data, ttl):
    return owner + struct.pack(">HHIH", TYPES[kind], IN, ttl, len(data)) + data


def collect(zone, question):
    """The records that answer, aliases first, and the response code."""
    records, parts, owner = [], question.labels, OWNER
    for _ in range(CHAIN_MAX):
        node = zone.find(parts)
        if node is None:
            return records, NXDOMAIN
        fault = node.fault(question.kind, *RCODES)
        if fault:
            return records, RCODES[fault]
        ttl = node.faults.get("TTL", TTL)
        wanted = question.kind if node.alias is None else "CNAME"
        records += [record(owner, wanted, data, ttl)
                    for data in node.records.get(wanted, [])]
        if wanted == question.kind or key(node.alias) == key(parts):
            break
        parts, owner = node.alias, wire(node.alias)
    return records, NOERROR


def answer(zone, question, udp):
    """A packet, or None for silence."""
    node = zone.find(question.labels) or Node([])
    if node.fault(question.kind, "TIMEOUT"):
        return None
    if "TCPTIMEOUT" in node.faults and not udp:
        return None
    if udp and {"TRUNCATE", "TCPTIMEOUT"} & set(node.faults):
        return question.reply([], TRUNCATED)
    records, code = collect(zone, question)
    if "GARBAGE" in node.faults:
        return question.reply(records, code, len(records) + 9)[:-1]
    packet = question.reply(records, code)
    if udp and len(packet) > question.room:
        return question.reply([], code | TRUNCATED)
    return packet


# -- the server ---------------------------------------------------------------

class Server:
    """Serves one zone at a time, by UDP and TCP, from threads of its own.

    queries lists what was asked since the zone came: (name, type, "udp" or
    "tcp").  on_query, if set, is called with a name and a type before that
    question is answered.
    """

    def __init__(self, address="127.0.0.1", port=53):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for listener in (self.udp, self.tcp):
            listener.bind((address, port))
        self.tcp.listen(64)
        self.serve({})
        for loop in (self._udp_loop, self._tcp_loop):
            threading.Thread(target=loop, daemon=True).start()

    def serve(self, data):
        self.queries = []
        self.on_query = None
        self.mangle = None
        self.zone = Zone(data)

    def close(self):
        for listener in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _handle(self, packet, udp, send):
        """Answer one packet through send, at once or later."""
        try:
            question = Question(packet)
        except (ValueError, IndexError, struct.error):
            return
        zone = self.zone
        self.queries.append((question.name, question.kind,
                             "udp" if udp else "tcp"))
        if self.on_query:
            self.on_query(question.name, question.kind)
        reply = answer(zone, question, udp)
        if reply is None:
            return
        if self.mangle:
            reply = self.mangle(reply, 12 + len(question.text))
        node = zone.find(question.labels)
        if node and "DELAY" in node.faults:
            later = threading.Timer(node.faults["DELAY"], send, (reply,))
            later.daemon = True
            later.start()
        else:
            send(reply)

    def _udp_loop(self):
        while True:
            try:
                packet, sender = self.udp.recvfrom(4096)
            except ConnectionError:
                continue                # the asker of before has gone
            except OSError:
                return

            def send(reply, sender=sender):
                with contextlib.suppress(OSError):
                    self.udp.sendto(reply, sender)
            self._handle(packet, True, send)

    def _tcp_loop(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._tcp_session, args=(connection,),
                             daemon=True).start()

    def _tcp_session(self, connection):
        def send(reply):
            with contextlib.suppress(OSError):
                connection.sendall(struct.pack(">H", len(reply)) + reply)

        connection.settimeout(30)
        with connection, contextlib.suppress(OSError, struct.error):
            stream = connection.makefile("rb")
            while True:
                length, = struct.unpack(">H", stream.read(2))
                self._handle(stream.read(length), False, send)


def main():
    import yaml                         # reads JSON as well

    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        data = yaml.safe_load(f)
    server = Server(*sys.argv[2:])
    server.serve(data)
    print("ready", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
