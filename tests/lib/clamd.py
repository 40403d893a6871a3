# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real clamd with one signature of our own, on a socket in a folder of its own.

The signature is that of the EICAR test file (eicar.org: 68 bytes of text that every
scanner must call malware, and that do nothing), so that no database is fetched.
"""
import binascii
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Eicar-Body.UNOFFICIAL"
MIB = 1 << 20


class Clamd:
    def __init__(self, **settings):
        self.d = pathlib.Path(tempfile.mkdtemp(prefix="geleit-clamd-", dir="/tmp"))
        os.chmod(self.d, 0o755)
        for n in ("db", "run", "tmp"):
            (self.d / n).mkdir(mode=0o755)
            if os.getuid() == 0:
                shutil.chown(self.d / n, "clamav")
        (self.d / "db/own.ndb").write_text(f"Eicar-Body:0:*:{binascii.hexlify(EICAR).decode()}\n")
        self.socket = self.d / "run/clamd.sock"
        self.settings = {"StreamMaxLength": "2M", "MaxScanSize": "200M", "MaxFileSize": "100M", "AlertExceedsMax": "yes",
                         "AlertEncrypted": "yes", "MaxThreads": "2", "SelfCheck": "0", **settings}
        self.process = None

    def where(self):
        """The lines that keep it within its folder."""
        return [f"LocalSocket {self.socket}", "FixStaleSocket yes", f"DatabaseDirectory {self.d}/db", "Foreground yes",
                f"LogFile {self.d}/run/clamd.log", *(["User clamav"] if os.getuid() == 0 else [])]

    def configure(self):
        lines = [*self.where(), f"TemporaryDirectory {self.d}/tmp", *(f"{k} {v}" for k, v in self.settings.items())]
        (self.d / "clamd.conf").write_text("\n".join(lines) + "\n")

    def start(self, configured=False):
        if not configured:
            self.configure()
        self.process = subprocess.Popen(["clamd", "-c", str(self.d / "clamd.conf")], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.1)
        return self

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.socket))
                s.sendall(b"zPING\0")
                return s.recv(16) == b"PONG\0"
        except OSError:
            return False

    def log(self):
        path = self.d / "run/clamd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pause(self):
        """It takes connections and answers nobody."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Dead, and its socket stays behind."""
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.go_on()
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def remove(self):
        self.stop()
        shutil.rmtree(self.d, ignore_errors=True)
