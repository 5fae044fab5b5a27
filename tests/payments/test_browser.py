"""The pages of payments in a real browser at two widths: nobody shut out, nothing overflowing, no error in the console."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from identity.models import User
from payments import campaign_step, campaigns, notice_pdf, receipts, treasury
from payments.models import Notice, UploadedReceipt
from tests import cast
from tests.e2e.conftest import browser, files, outside, portal, visitor  # noqa: F401 - fixtures
from tests.e2e.visitor import Visitor
from tests.payments.conftest import NOW
from tests.payments.settled import FDR, a_credit, opi
from tests.payments.test_receipts import incoming

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Enter = Callable[[str], Visitor]
URI = f"/PUR/LGPE-RIVERSAMENTO/URI/{FDR}"


def sign_in(who: Visitor, user: User, client_of: Callable[[User], Client]) -> None:
    """With the cookie of a session: the login has its own tests."""
    session = client_of(user).cookies[settings.SESSION_COOKIE_NAME].value
    who.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": who.home}])


def test_the_parent_pays_cancels_fails_and_sends_a_receipt(
    visitor: Enter,  # noqa: F811
    town: cast.Town,
    notice: Notice,
    client_of: Callable[[User], Client],
    tmp_path: Path,
) -> None:
    paper = tmp_path / "ricevuta.pdf"
    paper.write_bytes(notice_pdf.render([notice]))
    anna = visitor("anna")
    sign_in(anna, town.anna, client_of)
    for button, words in (
        ("Annulla e torna", "Hai lasciato la pagina"),
        ("Il pagamento non riesce", "non è andato a buon fine"),
    ):
        anna.go(reverse("payments:pay", args=[town.family.code]))
        anna.look("Paga e ricarica")
        anna.page.get_by_role("checkbox").first.check()
        anna.press("Paga con pagoPA")
        anna.page.wait_for_url("**/node/checkout/**")
        anna.look("Paga")
        anna.press(button)
        anna.page.get_by_text(words).wait_for()
        anna.look("Il tuo pagamento")
    anna.go(reverse("payments:upload_receipt", args=[town.family.code]))
    anna.page.get_by_label("Ricevuta", exact=True).set_input_files(paper)
    anna.page.get_by_label("Importo pagato").fill("102,00")
    anna.page.get_by_label("Pagato il").fill("2026-11-20")
    anna.press("Invia la ricevuta")
    anna.page.get_by_text("l'ufficio la controlla e poi la accredita. Ti scriviamo noi").wait_for()
    anna.look("Invia una ricevuta")
    assert UploadedReceipt.objects.get().read_data["navs"] == [notice.nav]


def test_the_office_prepares_a_campaign_decides_a_receipt_and_places_money(
    visitor: Enter,  # noqa: F811
    town: cast.Town,
    notice: Notice,
    client_of: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: Any,
) -> None:
    from payments import uploads

    declared = uploads.Declaration(amount=notice.amount, paid_on=NOW.date(), nav=notice.nav, pupil=town.luca)
    content = notice_pdf.render([notice])
    upload = uploads.receive(household=town.family, content=content, declared=declared, by=town.anna, now=NOW)
    receipts.record(incoming=incoming("301000000099999962"), channel="soap", now=NOW)
    enzo = visitor("enzo")
    sign_in(enzo, town.enzo, client_of)
    enzo.go(reverse("payments:campaign_new"))
    enzo.look("Nuova campagna")
    enzo.press("Continua e guarda i numeri")
    enzo.look("30 pasti 2026/27")
    settings.CELERY_TASK_ALWAYS_EAGER = True
    monkeypatch.setattr(campaign_step, "SUBJECT", "Prova")
    enzo.press("Avvia: invia 3 avvisi")
    enzo.page.get_by_text("3 di 3").wait_for(timeout=30_000)
    enzo.look("30 pasti 2026/27")
    enzo.go(reverse("payments:campaigns"))
    enzo.look("Avvisi di pagamento")
    enzo.go(reverse("payments:inbox"))
    enzo.look("Ricevute consegnate")
    enzo.go(reverse("payments:upload", args=[upload.token]))
    enzo.look("Ricevuta consegnata")
    enzo.page.get_by_label("Identificativo della ricevuta").fill("c110729d258c4ab1b765fe902aae41d6")
    enzo.press("Accetta e accredita")
    enzo.page.get_by_text("l'importo è nel borsellino").wait_for()
    enzo.go(reverse("payments:review"))
    enzo.look("Ricevute pagoPA da abbinare")
    enzo.page.get_by_label("Codice famiglia").fill(town.family.code)
    enzo.press("Accredita a questa famiglia")
    enzo.page.get_by_text("C'è già un pagamento uguale: 102,00 euro").wait_for()
    enzo.look("Ricevute pagoPA da abbinare")
    enzo.page.get_by_label("Codice famiglia").fill(town.family.code)
    enzo.page.get_by_label("È un altro pagamento").check()
    enzo.press("Accredita a questa famiglia")
    enzo.page.get_by_text("Nulla da abbinare").wait_for()


def test_a_running_campaign_shows_how_far_it_is(
    visitor: Enter,  # noqa: F811
    town: cast.Town,
    client_of: Callable[[User], Client],
) -> None:
    campaign = campaigns.create(
        year=town.year,
        name="In corso",
        meals=30,
        price_day=NOW.date(),
        due_date=NOW.date(),
        by=town.enzo,
        now=NOW,
    )
    campaigns.start(campaign=campaign, by=town.enzo, now=NOW)
    town.carla_family.applicant.email = ""
    town.carla_family.applicant.save()
    enzo = visitor("enzo-in-corso")
    sign_in(enzo, town.enzo, client_of)
    enzo.go(reverse("payments:campaign", args=[campaign.pk]))
    enzo.page.get_by_text("0 di 3").wait_for()
    campaign_step.step(campaign=campaign, limit=2, now=NOW)
    enzo.page.get_by_text("2 di 3").wait_for()
    enzo.look("In corso")
    campaign_step.step(campaign=campaign, limit=2, now=NOW)
    enzo.page.get_by_text("Da rivedere", exact=True).wait_for()
    enzo.look("In corso")


def test_the_accounts_office_annuls_a_credit_that_was_written_wrong(
    visitor: Enter,  # noqa: F811
    town: cast.Town,
    client_of: Callable[[User], Client],
) -> None:
    treasury.load(data=opi(("1002", "102.00", "ESEGUITO", URI), ("1002", "2.00", "STORNATO", URI)), name="g.xml", by=town.gino, now=NOW)  # fmt: skip
    treasury.record(credit=a_credit(), by=town.gino, now=NOW)
    gino = visitor("gino")
    sign_in(gino, town.gino, client_of)
    gino.go(reverse("payments:reconciliation"))
    gino.look("Quadratura con la tesoreria")
    gino.go(f"{reverse('payments:reconciliation_credits')}?dal=2026-11-01&al=2026-11-30")
    gino.page.get_by_text("Annulla l'accredito").click()
    gino.look("Accrediti del tesoriere")
    gino.page.get_by_label("Perché è sbagliato").fill("Copiato due volte dal prospetto.")
    gino.page.get_by_role("button", name="Annulla", exact=True).click()
    gino.reads("annullato: non conta più")
    gino.go(f"{reverse('payments:reconciliation_credits')}?dal=2026-11-01&al=2026-11-30")
    gino.reads("Copiato due volte dal prospetto.")
    gino.look("Accrediti del tesoriere")
