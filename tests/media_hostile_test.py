# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every hostile file of tests/lib/hostile.py ends in a state it may have, in time, and touches nothing."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import hostile  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEDIA = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build")) / "src/media"
CPU_MS, WALL_MS, PEAK_KIB = 21_000, 42_000, 1_600_000


def render(paths, folder="-", below=(), **env):
    done = subprocess.run([*below, MEDIA / "render_file", MEDIA / "geleit-media", folder, *paths], capture_output=True, text=True,
                          timeout=600, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr
    return {r["file"]: r for r in map(json.loads, done.stdout.splitlines())}, done.stderr


@pytest.fixture(scope="module")
def hurt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    folder.chmod(0o755)
    expected = hostile.write_all(folder)
    results, said = render([folder / name for name in expected])
    return expected, results, said


@pytest.fixture(scope="module")
def hurt_bare(tmp_path_factory):
    """The same where user namespaces are forbidden."""
    folder = tmp_path_factory.mktemp("bare")
    folder.chmod(0o755)
    expected = hostile.write_all(folder)
    results, said = render([folder / name for name in expected], below=[MEDIA / "no_namespaces"])
    return expected, results, said


def test_without_namespaces_each_ends_the_same_way(hurt, hurt_bare):
    assert "forbids user namespaces" in hurt_bare[2]
    if "forbids user namespaces" in hurt[2]:
        pytest.skip("this host forbids user namespaces by itself: both ways are one")
    for name, r in hurt[1].items():
        bare = hurt_bare[1][name]
        if hostile.ENDED & hurt[0][name]:  # near the limit: a busy machine decides
            assert bare["state"] in hurt[0][name], (name, bare)
        else:
            assert (bare["state"], bare.get("reason")) == (r["state"], r.get("reason")), (name, r, bare)


def test_without_namespaces_an_svg_reads_nobody(hurt_bare):
    assert hurt_bare[1]["reads.svg"]["colour"] != "#000000"


def test_endless_work_is_a_matter_of_time(hurt, hurt_bare):
    assert hurt[1]["work.pdf"]["state"] == hurt_bare[1]["work.pdf"]["state"] == "timed_out"


def test_each_ends_in_a_state_it_may_have(hurt):
    expected, results, _ = hurt
    assert len(expected) > 70 and expected.keys() == results.keys()
    wrong = {n: (results[n]["state"], results[n].get("reason")) for n, may in expected.items() if results[n]["state"] not in may}
    assert not wrong


def test_none_takes_more_than_it_may(hurt):
    for name, r in hurt[1].items():
        assert r["wall_ms"] < WALL_MS and r.get("cpu_ms", 0) < CPU_MS and r.get("peak_kib", 0) < PEAK_KIB, (name, r)


def test_texts_and_inflation_are_refused_before_they_cost(hurt):
    _, results, _ = hurt
    for name, reason in (("texts.png", "png-texts"), ("bomb.svgz", "svg-size"), ("negative.tif", "camera-raw"),
                         ("zip.svgz", "svg-size"), ("twice.svgz", "svg-size"),
                         ("largest.png", "pixels"), ("largest.tif", "pixels")):
        assert results[name]["reason"] == reason and results[name]["cpu_ms"] < 2000, results[name]


def test_an_archive_costs_nothing(hurt):
    """Not even the sniff of a job: nothing was started for it."""
    for name in ("bomb.zip", "bomb-named.png", "nested.zip", "bomb.docx", "cut.zip", "bomb.gz", "a.tar", "zip-first.pdf"):
        assert "cpu_ms" not in hurt[1][name], name


def test_an_svg_reads_nobody(hurt):
    """The neighbour is black, the page white: nothing of it is seen."""
    assert hurt[1]["reads.svg"]["colour"] != "#000000"


def test_a_file_that_ends_early_still_shows_its_beginning(hurt):
    r = hurt[1]["few-rows.png"]
    assert r["reason"] == "ends-early" and [p["size"] for p in r["pictures"]] == [64, 320, 640, 1600]


def test_pages_sizes_and_parts(tmp_path):
    (tmp_path / "a.pdf").write_bytes(hostile.plain_pdf(12))
    (tmp_path / "b.png").write_bytes(hostile.png(500, 400, colour=2, depth=8))
    (tmp_path / "c.svg").write_bytes(hostile.svg('<rect width="100" height="50" fill="#ff0000"/>', 100, 50))
    results, _ = render(sorted(tmp_path.iterdir()), PART_BYTES="30")  # many parts: it is read across them
    a, b, c = (results[n] for n in ("a.pdf", "b.png", "c.svg"))
    assert a["state"] == b["state"] == c["state"] == "ready", results
    assert a["pages"] == 12 and {p["page"] for p in a["pictures"]} == set(range(1, 11))
    assert [(p["size"], p["width"]) for p in b["pictures"]] == [(64, 64), (320, 320), (640, 500)]
    assert c["colour"] == "#ff0000" and c["pictures"][-1]["width"] == 1600
    assert (b["width"], b["height"]) == (500, 400) and len(b["blurhash"]) == 28
