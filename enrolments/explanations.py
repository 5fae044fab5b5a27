"""Explanations: one row per distinct content, found by its digest, never changed."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from enrolments.models import Explanation


def of(facts: dict[str, Any]) -> Explanation:
    """The explanation with this content: inserted first, so that two workers with the same content share one row."""
    digest = digest_of(facts)
    Explanation.objects.bulk_create([Explanation(digest=digest, facts=facts)], ignore_conflicts=True)
    return Explanation.objects.get(digest=digest)


def of_many(contents: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Digest -> id of every content, in two queries whatever their number."""
    wanted = {digest_of(facts): facts for facts in contents}
    Explanation.objects.bulk_create(
        [Explanation(digest=digest, facts=facts) for digest, facts in sorted(wanted.items())],
        ignore_conflicts=True,
        batch_size=5000,
    )
    return dict(Explanation.objects.filter(digest__in=wanted).values_list("digest", "id"))


def digest_of(facts: dict[str, Any]) -> str:
    """SHA-256 of the content written in one way only: sorted keys, no spaces."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
