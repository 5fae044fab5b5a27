"""typst: our own template and data in, tagged PDF out. Data never becomes markup, and nothing is fetched: the template imports no
package, the fonts are ours, and what could be downloaded has no place to go.
"""

import json
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders

from identity.pdf import PdfUnavailable

STANDARD = "ua-1"  # PDF/UA-1: tagged, with language, title and a text for every picture
FONTS = ("fonts/Titillium_Web", "fonts/Roboto_Mono")
_one_at_a_time = threading.Lock()  # a compiler keeps what it has read, and is made for one caller
_NOWHERE = "/nonexistent"


class TypesetterMissing(PdfUnavailable):
    """typst has no wheel for this machine, or it was not installed; str() says what to do."""

    def __init__(self) -> None:
        Exception.__init__(
            self,
            "Per creare gli avvisi manca il componente «typst»: si installa con "
            "«pip install --require-hashes -r requirements.txt» su Linux x86-64 o ARM a 64 bit, macOS o Windows; poi riavvia il portale.",
        )


class NotTypeset(Exception):
    """The template refuses the data. Nothing of the data is in the message: it may be people."""


def render(template: str, **told: Mapping[str, Any]) -> bytes:
    """The PDF of a template of templates/pdf; each keyword reaches it as JSON in `sys.inputs`."""
    inputs = {name: json.dumps(value) for name, value in told.items()}
    with _one_at_a_time:
        compiler = _compiler(template)
        try:
            document: bytes = compiler.compile(format="pdf", pdf_standards=[STANDARD], sys_inputs=inputs)
        except RuntimeError as refusal:
            raise NotTypeset(f"{template}: {type(refusal).__name__}") from None
    return document


@cache
def _compiler(template: str) -> Any:
    """One per process and template: it has the fonts and the parsed template in memory."""
    typst = _typst()
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[_static_folder(name) for name in FONTS])
    source = Path(settings.BASE_DIR, "templates", "pdf", template)
    return typst.Compiler(
        str(source),
        root=str(source.parent),
        font_paths=fonts,
        package_path=_NOWHERE,
        package_cache_path=_NOWHERE,
    )


def _typst() -> Any:
    try:
        import typst
    except ImportError as missing:
        raise TypesetterMissing from missing
    return typst


def picture(name: str) -> dict[str, Any]:
    """A static file as the template takes pictures: an SVG as text, a raster as numbers."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"static file {name}")
    path = Path(found)
    kind = path.suffix.lower().removeprefix(".").replace("jpeg", "jpg")
    if kind == "svg":
        return {"format": kind, "text": path.read_text("utf-8")}
    return {"format": kind, "numbers": list(path.read_bytes())}


def _static_folder(name: str) -> str:
    """The finder refuses names that climb out of the static folders."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"static folder {name}")
    return found
