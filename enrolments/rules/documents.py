"""Papers that families send: what a file is, by its first bytes; what the browser says about it is not asked."""

LARGEST = 5 * 1024 * 1024
KINDS = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class NotADocument(ValueError):
    """Nothing that we keep; `str()` says what to do."""


def kind_of(content: bytes) -> str:
    """The content type of a document of at most 5 MB."""
    if not content:
        raise NotADocument("Il file è vuoto: scegli il certificato e invialo di nuovo.")
    if len(content) > LARGEST:
        raise NotADocument("Il file supera 5 MB: invia solo il certificato, o una foto più piccola.")
    for start, kind in KINDS.items():
        if content.startswith(start):
            return kind
    raise NotADocument("Il file non è un PDF, un JPEG o un PNG: invia il PDF o una foto del certificato.")
