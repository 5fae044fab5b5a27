"""All the hostile documents, from the modules that make them."""

from tests.identity.corpus import content, documents, signatures, wrapping
from tests.identity.corpus.registry import CORPUS

__all__ = ["CORPUS", "content", "documents", "signatures", "wrapping"]
