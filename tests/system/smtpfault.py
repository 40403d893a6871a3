# SPDX-License-Identifier: AGPL-3.0-or-later
"""A relay's bad days: SmtpProxy stands between Geleit and the real postfix of mailrig.

The next connection gets the next fault of `plan`, later ones none.  A fault is (verb, how) with a verb of
VERBS and how one of
    before   the command is not passed on, the connection ends
    after    it is passed on and answered, and the answer is lost
    hold     it is passed on, the answer waits for `release`
    a text   it is answered with these words, and not passed on
    a number it is passed on, and answered that many seconds later; verb EACH: so is every other
or a function that gets the client's socket before the greeting and does what it likes with it.
"""
import socket
import ssl
import threading
import time

VERBS = ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT"]


class Over(Exception):
    """This connection is to end."""


class Lines:
    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                raise Over
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line + b"\n"

    def reply(self):
        whole = b""
        while True:
            line = self.line()
            whole += line
            if line[3:4] != b"-":
                return whole

    def command(self, text):
        self.sock.sendall(text)
        return self.reply()


class SmtpProxy:
    def __init__(self, rig):
        self.rig, self.plan, self.seen, self.held = rig, [], [], threading.Event()
        self.release = threading.Event()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(rig.d / "srv.crt", rig.d / "srv.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def url(self):
        return f"smtp://geleit:secret@localhost:{self.port}"

    def close(self):
        self.listener.close()

    def listen(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            fault = self.plan.pop(0) if self.plan else None
            threading.Thread(target=self.serve, args=(sock, fault), daemon=True).start()

    def serve(self, sock, fault):
        with sock:
            try:
                if callable(fault):
                    fault(sock)
                else:
                    Talk(self, sock, fault or ("", "")).run()
            except (Over, OSError):
                pass


class Talk:
    """One connection, command by command."""

    def __init__(self, proxy, sock, fault):
        self.proxy, self.client, self.verb, self.how = proxy, Lines(sock), *fault

    def run(self):
        if self.verb == "CONNECT":
            self.refuse()
        with socket.create_connection(("127.0.0.1", self.proxy.rig.port)) as far:
            self.far = Lines(far)
            greeting = self.far.reply()
            self.far.command(b"EHLO proxy.test\r\n")
            self.far.command(b"STARTTLS\r\n")
            trust = ssl.create_default_context(cafile=str(self.proxy.rig.ca))
            self.far = Lines(trust.wrap_socket(far, server_hostname="localhost"))
            self.secured = False
            self.tell("CONNECT", greeting)
            while True:
                self.step(self.client.line())

    def step(self, line):
        word = line.split()[0].split(b":")[0].upper().decode()
        self.proxy.seen.append(word)
        if word == self.verb and self.how not in ("after", "hold") and not self.is_slow():
            self.refuse()
        elif word == "EHLO" and not self.secured:
            self.tell(word, b"250-mail.example.test\r\n250 STARTTLS\r\n")
        elif word == "STARTTLS":
            self.tell(word, b"220 2.0.0 Ready\r\n")
            self.client = Lines(self.proxy.tls.wrap_socket(self.client.sock, server_side=True))
            self.secured = True
        else:
            reply = self.far.command(line)
            self.tell(word, reply)
            if word == "DATA" and reply.startswith(b"354"):
                self.body()

    def body(self):
        lines = 0
        while (line := self.client.line()) != b".\r\n":
            lines += 1
            if self.verb == "BODY" and lines == 5:
                self.refuse()
            self.far.sock.sendall(line)
        self.proxy.seen.append("DOT")
        if self.verb == "DOT" and self.how not in ("after", "hold") and not self.is_slow():
            self.refuse()
        else:
            self.tell("DOT", self.far.command(line))

    def refuse(self):
        """The command goes nowhere."""
        if self.how == "before":
            raise Over
        self.client.sock.sendall(self.how.encode() + b"\r\n")
        if self.verb == "DOT" or self.how.startswith("421"):
            raise Over      # the far side is in the middle of a mail

    def is_slow(self):
        return isinstance(self.how, int)

    def tell(self, verb, reply):
        if self.is_slow() and self.verb in (verb, "EACH"):
            time.sleep(self.how)
        if verb == self.verb and self.how == "after":
            raise Over
        if verb == self.verb and self.how == "hold":
            self.proxy.held.set()
            self.proxy.release.wait()
        self.client.sock.sendall(reply)
