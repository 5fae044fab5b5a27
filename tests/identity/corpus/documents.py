"""Documents that attack the parser, or that no provider sends."""

from lxml import etree

from identity.spid import names as n
from tests.identity.corpus.registry import CORPUS, A, hostile, text
from tests.identity.workshop import Workshop, one, value, write


def _prefixed(name: str, head: str, replace: tuple[bytes, bytes] | None = None) -> None:
    """Something before a true response, and something of it inside."""

    def document(w: Workshop) -> bytes:
        body = text(w.signed())
        return head.encode() + (body.replace(*replace) if replace else body)

    CORPUS[name] = document


_BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
_prefixed("doctype", "<!DOCTYPE Response>")
_prefixed("entity_for_a_name", '<!DOCTYPE r [<!ENTITY e "Bruno">]>', (b">Anna<", b">&e;<"))
_prefixed("entity_bomb", f'<!DOCTYPE r [<!ENTITY e0 "ha">{_BOMB}]>', (b">Anna<", b">&e9;<"))
_prefixed(
    "entity_that_doubles",
    '<!DOCTYPE r [<!ENTITY a "%s">]>' % ("x" * 50_000),
    (b">Anna<", b">" + b"&a;" * 2000 + b"<"),
)
_prefixed(
    "entity_from_a_file", '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>', (b">Anna<", b">&e;<")
)
_prefixed(
    "entity_from_a_host", '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>', (b">Anna<", b">&e;<")
)
_prefixed("parameter_entity", '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>')
_prefixed("default_attribute", '<!DOCTYPE r [<!ATTLIST samlp:Response Consent CDATA "x">]>')
_prefixed("style_sheet", '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>')
_prefixed("declared_in_another_alphabet", '<?xml version="1.0" encoding="UTF-7"?>')
_prefixed("declared_in_latin", '<?xml version="1.0" encoding="ISO-8859-1"?>')


def _inside(name: str, old: bytes, new: bytes) -> None:
    def document(w: Workshop) -> bytes:
        return text(w.signed()).replace(old, new, 1)

    CORPUS[name] = document


@hostile
def comment_that_cuts_a_value(w: Workshop) -> bytes:
    """The provider signs a longer value; exclusive canonicalisation forgets the comment; a reader of `.text` stops at it."""
    longer = f"TINIT-{w.victim.fiscal_code}EVIL".encode()
    cut = f"TINIT-{w.victim.fiscal_code}<!---->EVIL".encode()
    return text(w.signed(write(value("fiscalNumber"), longer.decode()))).replace(longer, cut)


@hostile
def comment_in_the_name_id(w: Workshop) -> bytes:
    root = w.signed()
    name_id = one(root, f"{A}/saml:Subject/saml:NameID")
    tail, name_id.text = (name_id.text or "")[5:], (name_id.text or "")[:5]
    comment = etree.Comment("x")
    comment.tail = tail
    name_id.append(comment)
    return text(root)


_inside("cdata_in_a_value", b">Anna<", b"><![CDATA[Anna]]><")
_inside("instruction_in_a_value", b">Anna<", b">An<?x y?>na<")
_inside("comment_between_elements", b"<saml:Subject>", b"<!-- x --><saml:Subject>")
_inside("relative_namespace", b"<saml:Subject>", b'<saml:Subject xmlns:r="relativo">')
_inside("identifier_in_small_letters", b"<saml:Subject>", b'<saml:Subject id="x">')
_inside("identifier_with_one_capital", b"<saml:Subject>", b'<saml:Subject Id="x">')
_inside("identifier_of_xml", b"<saml:Subject>", b'<saml:Subject xml:id="x">')
_inside(
    "include",
    b"<saml:Subject>",
    b'<saml:Subject><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
)
_inside(
    "encrypted_attribute",
    b"<saml:AttributeStatement>",
    b"<saml:AttributeStatement><saml:EncryptedAttribute/>",
)
_inside("encrypted_id", b"<saml:Subject>", b"<saml:Subject><saml:EncryptedID/>")
_inside(
    "many_elements", b"<saml:AttributeStatement>", b"<saml:AttributeStatement>" + b"<saml:Attribute/>" * 5000
)
_inside(
    "many_attributes",
    b"<saml:Subject>",
    b"<saml:Subject " + b" ".join(b'a%d="x"' % i for i in range(3000)) + b">",
)
_inside(
    "many_namespaces",
    b"<saml:Subject>",
    b"<saml:Subject " + b" ".join(b'xmlns:n%d="urn:x:%d"' % (i, i) for i in range(3000)) + b">",
)
_inside(
    "very_deep",
    b"<saml:AttributeStatement>",
    b"<saml:AttributeStatement>" + b"<saml:a>" * 200 + b"</saml:a>" * 200,
)
_inside(
    "too_deep_for_any_parser",
    b"<saml:AttributeStatement>",
    b"<saml:AttributeStatement>" + b"<saml:a>" * 5000 + b"</saml:a>" * 5000,
)
_inside("nul_character", b">Anna<", b">An\x00na<")
_inside("not_utf8", b">Anna<", b">Ann\xe0<")
_inside("cut_short", b"</saml:AttributeStatement>", b"")
CORPUS["same_attribute_twice"] = lambda w: text(w.signed()).replace(
    b'Version="2.0"', b'Version="2.0" Version="2.0"', 1
)
CORPUS["utf16"] = lambda w: text(w.signed()).decode().encode("utf-16")
CORPUS["too_large"] = lambda w: text(w.signed(write(value("email"), "x" * 140_000)))
CORPUS["two_documents"] = lambda w: text(w.signed()) * 2
CORPUS["empty"] = lambda w: b""
CORPUS["not_xml"] = lambda w: b"{}"
CORPUS["another_message"] = lambda w: text(w.signed()).replace(b"samlp:Response", b"samlp:LogoutResponse")
CORPUS["another_namespace"] = lambda w: text(w.signed()).replace(
    n.SAMLP.encode(), b"urn:oasis:names:tc:SAML:1.0:protocol"
)


@hostile
def encrypted_assertion(w: Workshop) -> bytes:
    root = w.signed()
    etree.SubElement(root, n.tag(n.SAML, "EncryptedAssertion"))
    return text(root)


@hostile
def encrypted_assertion_alone(w: Workshop) -> bytes:
    root = w.signed()
    root.replace(one(root, A), etree.Element(n.tag(n.SAML, "EncryptedAssertion")))
    return text(root)


@hostile
def no_assertion(w: Workshop) -> bytes:
    root = w.unsigned()
    root.remove(one(root, A))
    w.sign(root)
    return text(root)


@hostile
def look_alike_namespace(w: Workshop) -> bytes:
    root = w.signed()
    forged = text(w.forged()).replace(n.SAML.encode(), b"urn:oasis:names:tc:SAML:2.0:assertion/")
    root.append(etree.fromstring(forged))
    return text(root)
