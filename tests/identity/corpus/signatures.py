"""Signatures that are missing, of somebody else, weak, or that cover something else."""

from copy import deepcopy

import xmlsec
from lxml import etree

from identity.local_idp import messages
from identity.spid import names as n
from tests.identity.corpus.registry import CORPUS, A, R, hostile, text
from tests.identity.workshop import Workshop, drop, one, twice, value


@hostile
def not_signed(w: Workshop) -> bytes:
    return text(w.unsigned(w.victim))


@hostile
def only_the_response_is_signed(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign(root)
    return text(root)


@hostile
def changed_after_signing(w: Workshop) -> bytes:
    root = w.signed()
    one(root, value("fiscalNumber")).text = f"TINIT-{w.victim.fiscal_code}"
    return text(root)


@hostile
def name_changed_after_signing(w: Workshop) -> bytes:
    root = w.signed(response_too=True)
    one(root, value("name")).text = "Altro"
    return text(root)


@hostile
def response_changed_after_signing(w: Workshop) -> bytes:
    root = w.signed(response_too=True)
    root.set("Consent", "urn:oasis:names:tc:SAML:2.0:consent:obtained")
    return text(root)


@hostile
def signature_removed(w: Workshop) -> bytes:
    root = w.signed(person=w.victim)
    drop(f"{A}/ds:Signature")(root)
    return text(root)


@hostile
def signature_emptied(w: Workshop) -> bytes:
    root = w.signed()
    one(root, f"{A}/ds:Signature/ds:SignatureValue").text = ""
    return text(root)


@hostile
def signature_of_another_response(w: Workshop) -> bytes:
    root, other = w.unsigned(w.victim), w.signed()
    signature = one(other, f"{A}/ds:Signature")
    assertion = one(root, A)
    assertion.set("ID", one(other, A).get("ID") or "")
    assertion.insert(1, signature)
    return text(root)


@hostile
def signed_by_the_attacker(w: Workshop) -> bytes:
    key, certificate = w.stranger
    root = w.unsigned(w.victim)
    messages.sign(one(root, A), key=key, certificate=certificate)
    return text(root)


@hostile
def signed_by_the_attacker_showing_our_certificate(w: Workshop) -> bytes:
    key, _ = w.stranger
    root = w.unsigned(w.victim)
    messages.sign(one(root, A), key=key, certificate=w.certificate)
    return text(root)


@hostile
def signed_with_the_certificate_as_a_password(w: Workshop) -> bytes:
    root = w.unsigned(w.victim)
    secret = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, w.certificate.encode())
    w.sign_with(one(root, A), method=xmlsec.Transform.HMAC_SHA256, key=secret)
    return text(root)


@hostile
def weak_signature(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign_with(one(root, A), method=xmlsec.Transform.RSA_SHA1)
    return text(root)


@hostile
def weak_digest(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign_with(one(root, A), digest=xmlsec.Transform.SHA1)
    return text(root)


@hostile
def inclusive_canonicalisation(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign_with(one(root, A), canonical=xmlsec.Transform.C14N)
    return text(root)


@hostile
def canonicalisation_with_comments(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign_with(one(root, A), canonical=xmlsec.Transform.EXCL_C14N_COMMENTS)
    return text(root)


@hostile
def transform_that_keeps_comments(w: Workshop) -> bytes:
    root = w.unsigned()
    transforms = (xmlsec.Transform.ENVELOPED, xmlsec.Transform.EXCL_C14N_COMMENTS)
    w.sign_with(one(root, A), transforms=transforms)
    return text(root)


@hostile
def reference_to_the_whole_document(w: Workshop) -> bytes:
    root = w.unsigned()
    w.sign_with(one(root, A), uri="")
    return text(root)


def _with_reference(name: str, uri: str) -> None:
    """The address inside a true signature replaced: whoever resolves it before checking has fetched it."""

    def document(w: Workshop) -> bytes:
        root = w.signed()
        one(root, "//ds:Reference").set("URI", uri)
        return text(root)

    CORPUS[name] = document


_with_reference("reference_to_a_file", "file:///etc/passwd")
_with_reference("reference_to_a_host", "http://127.0.0.1:9/dati")
_with_reference("reference_to_nothing", "#nessuno")
_with_reference("reference_by_xpointer", "#xpointer(/)")


@hostile
def reference_to_the_response_from_the_assertion(w: Workshop) -> bytes:
    root = w.signed()
    one(root, "//ds:Reference").set("URI", f"#{root.get('ID')}")
    return text(root)


def _with_transform(name: str, algorithm: str, content: str = "") -> None:
    def document(w: Workshop) -> bytes:
        root = w.signed()
        extra = etree.fromstring(
            f'<ds:Transform xmlns:ds="{n.DS}" Algorithm="{algorithm}">{content}</ds:Transform>'
        )
        one(root, "//ds:Transforms").insert(0, extra)
        return text(root)

    CORPUS[name] = document


XSLT = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
    '<xsl:call-template name="f"><xsl:with-param name="n" select="{n}"/></xsl:call-template></xsl:template>'
    '<xsl:template name="f"><xsl:param name="n"/><xsl:if test="$n &gt; 0"><xsl:call-template name="f">'
    '<xsl:with-param name="n" select="$n - 1"/></xsl:call-template><xsl:call-template name="f">'
    '<xsl:with-param name="n" select="$n - 1"/></xsl:call-template></xsl:if></xsl:template></xsl:stylesheet>'
)
_with_transform("xslt_bomb", "http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT.replace("{n}", "22"))
_with_transform(
    "xpath_transform",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    f'<ds:XPath xmlns:ds="{n.DS}">count(//. | //@*) > 0</ds:XPath>',
)
_with_transform(
    "xpath_filter_transform",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    '<d:XPath xmlns:d="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*</d:XPath>',
)
_with_transform("base64_transform", "http://www.w3.org/2000/09/xmldsig#base64")
_with_transform("transform_without_a_name", "")
_with_transform("enveloped_twice", n.ENVELOPED)


@hostile
def transforms_removed(w: Workshop) -> bytes:
    root = w.signed()
    drop("//ds:Transforms")(root)
    return text(root)


@hostile
def two_references(w: Workshop) -> bytes:
    root = w.signed()
    twice("//ds:Reference", URI="#altro")(root)
    return text(root)


@hostile
def two_signatures_on_one_element(w: Workshop) -> bytes:
    root = w.signed()
    twice(f"{A}/ds:Signature")(root)
    return text(root)


@hostile
def three_signatures(w: Workshop) -> bytes:
    root = w.signed(response_too=True)
    one(root, f"{R}/ds:Signature").addnext(deepcopy(one(root, f"{A}/ds:Signature")))
    return text(root)


@hostile
def signature_deep_inside(w: Workshop) -> bytes:
    root = w.signed()
    signature = one(root, f"{A}/ds:Signature")
    one(root, f"{A}/saml:AttributeStatement").append(signature)
    return text(root)


@hostile
def signature_beside_the_assertion(w: Workshop) -> bytes:
    root = w.signed(person=w.victim)
    root.append(one(root, f"{A}/ds:Signature"))
    return text(root)


def _inside_signature(name: str, xml: str, path: str = f"{A}/ds:Signature") -> None:
    def document(w: Workshop) -> bytes:
        root = w.signed()
        one(root, path).append(etree.fromstring(xml))
        return text(root)

    CORPUS[name] = document


_inside_signature("object_in_the_signature", f'<ds:Object xmlns:ds="{n.DS}"/>')
_inside_signature(
    "manifest_in_the_signature",
    f'<ds:Object xmlns:ds="{n.DS}"><ds:Manifest><ds:Reference URI="file:///etc/passwd"/></ds:Manifest></ds:Object>',
)
_inside_signature(
    "key_to_be_fetched",
    f'<ds:RetrievalMethod xmlns:ds="{n.DS}" URI="http://127.0.0.1:9/chiave"/>',
    "//ds:KeyInfo",
)
_inside_signature(
    "key_wrapped_in_encryption",
    '<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>',
    "//ds:KeyInfo",
)
_inside_signature("two_signed_infos", f'<ds:SignedInfo xmlns:ds="{n.DS}"/>')
