#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""CPU per photo: geleit-media with its sandbox and four renditions, against vipsthumbnail and ImageMagick.

usage: bench/media.py [RUNS]   (needs libvips-tools, imagemagick)

The photos are made here (gradients, blobs and noise as a lens and a sensor make them), 20 megapixels, JPEG 90.
Each tool makes 1600, 640, 320 and 64 px; the others without sandbox, keys or checks, one process per photo.
CPU is user and system time of each job, or of the children; the least of RUNS rounds counts.
"""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEDIA = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build")) / "src/media"
SIZES = [1600, 640, 320, 64]
ONE_THREAD = {**os.environ, "VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


def make_photo(path, seed):
    """Three bands of smooth noise with fine noise on top."""
    with tempfile.TemporaryDirectory() as t:
        def vips(*args):
            subprocess.run(["vips", *map(str, args)], check=True, capture_output=True)
        bands = []
        for band in range(3):
            b = f"{t}/{band}.v"
            vips("gaussnoise", f"{t}/s.v", 172, 115, "--mean", 128, "--sigma", 60, "--seed", seed * 3 + band)
            vips("resize", f"{t}/s.v", f"{t}/l.v", 32)
            vips("gaussnoise", f"{t}/n.v", 5504, 3680, "--mean", 0, "--sigma", 4, "--seed", seed * 7 + band)
            vips("add", f"{t}/l.v", f"{t}/n.v", f"{t}/a.v")
            vips("cast", f"{t}/a.v", b, "uchar")
            bands.append(b)
        vips("bandjoin", " ".join(bands), f"{t}/rgb.v")
        vips("copy", f"{t}/rgb.v", f"{t}/srgb.v", "--interpretation", "srgb")
        vips("copy", f"{t}/srgb.v", f"{path}[Q=90]")


def geleit(photos, out):
    done = subprocess.run([MEDIA / "render_file", MEDIA / "geleit-media", out, *photos], check=True, capture_output=True, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(r["state"] == "ready" for r in results), results
    return sum(r["cpu_ms"] for r in results) / len(results)  # each job's own, from execution to its end


def vipsthumbnail(photos, out):
    for p in photos:
        for size in SIZES:
            subprocess.run(["vipsthumbnail", p, "-s", str(size), "-o", f"{out}/%s.{size}.jpg[Q=82,optimize_coding,strip]"],
                           check=True, env=ONE_THREAD)


def imagemagick(photos, out):
    for p in photos:
        chain = ["convert-im6.q16", "-define", "jpeg:size=3200x3200", str(p), "-quality", "82", "-strip"]
        for size in SIZES:
            chain += ["-resize", f"{size}x{size}", "-write", f"{out}/{p.stem}.{size}.jpg"]
        subprocess.run([*chain, "null:"], check=True, env=ONE_THREAD)


def cpu(tool, photos, out):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = tool(photos, out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if told is not None:
        return told
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / len(photos)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as t:
        photos = [pathlib.Path(t) / f"photo{i}.jpg" for i in range(1)]
        for i, p in enumerate(photos):
            make_photo(p, i + 1)
        for tool in (geleit, vipsthumbnail, imagemagick):
            if tool is imagemagick and shutil.which("convert-im6.q16") is None:
                continue
            best = min(cpu(tool, photos, t) for _ in range(runs))
            print(f"{tool.__name__:15} {best:7.0f} ms CPU per photo of 20 megapixels, four renditions", flush=True)


if __name__ == "__main__":
    main()
