"""The town's SAML metadata, as the technical rules of SPID (Avviso 29 v3, eIDAS sets included) and of CIE want it, unsigned.

Every later change means a new validation by AgID: the eIDAS sets are there from the start.
"""

from dataclasses import dataclass

from lxml import etree

from identity.spid import keys
from identity.spid import names as n
from identity.spid.service import Scheme, ServiceProvider

#: Index, name of the service, attributes asked. The sets 99 and 100 are fixed by AgID and carry no fiscal code.
EIDAS_SETS = (
    (99, "eIDAS Natural Person Minimum Attribute Set", ("spidCode", "name", "familyName", "dateOfBirth")),
    (
        100,
        "eIDAS Natural Person Full Attribute Set",
        ("spidCode", "name", "familyName", "dateOfBirth", "placeOfBirth", "address", "gender"),
    ),
)
SERVICE_NAME = "Mensa scolastica"


@dataclass(frozen=True)
class Organisation:
    """Who the service provider is. `municipality` is the cadastral (Belfiore) code, which CIE wants."""

    name: str
    url: str
    ipa_code: str
    municipality: str
    email: str
    phone: str


def build(sp: ServiceProvider, organisation: Organisation) -> str:
    extensions = n.CIE_EXTENSIONS if sp.scheme == Scheme.CIE else n.SPID_EXTENSIONS
    root = etree.Element(
        n.tag(n.MD, "EntityDescriptor"),
        {"entityID": sp.entity_id, "ID": f"_{sp.scheme}-{keys.fingerprint_of(sp.keys.certificate)[:32]}"},
        nsmap={"md": n.MD, "ds": n.DS, str(sp.scheme): extensions},
    )
    root.append(_descriptor(sp))
    root.append(_organisation(organisation))
    root.append(_contact(sp.scheme, organisation, extensions))
    return etree.tostring(root, encoding="unicode")


def _descriptor(sp: ServiceProvider) -> etree._Element:
    descriptor = etree.Element(
        n.tag(n.MD, "SPSSODescriptor"),
        {
            "protocolSupportEnumeration": n.SAMLP,
            "AuthnRequestsSigned": "true",
            "WantAssertionsSigned": "true",
        },
    )
    for pem in sp.keys.certificates:
        descriptor.append(_key(pem))
    _add(descriptor, "SingleLogoutService", Binding=n.REDIRECT, Location=sp.slo_url)
    _add(descriptor, "NameIDFormat", n.TRANSIENT)
    _add(
        descriptor,
        "AssertionConsumerService",
        Binding=n.POST,
        Location=sp.acs_url,
        index="0",
        isDefault="true",
    )
    for index, name, attributes in _sets(sp):
        descriptor.append(_attribute_set(index, name, attributes))
    return descriptor


def _sets(sp: ServiceProvider) -> list[tuple[int, str, tuple[str, ...]]]:
    asked = (0, SERVICE_NAME, sp.attributes)
    return [asked] if sp.scheme == Scheme.CIE else [asked, *EIDAS_SETS]


def _key(pem: str) -> etree._Element:
    descriptor = etree.Element(n.tag(n.MD, "KeyDescriptor"), use="signing")
    info = etree.SubElement(descriptor, n.tag(n.DS, "KeyInfo"))
    data = etree.SubElement(info, n.tag(n.DS, "X509Data"))
    etree.SubElement(data, n.tag(n.DS, "X509Certificate")).text = keys.base64_of(pem)
    return descriptor


def _attribute_set(index: int, name: str, attributes: tuple[str, ...]) -> etree._Element:
    service = etree.Element(n.tag(n.MD, "AttributeConsumingService"), index=str(index))
    _add_italian(service, "ServiceName", name)
    for attribute in attributes:
        _add(service, "RequestedAttribute", Name=attribute, NameFormat=n.BASIC)
    return service


def _organisation(organisation: Organisation) -> etree._Element:
    element = etree.Element(n.tag(n.MD, "Organization"))
    _add_italian(element, "OrganizationName", organisation.name)
    _add_italian(element, "OrganizationDisplayName", organisation.name)
    _add_italian(element, "OrganizationURL", organisation.url)
    return element


def _contact(scheme: Scheme, organisation: Organisation, extensions: str) -> etree._Element:
    kind = "administrative" if scheme == Scheme.CIE else "other"
    contact = etree.Element(n.tag(n.MD, "ContactPerson"), contactType=kind)
    inner = etree.SubElement(contact, n.tag(n.MD, "Extensions"))
    if scheme == Scheme.CIE:
        etree.SubElement(inner, n.tag(extensions, "Public"))
    etree.SubElement(inner, n.tag(extensions, "IPACode")).text = organisation.ipa_code
    if scheme == Scheme.CIE:
        etree.SubElement(inner, n.tag(extensions, "Municipality")).text = organisation.municipality
    else:
        etree.SubElement(inner, n.tag(extensions, "Public"))
    _add(contact, "Company", organisation.name)
    _add(contact, "EmailAddress", organisation.email)
    _add(contact, "TelephoneNumber", organisation.phone)
    return contact


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, n.tag(n.MD, name), attributes)
    child.text = text
    return child


def _add_italian(parent: etree._Element, name: str, text: str) -> None:
    _add(parent, name, text).set(n.tag(n.XML, "lang"), "it")
