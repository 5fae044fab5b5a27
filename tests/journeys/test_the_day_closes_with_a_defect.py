"""A family pays at the counter, the bank's day closes badly, the accounts office finds it on its page and mends it."""

from collections.abc import Callable

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from identity.models import User
from mensa import clock
from payments import tasks
from payments.configuration import creditor
from payments.rules.codes import qr_text
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words
from tests.payments.conftest import Simulator, issue, wallet

__all__ = ["issue", "wallet"]
PAGE = "/ufficio/riconciliazione/"


@pytest.mark.django_db(transaction=True)
def test_the_day_closes_with_a_defect_and_the_office_mends_it(
    simulator: Simulator,
    town: cast.Town,
    issue: Callable,  # type: ignore[type-arg]
    browser: Callable[[User], Client],
    at: Callable[[str], None],
) -> None:
    simulator.node.clock = clock.now
    at("2026-11-24 11:00")
    notice = issue()
    qr = qr_text(nav=notice.nav, fiscal_code=creditor().fiscal_code, amount=notice.amount)
    found = httpx.get(f"{simulator.address}/sportello", params={"numero": qr}, trust_env=False, timeout=30)
    assert "102,00" in found.text
    httpx.post(
        f"{simulator.address}/sportello", data={"numero": qr, "esito": "pay"}, trust_env=False, timeout=30
    )
    assert simulator.node.deliver_due() == 1
    assert balance(town.family) == "102.00", "the receipt credits, whatever the bank does afterwards"

    at("2026-11-25 18:00")
    httpx.post(f"{simulator.address}/giornata", data={"difetto": "unreadable"}, trust_env=False, timeout=30)
    gino = browser(town.gino)
    assert "Nessun flusso di rendicontazione, ancora" in words(gino.get(PAGE))
    gino.post(reverse("payments:reconciliation_poll"))  # the tests' queue works at once
    assert "1 nuovo" in words(gino.get(PAGE))
    load_the_journal(gino, simulator)

    at("2026-12-02 09:00")
    tasks.settle_up()
    page = words(gino.get(PAGE))
    assert "Accredito senza flusso: 102,00 €" in page
    assert "Rendicontato, non accreditato: 102,00 €" in page
    assert "Ha lo stesso importo del flusso" in page
    assert "Quadratura con la tesoreria" in words(browser(town.enzo).get(reverse("mensa:office")))

    match = next(line for line in gino.get(PAGE).content.decode().split('"') if line.endswith("/abbina/"))
    fdr = simulator.node.days.reports()[0]["fdr"]
    assert "abbinato al flusso" in words(gino.post(match, {"fdr": fdr}, follow=True))
    page = words(gino.get(PAGE))
    assert "Tutto torna" in page
    assert "Quadrato 1 102,00 € 100,0 %" in page
    assert balance(town.family) == "102.00"
    assert_books_tally()
    assert "RT_IUF_TES" in gino.get(f"{PAGE}quadratura.csv").content.decode()


def load_the_journal(client: Client, simulator: Simulator) -> None:
    journal = httpx.get(f"{simulator.address}/giornata/giornale.xml", trust_env=False, timeout=30).content
    file = SimpleUploadedFile("giornale.xml", journal)
    answer = client.post(reverse("payments:reconciliation_load"), {"file": file}, follow=True)
    assert "Accrediti caricati: 1." in words(answer)
    again = SimpleUploadedFile("giornale.xml", journal)
    answer = client.post(reverse("payments:reconciliation_load"), {"file": again}, follow=True)
    assert "niente è cambiato" in words(answer)
