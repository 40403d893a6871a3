# SPDX-License-Identifier: AGPL-3.0-or-later
"""How three servers cut the bytes of one connection into requests: ours, python3-h11, and a real nginx.

Each judge gives a Seen: the requests (method, target, content) it would act upon, whether it then refused what
followed, and with which status.  nginx is a proxy here and a recorder stands behind it, so what counts is what it
would pass on to a server like ours.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import typing

import h11


class Seen(typing.NamedTuple):
    requests: list
    refused: bool
    end: str

    def __str__(self):
        return f"{len(self.requests)} [{'; '.join(self.text(r) for r in self.requests)}] {self.end}"

    @staticmethod
    def text(request):
        method, target, content = request
        return f"{method[:20]} {target[:30]}" + (f" + {content[:40]!r}" if content else "")


def ours(helper, data):
    out = subprocess.run([helper], input=data, stdout=subprocess.PIPE, check=True).stdout.decode("latin-1")
    assert "byte by byte" not in out, out
    *requests, end = out.rstrip("\n").split("\n")
    assert end.startswith("end "), out
    cut = [line.split(" ") for line in requests]
    return Seen([(m, t, bytes.fromhex(c)) for _, m, t, c in cut], end.startswith("end refused"), end[4:])


def h11s(data):
    conn = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    conn.receive_data(data)
    requests, head, content = [], None, b""
    while True:
        try:
            event = conn.next_event()
        except h11.RemoteProtocolError as e:
            return Seen(requests, True, f"refused {e}")
        if event is h11.NEED_DATA:
            rest = head is not None or conn.trailing_data[0]
            return Seen(requests, False, "more" if rest else "idle")
        if isinstance(event, h11.Request):
            head, content = event, b""
        elif isinstance(event, h11.Data):
            content += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            requests.append((head.method.decode("latin-1"), head.target.decode("latin-1"), content))
            head = None
            conn.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            if conn.our_state is h11.SWITCHED_PROTOCOL:
                return Seen(requests, False, "close CONNECT")
            conn.send(h11.EndOfMessage())
            if conn.our_state is not h11.DONE:
                return Seen(requests, False, "close")
            conn.start_next_cycle()
        else:
            return Seen(requests, False, f"close {event}")


CONF = """
daemon off; master_process off; pid {d}/pid; error_log {d}/error.log warn; events {{ worker_connections 256; }}
http {{ access_log off; client_max_body_size 0; client_body_buffer_size 1m; large_client_header_buffers 8 32k;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1;
    proxy_set_header Host $http_host; proxy_ignore_client_abort on; }} }} }}
"""


def read_all(f, head):
    """The content of a message that nginx wrote: it always gives a length, here."""
    length = [line.split(b":")[1] for line in head if line.lower().startswith(b"content-length:")]
    return f.read(int(length[0])) if length else b""


def read_head(f):
    lines = []
    while True:
        line = f.readline()
        if line in (b"\r\n", b""):
            return lines
        lines.append(line.rstrip(b"\r\n"))


class Nginx:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="geleit-nginx-"))
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        (self.dir / "conf").write_text(CONF.format(d=self.dir, port=self.port, behind=self.listener.getsockname()[1]))
        threading.Thread(target=self.record, daemon=True).start()
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(self.dir), "-c", str(self.dir / "conf"), "-e", str(self.dir / "error.log")])
        while True:     # until it answers, or has ended
            try:
                return self.connect().close()
            except ConnectionRefusedError:
                assert self.process.poll() is None, (self.dir / "error.log").read_text()

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def record(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with s, s.makefile("rb") as f:
                head = read_head(f)
                if not head:
                    continue
                method, target, _ = head[0].decode("latin-1").split(" ")
                self.seen.append((method, target, read_all(f, head)))
                s.sendall(b"HTTP/1.1 200 OK\r\nRecorded: yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def judge(self, data):
        self.seen.clear()
        with self.connect() as s, s.makefile("rb") as f:
            threading.Thread(target=self.send, args=(s, data), daemon=True).start()
            own, answers = [], 0
            while True:
                try:
                    head = read_head(f)
                except ConnectionResetError:
                    break
                if not head:
                    break
                if head[0].startswith(b"HTTP/1.1 100 "):
                    continue
                if b"Recorded: yes" in head:
                    answers += 1
                    continue
                own.append(head[0].split(b" ")[1].decode() if head[0].startswith(b"HTTP/") else "400")
                break
        requests = list(self.seen)
        assert own != ["502"] and answers <= len(requests), (own, answers, requests)
        return Seen(requests, bool(own), f"refused {own[0]}" if own else "open")

    @staticmethod
    def send(s, data):
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)
