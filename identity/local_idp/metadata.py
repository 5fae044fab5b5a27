"""The simulated provider's own metadata, signed."""

from lxml import etree

from identity.local_idp import messages
from identity.spid import names as n
from identity.spid.keys import base64_of


def build(*, entity_id: str, sso_url: str, key: str, certificate: str) -> bytes:
    root = etree.Element(
        n.tag(n.MD, "EntityDescriptor"),
        {"entityID": entity_id, "ID": "_simulazione"},
        nsmap={"md": n.MD, "ds": n.DS},
    )
    descriptor = etree.SubElement(
        root,
        n.tag(n.MD, "IDPSSODescriptor"),
        {"protocolSupportEnumeration": n.SAMLP, "WantAuthnRequestsSigned": "true"},
    )
    holder = etree.SubElement(descriptor, n.tag(n.MD, "KeyDescriptor"), use="signing")
    info = etree.SubElement(holder, n.tag(n.DS, "KeyInfo"))
    data = etree.SubElement(info, n.tag(n.DS, "X509Data"))
    etree.SubElement(data, n.tag(n.DS, "X509Certificate")).text = base64_of(certificate)
    etree.SubElement(descriptor, n.tag(n.MD, "NameIDFormat")).text = n.TRANSIENT
    etree.SubElement(
        descriptor, n.tag(n.MD, "SingleSignOnService"), {"Binding": n.REDIRECT, "Location": sso_url}
    )
    root.insert(0, etree.Comment("SIMULAZIONE"))
    messages.sign(root, key=key, certificate=certificate)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
