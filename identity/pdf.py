"""HTML to PDF with a door that stays closed: data: addresses and our own static files, nothing else, whatever the HTML says."""

import atexit
import mimetypes
import threading
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.contrib.staticfiles import finders

STATIC = "static:"
_one_at_a_time = threading.Lock()  # Pango's font map is not made for threads


class PdfUnavailable(Exception):
    """The C libraries behind the PDFs are missing on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "Per creare i PDF manca la libreria Pango: su Debian si installa con "
            "«apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0»; poi riavvia il portale."
        )


def render(html: str, *, style: str) -> bytes:
    """A tagged PDF (PDF/UA-1) of this page; `style` is a static file, read once per process."""
    weasyprint = _weasyprint()
    with _one_at_a_time:
        sheet, fonts = _style(style)
        page = weasyprint.HTML(string=html, url_fetcher=_fetcher())
        data: bytes = page.write_pdf(stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1")
    return data


def _weasyprint() -> Any:
    try:
        import weasyprint
    except OSError as missing:
        raise PdfUnavailable from missing
    return weasyprint


@cache
def _style(name: str) -> tuple[Any, Any]:
    """The parsed style sheet with its fonts: the dearest part of a small document."""
    weasyprint = _weasyprint()
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    sheet = weasyprint.CSS(filename=str(_static_file(name)), url_fetcher=_fetcher(), font_config=fonts)
    return sheet, fonts


@cache
def _fetcher() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):
        """`data:` as WeasyPrint reads it, `static:name` from our static files, every other address refused."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            if not url.startswith(STATIC):
                raise ValueError(f"address refused in a PDF: {url[:60]}")
            path = _static_file(unquote(url.removeprefix(STATIC)))
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, path.read_bytes(), headers={"Content-Type": kind})

    return ClosedFetcher()


def _static_file(name: str) -> Path:
    """The finder refuses names that climb out of the static folders."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"static file {name}")
    return Path(found)


atexit.register(_style.cache_clear)  # while the modules that remove its folder are still there
