# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where and how figures were measured: the lines that each section of bench/RESULTS.md begins with."""
import datetime
import json
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def first(pattern, path):
    found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    return found.group(1).strip() if found else "?"


def said(*argv):
    """What a program prints of itself, on either stream."""
    try:
        done = subprocess.run(argv, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        return "?"
    return done.stdout.strip()


def commit():
    """What was built, and whether its sources differ from it."""
    changed = said("git", "status", "--porcelain", "--untracked-files=no", "--", "../src", "../web", "../meson.build")
    return said("git", "rev-parse", "--short=10", "HEAD") + (" and changes" if changed else "")


def disk(folder="/tmp"):
    """The device and file system that everything is stored on."""
    return " ".join(said("findmnt", "-no", "SOURCE,FSTYPE", "-T", folder).split())


def machine():
    """One line: processor, memory, disk, kernel, system, commit."""
    memory = int(first(r"^MemTotal:\s+(\d+)", "/proc/meminfo")) / (1 << 20)
    name = first(r"^model name\s*: (.*)", "/proc/cpuinfo")
    return (f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB; {disk()}; Linux {os.uname().release}; "
            f"{first(r'^PRETTY_NAME=.(.*?).$', '/etc/os-release')}; commit {commit()}.")


def nginx():
    return "nginx " + said("nginx", "-v").partition("nginx/")[2]


def tus():
    return "@tus/server " + json.loads((HERE / "package.json").read_text())["devDependencies"]["@tus/server"]


def directus(folder):
    return "Directus " + json.loads((pathlib.Path(folder) / "node_modules/directus/package.json").read_text())["version"]


def told(command, how, load):
    """The command, the day, what the figures are, and the machine; load is that before the first of them."""
    return [f"`{command}`, {datetime.date.today()}, release build, {how}, load {load:.1f} before.", machine()]
