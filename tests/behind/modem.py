"""A GSM modem on a TCP port, as a serial server has it: takes short messages
in PDU mode, puts the parts of each together, and keeps them."""

import collections

from tcpserver import TcpServer

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
       "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENSION = {20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]",
             64: "|", 101: "€"}
ANSWERS = {b"AT+CPIN?": b"+CPIN: READY", b"AT+CREG?": b"+CREG: 0,1",
           b"AT+CSQ": b"+CSQ: 20,0"}

Part = collections.namedtuple("Part", "number ref of index dcs data")


def septets(data, count, skip):
    """Packed 7-bit characters, without the first few."""
    bits = int.from_bytes(data, "little")
    return [bits >> 7 * i & 127 for i in range(skip, count)]


def gsm_text(codes):
    text, escape = "", False
    for c in codes:
        if escape:
            text += EXTENSION[c]
        elif c != 27:
            text += GSM[c]
        escape = c == 27 and not escape
    return text


def parse(pdu):
    """An SMS-SUBMIT (3GPP TS 23.040, 9.2.2.2)."""
    octets = bytes.fromhex(pdu)
    octets = octets[1 + octets[0]:]
    first, digits = octets[0], octets[2]
    at = 4 + (digits + 1) // 2
    number = "".join("%x%x" % (o & 15, o >> 4) for o in octets[4:at])[:digits]
    dcs = octets[at + 1]
    at += 2 + {0: 0, 2: 1}.get(first >> 3 & 3, 7)
    length, data = octets[at], octets[at + 1:]
    head, ref, of, index = 0, None, 1, 1
    if first & 64:
        head = data[0] + 1
        ref, of, index = data[3:6]
    if dcs == 8:
        return Part(number, ref, of, index, dcs, data[head:length])
    return Part(number, ref, of, index, dcs,
                septets(data, length, (head * 8 + 6) // 7))


class Modem(TcpServer):
    """Use it in a with statement.  messages: (number, text, parts)."""

    def __init__(self):
        super().__init__()
        self.messages, self.parts = [], []

    def session(self, client):
        buffer, end = b"", b"\r"
        while True:
            while end not in buffer:
                data = client.recv(4096)
                if not data:
                    return
                buffer += data
            line, buffer = buffer.split(end, 1)
            line = line.strip()
            if end == b"\x1a":
                self._take(parse(line.decode()))
                end, answer = b"\r", b"\r\n+CMGS: 1\r\n\r\nOK\r\n"
            elif line.startswith(b"AT+CMGS="):
                end, answer = b"\x1a", b"\r\n> "
            elif line in ANSWERS:
                answer = b"\r\n" + ANSWERS[line] + b"\r\n\r\nOK\r\n"
            else:
                answer = b"\r\nOK\r\n" if line else b""
            client.sendall(answer)

    def _take(self, part):
        self.parts.append(part)
        whole = [p for p in self.parts
                 if (p.number, p.ref) == (part.number, part.ref)]
        if len(whole) < part.of:
            return
        self.parts = [p for p in self.parts if p not in whole]
        whole.sort(key=lambda p: p.index)
        if part.dcs == 8:
            text = b"".join(p.data for p in whole).decode("utf-16-be")
        else:
            text = gsm_text([c for p in whole for c in p.data])
        self.messages.append((part.number, text, len(whole)))
