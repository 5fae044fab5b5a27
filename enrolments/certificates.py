"""Certificates at rest: encrypted before they touch the disk, under a name that says nothing."""

import uuid

from django.core.files.base import ContentFile

from enrolments.models import DietCertificate, DietRequest
from enrolments.rules import documents
from identity import encryption


def keep(*, request: DietRequest, content: bytes) -> DietCertificate:
    """``NotADocument`` when the content is no PDF, JPEG or PNG. A row that is not written leaves no file."""
    certificate = DietCertificate(request=request, content_type=documents.kind_of(content))
    certificate.file.save(
        f"{uuid.uuid4().hex}.bin", ContentFile(encryption.encrypt_bytes(content)), save=False
    )
    try:
        certificate.save()
    except Exception:
        certificate.file.delete(save=False)
        raise
    return certificate


def read(certificate: DietCertificate) -> bytes:
    with certificate.file.open("rb") as opened:
        return encryption.decrypt_bytes(opened.read())
