# SPDX-License-Identifier: AGPL-3.0-or-later
"""What compose() writes, read by Python's email package. usage: mime_test.py SEND_MAIL"""
import base64
import email
import email.policy
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = sys.argv.pop(1)


def png():
    def chunk(kind, data):
        return (len(data).to_bytes(4, "big") + kind + data +
                zlib.crc32(kind + data).to_bytes(4, "big"))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])) +
            chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


MAIL = {
    "from_name": "Nordlicht Möbelwerke „Süd“, \"GmbH\"", "from_address": "versand@nordlicht.example",
    "address": "j.behrens@hafenkontor.example",
    "subject": "Motive für die Anzeige „Havn“ – Dateien von Maren Olsen, ein langer Betreff über zwei Zeilen",
    "message_id": "abc123@nordlicht.example",
    "text": "Guten Tag,\r\n\nüber diese Zeile hinaus " + "sehr lang " * 40 +
            "\n.\n..\nFrom here\nhttps://daten.nordlicht.example/r/" + "A" * 43 + "\n-- \nImpressum €🛋\n",
    "html": "<!doctype html><p>Grüße & <b>mehr</b></p>\n.\n" + "<p>x</p>" * 300,
}


def compose(**changes):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({**MAIL, **changes}, f)
        f.flush()
        return subprocess.run([PROGRAM, f.name], capture_output=True, timeout=20)


def parsed(**changes):
    done = compose(**changes)
    assert done.returncode == 0, done.stderr
    return done.stdout, email.message_from_bytes(done.stdout, policy=email.policy.default)


class Mime(unittest.TestCase):
    def test_a_domain_of_other_letters_stays_as_it_is_sent(self):
        ace = "xn--mbelhaus-mller-vpb1f.example"
        raw, mail = parsed(address="info@" + ace, from_address="versand@" + ace)
        self.assertTrue(raw.isascii())
        self.assertEqual([a.addr_spec for a in mail["To"].addresses], ["info@" + ace])
        self.assertEqual([(a.display_name, a.addr_spec) for a in mail["From"].addresses], [(MAIL["from_name"], "versand@" + ace)])
        self.assertIn(b"To: anna@xn--plb\r\n", parsed(address="anna@xn--plb")[0])

    def test_a_long_name_is_folded(self):
        raw, mail = parsed(from_name="Möbel und Räume " * 12)
        self.assertLessEqual(max(map(len, raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n"))), 100)
        self.assertEqual(mail["From"].addresses[0].display_name, ("Möbel und Räume " * 12).strip())

    def test_bytes(self):
        raw, _ = parsed(logo=base64.b64encode(png()).decode())
        self.assertTrue(raw.endswith(b"\r\n"))
        self.assertNotIn(b"\n", raw.replace(b"\r\n", b""))
        self.assertNotIn(b"\r", raw.replace(b"\r\n", b""))
        self.assertTrue(raw.isascii())
        self.assertNotIn(0, raw)
        self.assertLessEqual(max(map(len, raw.split(b"\r\n"))), 998)
        body = raw.split(b"\r\n\r\n", 1)[1]
        self.assertLessEqual(max(map(len, body.split(b"\r\n"))), 100)

    def test_headers(self):
        _, m = parsed()
        self.assertEqual(m.defects, [])
        sender = m["From"].addresses[0]
        self.assertEqual(sender.display_name, MAIL["from_name"])
        self.assertEqual(sender.addr_spec, MAIL["from_address"])
        self.assertEqual([a.addr_spec for a in m["To"].addresses], [MAIL["address"]])
        self.assertIsNone(m["Reply-To"])
        self.assertEqual(m["Subject"], MAIL["subject"])
        self.assertEqual(m["Message-ID"], f"<{MAIL['message_id']}>")
        self.assertEqual(m["Auto-Submitted"], "auto-generated")
        self.assertEqual(m["X-Auto-Response-Suppress"], "All")
        self.assertEqual(m["MIME-Version"], "1.0")
        self.assertEqual(m["Date"].datetime.timestamp(), 1795600000)
        for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
            self.assertEqual(len(m.get_all(name)), 1, name)

    def test_without_logo(self):
        _, m = parsed()
        self.assertEqual(m.get_content_type(), "multipart/alternative")
        text, html = m.iter_parts()
        self.assertEqual(text.get_content_type(), "text/plain")
        self.assertEqual(html.get_content_type(), "text/html")
        for part, want in ((text, MAIL["text"]), (html, MAIL["html"])):
            self.assertEqual(part["Content-Transfer-Encoding"], "quoted-printable")
            self.assertEqual(part.get_content_charset(), "utf-8")
            got = part.get_content()
            self.assertEqual(got.replace("\r\n", "\n").rstrip("\n"), want.replace("\r\n", "\n").rstrip("\n"))
            self.assertNotIn("\n", got.replace("\r\n", ""))

    def test_with_logo(self):
        logo = png()
        _, m = parsed(logo=base64.b64encode(logo).decode())
        text, related = m.iter_parts()
        self.assertEqual(text.get_content_type(), "text/plain")
        self.assertEqual(related.get_content_type(), "multipart/related")
        html, image = related.iter_parts()
        self.assertEqual(html.get_content_type(), "text/html")
        self.assertEqual(image.get_content_type(), "image/png")
        self.assertEqual(image["Content-ID"], "<logo>")
        self.assertEqual(image.get_content_disposition(), "inline")
        self.assertEqual(image.get_content(), logo)

    def test_text_alone(self):
        _, m = parsed(html="")
        self.assertEqual(m.get_content_type(), "text/plain")

    def test_no_name(self):
        _, m = parsed(from_name="")
        self.assertEqual(m["From"].addresses[0].addr_spec, MAIL["from_address"])

    def test_encoded_words_are_only_text(self):
        """A subject that looks like an encoded word comes back as it was typed."""
        smuggled = "=?utf-8?q?a=0D=0ABcc:_x@y?= z"
        raw, m = parsed(subject=smuggled)
        self.assertIsNone(m["Bcc"])
        self.assertNotIn(b"\r\nBcc", raw)

    def test_injection_is_refused(self):
        attacks = ["a\r\nBcc: x@evil.example", "a\nb", "a\rb", "a\x00b", "a\x7f", "a\u2028b", "a\u2029b",
                   "a\x85b", "a\tb", "a\x0bb"]
        for name in ("from_name", "subject", "message_id", "address", "from_address"):
            for attack in attacks:
                value = attack + "@b.example" if "address" in name else attack
                done = compose(**{name: value})
                self.assertEqual((done.returncode, done.stdout), (1, b""), (name, attack))
                self.assertIn(b"bad-header", done.stderr)

    def test_bad_addresses_are_refused(self):
        for bad in ("", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "a@b, c@d", "\"a\"@b", "ä@b", "a@ö",
                    "a@b;c", "a" * 250 + "@b.de"):
            for name in ("address", "from_address"):
                self.assertEqual(compose(**{name: bad}).returncode, 1, (name, bad))

    def test_large(self):
        self.assertEqual(compose(text="x" * (1 << 20), html="y").returncode, 1)
        self.assertEqual(compose(logo=base64.b64encode(os.urandom(70000)).decode()).returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
