# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real files of every kind a preview is made of: their colours, corners, measures, pages and what is told of them.

Made by the tools Debian has (Pillow, vips, heif-enc, qpdf), read by geleit-media in its sandbox. Needs a release
build: a job's limits leave a sanitizer no room.
"""
import json
import math
import os
import pathlib
import subprocess
import sys

import pytest
from PIL import Image, ImageCms

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
import hostile  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEDIA = pathlib.Path(os.environ.get("GELEIT_BUILD", ROOT / "build")) / "src/media"
WIDTH, HEIGHT = 400, 300
# upper left, upper right, lower left, lower right: all inside what print can show
CORNERS = [(200, 80, 70), (90, 150, 90), (90, 105, 140), (190, 180, 150)]
ORIENTATION, MAKE, MODEL, EXIF_IFD, GPS_IFD, TAKEN = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825, 0x9003


# ---- making ----

def corners(size=(WIDTH, HEIGHT), colours=CORNERS, mode="RGB"):
    """Four fields of one colour each."""
    (w, h), image = size, Image.new(mode, size)
    for i, colour in enumerate(colours):
        x, y = i % 2 * (w // 2), i // 2 * (h // 2)
        image.paste(colour, (x, y, x + w // 2, y + h // 2))
    return image


def vips(*args):
    done = subprocess.run(["vips", *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0, (args, done.stderr)


def turned(image, orientation):
    """What a camera stores so that this orientation shows the image again."""
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}
    return image.transpose(back[orientation]) if orientation in back else image


def exif(orientation=1, make="NIKON CORPORATION", model="NIKON Z 9", taken="2024:05:01 12:30:00"):
    e = Image.Exif()
    e[MAKE], e[MODEL], e[ORIENTATION] = make, model, orientation
    e[EXIF_IFD] = {TAKEN: taken}
    e[GPS_IFD] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
    return e.tobytes()


def make_tiffs(d, base):
    vips("colourspace", base, d / "rgb16.tif", "rgb16")
    vips("copy", d / "rgb16.tif", f"{d}/rgb16-deflate.tif[compression=deflate,predictor=horizontal]")
    vips("icc_transform", base, d / "cmyk.tif", "cmyk", "--input-profile", "srgb")
    vips("copy", d / "cmyk.tif", f"{d}/cmyk-bare.tif[strip]")
    vips("cast", base, d / "float.v", "float")
    vips("colourspace", d / "float.v", d / "lab.tif", "lab")
    vips("colourspace", base, d / "grey16.tif", "grey16")
    vips("copy", base, f"{d}/jpeg-inside.tif[compression=jpeg,Q=95]")
    corners().convert("1").save(d / "bilevel.tif", compression="group4")
    vips("copy", base, f"{d}/big.tif[bigtiff,compression=lzw]")
    corners((1600, 1200)).save(d / "large.png")
    vips("copy", d / "large.png", f"{d}/pyramid.tif[pyramid,tile,tile-width=128,tile-height=128]")
    pages = [Image.new("RGB", (200 + i, 100), CORNERS[i]) for i in range(3)]
    pages[0].save(d / "pages.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")


def make_jpegs(d, base):
    image = corners()
    vips("copy", d / "cmyk.tif", f"{d}/cmyk.jpg[Q=95]")
    vips("copy", d / "cmyk.tif", f"{d}/cmyk-bare.jpg[Q=95,strip]")
    vips("icc_transform", base, f"{d}/p3.jpg[Q=95]", "p3", "--input-profile", "srgb")
    for i in range(1, 9):
        turned(image, i).save(d / f"turned{i}.jpg", quality=95, exif=exif(i))
    image.convert("L").save(d / "grey.jpg", quality=95)
    image.save(d / "progressive.jpg", quality=95, progressive=True)
    image.save(d / "bad-profile.jpg", quality=95, icc_profile=b"no profile at all" * 20)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.convert("L").save(d / "wrong-profile.jpg", quality=95, icc_profile=srgb)
    foreign = Image.open(d / "cmyk-bare.jpg")
    foreign.save(d / "cmyk-wrong.jpg", quality=95, icc_profile=srgb)
    image.save(d / "canon.jpg", exif=exif(make="Canon", model="EOS R5", taken="2023:12:31 23:59:59"))
    image.save(d / "no-clock.jpg", exif=exif(make="\x01\x02", model="\n", taken="    :  :     :  :  "))
    image.save(d / "brackets.jpg", exif=exif(make="Leica", model="Q2 (Typ 4889)"))


def make_others(d, base):
    image, clear = corners(), corners(colours=[(*c, 255) for c in CORNERS[:3]] + [(0, 0, 0, 0)], mode="RGBA")
    vips("colourspace", base, d / "rgb16.png", "rgb16")
    clear.save(d / "alpha.png")
    corners(colours=[(*c, 255) for c in CORNERS], mode="RGBA").save(d / "idle-alpha.png")
    image.quantize(16).save(d / "palette.png")
    image.convert("1").save(d / "bilevel.png")
    image.convert("LA").save(d / "grey-alpha.png")
    clear.save(d / "alpha.webp", lossless=True, exif=exif())
    image.save(d / "lossy.webp", quality=95, exif=exif(6))
    frames = [corners(), Image.new("RGB", (WIDTH, HEIGHT)), Image.new("RGB", (WIDTH, HEIGHT), "white")]
    frames[0].save(d / "frames.webp", save_all=True, append_images=frames[1:], lossless=True)
    frames[0].quantize(64).save(d / "frames.gif", save_all=True, append_images=[f.quantize(4) for f in frames[1:]])
    clear.save(d / "alpha.gif")
    smooth = Image.new("RGB", (WIDTH, HEIGHT))
    smooth.putdata([(60 + 140 * x // WIDTH, 60 + 140 * y // HEIGHT, 120) for y in range(HEIGHT) for x in range(WIDTH)])
    smooth.save(d / "smooth.png")
    Image.new("RGB", (3, 4000), CORNERS[0]).save(d / "thin.png")
    Image.new("RGB", (1, 1), CORNERS[1]).save(d / "dot.png")
    image.save(d / "camera.jpg", quality=97, exif=exif())
    for name, more in (("camera.heic", []), ("camera.avif", ["-A"])):
        subprocess.run(["heif-enc", *more, "-q", "90", "-o", d / name, d / "camera.jpg"], check=True, capture_output=True)
    subprocess.run(["heif-enc", "-q", "90", "-o", d / "alpha.heic", d / "alpha.png"], check=True, capture_output=True)
    subprocess.run(["heif-enc", "-A", "-q", "90", "-o", d / "alpha.avif", d / "alpha.png"], check=True, capture_output=True)


def drawn(close):
    """The corners as a drawing: SVG attributes or PDF operators by `close`."""
    return "".join(close(i % 2 * 200, i // 2 * 150, c) for i, c in enumerate(CORNERS))


def make_vectors(d):
    rects = drawn(lambda x, y, c: f'<rect x="{x}" y="{y}" width="200" height="150" fill="rgb{c}"/>')
    (d / "plain.svg").write_bytes(hostile.svg(rects, WIDTH, HEIGHT))
    words = '<rect width="400" height="300" fill="white"/><text x="20" y="180" font-size="90" font-family="sans-serif">Freigabe äö</text>'
    (d / "words.svg").write_bytes(hostile.svg(words, WIDTH, HEIGHT))
    view = f'<?xml version="1.0"?><!-- a comment --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">{rects}</svg>'
    (d / "view.svg").write_text(view)
    clear = drawn(lambda x, y, c: "" if x and y else f'<rect x="{x}" y="{y}" width="200" height="150" fill="rgb{c}"/>')
    (d / "clear.svg").write_bytes(hostile.svg(clear, WIDTH, HEIGHT))
    import gzip
    (d / "packed.svgz").write_bytes(gzip.compress(view.encode()))
    ops = drawn(lambda x, y, c: "%.4f %.4f %.4f rg %d %d 200 150 re f " % (*(v / 255 for v in c), x, 150 - y)).encode()
    page = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 3 0 R /Resources <<>>%s>>"
    blank = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 400] /Resources <<>>>>"
    kids = "<</Type /Pages /Kids [4 0 R 5 0 R 6 0 R] /Count 3>>"
    (d / "pages.pdf").write_bytes(hostile.pdf([hostile.CATALOGUE, kids, hostile.pdf_stream(ops), page % "", page % " /Rotate 180",
                                               blank]))
    text = "<</Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>>>"
    words = hostile.pdf_stream(b"BT /F 90 Tf 20 30 Td (Geleit) Tj ET")
    (d / "text.pdf").write_bytes(hostile.pdf([hostile.CATALOGUE, hostile.ONE_PAGE, hostile.pdf_page(300, f"/Resources {text}"), words]))
    for name, user in (("locked.pdf", "secret"), ("owned.pdf", "")):
        subprocess.run(["qpdf", "--encrypt", user, "owner", "256", "--", d / "pages.pdf", d / name], check=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every file through one geleit-media: {name: what it says}, the folder of pictures, that of the files."""
    d, out = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("out")
    base = d / "base.png"
    corners().save(base)
    make_tiffs(d, base)
    make_jpegs(d, base)
    make_others(d, base)
    make_vectors(d)
    (d / "float.v").unlink()
    files = sorted(d.iterdir())
    done = subprocess.run([MEDIA / "render_file", MEDIA / "geleit-media", out, *files], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return {r["file"]: r for r in map(json.loads, done.stdout.splitlines())}, out, d


# ---- looking ----

def picture(made, name, size=320, page=1):
    found = [p for p in made[1].glob(f"{name}.{page}.{size}.*")]
    assert len(found) == 1, (name, size, page, made[0][name])
    return Image.open(found[0])


def seen(image, i):
    """The colour in the middle of a corner's field."""
    w, h = image.size
    return image.convert("RGBA").getpixel((w // 4 + i % 2 * (w // 2), h // 4 + i // 2 * (h // 2)))


def far(a, b):
    return max(abs(x - y) for x, y in zip(a[:3], b[:3]))


def grey(c):
    return (round(0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]),) * 3


def shows(made, name, most, colours=CORNERS, page=1):
    image = picture(made, name, page=page)
    return {(i, seen(image, i), c) for i, c in enumerate(colours) if far(seen(image, i), c) > most}


WHOLE = [("base.png", 4), ("rgb16.tif", 4), ("rgb16-deflate.tif", 4), ("lab.tif", 5), ("jpeg-inside.tif", 6), ("big.tif", 4),
         ("rgb16.png", 4), ("palette.png", 8), ("idle-alpha.png", 4), ("p3.jpg", 5), ("progressive.jpg", 5), ("bad-profile.jpg", 5),
         ("cmyk.tif", 10), ("cmyk-bare.tif", 10), ("cmyk.jpg", 12), ("cmyk-bare.jpg", 12), ("cmyk-wrong.jpg", 14), ("pyramid.tif", 4),
         ("frames.webp", 4), ("frames.gif", 8), ("camera.heic", 8), ("camera.avif", 8), ("plain.svg", 4), ("view.svg", 4),
         ("packed.svgz", 4), ("pages.pdf", 4), ("owned.pdf", 4)]


@pytest.mark.parametrize("name,most", WHOLE)
def test_colours_are_those_of_the_eye(made, name, most):
    r = made[0][name]
    assert (r["state"], r["reason"]) == ("ready", "")
    assert shows(made, name, most) == set()


@pytest.mark.parametrize("name,most", [("grey.jpg", 5), ("grey16.tif", 12), ("wrong-profile.jpg", 5), ("grey-alpha.png", 5)])
def test_grey_stays_grey(made, name, most):
    assert made[0][name]["state"] == "ready"
    assert shows(made, name, most, [grey(c) for c in CORNERS]) == set()


@pytest.mark.parametrize("name", ["bilevel.png", "bilevel.tif"])
def test_black_and_white(made, name):
    assert made[0][name]["state"] == "ready"
    lo, hi = picture(made, name, 640 if name.endswith("png") else 320).convert("L").getextrema()
    assert lo < 40 and hi > 215


@pytest.mark.parametrize("i", range(1, 9))
def test_every_orientation_stands_upright(made, i):
    name = f"turned{i}.jpg"
    r = made[0][name]
    assert (r["width"], r["height"]) == (WIDTH, HEIGHT)
    assert shows(made, name, 6) == set()
    assert {(p["size"], p["width"], p["height"]) for p in r["pictures"]} == {(64, 64, 48), (320, 320, 240), (640, 400, 300)}


def test_an_orientation_of_webp(made):
    """The picture was not turned when it was stored: it comes out turned."""
    r = made[0]["lossy.webp"]
    assert (r["state"], r["width"], r["height"]) == ("ready", HEIGHT, WIDTH)
    assert shows(made, "lossy.webp", 8, [CORNERS[2], CORNERS[0], CORNERS[3], CORNERS[1]]) == set()


@pytest.mark.parametrize("name", ["alpha.png", "alpha.webp", "alpha.gif", "alpha.heic", "alpha.avif", "clear.svg"])
def test_what_shows_through_stays_so(made, name):
    assert made[0][name]["state"] == "ready"
    image = picture(made, name)
    assert image.format == "WEBP" and image.mode == "RGBA"
    assert seen(image, 3)[3] == 0 and all(seen(image, i)[3] == 255 for i in range(3))
    assert all(far(seen(image, i), CORNERS[i]) <= 8 for i in range(3))


def test_alpha_that_hides_nothing_is_left_out(made):
    assert picture(made, "idle-alpha.png").format == "JPEG"


def test_pages(made):
    tif, pdf = made[0]["pages.tif"], made[0]["pages.pdf"]
    assert (tif["state"], tif["pages"], pdf["state"], pdf["pages"]) == ("ready", 3, "ready", 3)
    for page in (1, 2, 3):
        assert far(seen(picture(made, "pages.tif", page=page), 0), CORNERS[page - 1]) < 5
    assert {p["size"] for p in tif["pictures"] if p["page"] == 1} == {64, 320}
    assert [p["size"] for p in pdf["pictures"] if p["page"] == 2] == [320, 1600]
    assert shows(made, "pages.pdf", 4, CORNERS[::-1], page=2) == set()
    blank = picture(made, "pages.pdf", page=3)
    assert blank.size == (160, 320) and seen(blank, 0)[:3] == (255, 255, 255)


def test_a_frame_is_no_page(made):
    for name in ("frames.gif", "frames.webp"):
        assert made[0][name]["pages"] == 3 and {p["page"] for p in made[0][name]["pictures"]} == {1}


def test_fonts_are_there_for_pdf(made):
    """Helvetica is in no PDF: another one stands in, and ink is seen."""
    assert made[0]["text.pdf"]["state"] == "ready"
    ink = sum(v < 128 for v in picture(made, "text.pdf").convert("L").getdata())
    assert 2000 < ink < 40000


def test_fonts_are_there_for_svg(made):
    assert made[0]["words.svg"]["state"] == "ready"
    ink = sum(v < 128 for v in picture(made, "words.svg").convert("L").getdata())
    assert 3000 < ink < 60000


def test_a_password_is_a_reason(made):
    r = made[0]["locked.pdf"]
    assert (r["state"], r["reason"], r["pictures"]) == ("refused", "locked", [])


def test_measures_are_the_originals(made):
    for name, size in (("base.png", (400, 300)), ("pyramid.tif", (1600, 1200)), ("thin.png", (3, 4000)), ("dot.png", (1, 1)),
                       ("camera.heic", (400, 300)), ("plain.svg", (400, 300))):
        assert (made[0][name]["width"], made[0][name]["height"]) == size, name
    assert [(p["size"], p["width"]) for p in made[0]["dot.png"]["pictures"]] == [(64, 1)]
    assert made[0]["thin.png"]["state"] == "ready" and made[0]["thin.png"]["pictures"][-1]["height"] == 1600


def test_a_pyramid_gives_its_large_level(made):
    assert [(p["size"], p["width"]) for p in made[0]["pyramid.tif"]["pictures"]] == [(64, 64), (320, 320), (640, 640), (1600, 1600)]


def test_colour_space_is_told(made):
    spaces = {n: made[0][n]["space"] for n in ("cmyk.tif", "cmyk-bare.jpg", "base.png", "grey.jpg", "rgb16.tif", "lab.tif")}
    assert spaces == {"cmyk.tif": "cmyk", "cmyk-bare.jpg": "cmyk", "base.png": "srgb", "grey.jpg": "b-w", "rgb16.tif": "rgb16",
                      "lab.tif": "lab"}


@pytest.mark.parametrize("name,camera,taken", [
    ("camera.jpg", "NIKON CORPORATION NIKON Z 9", "2024-05-01 12:30:00"),
    ("turned6.jpg", "NIKON CORPORATION NIKON Z 9", "2024-05-01 12:30:00"),
    ("lossy.webp", "NIKON CORPORATION NIKON Z 9", "2024-05-01 12:30:00"),
    ("camera.heic", "NIKON CORPORATION NIKON Z 9", "2024-05-01 12:30:00"),
    ("camera.avif", "NIKON CORPORATION NIKON Z 9", "2024-05-01 12:30:00"),
    ("canon.jpg", "Canon EOS R5", "2023-12-31 23:59:59"),
    ("brackets.jpg", "Leica Q2 (Typ 4889)", "2024-05-01 12:30:00"),
    ("no-clock.jpg", "", ""), ("base.png", "", "")])
def test_camera_and_time(made, name, camera, taken):
    assert (made[0][name]["camera"], made[0][name]["taken"]) == (camera, taken)


def test_nothing_of_the_original_is_in_a_rendition(made):
    """No place, no camera, no profile, no editor's history: only pixels go out."""
    had = subprocess.run(["vipsheader", "-a", made[2] / "camera.jpg"], capture_output=True, text=True).stdout
    assert "GPSLatitude: 52/1 31/1 12/1" in had
    for path in made[1].iterdir():
        image, body = Image.open(path), path.read_bytes()
        assert not dict(image.getexif()) and "icc_profile" not in image.info and "xmp" not in image.info, path
        assert not any(word in body for word in (b"Exif", b"EXIF", b"NIKON", b"ICC_PROFILE", b"ICCP", b"xpacket", b"Photoshop")), path
    said = json.dumps(made[0]).lower()
    assert not any(word in said for word in ("gps", "latitude", '"52', "13.4"))


# ---- likeness ----

BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def number(text):
    value = 0
    for c in text:
        value = value * 83 + BASE83.index(c)
    return value


def linear(v):
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def unhash(text, x, y):
    """The colour a blurhash has at a place, both from 0 to 1; as its authors' description says."""
    size = number(text[0])
    nx, ny, most = size % 9 + 1, size // 9 + 1, (number(text[1]) + 1) / 166
    dc = number(text[2:6])
    parts = [[linear((dc >> s & 255) / 255) for s in (16, 8, 0)]]
    for i in range(1, nx * ny):
        v = number(text[4 + 2 * i:6 + 2 * i])
        parts.append([math.copysign(((q - 9) / 9) ** 2, q - 9) * most for q in (v // 361, v // 19 % 19, v % 19)])
    sums = [sum(p[c] * math.cos(math.pi * x * (k % nx)) * math.cos(math.pi * y * (k // nx)) for k, p in enumerate(parts))
            for c in range(3)]
    return [255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055) for v in (min(1, max(0, s)) for s in sums)]


SPOTS = [(x / 8, y / 8) for x in range(1, 8) for y in range(1, 8)]


def test_blurhash_is_near(made):
    text, image = made[0]["smooth.png"]["blurhash"], picture(made, "smooth.png").convert("RGB")
    assert len(text) == 28
    for x, y in SPOTS:
        assert far(unhash(text, x, y), image.getpixel((round(x * image.width), round(y * image.height)))) < 12, (x, y, text)


@pytest.mark.parametrize("name", ["turned6.jpg", "cmyk.tif", "camera.heic", "pages.pdf", "plain.svg", "rgb16.tif"])
def test_blurhash_is_the_same_in_every_kind(made, name):
    a, b = (made[0][n]["blurhash"] for n in ("base.png", name))
    assert max(far(unhash(a, x, y), unhash(b, x, y)) for x, y in SPOTS) < 24, (a, b)


def test_dominant_colour(made):
    """Fields of equal size: one of them. One colour: this."""
    def rgb(name):
        return bytes.fromhex(made[0][name]["colour"][1:])
    assert min(far(rgb("base.png"), c) for c in CORNERS) < 6
    assert far(rgb("thin.png"), CORNERS[0]) < 6 and far(rgb("dot.png"), CORNERS[1]) < 6
    assert far(rgb("text.pdf"), (255, 255, 255)) < 6
