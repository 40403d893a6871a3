# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files that mean harm, made from nothing but the standard library.

write_all(folder) writes them with the states each may end in; png() and pdf() also
make harmless ones.  All are small on disk: what they promise, or unpack to, is not.
"""
import gzip
import io
import pathlib
import struct
import tarfile
import zipfile
import zlib

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{w}" height="{h}">{inside}</svg>'
FINE, NO = {"ready"}, {"refused", "damaged"}
ENDED = {"timed_out", "killed"}


def png_chunk(name, body):
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width, height, colour=0, depth=1, rows=None, interlaced=False, extra=()):
    """All black; fewer rows than the head promises make it a liar."""
    line = bytes(1 + (width * depth * CHANNELS[colour] + 7) // 8)
    packer, packed = zlib.compressobj(9), []
    for _ in range(height if rows is None else rows):
        packed.append(packer.compress(line))
    packed.append(packer.flush())
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlaced)
    parts = [png_chunk(b"IHDR", head), *extra, png_chunk(b"IDAT", b"".join(packed)), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(width, height, next_directory=0, strip_bytes=64, more=()):
    """Little endian, 8 bit grey, one strip behind the directory."""
    entries = sorted([(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 512),
                      (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, strip_bytes), *more])
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<2H2I", *x) for x in entries) + struct.pack("<I", next_directory)
    return (struct.pack("<2sHI", b"II", 42, 8) + body).ljust(512, b"\0") + bytes(64)


def jpeg(width, height, frame=0xC0, scans=1):
    """Grey, with tables that say hardly anything and scans of next to nothing."""
    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    tables = segment(0xDB, b"\0" + b"\x01" * 64) + b"".join(
        segment(0xC4, bytes([kind, 1]) + bytes(15) + b"\0") for kind in (0x00, 0x10))
    size = segment(frame, b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\0")
    end = 0x3F if frame == 0xC0 else 0
    scan = segment(0xDA, bytes([1, 1, 0, 0, end, 0])) + bytes(8)
    return b"\xff\xd8" + tables + size + scan * scans + b"\xff\xd9"


def gif(frames, end=b";"):
    """The end left out: who waits for it waits for ever."""
    screen = b"GIF89a" + struct.pack("<2H3B", 65535, 65535, 0x80, 0, 0) + bytes(6)
    one = b"!\xf9\x04\0\x01\0\0\0" + b"," + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return screen + one * frames + end


def svg(inside, w=100, h=100, before=""):
    return (before + SVG.format(w=w, h=h, inside=inside)).encode()


def pdf(objects):
    """Object i + 1 is objects[i]; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % p for p in places)
    return bytes(out + b"trailer\n<</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, table))


def pdf_stream(body, keys=""):
    return f"<<{keys} /Length {len(body)}>>\nstream\n".encode() + body + b"\nendstream"


CATALOGUE = "<</Type /Catalog /Pages 2 0 R>>"
ONE_PAGE = "<</Type /Pages /Kids [3 0 R] /Count 1>>"


def pdf_page(side=100, keys="/Resources <<>>"):
    return f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 {side} {side}] /Contents 4 0 R {keys}>>"


def plain_pdf(pages=1):
    kids = " ".join(f"{4 + i} 0 R" for i in range(pages))
    page = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 3 0 R /Resources <<>>>>"
    return pdf([CATALOGUE, f"<</Type /Pages /Kids [{kids}] /Count {pages}>>", pdf_stream(b"1 0 0 rg 0 0 100 100 re f")] + [page] * pages)


def nested(levels, width):
    """A group that uses the one below ten times, and so on."""
    groups = ['<g id="l0"><rect width="1" height="1"/></g>']
    groups += [f'<g id="l{i}">' + f'<use xlink:href="#l{i - 1}"/>' * width + "</g>" for i in range(1, levels)]
    return "".join(groups) + f'<use xlink:href="#l{levels - 1}"/>'


def pictures():
    text = png_chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(1 << 24), 9))
    yield "pixels.png", png(30000, 30000), NO
    yield "adam7.png", png(12000, 12000, colour=6, depth=8, rows=40, interlaced=True), NO
    yield "two-billion.png", png(2**31 - 1, 2**31 - 1, rows=1), NO
    yield "few-rows.png", png(8000, 8000, rows=10), {"damaged"}
    yield "texts.png", png(8, 8, extra=[text] * 40), {"refused"}
    yield "large.tif", tiff(60000, 60000, strip_bytes=0xFFFFFF00), NO
    yield "loop.tif", tiff(16, 1, next_directory=8), NO | FINE
    yield "negative.tif", tiff(16, 4, more=[(50706, 1, 4, 0x0401)]), {"refused"}
    yield "frames.gif", gif(20000), NO | FINE
    yield "many-frames.gif", gif(200_000), NO | FINE
    yield "endless.gif", gif(5000, end=b""), NO | FINE
    yield "endless-frame.gif", gif(3, end=b",\0\0\0\0\xff\xff\xff\xff\0\x08" + b"\xff" * 60_000), NO | FINE
    yield "large.jpg", jpeg(65500, 65500), NO
    yield "largest.jpg", jpeg(65535, 65535), NO
    yield "largest.png", png(65535, 65535, rows=3), {"refused"}
    yield "largest.tif", tiff(65535, 65535), {"refused"}
    yield "scans.jpg", jpeg(20000, 20000, frame=0xC2, scans=2000), NO
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff" * 6 + b"VP8 " + bytes(4)
    yield "large.webp", b"RIFF" + struct.pack("<I", len(vp8x) + 4) + b"WEBP" + vp8x, NO


def vectors(canary):
    away = [f"file://{canary}", "canary.png", "http://127.0.0.1:9/x", "//127.0.0.1/x", "file:///etc/passwd"]
    images = "".join(f'<image width="50" height="50" xlink:href="{a}"/>' for a in away)
    yield "huge.svg", svg('<rect width="1e9" height="1e9"/>', "1e9", "1e9"), NO | FINE
    yield "reads.svg", svg(images), FINE
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{canary}">]>'
    yield "entity.svg", svg('<text y="20">&x;</text>', before=entity), NO | FINE
    laughs = "<!DOCTYPE svg [<!ENTITY e0 'ha'>" + "".join(
        f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 10)) + "]>"
    yield "laughs.svg", svg("<text>&e9;</text>", before=laughs), NO
    yield "uses.svg", svg(nested(10, 10)), NO | FINE | ENDED
    yield "deep.svg", svg("<g>" * 100000 + "</g>" * 100000), NO | ENDED
    blur = '<filter id="f"><feGaussianBlur stdDeviation="900"/></filter>' + '<g filter="url(#f)">' * 60
    yield "blurs.svg", svg(blur + '<rect width="8000" height="8000"/>' + "</g>" * 60, 8000, 8000), NO | FINE | ENDED
    yield "cut.svgz", gzip.compress(svg("<g/>" * 100000))[:-200], {"refused"}
    bomb = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--' + b" " * (1 << 28) + b"--></svg>"
    yield "bomb.svgz", gzip.compress(bomb), {"refused"}


def documents():
    empty = pdf_stream(b"")
    yield "circle.pdf", pdf([CATALOGUE, "<</Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R>>", pdf_page(), empty]), NO | FINE
    yield "count.pdf", pdf([CATALOGUE, "<</Type /Pages /Kids [3 0 R] /Count 2000000000>>", pdf_page(), empty]), NO | FINE
    yield "mediabox.pdf", pdf([CATALOGUE, ONE_PAGE, pdf_page("1e9"), pdf_stream(b"0 0 9 9 re f")]), NO | FINE
    work = zlib.compress(b"0 0 1 1 re f " * 30_000_000, 9)
    yield "work.pdf", pdf([CATALOGUE, ONE_PAGE, pdf_page(), pdf_stream(work, "/Filter /FlateDecode")]), ENDED
    form = "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X 5 0 R>>>>"
    calls = b"/X Do " * 50
    yield "itself.pdf", pdf([CATALOGUE, ONE_PAGE, pdf_page(9, "/Resources <</XObject <</X 5 0 R>>>>"), pdf_stream(calls),
                             pdf_stream(calls, form)]), NO | FINE
    yield "script.pdf", pdf(["<</Type /Catalog /Pages 2 0 R /OpenAction <</S /JavaScript /JS (app.alert\\(1\\))>>>>", ONE_PAGE,
                             pdf_page(), empty]), FINE


def zipped(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, body in files:
            z.writestr(name, body)
    return out.getvalue()


def archives():
    """Nothing looks into them: none is opened, however they are called."""
    zeros = bytes(1 << 26)
    bomb = zipped([(f"{i}.png", zeros) for i in range(4)])
    yield "bomb.zip", bomb, {"none"}
    yield "bomb-named.png", bomb, {"none"}
    yield "nested.zip", zipped([("a.zip", zipped([("b.zip", bomb), ("c.zip", bomb)]))]), {"none"}
    yield "bomb.docx", zipped([("[Content_Types].xml", "<Types/>"), ("word/document.xml", zeros), ("word/media/1.png", png(9, 9))]), {"none"}
    yield "cut.zip", bomb[:len(bomb) // 2], {"none"}
    yield "slip.zip", zipped([("../../etc/x", "x"), ("/abs", "x"), ("a" * 5000, "x"), ("nul\n.svg", svg(""))]), {"none"}
    yield "bomb.gz", gzip.compress(zeros), {"none"}
    yield "twice.svgz", gzip.compress(gzip.compress(svg("<g/>"))), {"refused"}
    yield "zip.svgz", gzip.compress(bomb), {"refused"}
    yield "many.svgz", gzip.compress(b"") * 20_000 + gzip.compress(svg("<g/>")), {"refused"}
    yield "stored.zip", zipped([("a.svg", svg(nested(10, 10)))], zipfile.ZIP_STORED), {"none"}
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as t:
        head = tarfile.TarInfo("a.png")
        head.size = 50
        t.addfile(head, io.BytesIO(png(9, 9)[:50]))
    yield "a.tar", tape.getvalue(), {"none"}


def two_faced():
    archive = zipped([("a.txt", "x")])
    yield "zip.pdf", plain_pdf() + archive, FINE
    yield "zip-first.pdf", archive + plain_pdf(), {"none"}
    yield "pdf.png", png(8, 8, extra=[png_chunk(b"prVt", plain_pdf())]), FINE
    yield "pdf.jpg", jpeg(8, 8) + plain_pdf(), NO | FINE
    comment = b"!\xfe" + bytes([17]) + b"*/alert(1);/*....." [:17] + b"\0"
    frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    yield "runs.gif", b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + bytes(6) + comment + frame + b";", FINE
    yield "page.svg", svg("<script>alert(1)</script><foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>"), FINE
    yield "empty.jpg", b"", {"none"}
    yield "script.gif", b"GIF89a/*\x01\0\0*/=1;alert(1)//;", NO
    yield "page.pdf", b"<html><script>alert(1)</script>\n" + plain_pdf(), {"none"}
    yield "tail.png", png(8, 8) + b"PK\x05\x06" + bytes(18), FINE
    yield "list.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", {"none"}
    yield "draw.png", b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/\"|id\"'\npop graphic-context\n", {"none"}
    yield "ps.jpg", b"%!PS\n(/etc/passwd) (r) file 100 string readstring pop print\n", {"none"}


def damaged():
    """Good files cut off, and with bytes turned over (always the same ones)."""
    import random
    turn = random.Random(7)
    for name, whole in (("a.png", png(300, 200, colour=2, depth=8)), ("b.pdf", plain_pdf(3)), ("c.tif", tiff(16, 4))):
        for percent in (1, 10, 50, 90, 99):
            yield f"cut{percent}-{name}", whole[:len(whole) * percent // 100], NO | FINE | ENDED | {"none"}
        torn = bytearray(whole)
        for _ in range(100):
            torn[turn.randrange(16, len(torn))] ^= turn.randrange(1, 256)
        yield f"torn-{name}", bytes(torn), NO | FINE | ENDED | {"none"}


def write_all(folder):
    """{name: states it may end in}"""
    folder, expected = pathlib.Path(folder), {}
    canary = folder / "canary.png"
    canary.write_bytes(png(50, 50))
    for source in (pictures(), vectors(canary), documents(), archives(), two_faced(), damaged()):
        for name, body, states in source:
            (folder / name).write_bytes(body)
            expected[name] = states
    return expected
