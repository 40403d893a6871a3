# SPDX-License-Identifier: AGPL-3.0-or-later
"""A server whose wall clock a test may advance, or whose egress waits less long: libfaketime below its roles.

For the roles that use the database it reads the offset from DIR/db/clock each time somebody asks for the time; app and worker
may read there, the others keep the true time.  The monotonic clock, which measures waiting, stays true, but for an egress in a
hurry, or where it goes along: then what a role does every few minutes it does when the clock is advanced.
"""
import contextlib
import os
import pathlib
import shutil

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def environment(server, waiting=False):
    """Of a process that has this server's clock; waiting: the monotonic one, too."""
    assert pathlib.Path(LIBRARY).exists(), "libfaketime is not installed"
    stays = "0" if waiting else "1"
    return {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(server.dir / "db/clock"), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": stays, "FAKETIME_DONT_FAKE_MONOTONIC": stays, "FAKETIME_DISABLE_SHM": "1"}


@contextlib.contextmanager
def around(server, waiting=False):
    """While this server is started."""
    new = environment(server, waiting)
    old = {k: os.environ.get(k) for k in new}
    os.environ.update(new)
    try:
        yield server
    finally:
        for k, v in old.items():
            os.environ.pop(k) if v is None else os.environ.update({k: v})


def hurry_egress(server, speed):
    """Before the start: every second is that many for egress, so that minutes it gives a relay are over soon."""
    built, server.build, server.bare = server.build, server.dir.parent / "build", True
    for name in ("roles/geleitd", "media/geleit-media"):
        (server.build / "src" / name).parent.mkdir(parents=True)
        shutil.copy(built / "src" / name, server.build / "src" / name)
    egress = server.build / "src/egress/geleit-egress"
    egress.parent.mkdir()
    egress.write_text(f"""#!/bin/sh
unset DONT_FAKE_MONOTONIC FAKETIME_DONT_FAKE_MONOTONIC FAKETIME_TIMESTAMP_FILE
LD_PRELOAD={LIBRARY} FAKETIME='+0 x{speed}' FAKETIME_DISABLE_SHM=1 exec {built}/src/egress/geleit-egress
""")
    egress.chmod(0o755)


class Clock:
    def __init__(self, server):
        self.path, self.seconds = server.dir / "db/clock", 0

    def advance(self, seconds):
        self.seconds += seconds
        new = self.path.with_name("clock.new")
        new.write_text(f"+{self.seconds}\n")
        os.chmod(new, 0o644)
        new.rename(self.path)
