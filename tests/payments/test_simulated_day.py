"""The day's closing of the simulated node: reports and journals as the real ones, each defect where it was asked for."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from mensa import clock
from payments import gateways, outbox, reconciliation, settlement_polls, treasury
from payments.configuration import creditor, simulator_secret
from payments.fdr_document import read
from payments.gateways.fdr import FdrService
from payments.models import Notice, Receipt, ReconciliationCase, SettlementReport
from payments.rules.labels import Label
from tests import cast
from tests.payments.conftest import NOW, Simulator
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + dt.timedelta(days=10)
KEY = {"Ocp-Apim-Subscription-Key": simulator_secret()}
Issue = Callable[..., Notice]


@pytest.fixture(autouse=True)
def _hour(simulator: Simulator) -> Iterator[None]:
    """The watches of the node and of the portal say what the tests say, on whatever day these run."""
    simulator.node.clock = lambda: NOW
    clock.move_to(NOW)
    yield
    clock.reset()


def at_the_counter(simulator: Simulator, notice: Notice, outcome: str = "pay") -> httpx.Response:
    return httpx.post(
        f"{simulator.address}/sportello",
        data={"numero": notice.nav, "esito": outcome},
        trust_env=False,
        timeout=30,
    )


def close(simulator: Simulator, *defects: str) -> httpx.Response:
    return httpx.post(
        f"{simulator.address}/giornata", data={"difetto": list(defects)}, trust_env=False, timeout=30
    )


def settle(town: cast.Town, simulator: Simulator) -> list[str]:
    """The office asks for the reports, loads the journal; what is left is open."""
    poll = settlement_polls.run(poll=settlement_polls.ask(now=LATER), now=LATER)
    assert poll.problem == ""
    journal = httpx.get(f"{simulator.address}/giornata/giornale.xml", trust_env=False, timeout=30).content
    treasury.load(data=journal, name="giornale.xml", by=town.gino, now=LATER)
    reconciliation.sync(now=LATER)
    return sorted(ReconciliationCase.objects.open().values_list("label", flat=True))


@pytest.fixture
def paid(simulator: Simulator, issue: Issue) -> Notice:
    notice = issue()
    assert "Hai pagato" in at_the_counter(simulator, notice).text
    assert simulator.node.deliver_due() == 1
    return notice


def test_a_day_without_defects_tallies(simulator: Simulator, town: cast.Town, paid: Notice) -> None:
    close(simulator)
    assert settle(town, simulator) == []
    look = reconciliation.look(first=NOW.date(), last=NOW.date(), today=LATER.date())
    assert list(look.judgement.receipts.values()) == [Label.RT_IUF_TES]


@pytest.mark.parametrize(
    ("defect", "labels"),
    [
        ("duplicate", [Label.DUPLICATE]),
        ("wrong_sum", [Label.IUF_SUM]),
        ("wrong_credit", [Label.IUF_TES_DIV_IMP]),
        ("mangled", []),
        ("unreadable", [Label.IUF_NO_TES, Label.TES_NO_IUF_OR_IUV]),
        ("missing_report", [Label.RT_NO_IUF, Label.TES_NO_IUF_OR_IUV]),
        ("missing_credit", [Label.IUF_NO_TES]),
        ("revoked", [Label.REVOKED]),
    ],
)
def test_each_defect_is_found_and_named(
    simulator: Simulator, town: cast.Town, issue: Issue, defect: str, labels: list[Label]
) -> None:
    """A day before without defects, so that reports are known to come."""
    for notice, defects in ((issue(), ()), (issue("50.00"), (defect,))):
        at_the_counter(simulator, notice)
        simulator.node.deliver_due()
        close(simulator, *defects)
    assert settle(town, simulator) == sorted(label.value for label in labels)


@pytest.mark.parametrize(
    "defect", ["duplicate", "wrong_sum", "wrong_credit", "missing_report", "missing_credit"]
)
def test_the_bank_mends_its_defects_with_a_new_revision(
    simulator: Simulator, town: cast.Town, paid: Notice, defect: str
) -> None:
    close(simulator, defect)
    before = settle(town, simulator)
    fdr = simulator.node.days.reports()[0]["fdr"]
    answer = httpx.post(f"{simulator.address}/giornata/{fdr}/1/ripara", trust_env=False, timeout=30)
    assert answer.status_code == 303
    assert settle(town, simulator) == []
    assert SettlementReport.objects.newest().get().revision == 2
    assert bool(before) == ReconciliationCase.objects.filter(solved_at__isnull=False).exists()


def test_a_revoked_payment_is_taken_back_once_and_stays_a_case(
    simulator: Simulator, town: cast.Town, paid: Notice
) -> None:
    close(simulator, "revoked")
    settle(town, simulator)
    for _ in range(3):
        reconciliation.follow_up(now=LATER)
        reconciliation.sync(now=LATER)
    assert Wallet.objects.get(household=town.family).balance == 0
    assert Entry.objects.filter(kind="reversal").count() == 1
    case = ReconciliationCase.objects.open().get()
    assert case.reversal is not None
    reconciliation.close(case=case, note="Avvisata la famiglia.", by=town.gino, now=LATER)
    reconciliation.sync(now=LATER)
    assert not ReconciliationCase.objects.open().exists()


def test_a_receipt_that_never_came_is_asked_of_pagopa_and_credited_once(
    simulator: Simulator, town: cast.Town, issue: Issue
) -> None:
    at_the_counter(simulator, issue(), "lost")
    assert simulator.node.deliver_due() == 0
    close(simulator)
    assert settle(town, simulator) == ["IUV_NO_RT"]
    assert reconciliation.follow_up(now=LATER) == 1
    assert Receipt.objects.get().channel == Receipt.Channel.BIZ_EVENTS
    assert Wallet.objects.get(household=town.family).balance == Decimal("102.00")
    assert not ReconciliationCase.objects.open().exists()


def test_a_receipt_lost_for_ever_is_credited_from_the_report_and_never_again(
    simulator: Simulator, town: cast.Town, paid: Notice, issue: Issue
) -> None:
    issue("30.00")
    outbox.clear(limit=10, now=NOW)
    close(simulator, "lost_receipt")
    assert settle(town, simulator) == ["IUV_NO_RT"]
    assert reconciliation.follow_up(now=LATER) == 0
    case = ReconciliationCase.objects.open().get()
    reconciliation.credit_from_report(case=case, by=town.gino, now=LATER)
    assert Wallet.objects.get(household=town.family).balance == Decimal("132.00")
    assert not ReconciliationCase.objects.open().exists()


def test_stand_in_and_disordered_receipts_tally_too(
    simulator: Simulator, town: cast.Town, issue: Issue
) -> None:
    for outcome in ("standin", "reorder", "late", "twice"):
        at_the_counter(simulator, issue("10.00"), outcome)
    simulator.node.store.hurry(0)
    simulator.node.deliver_due()
    close(simulator)
    assert settle(town, simulator) == []
    assert Wallet.objects.get(household=town.family).balance == Decimal("40.00")


def test_closing_an_empty_day_says_so(simulator: Simulator) -> None:
    answer = close(simulator)
    assert answer.status_code == 422
    assert "Non ci sono pagamenti" in answer.text


def test_the_published_file_is_valid_for_the_official_schema(
    simulator: Simulator, reference: Path, paid: Notice
) -> None:
    close(simulator)
    fdr = simulator.node.days.reports()[0]["fdr"]
    content = httpx.get(f"{simulator.address}/giornata/{fdr}/1.xml", trust_env=False, timeout=30).content
    schema = etree.XMLSchema(etree.parse(str(reference / "xsd-common" / "FlussoRiversamento_1_0_4.xsd")))
    schema.assertValid(etree.fromstring(content))
    assert read(content).fdr == fdr


def test_the_same_report_by_file_and_by_rest_is_the_same(
    simulator: Simulator, town: cast.Town, paid: Notice
) -> None:
    close(simulator)
    fdr = simulator.node.days.reports()[0]["fdr"]
    content = httpx.get(f"{simulator.address}/giornata/{fdr}/1.xml", trust_env=False, timeout=30).content
    service = FdrService(line=gateways.line("FDR"), fiscal_code=creditor().fiscal_code)
    (published,) = service.published_since(NOW - dt.timedelta(days=30))
    assert service.report(published).digest == read(content).digest


def test_the_rest_service_wants_its_key_and_pages_its_answers(simulator: Simulator, issue: Issue) -> None:
    for _ in range(3):
        at_the_counter(simulator, issue("10.00"))
    close(simulator)
    place = f"{simulator.address}/fdr-org/service/v1/organizations/{creditor().fiscal_code}/fdrs"
    assert httpx.get(place, trust_env=False, timeout=30).status_code == 401
    row = httpx.get(place, headers=KEY, trust_env=False, timeout=30).json()["data"][0]
    payments = f"{place}/{row['fdr']}/revisions/1/psps/{row['pspId']}/payments"
    page: dict[str, Any] = httpx.get(
        payments, headers=KEY, params={"page": "2", "size": "2"}, trust_env=False, timeout=30
    ).json()
    assert (page["count"], page["metadata"]["totPage"], len(page["data"])) == (3, 2, 1)
    later = (NOW + dt.timedelta(hours=3)).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (
        httpx.get(place, headers=KEY, params={"publishedGt": later}, trust_env=False, timeout=30).json()[
            "data"
        ]
        == []
    )


def test_the_pages_say_simulation_and_offer_every_defect(simulator: Simulator, paid: Notice) -> None:
    page = httpx.get(f"{simulator.address}/giornata", trust_env=False, timeout=30).text
    assert "SIMULAZIONE" in page
    assert page.count('name="difetto"') == 10
    assert "102,00" in page


def test_a_photograph_of_the_notice_finds_it(simulator: Simulator, notice: Notice) -> None:
    """The QR code of the paper, as a phone would send it."""
    import io

    import segno

    from payments.rules.codes import qr_text

    text = qr_text(nav=notice.nav, fiscal_code=creditor().fiscal_code, amount=notice.amount)
    picture = io.BytesIO()
    segno.make(text, error="m").save(picture, kind="png", scale=6)
    answer = httpx.post(
        f"{simulator.address}/sportello/foto",
        files={"foto": ("avviso.png", picture.getvalue(), "image/png")},
        trust_env=False,
        timeout=30,
        follow_redirects=True,
    )
    assert notice.nav in answer.text
    assert "102,00" in answer.text
    blank = httpx.post(
        f"{simulator.address}/sportello/foto",
        files={"foto": ("x.png", b"x", "image/png")},
        trust_env=False,
        timeout=30,
    )
    assert "non si legge il QR" in blank.text
