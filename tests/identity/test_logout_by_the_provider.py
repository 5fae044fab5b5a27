"""The identity provider asks to close a session: only with a signature, only its own, only this one."""

import base64
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from lxml import etree

from identity.local_idp import messages
from identity.spid import authn_request, keys
from identity.spid import names as n
from tests.identity.conftest import Idp, deliver, signed_in

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]
SLO = "http://localhost:8000/accesso/spid/uscita/"


def logout_query(
    idp: Idp,
    index: str,
    *,
    key: str | None = None,
    issuer: str | None = None,
    destination: str = SLO,
    now: datetime | None = None,
    algorithm: str = n.RSA_SHA256,
) -> str:
    root = etree.Element(
        n.tag(n.SAMLP, "LogoutRequest"),
        {
            "ID": "_esci",
            "Version": "2.0",
            "IssueInstant": messages.instant(now or datetime.now(tz=UTC)),
            "Destination": destination,
        },
        nsmap={"samlp": n.SAMLP, "saml": n.SAML},
    )
    etree.SubElement(root, n.tag(n.SAML, "Issuer")).text = issuer or idp.row.entity_id
    etree.SubElement(root, n.tag(n.SAML, "NameID")).text = "chiunque"
    etree.SubElement(root, n.tag(n.SAMLP, "SessionIndex")).text = index
    query = urlencode(
        {
            "SAMLRequest": authn_request.deflated(etree.tostring(root, encoding="unicode")),
            "RelayState": "torna",
            "SigAlg": algorithm,
        }
    )
    signature = base64.b64encode(keys.sign(query.encode(), key or idp.key)).decode()
    return f"{query}&{urlencode({'Signature': signature})}"


@pytest.fixture
def inside(client: Client, idp: Idp, ask: Ask) -> str:
    """Anna is signed in; the index that the provider gave her session."""
    idp.row.slo_url = "http://127.0.0.1:8001/idp/slo"
    idp.row.save()
    deliver(client, idp.answer(ask(idp)))
    assert signed_in(client)
    return str(client.session["saml"]["index"])


def test_a_signed_request_for_this_session_ends_it_and_is_answered(
    client: Client, idp: Idp, inside: str
) -> None:
    response = client.get(f"/accesso/spid/uscita/?{logout_query(idp, inside)}")

    assert not signed_in(client)
    answer = parse_qs(urlsplit(response["Location"]).query)
    xml = zlib.decompress(base64.b64decode(answer["SAMLResponse"][0]), -15)
    root = etree.fromstring(xml)
    assert root.tag == n.tag(n.SAMLP, "LogoutResponse")
    assert (root.get("InResponseTo"), root.get("Destination")) == ("_esci", "http://127.0.0.1:8001/idp/slo")
    assert answer["RelayState"] == ["torna"]


@pytest.mark.parametrize(
    "change",
    [
        lambda idp, other, index: logout_query(idp, index).partition("&SigAlg")[0],
        lambda idp, other, index: logout_query(idp, index, key=other.key),
        lambda idp, other, index: logout_query(idp, "_un_altra"),
        lambda idp, other, index: logout_query(idp, index, issuer="https://altro.example"),
        lambda idp, other, index: logout_query(idp, index, destination="https://altro.example/uscita/"),
        lambda idp, other, index: logout_query(idp, index, now=datetime.now(tz=UTC) - timedelta(minutes=10)),
        lambda idp, other, index: logout_query(
            idp, index, algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"
        ),
        lambda idp, other, index: logout_query(idp, index).replace("RelayState=torna", "RelayState=altrove"),
        lambda idp, other, index: "SAMLRequest=%%%&SigAlg=x&Signature=y",
        lambda idp, other, index: "",
    ],
)
def test_any_other_request_ends_nothing(
    client: Client, idp: Idp, other_idp: Idp, inside: str, change: Callable[[Idp, Idp, str], str]
) -> None:
    response = client.get(f"/accesso/spid/uscita/?{change(idp, other_idp, inside)}")

    assert response.status_code == 400
    assert signed_in(client)


def test_a_request_to_a_browser_that_is_not_inside_leads_home(client: Client, idp: Idp) -> None:
    assert client.get(f"/accesso/spid/uscita/?{logout_query(idp, 'x')}")["Location"] == "/"
