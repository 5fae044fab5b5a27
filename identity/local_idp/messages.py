"""What the simulated provider reads and writes: a verified AuthnRequest in, a signed Response out."""

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from identity.local_idp.people import DemoPerson
from identity.spid import names as n

VALID_FOR = timedelta(minutes=5)


class QuestionRefused(Exception):
    """The request is not one that this provider answers."""


@dataclass(frozen=True)
class Client:
    """A service provider, read from its metadata."""

    entity_id: str
    acs_url: str
    certificates: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    request_id: str
    client: Client
    level: str
    relay_state: str


def read_metadata(xml: bytes) -> Client:
    root = etree.fromstring(xml, _parser())
    acs = root.find(f".//{n.tag(n.MD, 'AssertionConsumerService')}")
    if acs is None:
        raise QuestionRefused("I metadata del servizio non dicono dove rispondere.")
    certificates = (element.text or "" for element in root.iter(n.tag(n.DS, "X509Certificate")))
    published = tuple(dict.fromkeys("".join(text.split()) for text in certificates))
    return Client(root.get("entityID") or "", acs.get("Location") or "", published)


def read_question(query: str, clients: list[Client]) -> Question:
    """`query` is the query string as it came: the signature is over its bytes."""
    raw = dict(part.partition("=")[::2] for part in query.split("&"))
    if not {"SAMLRequest", "RelayState", "SigAlg", "Signature"} <= raw.keys():
        raise QuestionRefused("La richiesta non è completa o non è firmata.")
    root = etree.fromstring(
        zlib.decompress(base64.b64decode(unquote_plus(raw["SAMLRequest"])), -15), _parser()
    )
    issuer = (root.findtext(n.tag(n.SAML, "Issuer")) or "").strip()
    client = next((client for client in clients if client.entity_id == issuer), None)
    if client is None:
        raise QuestionRefused("Questo servizio non è registrato presso il gestore simulato.")
    signed = "&".join(f"{name}={raw[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg"))
    if not _is_signed(signed.encode(), base64.b64decode(unquote_plus(raw["Signature"])), client):
        raise QuestionRefused("La firma della richiesta non è valida.")
    level = root.findtext(f".//{n.tag(n.SAML, 'AuthnContextClassRef')}") or ""
    return Question(root.get("ID") or "", client, level, unquote_plus(raw["RelayState"]))


def _is_signed(data: bytes, signature: bytes, client: Client) -> bool:
    for certificate in client.certificates:
        public = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
        if not isinstance(public, rsa.RSAPublicKey):
            continue
        try:
            public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def response(question: Question, *, issuer: str, status: str, message: str, now: datetime) -> etree._Element:
    """A Response without assertion: an error, or the envelope of `assertion`."""
    root = etree.Element(
        n.tag(n.SAMLP, "Response"),
        {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(now),
            "Destination": question.client.acs_url,
            "InResponseTo": question.request_id,
        },
        nsmap={"samlp": n.SAMLP, "saml": n.SAML},
    )
    _add(root, "Issuer", issuer, Format=n.ENTITY_FORMAT)
    element = etree.SubElement(root, n.tag(n.SAMLP, "Status"))
    code = etree.SubElement(element, n.tag(n.SAMLP, "StatusCode"), {"Value": status})
    if status != n.SUCCESS:
        etree.SubElement(
            code, n.tag(n.SAMLP, "StatusCode"), {"Value": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"}
        )
        etree.SubElement(element, n.tag(n.SAMLP, "StatusMessage")).text = message
    return root


def anomaly(question: Question, number: int, *, issuer: str, now: datetime) -> etree._Element:
    return response(
        question,
        issuer=issuer,
        status="urn:oasis:names:tc:SAML:2.0:status:Responder",
        message=f"ErrorCode nr{number:02d}",
        now=now,
    )


def assertion(question: Question, person: DemoPerson, *, issuer: str, now: datetime) -> etree._Element:
    root = etree.Element(
        n.tag(n.SAML, "Assertion"),
        {"ID": f"_{secrets.token_hex(16)}", "Version": "2.0", "IssueInstant": instant(now)},
        nsmap={
            "saml": n.SAML,
            "xs": "http://www.w3.org/2001/XMLSchema",
            "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        },
    )
    _add(root, "Issuer", issuer, Format=n.ENTITY_FORMAT)
    _subject(root, question, issuer, now)
    conditions = _add(root, "Conditions", NotBefore=instant(now), NotOnOrAfter=instant(now + VALID_FOR))
    _add(_add(conditions, "AudienceRestriction"), "Audience", question.client.entity_id)
    statement = _add(
        root, "AuthnStatement", AuthnInstant=instant(now), SessionIndex=f"_{secrets.token_hex(12)}"
    )
    _add(_add(statement, "AuthnContext"), "AuthnContextClassRef", question.level)
    attributes = _add(root, "AttributeStatement")
    for name, value in attributes_of(person).items():
        attribute = _add(attributes, "Attribute", Name=name, NameFormat=n.BASIC)
        holder = _add(attribute, "AttributeValue", value)
        holder.set(n.tag("http://www.w3.org/2001/XMLSchema-instance", "type"), "xs:string")
    return root


def attributes_of(person: DemoPerson) -> dict[str, str]:
    return {
        "spidCode": f"SIMU{person.fiscal_code[:10]}",
        "name": person.first_name,
        "familyName": person.last_name,
        "fiscalNumber": f"TINIT-{person.fiscal_code}",
        "dateOfBirth": person.birth_date,
        "email": person.email or "nessuna@posta.example",
    }


def _subject(root: etree._Element, question: Question, issuer: str, now: datetime) -> None:
    subject = _add(root, "Subject")
    _add(subject, "NameID", f"_{secrets.token_hex(16)}", Format=n.TRANSIENT, NameQualifier=issuer)
    confirmation = _add(subject, "SubjectConfirmation", Method=n.BEARER)
    _add(
        confirmation,
        "SubjectConfirmationData",
        InResponseTo=question.request_id,
        Recipient=question.client.acs_url,
        NotOnOrAfter=instant(now + VALID_FOR),
    )


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, n.tag(n.SAML, name), attributes)
    child.text = text
    return child


def sign(element: etree._Element, *, key: str, certificate: str) -> None:
    """An enveloped signature after the Issuer: RSA-SHA256, exclusive canonicalisation, reference to the element's ID."""
    signature = xmlsec.template.create(
        element, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds"
    )
    element.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key, xmlsec.KeyFormat.PEM, None)
    context.key.load_cert_from_memory(certificate, xmlsec.KeyFormat.PEM)
    context.register_id(element, "ID")
    context.sign(signature)


def signed_answer(
    question: Question, person: DemoPerson, *, issuer: str, key: str, certificate: str, now: datetime
) -> etree._Element:
    """A Response with a signed assertion, itself signed too, as most providers do."""
    root = response(question, issuer=issuer, status=n.SUCCESS, message="", now=now)
    inner = assertion(question, person, issuer=issuer, now=now)
    root.append(inner)
    sign(inner, key=key, certificate=certificate)
    sign(root, key=key, certificate=certificate)
    return root
