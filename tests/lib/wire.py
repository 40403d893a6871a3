# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client that says exactly the bytes it is told to, over TLS, and reads answers one by one."""
import socket
import ssl
import typing


class Answer(typing.NamedTuple):
    status: int
    fields: dict        # names in small letters
    body: bytes

    @property
    def closes(self):
        return self.fields.get("connection") == "close"


def connect(server, source="127.0.0.1", rcvbuf=0, timeout=30):
    """A TCP connection, no word said."""
    s = socket.socket()
    s.settimeout(timeout)
    if rcvbuf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    s.bind((source, 0))
    s.connect(("127.0.0.1", server.port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


class Wire:
    """A TLS connection.  Its end is None from answer() when the server said goodbye, an exception when it did not."""

    def __init__(self, server, context=None, **kw):
        self.host = f"localhost:{server.port}".encode()
        self.sock = (context or server.context()).wrap_socket(
            connect(server, **kw), server_hostname="localhost", suppress_ragged_eofs=False)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def ask(self, target=b"/imprint", method=b"GET", fields=b"", body=b""):
        self.send(self.head(target, method, fields) + body)
        return self.answer(method == b"HEAD")

    def head(self, target=b"/imprint", method=b"GET", fields=b""):
        return method + b" " + target + b" HTTP/1.1\r\nHost: " + self.host + b"\r\n" + fields + b"\r\n"

    def more(self):
        data = self.sock.recv(1 << 16)
        self.rest += data
        return data

    def answer(self, is_head=False):
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                assert self.rest == b"", self.rest
                return None
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        status = int(line.split(" ")[1])
        named = {n.lower(): v for n, v in (f.split(": ", 1) for f in fields)}
        n = 0 if is_head or status in (100, 204, 304) else int(named["content-length"])
        while len(self.rest) < n:
            assert self.more(), (line, n, len(self.rest))
        body, self.rest = self.rest[:n], self.rest[n:]
        return Answer(status, named, body)

    def ends(self):
        """The server says goodbye, TLS included, and nothing else."""
        try:
            return self.rest == b"" and self.sock.recv(1) == b""
        except ssl.SSLEOFError:
            return False
