# SPDX-License-Identifier: AGPL-3.0-or-later
"""Archives, read by the programs people have, and byte by byte.

unzip, 7-Zip, bsdtar, Java's jar and Python read what Geleit plans (src/model/package.c);
walk() is a reader of its own by APPNOTE 6.3.10 that accounts for every byte and wants
zip64 exactly where a number does not fit.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import zipfile

FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
ENV = {**os.environ, "LC_ALL": "C.UTF-8"}

# reader: what it unpacks with in the folder it stands in, what it reads all with (jar has no such thing), what it lists with
READERS = {
    "unzip": (["unzip", "-qq", "-o"], ["unzip", "-tqq"], ["unzip", "-l"]),
    "7z": (["7z", "x", "-y", "-bd"], ["7z", "t", "-bd"], ["7z", "l", "-slt"]),
    "bsdtar": (["bsdtar", "-xf"], ["bsdtar", "-xOf"], ["bsdtar", "-tvf"]),
    "jar": (["jar", "xf"], ["jar", "xf"], ["jar", "tvf"]),
    "python": (None, None, None),
}


def run(argv, path, folder, stdout=subprocess.PIPE):
    assert shutil.which(argv[0]), f"no {argv[0]} here: script/packages install test"
    done = subprocess.run([*argv, str(path)], cwd=folder, env=ENV, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE)
    assert done.returncode == 0, (argv, done.returncode, (done.stdout or b"")[-1000:], done.stderr[-1000:])
    return done.stdout


def unpack(reader, path, folder):
    """{name: bytes} of what lies in the folder afterwards."""
    pathlib.Path(folder).mkdir(parents=True)
    if reader == "python":
        with zipfile.ZipFile(path) as z:
            z.extractall(folder)
    else:
        run(READERS[reader][0], path, folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in pathlib.Path(folder).rglob("*") if p.is_file()}


def read_all(reader, path, folder):
    """Every byte of every entry, with its CRC; nothing stays behind."""
    pathlib.Path(folder).mkdir(parents=True)
    try:
        if reader == "python":
            with zipfile.ZipFile(path) as z:
                assert z.testzip() is None
        elif reader == "bsdtar":        # to nowhere: it may be larger than memory
            run(READERS[reader][1], path, folder, subprocess.DEVNULL)
        else:
            run(READERS[reader][1], path, folder)
    finally:
        shutil.rmtree(folder)


LINES = {"unzip": rb"^ *(\d+)  \d\d\d\d-\d\d-\d\d \d\d:\d\d   (.+)$", "jar": rb"^ *(\d+) \w+ \w+ \d\d [\d:]+ \S+ \d{4} (.+)$",
         "bsdtar": rb"^-rw-r--r--  0 \S+ +\S+ +(\d+) \w+ +\d+ +[\d:]+ (.+)$", "7z": rb"^Path = (.+)\n(?:.+\n)*?Size = (\d+)$"}


def listing(reader, path):
    """[(name, bytes)] in its order, from its table of contents."""
    if reader == "python":
        with zipfile.ZipFile(path) as z:
            return [(i.filename, i.file_size) for i in z.infolist()]
    found = re.findall(LINES[reader], run(READERS[reader][2], path, None).replace(b"\r", b""), re.M)
    pairs = [(b, a) for a, b in found] if reader != "7z" else [f for f in found if os.fsencode(str(path)) != f[0]]
    return [(name.decode(), int(size)) for name, size in pairs]


# ---- byte by byte ----

class Bytes:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self.fd).st_size

    def take(self, at, n):
        data = os.pread(self.fd, n, at)
        assert len(data) == n, (at, n, self.size)
        return data

    def unpack(self, form, at):
        return struct.unpack("<" + form, self.take(at, struct.calcsize("<" + form)))


def clip(v):
    return min(v, FULL32)


def local(b, at, size):
    """The header at an offset, of a file of a size: (name, crc, time, where its bytes begin)."""
    sig, version, flags, method, when, crc, packed, plain, name, extra = b.unpack("IHHHIIIIHH", at)
    assert (sig, flags, method) == (0x04034B50, 0x800, 0), at
    large = size >= FULL32
    assert (version, packed, plain) == (45 if large else 20, clip(size), clip(size)), at
    want = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    assert b.take(at + 30 + name, extra) == want, (at, "zip64 where it must be and nowhere else")
    return b.take(at + 30, name), crc, when, at + 30 + name + extra


def central(b, at):
    """One entry of the directory: (name, crc, time, size, offset of the header, where the next one begins)."""
    sig, made, version, flags, method, when, crc, packed, plain, name, extra, note, disk, _, mode, header = b.unpack("IHHHHIIIIHHHHHII", at)
    assert (sig, flags, method, note, disk, packed) == (0x02014B50, 0x800, 0, 0, 0, plain), at
    assert mode == 0o100644 << 16 and made >> 8 == 3
    more = b.take(at + 46 + name, extra)
    numbers = list(struct.unpack(f"<{max(0, extra - 4) // 8}Q", more[4:]))
    size = numbers.pop(0) if plain == FULL32 else plain
    if plain == FULL32:
        assert numbers.pop(0) == size
    header = numbers.pop(0) if header == FULL32 else header
    wide = (16 if size >= FULL32 else 0) + (8 if header >= FULL32 else 0)
    assert not numbers and extra == (wide + 4 if wide else 0), (at, "zip64 where it must be and nowhere else")
    assert not wide or more[:4] == struct.pack("<HH", 1, wide)
    assert version == made & 0xFF == (45 if wide else 20)
    return b.take(at + 46, name), crc, when, size, header, at + 46 + name + extra


def end(b):
    """(count, offset of the directory, its bytes, is it zip64)."""
    sig, disk, start, here, count, length, at, note = b.unpack("IHHHHIIH", b.size - 22)
    assert (sig, disk, start, note) == (0x06054B50, 0, 0, 0) and here == count
    if FULL16 != count and FULL32 not in (length, at):
        assert at + length == b.size - 22, "nothing stands between directory and end"
        return count, at, length, False
    sig, disk, wide_at, disks = b.unpack("IIQI", b.size - 42)
    assert (sig, disk, disks) == (0x07064B50, 0, 1) and wide_at == b.size - 98
    sig, rest, made, needs, disk, start, here, wide, wide_length, wide_central = b.unpack("IQHHIIQQQQ", wide_at)
    assert (sig, rest, made, needs, disk, start) == (0x06064B50, 44, 3 << 8 | 45, 45, 0, 0) and here == wide
    assert (count, length, at) == (min(wide, FULL16), clip(wide_length), clip(wide_central))
    assert wide >= FULL16 or wide_length >= FULL32 or wide_central >= FULL32, "zip64 without a need"
    assert wide_central + wide_length == wide_at
    return wide, wide_central, wide_length, True


def walk(path):
    """The entries in order, (name, size, crc, offset of the header, of the data), the directory's offset, and whether the end is zip64."""
    b = Bytes(path)
    try:
        count, directory, _, is_wide = end(b)
        at, expected, entries = directory, 0, []
        for _ in range(count):
            name, crc, when, size, header, at = central(b, at)
            assert header == expected, "each file stands right behind the one before"
            there = local(b, header, size)
            assert there[:3] == (name, crc, when)
            expected = there[3] + size
            entries.append((name.decode(), size, crc, header, there[3]))
        assert expected == directory and at == b.size - (98 if is_wide else 22), "no byte belongs to nothing"
        return entries, directory, is_wide
    finally:
        os.close(b.fd)
