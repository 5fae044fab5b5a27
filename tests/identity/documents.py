"""Turning documents into what travels."""

import base64

from lxml import etree


def encoded(root: etree._Element | bytes | str) -> str:
    raw = (
        root.encode() if isinstance(root, str) else root if isinstance(root, bytes) else etree.tostring(root)
    )
    return base64.b64encode(raw).decode()
