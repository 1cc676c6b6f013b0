"""Letters with invitations: one PDF with a page for each resident, with code, link and QR code.

The font is the web client's own, Public Sans, which has the letters of all four languages.
"""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ostraka.built_files import built_folder

if TYPE_CHECKING:
    from fpdf import FPDF

_PAPER_MM = 210
_MARGIN_MM = 25
_LINE_MM = 6
_QR_MM = 60
_FONT = "Public Sans"
_FALLBACK = "Public Sans Extended"
_WEIGHTS = {"": 400, "B": 650}
_FONTS = {_FONT: "public-sans-latin-wght-normal", _FALLBACK: "public-sans-latin-ext-wght-normal"}


@dataclass(frozen=True)
class Letter:
    """A letter to one resident.

    Attributes:
        name: Of the resident; "" without one.
        address: Lines separated by line feeds; "" without one.
        code: The invitation's code, 64 or 128 hexadecimal digits.
    """

    name: str
    address: str
    code: str


@dataclass(frozen=True)
class Wording:
    """Texts of all letters.

    Attributes:
        salutation: Has the place `{name}`.
        text: Paragraphs, separated by blank lines.
        scan, or_open, code: Texts beside the QR code, the link and the code.
        warning: How to treat the letter.
    """

    title: str
    salutation: str
    text: str
    scan: str
    or_open: str
    code: str
    warning: str


LANGUAGES = {
    "en": Wording(
        "Your invitation",
        "Dear {name},",
        "You are invited to vote. In a budget round you can also make proposals. Your ballot is "
        "sealed on your device.\n\n"
        "Open the page with the code below. It creates a key in your browser and binds this "
        "invitation to the key. Save the key as a file, or write down its 24 words. "
        "Otherwise you cannot restore a lost key.",
        "Scan this code with your phone.",
        "Or open this address and enter the code:",
        "Code",
        "Keep this letter in a safe place. Anyone who has the code can register in your place. If "
        "the code was already used or you lose your key, contact the organizer.",
    ),
    "de": Wording(
        "Ihre Einladung",
        "Guten Tag {name},",
        "Sie sind eingeladen, abzustimmen. In einer Budgetrunde können Sie auch Vorschläge machen. "
        "Ihr Stimmzettel wird auf Ihrem Gerät versiegelt.\n\n"
        "Öffnen Sie die Seite mit dem Code unten. Dort entsteht in Ihrem Browser ein Schlüssel, an "
        "den diese Einladung gebunden wird. Speichern Sie den Schlüssel als Datei, oder schreiben "
        "Sie seine 24 Wörter auf. Sonst lässt sich ein verlorener Schlüssel nicht "
        "wiederherstellen.",
        "Scannen Sie diesen Code mit dem Telefon.",
        "Oder öffnen Sie diese Adresse, und geben Sie den Code ein:",
        "Code",
        "Bewahren Sie diesen Brief sicher auf. Mit dem Code kann sich jede Person an Ihrer Stelle "
        "registrieren. Wenn der Code schon verwendet wurde oder Sie den Schlüssel verlieren, "
        "wenden Sie sich an die Organisation.",
    ),
    "es": Wording(
        "Su invitación",
        "Estimado/a {name}:",
        "Le invitamos a votar. En una ronda de presupuesto también puede presentar propuestas. Su "
        "papeleta se sella en su dispositivo.\n\n"
        "Abra la página con el código de abajo. En su navegador se crea una clave, a la que se "
        "vincula esta invitación. Guarde la clave en un archivo o anote sus 24 palabras. Si "
        "no, no podrá recuperar una clave perdida.",
        "Escanee este código con el teléfono.",
        "O abra esta dirección y escriba el código:",
        "Código",
        "Guarde esta carta en un lugar seguro. Quien tenga el código puede inscribirse en su "
        "lugar. Si el código ya se usó o pierde su clave, avise a la organización.",
    ),
    "pl": Wording(
        "Zaproszenie",
        "{name},",
        "zapraszamy Cię do głosowania. W rundzie budżetowej możesz też zgłaszać projekty. Twoja "
        "karta zostanie zapieczętowana na Twoim urządzeniu.\n\n"
        "Otwórz stronę z poniższym kodem. W przeglądarce powstanie klucz, z którym zostanie "
        "powiązane to zaproszenie. Zapisz klucz jako plik albo zanotuj jego 24 słowa. Inaczej nie "
        "odzyskasz utraconego klucza.",
        "Zeskanuj ten kod telefonem.",
        "Albo otwórz ten adres i wpisz kod:",
        "Kod",
        "Przechowuj ten list w bezpiecznym miejscu. Każdy, kto zna kod, może się zarejestrować "
        "zamiast Ciebie. Jeśli kod został już użyty albo zgubisz klucz, skontaktuj się z "
        "organizatorem.",
    ),
}


def letters_pdf(letters: Sequence[Letter], site: str, wording: Wording, sender: str = "") -> bytes:
    """Return a PDF in A4 with a page for each letter.

    Args:
        site: Address of the web client, without a slash at the end.
        sender: Lines at the top, separated by line feeds.

    Raises:
        FileNotFoundError: The web client is not built, so its font is missing.
    """
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(False)
    pdf.set_title(wording.title)
    with _fonts() as files:
        for (family, style), path in files.items():
            pdf.add_font(family, style, path)
    pdf.set_fallback_fonts([_FALLBACK])
    for letter in letters:
        _page(pdf, letter, site, wording, sender)
    return bytes(pdf.output())


def _page(pdf: "FPDF", letter: Letter, site: str, wording: Wording, sender: str) -> None:
    pdf.add_page()
    _write(pdf, sender, 9)
    pdf.set_y(50)
    # The window of an envelope (DIN 5008 B) begins here.
    _write(pdf, "\n".join(filter(None, (letter.name, letter.address))), 11)
    pdf.set_y(100)
    _write(pdf, wording.title, 16, "B", 9)
    pdf.ln(3)
    salutation = wording.salutation.format(name=letter.name) if letter.name else ""
    _write(pdf, salutation, 11)
    pdf.ln(2)
    _write(pdf, wording.text, 11)
    pdf.ln(4)
    top = pdf.get_y()
    _qr(pdf, f"{site}/register#{letter.code}", _MARGIN_MM, top)
    left = _MARGIN_MM + _QR_MM + 6
    width = _PAPER_MM - _MARGIN_MM - left
    pdf.set_y(top)
    for text, size, style in (
        (wording.scan, 11, "B"),
        (wording.or_open, 10, ""),
        (f"{site}/register", 10, ""),
        (f"{wording.code}:", 10, ""),
        (_grouped(letter.code), 10, "B"),
    ):
        pdf.set_x(left)
        _write(pdf, text, size, style, 5, width)
        pdf.ln(1.5)
    pdf.set_y(max(top + _QR_MM, pdf.get_y()) + 4)
    _write(pdf, wording.warning, 10, "", 5)


def _write(
    pdf: "FPDF", text: str, size: int, style: str = "", line: float = _LINE_MM, width: float = 0
) -> None:
    if not text:
        return
    pdf.set_font(_FONT, style, size)
    pdf.multi_cell(width, line, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _grouped(code: str) -> str:
    """Return a code in groups that people can type; spaces are not part of it."""
    return " ".join(code[at : at + 8] for at in range(0, len(code), 8))


def _qr(pdf: "FPDF", text: str, left: float, top: float) -> None:
    """Draw a QR code of `_QR_MM` with its quiet zone."""
    import segno

    rows = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=4)]
    side = _QR_MM / len(rows)
    pdf.set_fill_color(0)
    for y, row in enumerate(rows):
        start = None
        # Neighbours in one rectangle: gaps between rectangles would show on paper.
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                width = (x - start) * side
                pdf.rect(left + start * side, top + y * side, width, side * 1.01, style="F")
                start = None


@contextmanager
def _fonts() -> Iterator[dict[tuple[str, str], Path]]:
    """Files of the fonts in TrueType, by family and style, while the context is open."""
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    assets = built_folder("web", "web/dist") / "assets"
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for family, name in _FONTS.items():
            found = next(iter(sorted(assets.glob(f"{name}-*.woff2"))), None)
            if found is None:
                raise FileNotFoundError(f"{assets}: no font {name}; build the web client first")
            data = found.read_bytes()
            for style, weight in _WEIGHTS.items():
                font = instancer.instantiateVariableFont(TTFont(io.BytesIO(data)), {"wght": weight})
                font.flavor = None
                files[family, style] = Path(folder) / f"{name}{style}.ttf"
                font.save(files[family, style])
        yield files
