"""Reads an uploaded receipt in a process of its own, with little memory and little time: whatever the file does, it does it there.

    python -m payments.paper_reader FILE PREVIEW

Prints JSON: {"refused": sentence} or {"pages", "text", "codes"}; writes the first page as a PNG to PREVIEW. No Django.
"""

import json
import resource
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024
MEMORY = 1500 * MEGABYTE  # address space; what is really used stays far below
SECONDS = 8
MOST_PAGES = 10
READ_PAGES = 3
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1800
LONGEST_TEXT = 20_000

TOO_MANY_PAGES = f"Il PDF ha più di {MOST_PAGES} pagine: invia solo la ricevuta."
TOO_MANY_PIXELS = "L'immagine è troppo grande: fotografa la ricevuta con una risoluzione più bassa."
UNREADABLE = "Il file è rovinato o protetto: scarica di nuovo la ricevuta o fotografala, poi inviala."


@dataclass(frozen=True)
class Reading:
    pages: int
    text: str
    codes: tuple[str, ...]


class Unreadable(Exception):
    """str() is an Italian sentence for the parent."""


def read(path: Path, preview: Path) -> Reading:
    """What the parent process calls: runs the reader and believes nothing but its JSON."""
    command = [sys.executable, "-m", "payments.paper_reader", str(path), str(preview)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS + 4, check=True)
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as problem:
        raise Unreadable(UNREADABLE) from problem
    if "refused" in answer:
        raise Unreadable(answer["refused"])
    return Reading(answer["pages"], answer["text"], tuple(answer["codes"]))


def main(path: str, preview: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * MEGABYTE, 20 * MEGABYTE))
    try:
        answer = _read(Path(path), Path(preview))
    except Unreadable as refusal:
        answer = {"refused": str(refusal)}
    except Exception:  # whatever a hostile file provokes ends here
        answer = {"refused": UNREADABLE}
    json.dump(answer, sys.stdout)
    return 0


def _read(path: Path, preview: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        is_pdf = file.read(5) == b"%PDF-"
    pages, text, images = _pdf(path) if is_pdf else (1, "", _picture(path))
    codes: list[str] = []
    for number, image in enumerate(images):
        if number == 0:
            image.save(preview, "PNG")
        codes += _codes(image)
    return {"pages": pages, "text": text[:LONGEST_TEXT], "codes": codes[:20]}


def _pdf(path: Path) -> "tuple[int, str, Iterator[Image]]":
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    if len(document) > MOST_PAGES:
        raise Unreadable(TOO_MANY_PAGES)
    pages = [document[number] for number in range(min(len(document), READ_PAGES))]
    text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    return len(document), text, (_raster(page) for page in pages)


def _raster(page: Any) -> "Image":
    """At 150 dpi, or smaller when the page is a poster."""
    scale = min(150 / 72, LONGEST_SIDE / max(*page.get_size(), 1))
    image: Image = page.render(scale=scale).to_pil()
    return image


def _picture(path: Path) -> "Iterator[Image]":
    """The size is read from the header before a single pixel is decoded; the copy carries no metadata of the camera."""
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(path, formats=["JPEG", "PNG"]) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        raise Unreadable(TOO_MANY_PIXELS) from bomb
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    yield upright


def _codes(image: "Image") -> list[str]:
    import zxingcpp

    return [code.text[:500] for code in zxingcpp.read_barcodes(image)]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
