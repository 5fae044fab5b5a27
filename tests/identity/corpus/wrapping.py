"""Signature wrapping: the true assertion is somewhere, the forged one where a careless reader looks."""

from collections.abc import Callable

from lxml import etree

from identity.spid import names as n
from tests.identity.corpus.registry import CORPUS, A, R, text
from tests.identity.workshop import Workshop, one


def _wrapping(
    name: str, arrange: Callable[[Workshop, etree._Element, etree._Element, etree._Element], etree._Element]
) -> None:
    def document(w: Workshop) -> bytes:
        root = w.signed()
        return text(arrange(w, root, one(root, A), w.forged()))

    CORPUS[name] = document


def _forged_first(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    true.addprevious(forged)
    return root


def _forged_last(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    root.append(forged)
    return root


def _true_inside_forged(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    root.replace(true, forged)
    forged.append(true)
    return root


def _true_in_the_advice(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    root.replace(true, forged)
    advice = etree.Element(n.tag(n.SAML, "Advice"))
    advice.append(true)
    one(forged, "saml:Conditions").addnext(advice)
    return root


def _true_in_extensions(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    root.replace(true, forged)
    extensions = etree.Element(n.tag(n.SAMLP, "Extensions"))
    extensions.append(true)
    one(root, f"{R}/saml:Issuer").addnext(extensions)
    return root


def _true_in_an_object(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    signature = one(true, "ds:Signature")
    true.remove(signature)
    root.replace(true, forged)
    forged.insert(1, signature)
    etree.SubElement(signature, n.tag(n.DS, "Object")).append(true)
    return root


def _same_id(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    forged.set("ID", true.get("ID") or "")
    true.addprevious(forged)
    return root


def _signature_moved_to_forged(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    forged.insert(1, one(true, "ds:Signature"))
    true.addprevious(forged)
    return root


def _forged_inside_true_subject(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    one(true, "saml:Subject").append(forged)
    return root


def _response_in_a_response(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    outer = w.unsigned(w.victim)
    outer.append(root)
    return outer


def _response_in_the_signature_of_a_response(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    signed = w.signed(response_too=True)
    outer = w.unsigned(w.victim)
    signature = one(signed, f"{R}/ds:Signature")
    signed.remove(signature)
    outer.insert(1, signature)
    etree.SubElement(signature, n.tag(n.DS, "Object")).append(signed)
    return outer


def _response_as_an_extension(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    signed = w.signed(response_too=True)
    outer = w.unsigned(w.victim)
    extensions = etree.Element(n.tag(n.SAMLP, "Extensions"))
    extensions.append(signed)
    one(outer, f"{R}/saml:Issuer").addnext(extensions)
    return outer


def _wrapped_in_another_root(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    envelope = etree.Element("{http://schemas.xmlsoap.org/soap/envelope/}Envelope")
    envelope.append(root)
    return envelope


def _assertion_alone(
    w: Workshop, root: etree._Element, true: etree._Element, forged: etree._Element
) -> etree._Element:
    root.remove(true)
    return true


for _arrange in (
    _forged_first,
    _forged_last,
    _true_inside_forged,
    _true_in_the_advice,
    _true_in_extensions,
    _true_in_an_object,
    _same_id,
    _signature_moved_to_forged,
    _forged_inside_true_subject,
    _response_in_a_response,
    _response_in_the_signature_of_a_response,
    _response_as_an_extension,
    _wrapped_in_another_root,
    _assertion_alone,
):
    _wrapping(f"wrapping{_arrange.__name__}", _arrange)
