"""What the app IO takes: the published description of its messages, as a question with one answer. Pure."""

import datetime as dt
import re
from typing import Any

FISCAL_CODE = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
)
NOTICE_NUMBER = re.compile(r"[0-3][0-9]{17}", re.ASCII)
ORGANISATION = re.compile(r"[0-9]{11}", re.ASCII)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
SHORTEST_LIFE, LONGEST_LIFE = 3600, 604_800  # seconds
LARGEST_AMOUNT = 9_999_999_999  # cents


def wrong_profile(body: dict[str, Any]) -> str:
    return "" if _is(FISCAL_CODE, body.get("fiscal_code")) else "fiscal_code"


def wrong_message(body: dict[str, Any]) -> str:
    """The name of the first part that is missing or not as described; empty: the message is taken."""
    content = body.get("content")
    if not isinstance(content, dict):
        return "content"
    checks = {
        "fiscal_code": _is(FISCAL_CODE, body.get("fiscal_code")),
        "time_to_live": _between(body.get("time_to_live", SHORTEST_LIFE), SHORTEST_LIFE, LONGEST_LIFE),
        "feature_level_type": body.get("feature_level_type", "STANDARD") in {"STANDARD", "ADVANCED"},
        "content.subject": _long(content.get("subject"), 10, 120),
        "content.markdown": _long(content.get("markdown"), 80, 10_000),
        "content.due_date": "due_date" not in content or _is_hour(content["due_date"]),
    }
    wrong = next((name for name, is_right in checks.items() if not is_right), "")
    return wrong or (_wrong_payment(content["payment_data"]) if "payment_data" in content else "")


def _wrong_payment(data: Any) -> str:
    if not isinstance(data, dict):
        return "content.payment_data"
    payee = data.get("payee")
    checks = {
        "amount": _between(data.get("amount"), 1, LARGEST_AMOUNT),
        "notice_number": _is(NOTICE_NUMBER, data.get("notice_number")),
        "invalid_after_due_date": isinstance(data.get("invalid_after_due_date", False), bool),
        "payee": isinstance(payee, dict) and _is(ORGANISATION, payee.get("fiscal_code")),
    }
    return next((f"content.payment_data.{name}" for name, is_right in checks.items() if not is_right), "")


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _between(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _long(value: Any, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most


def _is_hour(value: Any) -> bool:
    if not _is(TIMESTAMP, value):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
