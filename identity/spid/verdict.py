"""Our own checks after the library has verified the signature, and the person that comes out of them.

A rule, without Django or clock. Every check is in SPID's technical rules; the library is laxer (it accepts a prefix as Destination, a
substring as Recipient, and misses most of the rest).
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lxml import etree

from identity.spid import names as n
from identity.spid.gate import Message

#: Clocks of providers may differ from ours by this much.
SKEW = timedelta(seconds=180)

_INSTANT = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z\Z")
_FISCAL_NUMBER = re.compile(r"\ATINIT-([A-Z0-9]{16})\Z")


class VerdictRefused(Exception):
    """The response is signed but is not the answer to our question. The reason is for the register, in English, without data."""


@dataclass(frozen=True)
class Expected:
    """What was asked, to whom, and what must therefore come back."""

    request_id: str
    requested_at: datetime
    provider: str
    audience: str
    destination: str
    level: int
    now: datetime
    attributes: frozenset[str] = field(
        default=frozenset({"spidCode", "name", "familyName", "fiscalNumber", "dateOfBirth", "email"})
    )
    #: CIE's Response issuer carries no Format and its assertion may do without.
    lenient_issuer: bool = False


@dataclass(frozen=True)
class Person:
    """Who signed in, as the provider asserts, and the identifiers that the register keeps."""

    fiscal_code: str | None
    name: str
    family_name: str
    attributes: dict[str, str]
    name_id: str
    name_qualifier: str
    session_index: str
    response_id: str
    response_issued_at: datetime
    assertion_id: str
    level: int


def judge(message: Message, expected: Expected) -> Person:
    """The person, or `VerdictRefused`."""
    assertion = message.assertion
    if assertion is None:
        raise VerdictRefused("no assertion")
    issued = _check_response(message.root, expected)
    _check_assertion(assertion, expected)
    name_id = _check_subject(assertion, expected)
    _check_conditions(assertion, expected)
    level, session_index = _check_statement(assertion, expected)
    attributes = _attributes(assertion, expected)
    return Person(
        fiscal_code=_fiscal_code(attributes),
        name=attributes.get("name", ""),
        family_name=attributes.get("familyName", ""),
        attributes=attributes,
        name_id=_text(name_id),
        name_qualifier=name_id.get("NameQualifier") or "",
        session_index=session_index,
        response_id=message.root.get("ID") or "",
        response_issued_at=issued,
        assertion_id=assertion.get("ID") or "",
        level=level,
    )


def _refuse_if(condition: bool, reason: str) -> None:
    if condition:
        raise VerdictRefused(reason)


def _check_response(root: etree._Element, expected: Expected) -> datetime:
    _refuse_if(not root.get("ID"), "Response without ID")
    _refuse_if(root.get("Version") != "2.0", "Response version")
    issued = _issue_instant(root, expected)
    _refuse_if(root.get("InResponseTo") != expected.request_id, "Response InResponseTo")
    _refuse_if(root.get("Destination") != expected.destination, "Destination")
    _check_issuer(root, expected, formats={None, n.ENTITY_FORMAT})
    return issued


def _check_assertion(assertion: etree._Element, expected: Expected) -> None:
    _refuse_if(not assertion.get("ID"), "Assertion without ID")
    _refuse_if(assertion.get("Version") != "2.0", "Assertion version")
    _issue_instant(assertion, expected)
    _check_issuer(
        assertion, expected, formats={n.ENTITY_FORMAT} | ({None} if expected.lenient_issuer else set())
    )


def _check_issuer(element: etree._Element, expected: Expected, *, formats: set[str | None]) -> None:
    issuer = _one(element, "Issuer")
    _refuse_if(_text(issuer) != expected.provider, "issuer is not the provider we asked")
    _refuse_if(issuer.get("Format") not in formats, "issuer format")


def _issue_instant(element: etree._Element, expected: Expected) -> datetime:
    issued = read_instant(element, "IssueInstant")
    _refuse_if(issued < expected.requested_at - SKEW, "issued before the request")
    _refuse_if(issued > expected.now + SKEW, "issued in the future")
    return issued


def _check_subject(assertion: etree._Element, expected: Expected) -> etree._Element:
    subject = _one(assertion, "Subject")
    name_id = _one(subject, "NameID")
    _refuse_if(not _text(name_id), "empty NameID")
    _refuse_if(name_id.get("Format") != n.TRANSIENT, "NameID is not transient")
    _refuse_if(not name_id.get("NameQualifier"), "NameID without NameQualifier")
    confirmation = _one(subject, "SubjectConfirmation")
    _refuse_if(confirmation.get("Method") != n.BEARER, "confirmation method")
    data = _one(confirmation, "SubjectConfirmationData")
    _refuse_if(data.get("Recipient") != expected.destination, "Recipient")
    _refuse_if(data.get("InResponseTo") != expected.request_id, "confirmation InResponseTo")
    _refuse_if(read_instant(data, "NotOnOrAfter") <= expected.now - SKEW, "confirmation expired")
    _refuse_if(data.get("NotBefore") is not None, "confirmation with NotBefore")
    return name_id


def _check_conditions(assertion: etree._Element, expected: Expected) -> None:
    conditions = _one(assertion, "Conditions")
    _refuse_if(read_instant(conditions, "NotBefore") > expected.now + SKEW, "not valid yet")
    _refuse_if(read_instant(conditions, "NotOnOrAfter") <= expected.now - SKEW, "expired")
    audience = _one(_one(conditions, "AudienceRestriction"), "Audience")
    _refuse_if(_text(audience) != expected.audience, "audience")


def _check_statement(assertion: etree._Element, expected: Expected) -> tuple[int, str]:
    statement = _one(assertion, "AuthnStatement")
    context = _one(_one(statement, "AuthnContext"), "AuthnContextClassRef")
    level = n.LEVELS.get(_text(context), 0)
    _refuse_if(level < expected.level, "level of authentication")
    return level, statement.get("SessionIndex") or ""


def _attributes(assertion: etree._Element, expected: Expected) -> dict[str, str]:
    values: dict[str, str] = {}
    for attribute in _one(assertion, "AttributeStatement").findall(n.tag(n.SAML, "Attribute")):
        name = attribute.get("Name") or ""
        _refuse_if(not name or name in values, "attribute unnamed or repeated")
        value = _one(attribute, "AttributeValue")
        _refuse_if(len(value) != 0, "attribute value with elements")
        values[name] = _text(value)
    missing = [name for name in expected.attributes if not values.get(name)]
    _refuse_if(bool(missing), "required attribute missing or empty")
    return values


def _fiscal_code(attributes: dict[str, str]) -> str | None:
    """None for an identity without one (eIDAS); a malformed one is refused, never repaired."""
    if "fiscalNumber" not in attributes:
        return None
    match = _FISCAL_NUMBER.match(attributes["fiscalNumber"])
    if match is None:
        raise VerdictRefused("fiscal number")
    return match.group(1)


def _one(parent: etree._Element, name: str) -> etree._Element:
    found = parent.findall(n.tag(n.SAML, name))
    if len(found) != 1:
        raise VerdictRefused(f"not exactly one {name}")
    return found[0]


def _text(element: etree._Element) -> str:
    return (element.text or "").strip() if len(element) == 0 else ""


def read_instant(element: etree._Element, name: str) -> datetime:
    raw = element.get(name) or ""
    _refuse_if(_INSTANT.match(raw) is None, f"{name} is not a UTC instant")
    whole, _, fraction = raw.rstrip("Z").partition(".")
    try:
        moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise VerdictRefused(f"{name} is not a date") from None
    return moment.replace(microsecond=int((fraction + "000000")[:6])) if fraction else moment
