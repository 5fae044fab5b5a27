"""The same notice through WeasyPrint: as whoever reads the manual would do it, and as the house makes its other documents."""

import atexit
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template import Context, Engine, Template

from payments import notice_pdf
from payments.configuration import Creditor
from payments.models import Notice

HERE = Path(__file__).parent


def naive(body: Creditor, notice: Notice) -> bytes:
    """Template, style sheet and fonts are read again for every document."""
    import weasyprint

    page = Engine().from_string((HERE / "naive.html").read_text("utf-8"))
    html = weasyprint.HTML(string=page.render(_context(body, notice)))
    style = weasyprint.CSS(string=_style())
    document: bytes = html.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1")
    return document


def careful(body: Creditor, notice: Notice) -> bytes:
    """Template, style sheet and fonts are read once per process."""
    import weasyprint

    page, style, fonts = _prepared()
    html = weasyprint.HTML(string=page.render(_context(body, notice)))
    document: bytes = html.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
    return document


@cache
def _prepared() -> tuple[Template, Any, Any]:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    page = Engine().from_string((HERE / "naive.html").read_text("utf-8"))
    return page, weasyprint.CSS(string=_style(), font_config=fonts), fonts


def _style() -> str:
    """The fonts are the same files."""
    folder = finders.find("fonts")
    if not isinstance(folder, str):
        raise FileNotFoundError("static folder fonts")
    return (HERE / "naive.css").read_text("utf-8").replace("static:fonts", Path(folder).as_uri())


def _context(body: Creditor, notice: Notice) -> Context:
    page = notice_pdf.page_of(notice, body)
    codes = {"qr": _address(page.qr), "matrix": _address(page.matrix)}
    told = {name: getattr(page, name) for name in page.__dataclass_fields__} | codes | {"title": page.subject}
    return Context({"title": notice_pdf.TITLE, "body": body, "notices": [told]})


def _address(drawn: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}" if drawn else ""


atexit.register(_prepared.cache_clear)  # while the modules that remove its fonts are still there
