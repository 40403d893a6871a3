#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Draws the demo library: demo/files and demo/library.json.

Everything is made here, nothing is copied: rooms and furniture of a maker that
does not exist are drawn as SVG and rendered by libvips, documents are written
as PDF.  The result is committed, so that a server needs neither this program
nor libvips to have its demo; run it again only to change the demo.
Needs the program vips (libvips-tools).
"""
import json
import pathlib
import random
import subprocess
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "files"
MAKER = "Nordlicht Möbelwerke"
rnd = random.Random(2027)

WALLS = {"Kalk": ("#ece7df", "#d9d0c3"), "Salbei": ("#cfd8cc", "#aebbab"), "Nebel": ("#d8dfe3", "#b6c1c8"),
         "Terrakotta": ("#dcb9a2", "#c4967a"), "Nacht": ("#3a4650", "#232c34"), "Sand": ("#e8dcc4", "#d2c09c")}
WOODS = {"Eiche": ("#b98a56", "#8a6238"), "Nussbaum": ("#6b4a35", "#472f20"), "Esche": ("#d8bd94", "#b3956a"),
         "Schwarz": ("#33312f", "#1d1c1b")}
CLOTHS = {"Petrol": ("#2b6f73", "#1b4d51"), "Ocker": ("#c8923e", "#9b6c24"), "Rost": ("#b0563a", "#823a24"),
          "Hafer": ("#d9cdb8", "#b5a68b"), "Moos": ("#6d7a4c", "#4b5632"), "Graphit": ("#565b60", "#373b3f")}


def rect(x, y, w, h, fill, r=0, more=""):
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}" fill="{fill}" {more}/>'


def poly(points, fill):
    return f'<path d="M{"L".join(f"{x} {y}" for x, y in points)}z" fill="{fill}"/>'


def grad(name, a, b, across=False):
    x, y = (1, 0) if across else (0, 1)
    return (f'<linearGradient id="{name}" x1="0" y1="0" x2="{x}" y2="{y}"><stop offset="0" stop-color="{a}"/>'
            f'<stop offset="1" stop-color="{b}"/></linearGradient>')


def shadow(x, y, rx, ry=14):
    return f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="#000" opacity=".28" filter="url(#soft)"/>'


def chair(x, y, s):
    legs = "".join(poly([(x + a * s, y), (x + (a + 7) * s, y), (x + (a + 5 + d) * s, y + 130 * s), (x + (a + d) * s, y + 130 * s)],
                        "url(#wood)") for a, d in ((-62, -10), (48, 14), (-40, 2), (34, 4)))
    return (shadow(x, y + 132 * s, 95 * s) + legs + rect(x - 68 * s, y - 12 * s, 136 * s, 24 * s, "url(#cloth)", 10 * s) +
            f'<path d="M{x - 60 * s} {y - 10 * s}q-6 {-130 * s} 8 {-150 * s}h{104 * s}q14 {20 * s} 8 {150 * s}z" fill="url(#cloth)"/>'
            f'<path d="M{x - 46 * s} {y - 30 * s}q-4 {-90 * s} 4 {-112 * s}h{84 * s}q8 {22 * s} 4 {112 * s}z" fill="#fff" opacity=".07"/>')


def sofa(x, y, s, seats=3):
    w = 110 * seats * s
    out = shadow(x, y + 78 * s, w * .56) + "".join(rect(x + k * w * .42 - 5 * s, y + 40 * s, 10 * s, 38 * s, "url(#wood)") for k in (-1, 1))
    out += rect(x - w / 2, y - 92 * s, w, 120 * s, "url(#cloth)", 20 * s)
    for i in range(seats):
        out += rect(x - w / 2 + i * w / seats + 5 * s, y - 20 * s, w / seats - 10 * s, 46 * s, "url(#cloth)", 12 * s,
                    'stroke="#000" stroke-opacity=".18"')
        out += rect(x - w / 2 + i * w / seats + 5 * s, y - 84 * s, w / seats - 10 * s, 66 * s, "url(#cloth)", 14 * s,
                    'stroke="#000" stroke-opacity=".14"')
    out += "".join(rect(x + k * w / 2 - 22 * s, y - 52 * s, 44 * s, 96 * s, "url(#cloth)", 18 * s, 'stroke="#000" stroke-opacity=".2"')
                   for k in (-1, 1))
    return out + rect(x - w / 2, y + 24 * s, w, 22 * s, "url(#cloth)", 8 * s)


def table(x, y, s, w=340):
    return (shadow(x, y + 122 * s, w * .55 * s) + rect(x - w / 2 * s, y, w * s, 18 * s, "url(#wood)", 4 * s) +
            "".join(poly([(x + k * (w / 2 - 30) * s, y + 16 * s), (x + k * (w / 2 - 14) * s, y + 16 * s),
                          (x + k * (w / 2 - 4) * s, y + 122 * s), (x + k * (w / 2 - 12) * s, y + 122 * s)], "url(#wood)") for k in (-1, 1)) +
            rect(x - 20 * s, y - 44 * s, 30 * s, 44 * s, "url(#cloth)", 8 * s) +
            f'<path d="M{x - 5 * s} {y - 44 * s}q-20 {-60 * s} -40 {-70 * s}M{x - 5 * s} {y - 44 * s}q0 {-70 * s} 14 {-84 * s}'
            f'M{x - 5 * s} {y - 44 * s}q20 {-40 * s} 44 {-52 * s}" stroke="#5f7350" stroke-width="{3 * s}" fill="none"/>')


def lamp(x, y, s):
    return (shadow(x, y + 12 * s, 60 * s, 8) + f'<circle cx="{x}" cy="{y - 250 * s}" r="{240 * s}" fill="url(#glow)"/>' +
            rect(x - 3 * s, y - 210 * s, 6 * s, 214 * s, "url(#wood)") + rect(x - 44 * s, y, 88 * s, 12 * s, "url(#wood)", 6 * s) +
            poly([(x - 40 * s, y - 290 * s), (x + 40 * s, y - 290 * s), (x + 74 * s, y - 205 * s), (x - 74 * s, y - 205 * s)], "url(#cloth)"))


def shelf(x, y, s):
    w, h = 240 * s, 330 * s
    out = shadow(x, y + 4, w * .6) + rect(x - w / 2, y - h, w, h, "#000", 0, 'opacity=".16"')
    out += "".join(rect(x + k * w / 2 - 6 * s, y - h, 12 * s, h, "url(#wood)") for k in (-1, 1))
    for row in range(5):
        top = y - h + row * (h - 12 * s) / 4
        out += rect(x - w / 2, top, w, 12 * s, "url(#wood)")
        at = x - w / 2 + 14 * s
        while row < 4 and at < x + w / 2 - 34 * s:
            bw, bh = rnd.uniform(8, 18) * s, rnd.uniform(34, 58) * s
            if rnd.random() < .78:
                out += rect(at, top + 78.5 * s - bh, bw, bh, rnd.choice([*CLOTHS.values()])[rnd.randint(0, 1)])
            at += bw + rnd.uniform(1, 8) * s
    return out


PIECES = {"Stuhl Havn": chair, "Sofa Skagen": sofa, "Tisch Fjord": table, "Leuchte Lyst": lamp, "Regal Birk": shelf}


def defs(wall, wood, cloth):
    return (grad("wall", *WALLS[wall]) + grad("wood", *WOODS[wood], True) + grad("cloth", *CLOTHS[cloth]) +
            '<radialGradient id="glow"><stop offset="0" stop-color="#fff2c9" stop-opacity=".75"/><stop offset="1" stop-color="#fff2c9" '
            'stop-opacity="0"/></radialGradient><radialGradient id="light" cx=".25" cy=".1" r="1"><stop offset="0" stop-color="#fff" '
            'stop-opacity=".55"/><stop offset=".6" stop-color="#fff" stop-opacity="0"/></radialGradient>'
            '<filter id="soft" x="-50%" y="-200%" width="200%" height="500%"><feGaussianBlur stdDeviation="9"/></filter>'
            '<filter id="grain"><feTurbulence type="fractalNoise" baseFrequency=".9" numOctaves="2" seed="7"/>'
            '<feColorMatrix values="0 0 0 0 .5  0 0 0 0 .5  0 0 0 0 .5  0 0 0 .16 0"/></filter>')


def scene(w, h, wall, wood, cloth, draw, plain=False):
    floor = h * .72
    body = "" if plain else (rect(0, 0, w, h, "url(#wall)") + rect(0, floor, w, h - floor, "url(#wood)", 0, 'opacity=".85"') +
                             "".join(rect(0, floor + i * (h - floor) / 5, w, 2, "#000", 0, 'opacity=".16"') for i in range(5)) +
                             rect(0, floor - 14, w, 14, "#fff", 0, 'opacity=".35"') +
                             rect(w * .08, h * .07, w * .2, h * .4, "#fdfdf8", 4, 'opacity=".85"') +
                             rect(w * .178, h * .07, 5, h * .4, "#8a8f92", 0, 'opacity=".5"'))
    over = "" if plain else rect(0, 0, w, h, "url(#light)") + rect(0, 0, w, h, "#808080", 0, 'filter="url(#grain)"')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}"><defs>{defs(wall, wood, cloth)}</defs>'
            f'{body}{draw}{over}</svg>')


def render(svg, target, options="", before=None):
    """SVG to a picture; `before` is a vips operation with its arguments in between."""
    with tempfile.TemporaryDirectory() as t:
        source, middle = pathlib.Path(t) / "s.svg", pathlib.Path(t) / "m.v"
        source.write_text(svg)
        subprocess.run(["vips", "copy", f"{source}[unlimited]", str(middle)], check=True)
        for step in before or []:
            nxt = pathlib.Path(t) / f"m{rnd.random()}.v"
            subprocess.run(["vips", step[0], str(middle), str(nxt), *step[1:]], check=True)
            middle = nxt
        subprocess.run(["vips", "copy", str(middle), f"{target}{options}"], check=True)


# ---- PDF, written by hand: Helvetica with WinAnsi, one content stream a page ----

def pdf(path, pages):
    objects = ["<</Type/Catalog/Pages 2 0 R>>", None]
    fonts = "<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>" \
            "/F2<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>>>"
    kids = []
    for content in pages:
        data = content.encode("cp1252")
        objects.append(f"<</Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream")
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(objects)} 0 R/Resources<</Font{fonts}>>>>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    out, at = b"%PDF-1.7\n", []
    for i, o in enumerate(objects, 1):
        at.append(len(out))
        out += f"{i} 0 obj\n".encode() + (o if isinstance(o, bytes) else o.encode()) + b"\nendobj\n"
    table = "".join(f"{p:010d} 00000 n \n" for p in at)
    out += f"xref\n0 {len(at) + 1}\n0000000000 65535 f \n{table}trailer\n<</Size {len(at) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n".encode()
    path.write_bytes(out)


def words(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def page(title, blocks):
    """A page with a head, a bar in petrol, and paragraphs or rows of a table (tuples)."""
    out = ["0 .36 .38 rg 0 802 595 40 re f 1 1 1 rg BT /F2 13 Tf 48 817 Td (" + words(MAKER) + ") Tj ET",
           "0 g BT /F2 22 Tf 48 748 Td (" + words(title) + ") Tj ET"]
    y = 712
    for b in blocks:
        if isinstance(b, tuple):
            out.append("0 g " + "".join(f"BT /F1 10 Tf {x} {y} Td ({words(c)}) Tj ET " for x, c in zip((48, 250, 370, 470), b)))
            out.append(f".8 G .5 w 48 {y - 5} m 547 {y - 5} l S")
            y -= 20
            continue
        size, font = (13, "F2") if b.startswith("# ") else (10.5, "F1")
        for line in textwrap.wrap(b.removeprefix("# "), 88 if font == "F1" else 60):
            out.append(f"BT /{font} {size} Tf 48 {y} Td ({words(line)}) Tj ET")
            y -= 15
        y -= 8
    out.append(".4 g BT /F1 8 Tf 48 40 Td (" + words(f"{MAKER} · Beispieldokument, frei erfunden") + ") Tj ET")
    return "\n".join(out)


ROWS = [(p, m, a, f"{e} €") for p, m, a, e in (
    ("Stuhl Havn", "Eiche, Wollstoff", "NH-1010", "389,00"), ("Stuhl Havn Armlehne", "Eiche, Wollstoff", "NH-1011", "449,00"),
    ("Sofa Skagen 2", "Nussbaum, Wollstoff", "NS-2020", "1.890,00"), ("Sofa Skagen 3", "Nussbaum, Wollstoff", "NS-2030", "2.390,00"),
    ("Tisch Fjord 180", "Eiche massiv", "NF-3180", "1.490,00"), ("Tisch Fjord 220", "Eiche massiv", "NF-3220", "1.790,00"),
    ("Leuchte Lyst", "Esche, Leinen", "NL-4001", "329,00"), ("Regal Birk", "Esche, geölt", "NB-5003", "990,00"))]

library = []


def entry(folder, name, title, keywords, release="draft", **more):
    path = OUT / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    library.append({"file": f"{folder}/{name}", "folder": folder, "title": title, "keywords": keywords, "release": release, **more})
    return path


def release_of(i):
    return ("cleared", "cleared", "cleared", "conditions", "cleared", "review", "draft", "cleared", "blocked")[i % 9]


def pictures():
    i = 0
    for piece, draw in PIECES.items():
        for cloth in list(CLOTHS)[:5]:
            wall, wood = [*WALLS][i % len(WALLS)], [*WOODS][(i // 2) % len(WOODS)]
            w, h = ((1500, 1000), (1000, 1250), (1300, 1300), (1600, 900))[i % 4]
            at = draw(w * .52, h * (.82 if draw in (lamp, shelf) else .66), min(w, h) / 520)
            kind = ("jpg", "[Q=80,strip]") if i % 7 else ("webp", "[Q=78,strip]")
            r = release_of(i)
            more = {"credit": "Foto: Studio Brandt"} if r == "conditions" else {}
            if r == "blocked":
                more["reason"] = "Rechte am Hintergrund nicht geklärt"
            name = f"{piece.replace(' ', '_')}_{wood}_{cloth}.{kind[0]}"
            render(scene(w, h, wall, wood, cloth, at), entry("Katalog 2027", name, f"{piece}, {wood}, {cloth}",
                   [piece.split()[0], piece.split()[1], wood, cloth], r, **more), kind[1], [("extract_band", "0", "--n", "3")])
            i += 1
    for k, (wall, wood, cloth) in enumerate((("Salbei", "Eiche", "Petrol"), ("Nacht", "Nussbaum", "Ocker"), ("Kalk", "Esche", "Rost"),
                                             ("Sand", "Eiche", "Moos"), ("Nebel", "Schwarz", "Hafer"), ("Terrakotta", "Nussbaum", "Graphit"))):
        w, h = 1920, 1080
        at = shelf(w * .86, h * .8, 1.9) + sofa(w * .52, h * .74, 1.55) + lamp(w * .2, h * .8, 1.8) + table(w * .55, h * .84, .75, 260)
        render(scene(w, h, wall, wood, cloth, at), entry("Presse", f"Wohnraum_{wall}.jpg", f"Wohnraum in {wall}",
               ["Wohnraum", "Stimmung", wall], "cleared", klass="public"), "[Q=82,strip]", [("extract_band", "0", "--n", "3")])
    for k, (piece, draw) in enumerate(PIECES.items()):
        art = scene(900, 900, "Kalk", "Eiche", "Petrol", draw(450, 760 if draw in (lamp, shelf) else 540, 1.5), plain=True)
        render(art, entry("Freisteller", f"{piece.replace(' ', '_')}_frei.png", f"{piece}, freigestellt", [piece.split()[0], "Freisteller"],
                          "cleared"), "[compression=9,palette]")
        entry("Zeichnungen", f"{piece.replace(' ', '_')}.svg", f"{piece}, Zeichnung", [piece.split()[0], "Zeichnung"],
              "cleared" if k else "review").write_text(art)
    big = scene(1200, 800, "Nebel", "Nussbaum", "Rost", sofa(600, 560, 1.5))
    drop = ("extract_band", "0", "--n", "3")
    render(big, entry("Druckdaten", "Sofa_Skagen_16bit.tif", "Sofa Skagen, 16 Bit", ["Sofa", "Druck"], "conditions", credit="Foto: Studio Brandt"),
           "[compression=deflate,predictor=horizontal,strip]", [drop, ("resize", ".55"), ("linear", "257", "0"), ("cast", "ushort")])
    render(big, entry("Druckdaten", "Sofa_Skagen_CMYK.tif", "Sofa Skagen, CMYK", ["Sofa", "Druck"], "cleared"),
           "[compression=jpeg,Q=80]", [drop, ("resize", ".7"), ("icc_export", "--output-profile", "cmyk")])
    render(big, entry("Freisteller", "Sofa_Skagen.avif", "Sofa Skagen, AVIF", ["Sofa"], "draft"), "[Q=55,effort=2,strip]", [drop])


def documents():
    head = ("Artikel", "Ausführung", "Nummer", "Preis")
    pdf(entry("Preise", "Preisliste_2027.pdf", "Preisliste 2027", ["Preise", "Handel"], "cleared", klass="internal", embargo="2026-12-31"),
        [page("Preisliste 2027", ["Unverbindliche Preisempfehlungen einschließlich Mehrwertsteuer, gültig ab 1. Januar 2027.", head, *ROWS]),
         page("Bedingungen", ["# Lieferung", "Frei Bordsteinkante innerhalb Deutschlands, Lieferzeit sechs bis acht Wochen.", "# Rücknahme",
                              "Verpackungen nehmen wir bei Lieferung zurück. Stoffe führen wir zehn Jahre nach."])])
    pdf(entry("Verträge", "Rahmenvertrag_Hafenkontor.pdf", "Rahmenvertrag Hafenkontor", ["Vertrag"], "review", klass="confidential"),
        [page("Rahmenvertrag", ["zwischen Nordlicht Möbelwerke und Hafenkontor Agentur.", "# 1 Gegenstand", "Die Agentur gestaltet Anzeigen und "
              "Beilagen. Bilddaten erhält sie ausschließlich über die Sendungen des Hauses und gibt sie nicht weiter.", "# 2 Nutzung",
              "Jede Nutzung endet mit dem in der Sendung genannten Datum. Danach sind die Dateien zu löschen.", "# 3 Vertraulichkeit",
              "Preise und unveröffentlichte Modelle sind bis zur Messe vertraulich."])])
    for piece in ("Stuhl Havn", "Sofa Skagen", "Tisch Fjord"):
        pdf(entry("Datenblätter", f"Datenblatt_{piece.replace(' ', '_')}.pdf", f"Datenblatt {piece}", ["Datenblatt", piece.split()[0]], "cleared",
                  klass="public"),
            [page(piece, [*[r for r in ROWS if r[0].startswith(piece)], "# Pflege", "Trocken abwischen, einmal im Jahr ölen. Bezüge bei 30 Grad.",
                          "# Herkunft", "Holz aus nachhaltiger Forstwirtschaft in Norddeutschland und Dänemark."])])
    pdf(entry("Katalog 2027", "Katalog_2027_Vorschau.pdf", "Katalog 2027, Vorschau", ["Katalog"], "draft", expires="2027-12-31"),
        [page(p, ["Entwurf für die Messe. Farben und Maße können sich ändern.", *[r for r in ROWS if r[0].startswith(p)]]) for p in PIECES])
    entry("Preise", "Artikelstamm.csv", "Artikelstamm", ["Preise", "Handel"], "cleared", klass="internal").write_text(
        "Artikel;Ausführung;Nummer;Preis\n" + "".join(";".join(r) + "\n" for r in ROWS))
    entry("Presse", "Pressetext_Messe.txt", "Pressetext zur Messe", ["Presse"], "cleared", klass="public", embargo="2026-12-15").write_text(
        "Nordlicht Möbelwerke zeigt 2027 die Reihe Havn erstmals mit Armlehne.\n\nSperrfrist: 15. Dezember 2026.\n")


def logos():
    for name, a, b in (("petrol", "#005c60", "#ffffff"), ("weiss", "#ffffff", "#005c60")):
        entry("Marke", f"Logo_Nordlicht_{name}.svg", f"Logo Nordlicht, {name}", ["Logo"], "cleared", klass="public").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="160" viewBox="0 0 480 160"><rect width="480" height="160" fill="{b}"/>'
            f'<path d="M40 120V40l60 60V40" fill="none" stroke="{a}" stroke-width="16" stroke-linejoin="round"/>'
            f'<circle cx="122" cy="42" r="9" fill="{a}"/><text x="160" y="98" font-family="sans-serif" font-size="44" font-weight="600" fill="{a}">Nordlicht</text></svg>')


if OUT.exists():
    subprocess.run(["rm", "-r", str(OUT)], check=True)
pictures()
documents()
logos()
(HERE / "library.json").write_text(json.dumps({"brand": MAKER, "files": library}, ensure_ascii=False, indent=1) + "\n")
print(len(library), "files,", sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file()) // 1000, "kB")
