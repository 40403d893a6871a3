# SPDX-License-Identifier: AGPL-3.0-or-later
"""The master key: locked it asks for its passphrase, lost it comes back from the kit, a foreign one is refused."""
import contextlib
import os
import pty
import subprocess

import pytest

from geleit import BUILD, wait_for

PASSPHRASE = "ein langer Satz mit Worten"


def master_key(server, what, text="", passphrase=None):
    """geleit master-key WHAT with nobody at a terminal; passphrase: one line per question."""
    argv = ["setsid", "--wait", str(BUILD / "src/cli/geleit"), "--dir", str(server.dir), "master-key", what]
    if passphrase is None:
        return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60)
    ours, theirs = os.pipe()
    os.write(theirs, passphrase.encode())
    os.close(theirs)
    try:
        return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, pass_fds=[ours],
                              env={**os.environ, "GELEIT_PASSPHRASE_FD": str(ours)})
    finally:
        os.close(ours)


@pytest.fixture
def filled(fresh, tmp_path):
    s = fresh().start()
    (tmp_path / "a.txt").write_bytes(b"what only the key opens\n" * 100)
    s.run("upload", tmp_path / "a.txt")
    return s



def test_locked_it_starts_with_its_passphrase_alone(filled):
    s = filled
    plain = (s.dir / "keys/master.key").read_bytes()
    done = master_key(s, "lock", passphrase=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert done.returncode == 0, done.stderr
    locked = (s.dir / "keys/master.key").read_bytes()
    assert plain not in locked and locked.startswith(b"geleit-master-key 1\n")
    assert s.stop() == 0

    with pytest.raises(AssertionError, match="not ready"):
        start_with(s, None)
    assert "nobody is there to ask" in s.log_text()
    with pytest.raises(AssertionError, match="not ready"):
        start_with(s, "ein anderer Satz\n")
    assert "does not open the master key" in s.log_text()
    start_with(s, PASSPHRASE + "\n")
    s.run("status")
    # whoever is not asked again: the keeper that comes back
    old = s.roles("keeper")
    s.kill("keeper")
    wait_for(lambda: s.roles("keeper") not in ([], old))
    s.run("upload", s.dir / "geleit.conf")
    assert s.stop() == 0

    assert master_key(s, "unlock", passphrase=PASSPHRASE + "\n").returncode == 0
    assert (s.dir / "keys/master.key").read_bytes() == plain
    s.start()


def start_with(server, passphrase):
    """script/server without a terminal, and the passphrase on a descriptor."""
    old = dict(os.environ)
    ours = None
    try:
        if passphrase is not None:
            ours, theirs = os.pipe()
            os.set_inheritable(ours, True)
            os.write(theirs, passphrase.encode())
            os.close(theirs)
            os.environ["GELEIT_PASSPHRASE_FD"] = str(ours)
        server.start(own_session=True, pass_fds=[ours] if ours is not None else [])
    finally:
        if ours is not None:
            os.close(ours)
        os.environ.clear()
        os.environ.update(old)


def test_unfit_or_mistyped_passphrases_change_nothing(filled):
    path = filled.dir / "keys/master.key"
    before = path.read_bytes()
    for lines, word in (("kurz\nkurz\n", "at least 12"), (f"{PASSPHRASE}\n{PASSPHRASE}!\n", "two passphrases"), ("", "at least 12")):
        done = master_key(filled, "lock", passphrase=lines)
        assert done.returncode == 1 and word in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert path.read_bytes() == before


def test_a_lost_key_comes_back_from_the_kit(filled, fresh):
    s = filled
    kit = master_key(s, "kit")
    assert kit.returncode == 0 and [line[:3] for line in kit.stdout.splitlines()[-4:]] == ["1  ", "2  ", "3  ", "4  "]
    key = (s.dir / "keys/master.key").read_bytes()
    assert s.stop() == 0
    (s.dir / "keys/master.key").unlink()
    with pytest.raises(AssertionError, match="not ready"):
        s.start()
    slip = kit.stdout[:-3] + ("A" if kit.stdout[-3] != "A" else "B") + kit.stdout[-2:]
    done = master_key(s, "restore", slip)
    assert done.returncode == 1 and "line 4" in done.stderr
    assert not (s.dir / "keys/master.key").exists()
    other = master_key(fresh().start(), "kit").stdout
    done = master_key(s, "restore", other)
    assert done.returncode == 1 and "not the master key of this database" in done.stderr
    assert not (s.dir / "keys/master.key").exists()
    assert master_key(s, "restore", kit.stdout).returncode == 0
    assert (s.dir / "keys/master.key").read_bytes() == key
    s.start()
    assert s.run("fsck")["ok"]


def init_at_a_terminal(folder, *more):
    """What geleit init says to a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.run([str(BUILD / "src/cli/geleit"), "--dir", str(folder), *more, "init"], stdin=theirs, stdout=theirs,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):      # EIO: the other end is closed
        while part := os.read(ours, 4096):
            said += part
    os.close(ours)
    assert done.returncode == 0, done.stderr
    return said.decode()


def test_init_prints_the_kit_to_a_terminal_and_once(tmp_path):
    said = init_at_a_terminal(tmp_path / "a")
    assert [line[:3] for line in said.splitlines()[-4:]] == ["1  ", "2  ", "3  ", "4  "]
    assert init_at_a_terminal(tmp_path / "a") == ""
    assert init_at_a_terminal(tmp_path / "b", "--json") == ""


def test_usage(filled):
    assert master_key(filled, "burn").returncode == 2
