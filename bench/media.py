#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""CPU per photo of 12 megapixels: geleit-media with its sandbox and four renditions, beside vipsthumbnail and ImageMagick.

usage: bench/media.py [RUNS]   (needs libvips-tools, imagemagick; bench/run.py prints and stores the same)

The photos are made here (gradients, blobs and noise as a lens and a sensor make them), JPEG 90. Each tool makes
1600, 640, 320 and 64 px. Ours: the job with its sandbox, and who seals the photo, starts it and reads the result as
a stranger's. The others: nothing of that; vipsthumbnail makes the smaller ones from the largest, as we do.
CPU is user and system time; every value is the median of RUNS rounds.
"""
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEDIA = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build")) / "src/media"
SIZES = [1600, 640, 320, 64]
PHOTOS = 3
RUNS = 5
GOALS = {"vipsthumbnail": 1.0, "imagemagick": 1 / 3}
ONE_THREAD = {**os.environ, "VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


def make_photo(path, seed):
    """Three bands of smooth noise with fine noise on top."""
    with tempfile.TemporaryDirectory() as t:
        def vips(*args):
            subprocess.run(["vips", *map(str, args)], check=True, capture_output=True)
        bands = []
        for band in range(3):
            b = f"{t}/{band}.v"
            vips("gaussnoise", f"{t}/s.v", 125, 94, "--mean", 128, "--sigma", 60, "--seed", seed * 3 + band)
            vips("resize", f"{t}/s.v", f"{t}/l.v", 32)
            vips("gaussnoise", f"{t}/n.v", 4000, 3008, "--mean", 0, "--sigma", 4, "--seed", seed * 7 + band)
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
    return sum(r["cpu_ms"] for r in results)  # grandchildren: nobody else waits for them


def vipsthumbnail(photos, out):
    for p in photos:
        for size in SIZES:
            source = p if size == SIZES[0] else f"{out}/{p.stem}.{SIZES[0]}.jpg"
            subprocess.run(["vipsthumbnail", source, "-s", str(size), "-o", f"{out}/{p.stem}.{size}.jpg[Q=82,optimize_coding,strip]"],
                           check=True, env=ONE_THREAD)


def imagemagick(photos, out):
    for p in photos:
        chain = ["convert-im6.q16", "-define", "jpeg:size=3200x3200", str(p), "-quality", "82", "-strip"]
        for size in SIZES:
            chain += ["-resize", f"{size}x{size}", "-write", f"{out}/{p.stem}.{size}.jpg"]
        subprocess.run([*chain, "null:"], check=True, env=ONE_THREAD)


def cpu(tool, photos, out):
    """Milliseconds for each photo."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    more = tool(photos, out) or 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (own * 1000 + more) / len(photos)


def measure(runs=RUNS):
    """{tool: median}; the tools take turns."""
    tools = [geleit, vipsthumbnail] + ([imagemagick] if shutil.which("convert-im6.q16") else [])
    values = {t.__name__: [] for t in tools}
    with tempfile.TemporaryDirectory() as t:
        photos = [pathlib.Path(t) / f"photo{i}.jpg" for i in range(PHOTOS)]
        for i, p in enumerate(photos):
            make_photo(p, i + 1)
        for _ in range(runs):
            for tool in tools:
                values[tool.__name__].append(cpu(tool, photos, t))
                print(f"preview: {tool.__name__} {values[tool.__name__][-1]:.0f} ms", file=sys.stderr, flush=True)
    return {name: statistics.median(v) for name, v in values.items()}


def table(medians):
    """Lines of Markdown, and what was missed."""
    ours, missed = medians["geleit"], []
    out = [f"CPU ms for each of {PHOTOS} photos of 12 megapixels, four sizes, one thread, median of {RUNS} runs:", "",
           "| beside | CPU ms | Geleit | ratio | goal | met |", "|---|---|---|---|---|---|"]
    for name, goal in GOALS.items():
        if name not in medians:
            continue
        ratio = ours / medians[name]
        out.append(f"| {name} | {medians[name]:.0f} | {ours:.0f} | {ratio:.2f} | ≤ {goal:.2f} | {'yes' if ratio <= goal else '**no**'} |")
        if ratio > goal:
            missed.append(f"- Preview of a photo beside {name}: {ratio:.2f}, goal ≤ {goal:.2f}.")
    return out, missed


def main():
    print("\n".join(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))[0]))


if __name__ == "__main__":
    main()
