"""The cast's town with a secret in every drawer: what is found on a page where it must not be says which drawer leaks."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from attendance import absences, closures, disputes, night, patterns, registers
from attendance.models import AbsenceReceipt, CanteenPeriod, PatronDay
from enrolments import diets, entitlements
from enrolments.models import (
    Diet,
    DietConfirmation,
    Dietician,
    DietRequest,
    IseeDeclaration,
    Pupil,
)
from mensa import clock, intake
from payments import campaigns, notices, uploads
from payments.models import CampaignItem, CheckoutAttempt, Receipt
from payments.rules import wording
from tests.cast import Town, at, build_town
from tests.guards.crawl import mornings
from tests.mensa.test_intake import GIULIA, sheet
from tests.payments.test_uploads import picture
from wallets import ledger
from wallets.models import Refund, RefundExport, Wallet

FIRST, LAST = dt.date(2026, 11, 20), dt.date(2027, 6, 9)
YESTERDAY, TODAY, TOMORROW = dt.date(2026, 11, 23), dt.date(2026, 11, 24), dt.date(2026, 11, 25)
NOW = at("2026-11-24 08:30")

#: Drawer -> what lies in it. Words that no page of the portal uses by itself.
SECRETS = {
    "diagnosis": "SegretoCeliachia",
    "belief": "SegretoReligione",
    "rejection": "SegretoRifiuto",
    "exemption": "SegretoEsenzione",
    "ISEE": "17777",
    "ISEE as Italian writes it": "17.777,77",
    "debt": "1.777,70",
    "IBAN": "IT60X0542811101000000123456",
    "IBAN in groups": "IT60 X054 2811 1010 0000 0123 456",
}
#: The code of a diet that is served, Tommaso's: the office and the kitchen know whose, or of which class, it is.
CODE = "Q-77"
#: Who belongs to Anna's family and must never stand on a page of Carla's, and the other way round.
OF_ANNA = ("Luca", "Sofia", "RSSNNA85M41Z998J", "BNCLCU18C10Z998N", "BNCSFO22E55Z998P", "anna@posta.example")
OF_CARLA = ("Tommaso", "NRETMS18H20Z998V", "VRDCRL80B42Z998B", "carla@posta.example")
PDF = b"%PDF-1.4 SegretoCeliachia %%EOF"


@dataclass
class Scene:
    town: Town
    made: dict[str, Any]

    @property
    def luca(self) -> Pupil:
        return self.town.luca

    @property
    def family(self) -> Any:
        return self.town.family

    def __getitem__(self, name: str) -> Any:
        return self.made[name]


def build() -> Scene:
    """On Tuesday 24 November at 08:30, after two nights."""
    town = build_town()
    for school in (town.infanzia, town.primaria):
        CanteenPeriod.objects.create(school=school, year=town.year, valid_from=FIRST, valid_to=LAST)
    PatronDay.objects.create(city="Bitritto", name="Madonna di Costantinopoli", month=3, weekday=1, nth=1)
    scene = Scene(town, {})
    clock.move_to(NOW)
    _entitle(town)
    night.run(now=at("2026-11-23 20:30"))
    for fill in (_diets, _attendance, _money, _papers, mornings.add):
        fill(scene)
    return scene


def _office(town: Town) -> dict[str, Any]:
    return {"by": town.enzo, "now": NOW}


def _entitle(town: Town) -> None:
    entitlements.correct_isee(
        declaration=IseeDeclaration.objects.get(), value=Decimal("17777.77"), **_office(town)
    )
    entitlements.exempt(
        pupil=town.sofia, kind="disability", act="SegretoEsenzione", from_day=TOMORROW, **_office(town)
    )
    entitlements.assign_diet(pupil=town.tommaso, code=CODE, reason="altro", from_day=FIRST, **_office(town))


def _diets(scene: Scene) -> None:
    """Luca's severe diet waits for confirmation, Sofia's request for the office, Tommaso's was refused."""
    town = scene.town
    Dietician.objects.create(user=town.enzo, qualification="dietista")
    ill = diets.Asked(kind="health", reason="SegretoCeliachia", first_day=TOMORROW, certificate=PDF)
    first = diets.ask(pupil=town.luca, asked=ill, by=town.anna, now=NOW)
    decision = diets.Decision(
        code="D-03", first_day=TOMORROW, severe=True, certificate_until=dt.date(2026, 12, 10)
    )
    diets.accept(request=first, decision=decision, **_office(town))
    scene.made["accepted request"] = first
    creed = diets.Asked(kind="belief", reason="SegretoReligione", first_day=TOMORROW, certificate=PDF)
    scene.made["request"] = diets.ask(pupil=town.sofia, asked=creed, by=town.anna, now=NOW)
    no = diets.ask(pupil=town.tommaso, asked=creed, by=town.carla, now=NOW)
    diets.reject(request=no, reason="SegretoRifiuto", **_office(town))
    scene.made["diet"] = Diet.objects.get(pupil=town.luca)
    scene.made["confirmation"] = DietConfirmation.objects.get()
    assert DietRequest.objects.count() == 3


def _attendance(scene: Scene) -> None:
    town = scene.town
    for pupil in (town.luca, town.sofia):
        absences.mark(pupil=pupil, days=[TODAY], by=town.anna, now=NOW)
    registers.confirm(
        class_group=town.classes["primaria 3A"], day=TODAY, absent_pupils=[], by=town.dora, now=NOW
    )
    wallet = Wallet.objects.filter(household=town.family)
    scene.made["dispute"] = disputes.open_dispute(
        pupil=town.luca, day=YESTERDAY, wallets=wallet, words="non c'era", by=town.anna, now=NOW
    )
    scene.made["pattern"], _ = patterns.say(
        pupil=town.sofia, weekday=4, first=TODAY, last=dt.date(2026, 12, 31), by=town.anna, now=NOW
    )
    scene.made["absence receipt"] = AbsenceReceipt.objects.filter(pupil=town.sofia).latest("pk")
    scene.made["closure"] = closures.declare(
        school=town.primaria,
        class_group=None,
        first_day=dt.date(2026, 12, 3),
        last_day=dt.date(2026, 12, 3),
        reason="assembly",
        act="nota",
        **_office(town),
    )


def _money(scene: Scene) -> None:
    """Anna's family owes 1,777.70 euro and has a notice, a paper receipt and an attempt; a refund waits with its account."""
    town, wallet = scene.town, Wallet.objects.get(household=scene.family)
    scene.made["entry"] = ledger.adjust(
        wallet=wallet, amount=Decimal("-1777.70"), key="segreto", reason="rettifica", **_office(town)
    )
    scene.made["notice"] = notices.issue(
        wallet=wallet,
        pupil=town.luca,
        amount=Decimal("102.00"),
        subject=wording.notice_subject(pupil_code=town.luca.code, meals=30, year="2026/27"),
        due_date=dt.date(2026, 12, 24),
        now=NOW,
    )
    scene.made["upload"] = uploads.receive(
        household=scene.family,
        content=picture(),
        declared=uploads.Declaration(amount=Decimal("102.00"), paid_on=YESTERDAY),
        by=town.anna,
        now=NOW,
    )
    scene.made["attempt"] = CheckoutAttempt.objects.create(
        household=scene.family, form_key=uuid.uuid4(), started_by=town.anna, started_at=NOW
    )
    scene.made["receipt"] = Receipt.objects.create(
        fiscal_code="80000000000",
        receipt_id="RT-1",
        amount=Decimal("10.00"),
        channel=Receipt.Channel.SOAP,
        state=Receipt.State.TO_REVIEW,
        received_at=NOW,
    )
    scene.made["campaign"] = campaigns.create(
        year=town.year,
        name="30 pasti",
        meals=30,
        price_day=TODAY,
        due_date=dt.date(2026, 12, 24),
        **_office(town),
    )
    campaigns.start(campaign=scene["campaign"], **_office(town))
    scene.made["campaign item"] = CampaignItem.objects.order_by("pk").first()
    scene.made["refund"] = Refund.objects.create(
        wallet=wallet,
        amount=Decimal("10.00"),
        method=Refund.Method.BANK,
        iban=SECRETS["IBAN"],
        prepared_by=town.enzo,
        prepared_at=NOW,
        due_by=LAST,
    )


def _papers(scene: Scene) -> None:
    """A list of applications waiting, a list of refunds that went to the bank."""
    scene.made["batch"] = intake.check(
        file=sheet(GIULIA).read(), name="domande.csv", year=scene.town.year, **_office(scene.town)
    )
    scene.made["export"] = RefundExport.objects.create(
        made_at=NOW, made_by=scene.town.enzo, transfers=1, total=Decimal("10.00"), content=SECRETS["IBAN"]
    )
