"""Signed by the true provider, and not the answer to our question: only our own checks can refuse them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from lxml import etree

from identity.local_idp import messages
from identity.spid import names as n
from tests.identity.corpus.registry import CORPUS, A, R, changed, hostile, text
from tests.identity.workshop import Workshop, attribute, drop, one, put, twice, value, write

CONFIRMATION = f"{A}/saml:Subject/saml:SubjectConfirmation"
DATA = f"{CONFIRMATION}/saml:SubjectConfirmationData"


def _instants() -> Iterator[tuple[str, Callable[[Workshop], str | None]]]:
    yield "missing", lambda w: None
    yield "local_time", lambda w: messages.instant(w.now).rstrip("Z")
    yield "with_offset", lambda w: messages.instant(w.now).replace("Z", "+01:00")
    yield "not_a_date", lambda w: "2026-13-45T25:61:61Z"
    yield "before_the_request", lambda w: messages.instant(w.now - timedelta(minutes=10))
    yield "in_the_future", lambda w: messages.instant(w.now + timedelta(minutes=10))


for _where, _path in (("response", R), ("assertion", A)):
    for _name, _instant in _instants():
        CORPUS[f"{_where}_issue_instant_{_name}"] = lambda w, path=_path, instant=_instant: text(  # type: ignore[misc]
            w.signed(put(path, "IssueInstant", instant(w)))
        )
    changed(f"{_where}_version_1", put(_path, "Version", "1.1"))
    changed(f"{_where}_without_issuer", drop(f"{_path}/saml:Issuer"))
    changed(f"{_where}_issuer_empty", write(f"{_path}/saml:Issuer", ""))
    changed(f"{_where}_issuer_of_somebody_else", write(f"{_path}/saml:Issuer", "https://altro.example/idp"))
    changed(f"{_where}_issuer_format", put(f"{_path}/saml:Issuer", "Format", n.TRANSIENT))
changed("assertion_issuer_without_format", put(f"{A}/saml:Issuer", "Format", None))
CORPUS["response_without_id"] = lambda w: text(w.signed(put(R, "ID", None)))
CORPUS["assertion_without_id"] = lambda w: text(w.unsigned()).replace(
    b'<saml:Assertion ID="', b'<saml:Assertion NoID="'
)
changed("response_to_nobody", put(R, "InResponseTo", None))
changed("response_to_another_question", put(R, "InResponseTo", "_" + "0" * 32))
changed("destination_missing", put(R, "Destination", None))
changed("destination_empty", put(R, "Destination", ""))
changed("destination_elsewhere", put(R, "Destination", "https://altro.example/acs/"))
CORPUS["destination_with_ours_as_prefix"] = lambda w: text(
    w.signed(put(R, "Destination", w.question.client.acs_url + "x"))
)
changed("status_missing", drop(f"{R}/samlp:Status"))
changed("status_code_missing", drop(f"{R}/samlp:Status/samlp:StatusCode"))
changed(
    "error_with_an_assertion",
    put(f"{R}/samlp:Status/samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"),
)

changed("subject_missing", drop(f"{A}/saml:Subject"))
changed("name_id_missing", drop(f"{A}/saml:Subject/saml:NameID"))
changed("name_id_empty", write(f"{A}/saml:Subject/saml:NameID", ""))
changed("name_id_blank", write(f"{A}/saml:Subject/saml:NameID", "  "))
changed(
    "name_id_persistent",
    put(f"{A}/saml:Subject/saml:NameID", "Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
)
changed("name_id_without_format", put(f"{A}/saml:Subject/saml:NameID", "Format", None))
changed("name_id_without_qualifier", put(f"{A}/saml:Subject/saml:NameID", "NameQualifier", None))
changed("confirmation_missing", drop(CONFIRMATION))
changed("confirmation_twice", twice(CONFIRMATION))
changed(
    "confirmation_by_holder_of_key",
    put(CONFIRMATION, "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
)
changed("confirmation_data_missing", drop(DATA))
changed("recipient_missing", put(DATA, "Recipient", None))
changed("recipient_elsewhere", put(DATA, "Recipient", "https://altro.example/acs/"))
CORPUS["recipient_that_contains_ours"] = lambda w: text(
    w.signed(put(DATA, "Recipient", f"https://altro.example/?{w.question.client.acs_url}"))
)
changed("confirmation_to_nobody", put(DATA, "InResponseTo", None))
changed("confirmation_to_another_question", put(DATA, "InResponseTo", "_" + "0" * 32))
changed("confirmation_for_ever", put(DATA, "NotOnOrAfter", None))
changed("confirmation_expired", put(DATA, "NotOnOrAfter", "2020-01-01T00:00:00Z"))
changed("confirmation_until_nonsense", put(DATA, "NotOnOrAfter", "domani"))
changed("confirmation_with_not_before", put(DATA, "NotBefore", "2020-01-01T00:00:00Z"))
changed("conditions_missing", drop(f"{A}/saml:Conditions"))
changed("conditions_from_ever", put(f"{A}/saml:Conditions", "NotBefore", None))
changed("conditions_for_ever", put(f"{A}/saml:Conditions", "NotOnOrAfter", None))
changed("conditions_not_yet", put(f"{A}/saml:Conditions", "NotBefore", "2099-01-01T00:00:00Z"))
changed("conditions_expired", put(f"{A}/saml:Conditions", "NotOnOrAfter", "2020-01-01T00:00:00Z"))
changed("audience_restriction_missing", drop(f"{A}/saml:Conditions/saml:AudienceRestriction"))
changed(
    "audience_of_somebody_else",
    write(f"{A}/saml:Conditions/saml:AudienceRestriction/saml:Audience", "https://altro.example"),
)
changed("audience_twice", twice(f"{A}/saml:Conditions/saml:AudienceRestriction/saml:Audience"))
changed("statement_missing", drop(f"{A}/saml:AuthnStatement"))
changed("statement_twice", twice(f"{A}/saml:AuthnStatement"))
changed("level_missing", drop(f"{A}/saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef"))
changed("level_one", write(f"{A}//saml:AuthnContextClassRef", "https://www.spid.gov.it/SpidL1"))
changed("level_invented", write(f"{A}//saml:AuthnContextClassRef", "https://www.spid.gov.it/SpidL9"))
changed("attributes_missing", drop(f"{A}/saml:AttributeStatement"))
changed("attributes_twice", twice(f"{A}/saml:AttributeStatement"))
for _attribute in ("spidCode", "name", "familyName", "fiscalNumber", "dateOfBirth", "email"):
    changed(f"without_{_attribute}", drop(attribute(_attribute)))
    changed(f"empty_{_attribute}", write(value(_attribute), ""))
changed("fiscal_number_twice", twice(attribute("fiscalNumber")))
changed("fiscal_number_of_two", twice(value("fiscalNumber")))
changed("fiscal_number_without_prefix", write(value("fiscalNumber"), "RSSNNA85M41A893X"))
changed("fiscal_number_in_small_letters", write(value("fiscalNumber"), "TINIT-rssnna85m41a893x"))
changed("fiscal_number_too_long", write(value("fiscalNumber"), "TINIT-RSSNNA85M41A893XX"))
changed("fiscal_number_of_another_country", write(value("fiscalNumber"), "TINDE-RSSNNA85M41A893X"))


@hostile
def fiscal_number_with_elements(w: Workshop) -> bytes:
    def change(root: etree._Element) -> None:
        holder = one(root, value("fiscalNumber"))
        etree.SubElement(holder, n.tag(n.SAML, "NameID")).text = holder.text

    return text(w.signed(change))
