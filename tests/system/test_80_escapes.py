# SPDX-License-Identifier: AGPL-3.0-or-later
"""From inside each role: everything in its "may not" column is tried, and refused.

tests/helpers/role_probe.c is preloaded into the real server: copies of each role
give their rights away by the role's own code and make one attempt each.  What a
role may do stands in MAY and must succeed, or the refusals would prove nothing;
everything else must be refused.  In three ways to start: as root with users of
their own, as root with DIR below a closed folder, and as an ordinary user.  Likewise from
inside a preview's process, the job: with namespaces of its own, and where the host
forbids them.
"""
import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hostile  # noqa: E402
import scoreboard  # noqa: E402
from conftest import database  # noqa: E402
from geleit import BUILD, Server, wait_for  # noqa: E402

ROLES = ["front", "app", "keeper", "worker", "egress", "media", "scan"]
JOBS = ["picture", "svg"]       # without fonts, and with them
ORDINARY = 65534        # nobody
MODES = ["users", "closed", "one-user"] if os.getuid() == 0 else ["one-user"]

BASE = {"tell_time", "have_memory", "hand_over_memory", "signal_oneself", "look_at_own_limits"}
DATABASE = {"read_db", "write_db", "create_in_db", "remove_db"}
# The version of Landlock: from 4 on only the ports of who is asked, from 6 on no abstract socket of others.
LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
CONNECTS = {"socket_tcp", "socket_tcp6", "socket_udp", "socket_unix", "socket_netlink", "connect_unix"}
CONNECTS |= {"connect_tcp"} if LANDLOCK < 4 else set()
CONNECTS |= {"connect_abstract"} if LANDLOCK < 6 else set()
ETC = {"read_passwd"}
MAY = {
    "front": BASE | {"read_blob", "read_tls_key", "accept_one"},
    "app": BASE | DATABASE | {"create_part", "write_part", "remove_part", "publish_part", "list_blobs", "read_roles",
                              "truncate_by_descriptor"},
    "keeper": BASE,
    "worker": BASE | DATABASE | {
        "read_blob", "write_blob", "list_blobs", "create_in_blobs", "create_without_name", "remove_blob", "read_part", "write_part",
        "read_and_write_part", "list_parts", "create_part", "create_part_to_read", "remove_part", "publish_part", "move_blob_to_parts",
        "move_part_over_blob", "swap_part_and_blob", "truncate_by_descriptor"},
    "egress": BASE | CONNECTS | ETC | {"make_thread", "run_code_of_memory"},
    "scan": BASE | {"socket_unix", "connect_unix", "connect_abstract"},
}
MAY_JOB = {"tell_time", "have_memory", "look_at_own_limits", "make_thread"}
# media puts others into a root of their own, so it has no Landlock, and it makes processes and programs.  What is left for it
# to read and write is what its user may: with a user of its own what everybody may, in one-user mode all of DIR.  It reads no
# byte of a file: that is a job, another process (media/seal.c, tests/media_hostile_test.py).
JAILER = BASE | {
    "execute", "make_process", "make_thread", "make_namespace", "set_a_limit", "become_dumpable", "outlive_parent", "keep_capabilities",
    "write_code", "turn_data_into_code", "run_code_of_memory", "list_root", "read_own_maps", "read_passwd", "read_core_pattern",
    "open_dev_null", "open_dev_zero", "change_folder"}
ALL_OF_DIR = DATABASE | {
    "read_master_key", "read_conf", "read_tls_key", "write_tls_key", "read_roles", "write_roles", "read_blob", "write_blob",
    "read_part", "write_part", "read_and_write_part", "list_dir", "list_blobs", "list_parts", "create_in_dir", "create_in_keys",
    "create_in_blobs", "create_in_run", "create_part", "create_part_to_read", "create_without_name", "dots_below_blobs",
    "dots_below_parts", "link_below_parts", "link_below_blobs", "link_below_run", "read_by_path_descriptor", "move_blob_to_parts",
    "move_part_to_run", "move_part_over_blob", "swap_part_and_blob", "publish_part", "move_key_to_parts", "remove_blob", "remove_key",
    "remove_part", "make_folder"}
JAILER_IN = {"users": {"create_in_tmp", "list_dir", "read_roles"}, "closed": {"create_in_tmp"}, "one-user": ALL_OF_DIR}
# The list ends whoever calls these, whatever the arguments.
KILLED = {
    "execute", "execute_memory", "trace_parent", "be_traced", "copy_from_parent", "copy_to_parent", "take_descriptor",
    "compare_with_parent", "change_root", "leave_namespace", "enter_namespace", "mount_something", "unmount_something", "pivot",
    "mount_tree", "mount_open", "open_by_handle", "load_bpf", "count_events", "fault_for_others", "load_module", "load_kernel",
    "restart_machine", "swap", "account", "push_input", "call_as_32_bits", "call_as_x32"}
REFUSED = {"EPERM", "EACCES", "ENOSYS", "EXDEV", "killed"}
# What is on the list only to be denied, what is not in its root; and its file is open to be read.
REFUSED_JOB = REFUSED | {"ENOENT", "ENOTTY", "EBADF"}


# Of a clone below a folder that is closed to others, such as /root, other users can neither run the programs nor load the probe.
IS_CLOSED = os.getuid() == 0 and any((d.stat().st_mode & 0o001) == 0 for d in BUILD.parents)
CLOSED = "the clone lies below a folder that is closed to other users"


class Probed:
    """A server of one mode, started for the second time with the probe in every role."""

    def __init__(self, mode, db):
        self.mode, self.server = mode, Server(db=db, settings=["clamd.socket=/nonexistent/clamd", "malware.unscanned=allow"])
        self.server.bare = True
        self.out = self.server.dir.parent.parent / (self.server.dir.parent.name + "-out")
        self.out.mkdir()
        os.chmod(self.out, 0o777)
        self.user = ORDINARY if mode == "one-user" and os.getuid() == 0 else None
        if self.user is not None:
            os.chown(self.server.dir.parent, self.user, self.user)
        if mode == "closed":
            os.chmod(self.server.dir.parent, 0o700)
        self.below = [] if self.user is None else ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        self.server.start(below=self.below)
        self.server.stop()
        self.log_begins = len(self.server.log_text())
        self.plant()
        self.start()
        self.results = {role: self.read(role) for role in ROLES}
        self.jobs = {}

    def plant(self):
        """For each role files of its own to try, and links from where it may look to where it may not."""
        d = self.server.dir
        made = []
        (d / "blobs/00").mkdir(exist_ok=True)
        for role in ROLES:
            for name in ["blobs/00/file", "blobs/00/move", "blobs/00/over", "blobs/00/swap", "blobs/00/remove", "parts/file", "parts/move",
                         "parts/over", "parts/swap", "parts/remove", "parts/publish", "db/file", "db/remove", "keys/remove", "keys/move"]:
                made.append(d / f"{name}-{role}")
                made[-1].write_text("not for everybody\n")
        for link, to in [("parts/to-key", "../keys/master.key"), ("blobs/to-key", "../keys/master.key"), ("run/to-conf", "../geleit.conf")]:
            (d / link).symlink_to(to)
        for f in made:
            like = f.parent.stat()
            os.chown(f, like.st_uid, like.st_gid)
            os.chmod(f, 0o660 if like.st_mode & 0o020 else 0o600)

    def read(self, name):
        return dict(line.split("\t") for line in (self.out / name).read_text().splitlines())

    def preload(self, **more):
        return {"LD_PRELOAD": str(BUILD / "src/roles/role_probe.so"), "ROLE_PROBE_OUT": str(self.out),
                "ROLE_PROBE_DIR": str(self.server.dir), "ROLE_PROBE_UNIX": str(self.out / "socket"), **more}

    def start(self):
        tcp, local = socket.create_server(("127.0.0.1", 0)), [socket.socket(socket.AF_UNIX) for _ in range(2)]
        local[0].bind(str(self.out / "socket"))
        os.chmod(self.out / "socket", 0o777)
        local[1].bind(f"\0{self.out}/socket")
        for s in local:
            s.listen(64)
        given = self.preload(ROLE_PROBE_PORT=str(tcp.getsockname()[1]))
        self.server.start(below=[*self.below, "env", *(f"{k}={v}" for k, v in given.items())])
        for s in [tcp, *local]:
            s.close()

    def files(self):
        """One for each kind of job."""
        made = {"picture": hostile.png(500, 400, colour=2, depth=8),
                "svg": hostile.svg('<rect width="100" height="50" fill="#ff0000"/>', 100, 50)}
        paths = {kind: self.out / f"{kind}.{'png' if kind == 'picture' else 'svg'}" for kind in made}
        for kind, body in made.items():
            paths[kind].write_bytes(body)
        return paths

    def job(self, kind):
        """The server makes the preview; its process has tried all the rest before."""
        if kind not in self.jobs:
            asset = self.server.run("upload", self.files()[kind])["files"][0]["asset"]
            wait_for(lambda: self.server.api("GET", f"/api/v1/assets/{asset}/preview/64").status == 200, 60)
            self.jobs[kind] = self.read(f"job-{kind}-jailed")
        return self.jobs[kind]

    def bare_job(self, kind):
        """Where user namespaces are forbidden."""
        name = f"job-{kind}-bare"
        if name not in self.jobs:
            media = BUILD / "src/media"
            env = {**os.environ, **self.preload(ROLE_PROBE_ONLY="job", ROLE_PROBE_PORT="9")}
            done = subprocess.run([*self.below, media / "no_namespaces", media / "render_file", media / "geleit-media", "-",
                                   self.files()[kind]], env=env, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0 and json.loads(done.stdout)["state"] == "ready", done.stderr
            self.jobs[name] = self.read(name)
        return self.jobs[name]

    def may(self, role):
        if role == "media":
            return JAILER | JAILER_IN[self.mode]
        if self.server.db != "sqlite" and role in ("app", "worker"):
            return MAY[role] | CONNECTS | ETC
        return MAY[role]

    def said(self):
        return self.server.log_text()[self.log_begins:]

    def remove(self):
        self.server.remove()
        shutil.rmtree(self.out, ignore_errors=True)


@pytest.fixture(scope="module", params=MODES)
def probed(request, cluster):
    if IS_CLOSED and request.param == "one-user":
        pytest.skip(CLOSED)
    p = Probed(request.param, database(cluster))
    yield p
    p.remove()


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.split() for k, _, v in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_do_what_it_may_and_nothing_else(probed, role):
    results, may = probed.results[role], probed.may(role)
    wrong = {n: r for n, r in results.items() if (r != "ok" if n in may else r not in REFUSED)}
    assert wrong == {}
    assert may <= set(results) and len(results) > 150


@pytest.mark.parametrize("role", ROLES)
def test_what_no_honest_code_calls_ends_the_process(probed, role):
    may = {"execute", "mount_something", "unmount_something", "pivot"} if role == "media" else set()
    known = KILLED & set(probed.results[role])
    assert {n for n, r in probed.results[role].items() if r == "killed"} == known - may
    assert len(known) > 25


def not_refused(results):
    return {n: r for n, r in results.items() if (r != "ok" if n in MAY_JOB else r not in REFUSED_JOB)}


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_can_do_what_it_may_and_nothing_else(probed, kind):
    if "forbids user namespaces" in probed.said():
        pytest.skip("this host forbids user namespaces by itself")
    if IS_CLOSED:
        pytest.skip(CLOSED)
    results = probed.job(kind)
    assert not_refused(results) == {}
    assert set(results) >= set(probed.results["keeper"]) | MAY_JOB | {"write_to_part", "abort_parent"}


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_without_namespaces_neither(probed, kind):
    """In the way where least holds it: its user may read all of DIR."""
    if probed.mode != "one-user":
        pytest.skip("the least that can be is tried")
    results = probed.bare_job(kind)
    assert not_refused(results) == {}
    assert set(results) >= set(probed.results["keeper"]) | MAY_JOB | {"write_to_part", "abort_parent"}


def test_the_roles_that_serve_are_as_those_that_were_tried(probed):
    """The same users, one list each, no new rights; and with all that was tried it still serves."""
    for role in ROLES:
        for pid in probed.server.roles(role):
            s = status(pid)
            assert s["NoNewPrivs"] == ["1"] and s["Seccomp"] == ["2"] and s["Seccomp_filters"] == ["1"], role
            assert all(int(s[c][0], 16) == 0 for c in ("CapEff", "CapPrm", "CapAmb")) or s["Uid"][0] == "0"
    for name in ["a.bin", "b.bin"]:
        (probed.out / name).write_bytes(os.urandom(70000))
        probed.server.run("upload", probed.out / name)
    assert probed.server.api("GET", "/api/v1/status").status == 200
    assert {len(probed.server.roles(role)) > 0 for role in ROLES} == {True}


def test_what_the_start_says_of_users_is_true(probed):
    uids = {role: {status(pid)["Uid"][0] for pid in probed.server.roles(role)} for role in ROLES}
    own = {role: {str(pwd.getpwnam("geleit-" + role).pw_uid)} for role in ROLES} if os.getuid() == 0 else {}
    said = probed.said()
    lines = {"users": "each role runs as a user of its own", "closed": "is closed to other users: roles keep root",
             "one-user": "one user for all roles: they are held apart by Landlock and seccomp"}
    assert [mode for mode, line in lines.items() if line in said] == [probed.mode]
    if probed.mode == "users":
        assert uids == own
    elif probed.mode == "closed":
        assert uids == {role: {"0"} if role in ("front", "app", "worker") else own[role] for role in ROLES}
    else:
        assert uids == {role: {str(probed.user if probed.user is not None else os.getuid())} for role in ROLES}
    assert "this kernel does not offer" not in said


def test_the_master_is_closed_to_others_of_its_user(probed):
    """It holds the key's descriptor for the next keeper."""
    master = probed.server.run("status")["roles"][0]
    assert master["role"] == "master"
    if probed.mode == "one-user":
        done = subprocess.run([*probed.below, "ls", f"/proc/{master['pid']}/fd"], capture_output=True, text=True)
        assert done.returncode != 0 and "Permission denied" in done.stderr


def test_a_role_that_is_ended_by_the_list_is_told_as_such(probed):
    assert probed.server.process.poll() is None
    assert "made a system call that none of its code makes" not in probed.said()
    pid = probed.server.roles("front")[-1]
    os.kill(pid, signal.SIGSYS)
    wait_for(lambda: "made a system call that none of its code makes, and was ended" in probed.said())
    wait_for(lambda: pid not in probed.server.roles("front") and len(probed.server.roles("front")) > 0)


def test_the_figure(probed):
    tried = sum(name not in probed.may(role) for role in ROLES for name in probed.results[role])
    succeeded = sum(r not in REFUSED and name not in probed.may(role) for role in ROLES for name, r in probed.results[role].items())
    tried += sum(name not in MAY_JOB for results in probed.jobs.values() for name in results)
    succeeded += sum(len(not_refused(results)) for results in probed.jobs.values())
    scoreboard.system_figure(f"escapes, {probed.mode}", f"{tried} tried, {succeeded} succeeded",
                             "from inside seven roles and the process of a preview", "pytest tests/system/test_80_escapes.py")
    assert tried > 600 and succeeded == 0
