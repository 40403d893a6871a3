# SPDX-License-Identifier: AGPL-3.0-or-later
"""A PostgreSQL of a test's own, durable, that may be stopped, killed and run out of space (pg.sh does the work)."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

PG_SH = pathlib.Path(__file__).with_name("pg.sh")


class Cluster:
    def __init__(self, where=None, wal=None):
        """where: an empty folder to live in; wal: another one for the write-ahead log."""
        self.top = pathlib.Path(where or tempfile.mkdtemp(prefix="geleit-pg-", dir="/tmp"))
        os.chmod(self.top, 0o711)
        self.dir = self.top / "c"
        self.env = {**os.environ, "PG_DURABLE": "1", **({"PG_WAL": str(wal)} if wal else {})}
        self.url = self.do("start").strip()

    def do(self, verb, *more):
        done = subprocess.run(["sh", str(PG_SH), verb, str(self.dir), *more], env=self.env, stdout=subprocess.PIPE, text=True, timeout=300)
        assert done.returncode == 0, (verb, self.log()[-2000:])
        return done.stdout

    def log(self):
        path = self.dir / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def restart(self, how):
        """fast: sessions are ended, everything is written.  immediate: as if it had crashed."""
        self.do("restart", how)

    def halt(self, how="fast"):
        self.do("halt", how)

    def again(self):
        self.do("again")

    def processes(self):
        """The first one, and those that it has started."""
        first = int((self.dir / "data/postmaster.pid").read_text().split()[0])
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):      # it has ended meanwhile
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        return [first, *(pid for pid, parent in parents.items() if parent == first)]

    def tell(self, what):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def stop(self):
        """It stands still, and the kernel goes on taking connections and bytes for it."""
        self.tell(signal.SIGSTOP)

    def go_on(self):
        self.tell(signal.SIGCONT)

    def end(self):
        """It may have ended by itself."""
        subprocess.run(["sh", str(PG_SH), "halt", str(self.dir), "immediate"], env=self.env, check=False, stderr=subprocess.DEVNULL)

    def remove(self):
        self.end()
        shutil.rmtree(self.top)
