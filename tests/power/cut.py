#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cut the power below a serving server, again and again: nothing that was acknowledged is lost.

    tests/power/cut.py [CUTS]           200 without a number; root

DIR lies on ext4 over a block device that keeps what is written in memory until it is flushed (nbdkit's cache filter,
nbdfuse, a loop device).  A kill -9 of nbdkit is the cut: what no fsync asked for is gone.  Three clients upload, send and
revoke until then and keep what they were told; the server then starts on what is left, goes on with every upload where it
stands, and the oracle of all crash tests asks (tests/lib/oracle.py).  The device is tried first: without an fsync a file
must be gone, or nothing here would prove anything.

The last line is "N cuts, N acknowledged, 0 lost".  Exit 77: this machine cannot do it, and why.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/system")]
import oracle  # noqa: E402
from geleit import Server, wait_for  # noqa: E402
from scoreboard import figure  # noqa: E402

PROGRAMS = {"nbdkit": "nbdkit", "nbdfuse": "libnbd-bin", "mkfs.ext4": "e2fsprogs", "losetup": "mount", "unshare": "util-linux"}
DISK_BYTES = 768 << 20
WHOLE_EVERY = 20        # cuts between two looks at everything there is
SKIPPED = 77


def run(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Disk:
    """One image that stays, and a device above it for each time the power is on."""

    def __init__(self, folder, at):
        self.folder, self.at, self.count, self.loop = pathlib.Path(folder), str(at), 0, None
        self.image, self.noise = self.folder / "image", open(self.folder / "noise", "w")    # of a device whose source is gone
        self.image.touch()
        os.truncate(self.image, DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", str(self.image))

    def on(self):
        self.count += 1
        sock, self.device = self.folder / f"sock{self.count}", self.folder / f"device{self.count}"
        self.device.touch()
        self.nbdkit = subprocess.Popen(["nbdkit", "-f", "-U", str(sock), "--filter=cache", "file", f"file={self.image}", "cache=writeback"])
        wait_for(sock.exists, 10, 0.02)
        self.nbdfuse = subprocess.Popen(["nbdfuse", str(self.device), "--unix", str(sock)], stderr=self.noise)
        wait_for(lambda: self.device.stat().st_size == DISK_BYTES, 10, 0.02)
        self.loop = run("losetup", "-f", "--show", str(self.device))
        run("mount", self.loop, self.at)

    def cut(self):
        self.nbdkit.kill()
        self.nbdkit.wait(10)

    def off(self):
        """What is left of the device after a cut; nothing of it can reach the image any more."""
        if self.loop:
            subprocess.run(["umount", "-l", self.at], check=False)
            subprocess.run(["losetup", "-d", self.loop], check=False)
            subprocess.run(["umount", "-l", str(self.device)], check=False, stderr=subprocess.DEVNULL)
            self.loop = None
        if self.nbdfuse.poll() is None:
            self.nbdfuse.terminate()
        self.nbdfuse.wait(20)


def write(path, content, durable):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(fd, content)
    if durable:
        os.fsync(fd)
    os.close(fd)


def try_device(disk):
    """It keeps what was flushed and forgets what was not."""
    disk.on()
    at = pathlib.Path(disk.at)
    write(at / "kept", b"k" * 4096, True)
    write(at / "gone", b"g" * 4096, False)
    disk.cut()
    disk.off()
    disk.on()
    left = {p.name for p in at.iterdir() if p.is_file() and p.read_bytes()}
    (at / "kept").unlink()
    (at / "gone").unlink(missing_ok=True)
    os.sync()
    assert left == {"kept"}, f"the device is no use: {left}"


# ---- who works until the cut ----

class Over(Exception):
    pass


class Worker(oracle.Client):
    """A client that is told when it is over."""

    def __init__(self, server, name):
        super().__init__(server, name)
        self.over = threading.Event()

    def try_once(self, *args):
        if self.over.is_set():
            raise Over
        return super().try_once(*args)


def uploads(c, ready, rnd):
    while True:
        c.upload(rnd.randbytes(rnd.randrange(1, 150_000)), rnd.randrange(1, 4))


def sends(c, ready, rnd):
    while True:
        c.send(*rnd.sample(ready, rnd.randrange(1, 3)))


def revokes(c, ready, rnd):
    while True:
        number = c.send(rnd.choice(ready))
        if rnd.random() < 0.7:
            c.revoke(number)


class Cuts:
    def __init__(self, server, disk, seed):
        self.server, self.disk, self.rnd = server, disk, random.Random(seed)
        server.start()
        maker = oracle.Client(server, "r")
        self.ready = [maker.wait_ready(maker.upload(self.rnd.randbytes(20_000))) for _ in range(3)]
        self.clients = [Worker(server, n) for n in "usv"]
        self.maker, self.failures = maker, []

    def work(self, client, what):
        try:
            what(client, self.ready, random.Random(self.rnd.random()))
        except Over:
            pass
        except Exception as e:      # a finding, told by the main thread
            self.failures.append(e)

    def one(self):
        for c in self.clients:
            c.over.clear()
        threads = [threading.Thread(target=self.work, args=(c, w)) for c, w in zip(self.clients, (uploads, sends, revokes))]
        for t in threads:
            t.start()
        time.sleep(self.rnd.uniform(0.05, 1.2))
        self.disk.cut()
        time.sleep(self.rnd.choice([0, 0.1]))   # what is acknowledged without a disk would be lost, too
        for c in self.clients:
            c.over.set()
        oracle.kill_all(self.server)
        for t in threads:
            t.join(60)
        self.disk.off()
        assert not self.failures, self.failures

    def after(self, whole):
        self.disk.on()
        self.server.start()
        oracle.time_passes(self.server)
        for c in self.clients:
            c.over.clear()
            c.check(0 if whole else 5)
            for path in list(c.begun):
                c.go_on(path)
        if whole:
            self.maker.check(0)
        oracle.check(self.server, self.clients, 3)

    def acknowledged(self):
        return sum(len(c.files) + len(c.sent) + len(c.revoked) for c in self.clients)


def main(cuts):
    seed = int(os.environ.get("GELEIT_CRASH_SEED", random.SystemRandom().randrange(10 ** 6)))
    print(f"power cuts: GELEIT_CRASH_SEED={seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="geleit-power-", dir="/tmp")
    server = Server()
    server.bare = True
    server.patience = 10
    server.dir.mkdir()
    disk = Disk(folder, server.dir)
    try_device(disk)
    try:
        c = Cuts(server, disk, seed)
        for i in range(cuts):
            c.one()
            c.after((i + 1) % WHOLE_EVERY == 0 or i + 1 == cuts)
            if (i + 1) % WHOLE_EVERY == 0:
                print(f"{i + 1} cuts, {c.acknowledged()} acknowledged, 0 lost", flush=True)
        assert server.stop() == 0
    except BaseException:
        print(server.log_text()[-3000:], file=sys.stderr)
        raise
    finally:
        if server.process and server.process.poll() is None:
            server.process.kill()
        disk.cut()
        disk.off()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(server.dir.parent, ignore_errors=True)
    print(f"{cuts} cuts, {c.acknowledged()} acknowledged, 0 lost")
    figure("power cut", cuts, "cuts below a serving server, nothing acknowledged was lost", "tests/power/cut.py")
    figure("power cut", c.acknowledged(), "uploads, sends and revocations acknowledged before a cut, all there after it", "tests/power/cut.py")


def missing():
    """Why it cannot be done here, or None."""
    if os.getuid() != 0:
        return "mounting needs root"
    absent = [f"{p} ({package})" for p, package in PROGRAMS.items() if not shutil.which(p)]
    if absent:
        return "not installed: " + ", ".join(absent)
    devices = [d for d in ("/dev/fuse", "/dev/loop-control") if not os.path.exists(d)]
    return f"no {devices[0]}" if devices else None


if __name__ == "__main__":
    if why := missing():
        print(f"power cut: skipped, {why}")
        sys.exit(SKIPPED)
    if os.environ.get("GELEIT_POWER") != "1":     # mounts of its own, which nobody else sees
        os.execvpe("unshare", ["unshare", "-m", sys.executable, *sys.argv], {**os.environ, "GELEIT_POWER": "1"})
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
