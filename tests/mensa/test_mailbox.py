"""The demo's mail: written by the backend, read on the page, absent elsewhere."""

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mensa import demo_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Settings, tmp_path: object) -> None:
    settings.DEMO = True
    settings.VAR_DIR = tmp_path


def send(to: str, subject: str = "Avviso di pagamento") -> None:
    message = EmailMessage(subject, "Ciao Anna, <b>ecco</b> l'avviso.", "mensa@comune.example", [to])
    message.attach("avviso.pdf", b"%PDF-1.7 ...", "application/pdf")
    message.connection = get_connection("mensa.demo_mail.MailboxBackend")
    message.send()


def test_a_message_and_its_attachment_can_be_read(demo: None, client: Client) -> None:
    send("anna@posta.example")
    listed = client.get(reverse("mensa:mailbox"))
    assert "Avviso di pagamento" in listed.content.decode()
    [mail] = demo_mail.read_all(demo_mail.newest_ids())
    page = client.get(reverse("mensa:mail", args=[mail.id])).content.decode()
    assert "Ciao Anna, &lt;b&gt;ecco&lt;/b&gt;" in page
    pdf = client.get(reverse("mensa:mail_attachment", args=[mail.id, 0]))
    assert pdf["Content-Type"] == "application/pdf"
    assert b"".join(pdf.streaming_content) == b"%PDF-1.7 ..."  # type: ignore[attr-defined]


def test_the_newest_comes_first_and_a_recipient_can_be_looked_for(demo: None, client: Client) -> None:
    for name in ("anna", "bruno"):
        send(f"{name}@posta.example", f"Per {name}")
    assert [mail.subject for mail in demo_mail.read_all(demo_mail.newest_ids())] == ["Per bruno", "Per anna"]
    found = client.get(reverse("mensa:mailbox"), {"a": "ANNA"}).content.decode()
    assert "Per anna" in found
    assert "Per bruno" not in found


@pytest.mark.parametrize("message_id", ["niente", "20261124T084000000000-00000000", "..-..-etc"])
def test_what_is_not_a_message_is_not_found(demo: None, client: Client, message_id: str) -> None:
    assert client.get(f"/posta/{message_id}/").status_code == 404
    assert client.get(f"/posta/{message_id}/0/").status_code == 404


def test_an_attachment_that_is_not_there_is_not_found(demo: None, client: Client) -> None:
    send("anna@posta.example")
    assert (
        client.get(reverse("mensa:mail_attachment", args=[demo_mail.newest_ids()[0], 7])).status_code == 404
    )


def test_outside_the_demo_there_is_no_mailbox(client: Client) -> None:
    assert client.get(reverse("mensa:mailbox")).status_code == 404
