# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real relay and mailbox: postfix (STARTTLS and AUTH) in front of dovecot.

Everything lies in one folder, on free loopback ports; needs root, as postfix
does.  Any user, password `secret`.  A recipient's name picks the fault:
reject550@, grey@, late550@, nouser@.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from geleit import free_port, wait_for


def certificates(d):
    run = lambda *a: subprocess.run(a, check=True, cwd=d, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.crt", "-days", "30", "-subj", "/CN=test-ca",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign")      # Python 3.13 asks for it (VERIFY_X509_STRICT)
    run("openssl", "req", *ec, "-keyout", "srv.key", "-out", "srv.csr", "-subj", "/CN=localhost")
    (d / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    run("openssl", "x509", "-req", "-in", "srv.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "30", "-out", "srv.crt", "-extfile", "ext")
    # of the right name, from nobody we trust
    run("openssl", "req", "-x509", *ec, "-keyout", "other.key", "-out", "other.crt", "-days", "30", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


SHARED_DOVECOT = """protocols = lmtp
base_dir = {d}/run
state_dir = {d}/run/state
log_path = {d}/log/dovecot.log
listen = 127.0.0.1
ssl = no
first_valid_uid = 100
first_valid_gid = 100
auth_mechanisms = plain login
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth {{
    mode = 0666
  }}
}}
"""


def dovecot_conf(d):
    return f"""dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
{SHARED_DOVECOT.format(d=d)}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {d}/mbox/%{{user}}
passdb static {{
  password = secret
}}
userdb static {{
  allow_all_users = yes
  fields {{
    uid = 65534
    gid = 65534
    home = {d}/mbox/%{{user}}
  }}
}}
"""


def dovecot_conf_2_3(d):
    """Debian 12's: 2.4 reads none of it."""
    return f"""{SHARED_DOVECOT.format(d=d)}
disable_plaintext_auth = no
mail_location = maildir:{d}/mbox/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={d}/mbox/%u allow_all_users=yes
}}
"""


class MailRig:
    def __init__(self):
        self.d = pathlib.Path(tempfile.mkdtemp(prefix="geleit-mail-", dir="/tmp"))
        os.chmod(self.d, 0o755)
        self.port = free_port()
        for n in ("etc", "q", "data", "run", "mbox", "log"):
            (self.d / n).mkdir()
        shutil.chown(self.d / "data", "postfix")
        os.chown(self.d / "mbox", 65534, 65534)
        certificates(self.d)
        self.ca = self.d / "ca.crt"
        self.write_postfix()
        self.write_dovecot()

    def write_postfix(self):
        d, e = self.d, f"regexp:{self.d}/etc"
        (d / "etc/boxes").write_text("if !/^nouser/\n/@(example|customer)\\.test$/ ok\nendif\n")
        (d / "etc/rcpt").write_text("/^reject550@/ 550 5.1.1 no such recipient\n/^grey@/ 450 4.7.1 greylisted\n")
        (d / "etc/eod").write_text("/^late550@/ 550 5.7.1 content refused\n")
        (d / "etc/main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {d}/q
data_directory = {d}/data
maillog_file = {d}/log/mail.log
maillog_file_prefixes = {d}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.test
mydestination =
mynetworks = 127.0.0.1/32
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = error:5.4.4 no route
virtual_mailbox_domains = example.test, customer.test
virtual_mailbox_maps = {e}/boxes
virtual_transport = lmtp:unix:{d}/run/lmtp
lmtp_destination_recipient_limit = 1
smtpd_tls_chain_files = {d}/srv.key, {d}/srv.crt
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {d}/run/auth
smtpd_delay_reject = no
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = check_recipient_access {e}/rcpt, permit_sasl_authenticated, reject
smtpd_end_of_data_restrictions = check_recipient_access {e}/eod
""")
        shutil.copy("/usr/share/postfix/master.cf.dist", d / "etc/master.cf")
        subprocess.run(["postconf", "-c", d / "etc", "-MX", "smtp/inet"], check=True)
        subprocess.run(["postconf", "-c", d / "etc", "-F", "*/*/chroot=n"], check=True)
        with open(d / "etc/master.cf", "a") as f:
            f.write(f"127.0.0.1:{self.port} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt "
                    "-o smtpd_sasl_auth_enable=yes\n")

    def write_dovecot(self):
        said = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True).stdout
        version = tuple(map(int, re.match(r"(\d+)\.(\d+)", said).groups()))
        (self.d / "etc/dovecot.conf").write_text(dovecot_conf(self.d) if version >= (2, 4) else dovecot_conf_2_3(self.d))

    def postfix(self, verb):
        subprocess.run(["postfix", "-c", str(self.d / "etc"), verb], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def start(self):
        self.postfix("start")
        subprocess.run(["dovecot", "-c", str(self.d / "etc/dovecot.conf")], check=True)
        wait_for(lambda: (self.d / "run/lmtp").exists())
        return self

    def stop(self):
        self.postfix("stop")
        pid = int((self.d / "run/master.pid").read_text())
        os.kill(pid, 15)
        time.sleep(0.3)
        shutil.rmtree(self.d, ignore_errors=True)

    def url(self, password="secret"):
        return f"smtp://geleit@example.test:{password}@localhost:{self.port}".replace("geleit@example.test", "geleit")

    def mails(self, address):
        box = self.d / "mbox" / address / "new"
        return [p.read_bytes() for p in sorted(box.iterdir(), key=lambda p: p.stat().st_mtime_ns)] if box.exists() else []

    def wait(self, address, count=1):
        return wait_for(lambda: len(self.mails(address)) >= count and self.mails(address), 60)
