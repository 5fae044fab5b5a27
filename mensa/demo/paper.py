"""A receipt as a bank of fantasy prints it: one PDF page of text, the same bytes every time."""

from mensa.demo.facts import SIMULATION

_PAGE = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 300] /Contents 4 0 R "
    "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >> >> >>"
)


def receipt(*lines: str) -> bytes:
    """The lines one under the other, below a title that says what this is."""
    shown = [f"RICEVUTA DI PAGAMENTO pagoPA ({SIMULATION})", "", *lines]
    text = "BT /F1 11 Tf 14 TL 24 264 Td " + " ".join(f"({_escaped(line)}) Tj T*" for line in shown) + " ET"
    stream = text.encode("cp1252")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE.encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    """The file format: header, numbered objects, table of their places, trailer."""
    document, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + trailer


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
