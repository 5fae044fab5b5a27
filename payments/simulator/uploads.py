"""Reading the QR code out of a photograph that somebody hands over the counter."""

import io
import warnings
from email import message_from_bytes, policy

MOST_PIXELS = 40_000_000


def multipart(content_type: str, body: bytes) -> bytes:
    """The content of the first file in a multipart/form-data body."""
    if not content_type.startswith("multipart/form-data"):
        return b""
    message = message_from_bytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP
    )
    for part in message.iter_parts() if message.is_multipart() else []:
        if part.get_filename():
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    return b""


def qr_text(picture: bytes) -> str:
    """What the code of a notice in the picture says; empty when none is found."""
    import zxingcpp
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(picture), formats=["JPEG", "PNG"]) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    return ""
                upright = ImageOps.exif_transpose(opened).convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError):
            return ""
    found = [code.text for code in zxingcpp.read_barcodes(upright)]
    return next((text for text in found if text.startswith("PAGOPA|")), "")
