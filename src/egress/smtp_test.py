# SPDX-License-Identifier: AGPL-3.0-or-later
"""smtp_send() against a relay that misbehaves, and against postfix's smtp-sink.
usage: smtp_test.py SEND_MAIL

Fake is a relay of one connection with its own certificate. Every case asks what the caller
is told and what travelled in clear. Where waits are tried the clock of smtp_send() is
faster than ours (libfaketime), so that its minutes are seconds.
"""
import base64
import datetime
import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PROGRAM = sys.argv.pop(1)
SINK = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/postfix/sbin")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
MUTE = object()
TEXT = "Zeile eins\n.\n..zwei Punkte\n.\r\nMAIL FROM:<x@evil.example>\nEnde ü\n"
MAIL = {"from_name": "Nordlicht", "from_address": "versand@nordlicht.example",
        "address": "j.behrens@hafenkontor.example", "subject": "Dateien",
        "message_id": "1@nordlicht.example", "text": TEXT, "html": "<p>x</p>"}


def certificate(folder, host):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test relay")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.IPAddress(ipaddress.ip_address(host))] if host[0].isdigit() else [x509.DNSName(host)]
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=9))
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    pem = os.path.join(folder, host + ".pem")
    with open(pem, "wb") as f:
        f.write(cert.public_bytes(serialization.Encoding.PEM))
    with open(pem + ".key", "wb") as f:
        f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()))
    return pem


class Fake(threading.Thread):
    """replies: command -> reply; a reply of None closes the connection instead, of MUTE says nothing until it ends.
    slow: command -> seconds before its answer, "all" for the rest."""

    def __init__(self, pem, starttls=True, smtps=False, auth=True, after_dot="250 2.0.0 Ok: queued as F4KE", slow=(),
                 **replies):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem, pem + ".key")
        self.starttls, self.smtps, self.auth, self.after_dot = starttls, smtps, auth, after_dot
        self.slow = dict(slow)
        self.replies, self.clear, self.commands, self.data = replies, b"", [], None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        try:
            self.sock, _ = self.listener.accept()
            self.tls = self.smtps
            if self.smtps:
                self.sock = self.context.wrap_socket(self.sock, server_side=True)
            self.talk()
        except OSError:
            pass
        finally:
            self.listener.close()
            getattr(self, "sock", self.listener).close()

    def line(self):
        line = b""
        while not line.endswith(b"\n"):
            c = self.sock.recv(1)
            if not c:
                raise OSError("gone")
            line += c
        if not self.tls:
            self.clear += line
        return line

    def say(self, text, word=""):
        time.sleep(self.slow.get(word, self.slow.get("all", 0)))
        if text is None:
            raise OSError("meant to close")
        if text is MUTE:
            while self.sock.recv(1):
                pass
            raise OSError("gone")
        self.sock.sendall(text.encode() + b"\r\n")

    def talk(self):
        self.say(self.replies.get("greeting", "220 relay.example ESMTP"), "greeting")
        while True:
            line = self.line().decode().rstrip()
            word = line.split()[0].upper().split(":")[0]
            self.commands.append(line)
            if word in self.replies:
                self.say(self.replies[word])
            elif word == "EHLO":
                offers = ["250-relay.example", "250-8BITMIME"]
                offers += ["250-STARTTLS"] if self.starttls and not self.tls else []
                offers += ["250-AUTH PLAIN LOGIN"] if self.auth else []
                self.say("\r\n".join(offers + ["250 SIZE 10000000"]))
            elif word == "STARTTLS":
                self.say("220 go ahead")
                self.sock = self.context.wrap_socket(self.sock, server_side=True)
                self.tls = True
            elif word == "AUTH":
                blob = line.split()[2] if len(line.split()) > 2 else ""
                if not blob:
                    self.say("334 ")
                    blob = self.line().decode().strip()
                right = base64.b64decode(blob) == b"\0user\0s3cret"
                self.say("235 2.7.0 in" if right else "535 5.7.8 Error: authentication failed")
            elif word == "DATA":
                self.say("354 go")
                self.take_data()
                self.say(self.after_dot, "after_dot")
            else:
                self.say("250 2.1.0 Ok")
                if word == "QUIT":
                    return

    def take_data(self):
        self.data = b""
        while not self.data.endswith(b"\r\n.\r\n"):
            self.data += self.line()


class Smtp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.pem = certificate(cls.folder.name, "127.0.0.1")
        cls.other = certificate(cls.folder.name, "other.example")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def send(self, port, scheme="smtp", login="user:s3cret@", ca=None, insecure="", mail=MAIL, speed=1):
        paths = [os.path.join(self.folder.name, n) for n in ("mail.json", "relay.json")]
        relay = {"url": f"{scheme}://{login}127.0.0.1:{port}", "ca": self.pem if ca is None else ca,
                 "from": "versand@nordlicht.example", "insecure": insecure}
        for path, what in zip(paths, (mail, relay)):
            with open(path, "w") as f:
                json.dump(what, f)
        env = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": f"+0 x{speed}", "FAKETIME_DISABLE_SHM": "1",
               "ASAN_OPTIONS": "verify_asan_link_order=0"}
        done = subprocess.run([PROGRAM, *paths], capture_output=True, timeout=120 if speed > 1 else 60, env=env if speed > 1 else None)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        return answer["outcome"], answer["reply"]

    def never_in_clear(self, fake):
        for secret in (b"AUTH", b"s3cret", base64.b64encode(b"\0user\0s3cret"), b"MAIL", b"hafenkontor"):
            self.assertNotIn(secret, fake.clear)

    def test_starttls_and_login(self):
        fake = Fake(self.pem)
        self.assertEqual(self.send(fake.port), ("accepted", "250 2.0.0 Ok: queued as F4KE"))
        self.never_in_clear(fake)
        self.assertIn("EHLO nordlicht.example", fake.commands)
        envelope = [c.split(" SIZE")[0] for c in fake.commands if c[:4] in ("MAIL", "RCPT")]
        self.assertEqual(envelope, ["MAIL FROM:<versand@nordlicht.example>",
                                    "RCPT TO:<j.behrens@hafenkontor.example>"])
        # one mail, dots stuffed, nothing smuggled
        self.assertEqual(fake.data.count(b"\r\n.\r\n"), 1)
        self.assertIn(b"\r\n..\r\n", fake.data)
        self.assertIn(b"\r\n...zwei Punkte\r\n", fake.data)

    def test_smtps(self):
        fake = Fake(self.pem, smtps=True)
        self.assertEqual(self.send(fake.port, "smtps")[0], "accepted")
        self.never_in_clear(fake)

    def test_no_starttls_offered(self):
        fake = Fake(self.pem, starttls=False)
        outcome, reply = self.send(fake.port)
        self.assertEqual(outcome, "deferred")
        self.assertIn("TLS", reply)
        self.never_in_clear(fake)

    def test_starttls_refused(self):
        fake = Fake(self.pem, STARTTLS="454 4.7.0 TLS not available")
        outcome, reply = self.send(fake.port)
        self.assertEqual(outcome, "deferred")
        self.assertIn("TLS", reply)
        self.never_in_clear(fake)

    def test_wrong_certificate(self):
        for pem, ca in ((self.other, self.other), (self.pem, self.other), (self.pem, "")):
            for scheme in ("smtp", "smtps"):
                fake = Fake(pem, smtps=scheme == "smtps")
                outcome, reply = self.send(fake.port, scheme, ca=ca)
                self.assertEqual(outcome, "deferred")
                self.assertIn("certificate", reply)
                self.never_in_clear(fake)
                self.assertIsNone(fake.data)

    def test_ca_missing(self):
        fake = Fake(self.pem)
        outcome, reply = self.send(fake.port, ca="/no/such/file.pem")
        self.assertEqual(outcome, "deferred")
        self.assertIn("smtp.ca", reply)

    def test_wrong_password(self):
        fake = Fake(self.pem)
        outcome, reply = self.send(fake.port, login="user:wrong@")
        self.assertEqual(outcome, "deferred")
        self.assertIn("535 5.7.8 Error: authentication failed", reply)
        self.assertNotIn("wrong", reply.split(":", 1)[1])
        self.assertIsNone(fake.data)

    def test_insecure_sends_in_clear(self):
        fake = Fake(self.pem, starttls=False, auth=False)
        self.assertEqual(self.send(fake.port, login="", insecure="1")[0], "accepted")
        self.assertIn(b"MAIL FROM", fake.clear)

    def test_insecure_prefers_tls(self):
        fake = Fake(self.other)
        self.assertEqual(self.send(fake.port, insecure="1", ca="")[0], "accepted")
        self.never_in_clear(fake)

    def test_refusals(self):
        cases = [
            ({"RCPT": "550 5.1.1 mailbox unknown"}, "failed", "550 5.1.1 mailbox unknown"),
            ({"RCPT": "550-5.1.1 mailbox\r\n550 5.1.1 unknown"}, "failed", "550-5.1.1 mailbox\n550 5.1.1 unknown"),
            ({"RCPT": "450 4.2.1 later"}, "deferred", "450 4.2.1 later"),
            ({"MAIL": "553 5.1.8 sender refused"}, "failed", "553 5.1.8 sender refused"),
            ({"MAIL": "452 4.3.1 full"}, "deferred", "452 4.3.1 full"),
            ({"MAIL": "530 5.7.0 log in first"}, "deferred", "530 5.7.0 log in first"),
            ({"DATA": "451 4.3.0 busy"}, "deferred", "451 4.3.0 busy"),
            ({"DATA": "554 5.5.1 no"}, "failed", "554 5.5.1 no"),
            ({"after_dot": "554 5.7.1 spam"}, "failed", "554 5.7.1 spam"),
            ({"after_dot": "451 4.7.1 greylisted"}, "deferred", "451 4.7.1 greylisted"),
            ({"after_dot": "421 4.3.2 closing"}, "deferred", "421 4.3.2 closing"),
            ({"greeting": "554 5.3.2 go away"}, "deferred", "554 5.3.2 go away"),
            ({"greeting": "421 4.3.2 busy"}, "deferred", "421 4.3.2 busy"),
        ]
        for replies, outcome, words in cases:
            with self.subTest(replies):
                fake = Fake(self.pem, **replies)
                self.assertEqual(self.send(fake.port), (outcome, words))

    def test_lost_connections(self):
        for replies, outcome in (({"greeting": None}, "deferred"), ({"EHLO": None}, "deferred"),
                                 ({"MAIL": None}, "deferred"), ({"RCPT": None}, "deferred"),
                                 ({"DATA": None}, "deferred"), ({"after_dot": None}, "unknown")):
            with self.subTest(replies):
                fake = Fake(self.pem, **replies)
                got, reply = self.send(fake.port)
                self.assertEqual(got, outcome)
                self.assertTrue(reply)
                if outcome == "unknown":
                    self.assertTrue(fake.data.endswith(b"\r\n.\r\n"))

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_a_relay_that_takes_a_minute_for_each_command_and_five_after_the_dot(self):
        fake = Fake(self.pem, slow={"all": 2, "after_dot": 10})
        self.assertEqual(self.send(fake.port, speed=30), ("accepted", "250 2.0.0 Ok: queued as F4KE"))
        self.assertEqual([c for c in fake.commands if c.startswith("DATA")], ["DATA"])

    @unittest.skipUnless(os.path.exists(FAKETIME), "libfaketime is not installed")
    def test_a_relay_that_falls_silent(self):
        for replies, outcome in (({"greeting": MUTE}, "deferred"), ({"MAIL": MUTE}, "deferred"), ({"DATA": MUTE}, "deferred"),
                                 ({"after_dot": MUTE}, "unknown")):
            with self.subTest(replies):
                fake = Fake(self.pem, **replies)
                self.assertEqual(self.send(fake.port, speed=100), (outcome, "the relay did not answer in time"))

    def test_what_a_relay_says_to_quit_is_not_waited_for(self):
        """Its answer to the mail is known: nobody waits the five minutes of a command."""
        fake = Fake(self.pem, QUIT=MUTE)
        self.assertEqual(self.send(fake.port), ("accepted", "250 2.0.0 Ok: queued as F4KE"))
        self.assertIn("QUIT", fake.commands)

    def test_hostile_reply(self):
        fake = Fake(self.pem, after_dot="250 \x1b[31mred\x07 " + "x" * 3000)
        outcome, reply = self.send(fake.port)
        self.assertLessEqual(len(reply), 1000)
        self.assertTrue(reply.isprintable())
        self.assertIn(outcome, ("accepted", "unknown"))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        outcome, reply = self.send(port)
        self.assertEqual(outcome, "deferred")
        self.assertIn("cannot be reached", reply)

    def test_a_machine_that_does_not_answer_is_given_up_before_the_wait_for_a_greeting(self):
        """Its queue is full, so the kernel drops who comes; a relay of several addresses has others to try."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as s, socket.socket() as first, socket.socket() as second:
            for c in (first, second):
                c.setblocking(False)
                c.connect_ex(s.getsockname())
            outcome, reply = self.send(s.getsockname()[1])
        self.assertEqual(outcome, "deferred")
        self.assertIn("Failed to connect", reply)

    @unittest.skipUnless(SINK, "postfix's smtp-sink is not installed")
    def test_smtp_sink(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        dump = os.path.join(self.folder.name, "dump")
        user = [] if os.getuid() else ["-u", "root"]
        sink = subprocess.Popen([SINK, *user, "-D", dump, f"127.0.0.1:{port}", "10"],
                                stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            outcome, reply = self.send(port, login="", insecure="1")
            self.assertEqual(outcome, "accepted")
            self.assertTrue(reply.startswith("250 "))
        finally:
            sink.terminate()
            sink.wait(10)


if __name__ == "__main__":
    unittest.main(verbosity=1)
