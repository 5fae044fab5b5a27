"""A parent disputes a charge within its window; the office answers; the outcome is an entry, once, and both parents know."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from attendance import absences, closures, corrections, dispute_mail, disputes, night, registers, tasks
from attendance.errors import NotDisputable, TooLate
from attendance.models import AttendanceRules, ClassRegister, Dispute, SchoolPhase
from attendance.rules import disputing
from enrolments.models import SchoolYear
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.attendance.test_pages import text
from tests.cast import Town, at
from tests.refusing import refuse
from wallets.models import Charge, Entry, Wallet

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
NIGHT = at("2026-11-24 20:05")
MORNING_AFTER = at("2026-11-25 08:00")
SAID = "Avevo avvisato la scuola."


@pytest.fixture
def charged(canteen: Town) -> Town:
    """Luca, Sofia and Tommaso ate on Tuesday and were charged; it is the morning after."""
    night.run(now=NIGHT)
    clock.move_to(MORNING_AFTER)
    return canteen


def dispute(town: Town, *, now: dt.datetime = MORNING_AFTER, by: User | None = None) -> Dispute:
    parent = by or town.anna
    return disputes.open_dispute(
        pupil=town.luca,
        day=TUESDAY,
        wallets=Wallet.objects.of_parent(parent),
        words=SAID,
        by=parent,
        now=now,
    )


def charges(town: Town) -> list[str]:
    rows = Charge.objects.filter(service_day=TUESDAY, pupil=town.luca).order_by("revision")
    return [str(row.amount) for row in rows]


@pytest.mark.parametrize(
    ("charged_on", "until_day", "longest", "last"),
    [
        ("2026-11-24", 7, 60, "2026-12-07"),
        ("2026-11-30", 7, 60, "2026-12-07"),
        ("2026-12-01", 7, 60, "2027-01-07"),
        ("2027-01-29", 31, 60, "2027-02-28"),
        ("2026-12-01", 28, 30, "2026-12-31"),
        ("2026-11-24", 0, 60, "2026-12-01"),
    ],
)
def test_the_window_closes_on_that_day_of_the_next_month(
    charged_on: str, until_day: int, longest: int, last: str
) -> None:
    found = disputing.last_day(dt.date.fromisoformat(charged_on), until_day=until_day, longest_days=longest)
    assert found == dt.date.fromisoformat(last)


def test_a_dispute_gathers_its_evidence_and_starts_the_clock_of_the_office(charged: Town) -> None:
    row = dispute(charged)
    assert (str(row.amount), row.revision, row.state) == ("3.40", 0, "open")
    assert row.answer_by == dt.date(2026, 12, 25)
    facts = {fact["title"]: fact["text"] for fact in row.evidence}
    assert facts["Esito del giorno"] == "Mangia a mensa."
    assert facts["Chi segna le assenze"] == "i genitori e la scuola"
    assert facts["Appello"] == "non confermato dalla scuola"


def test_the_days_of_the_office_are_in_the_rules(charged: Town) -> None:
    AttendanceRules.objects.create(valid_from=dt.date(2026, 9, 1), act="Delibera 1", dispute_answer_days=10)
    assert dispute(charged).answer_by == dt.date(2026, 12, 5)


def test_the_last_day_is_good_and_the_next_is_not(charged: Town) -> None:
    with pytest.raises(NotDisputable, match="fino al 07/12/2026"):
        dispute(charged, now=at("2026-12-08 00:00"))
    assert dispute(charged, now=at("2026-12-07 23:59")).is_open


def test_there_is_nothing_to_dispute_without_a_charge_of_the_own_wallet(charged: Town) -> None:
    with pytest.raises(NotDisputable, match="non c'è un addebito"):
        dispute(charged, by=charged.carla)
    corrections.correct(
        pupil=charged.luca, day=TUESDAY, absent=True, reason="febbre", by=charged.enzo, now=MORNING_AFTER
    )
    night.run(now=MORNING_AFTER)
    with pytest.raises(NotDisputable, match="non c'è un addebito"):
        dispute(charged)


def test_one_open_dispute_per_child_and_day_whoever_of_the_parents_asks(charged: Town) -> None:
    row = dispute(charged)
    with pytest.raises(NotDisputable, match="già stato contestato"):
        dispute(charged, by=charged.bruno)
    disputes.withdraw(dispute=row, by=charged.bruno, now=MORNING_AFTER)
    again = dispute(charged, by=charged.bruno)
    disputes.reject(dispute=again, answer="Il bambino ha mangiato.", by=charged.enzo, now=MORNING_AFTER)
    with pytest.raises(NotDisputable, match="già stato contestato"):
        dispute(charged)


def test_accepted_it_becomes_the_reversal_of_that_charge_once(
    charged: Town, balances: Callable[[], dict[str, str]]
) -> None:
    before = balances()["Bianchi"]
    row = dispute(charged)
    disputes.accept(dispute=row, answer="Hai ragione.", by=charged.enzo, now=at("2026-11-25 10:00"))
    with pytest.raises(NotDisputable, match="già chiusa: accolta"):
        disputes.accept(dispute=row, answer="", by=charged.enzo, now=at("2026-11-25 10:01"))
    for _ in range(2):
        night.run(now=at("2026-11-25 10:05"))
    assert charges(charged) == ["-3.40", "3.40"]
    reversal = disputes.reversals([row])[row.pk]
    assert (reversal.revision, str(reversal.amount)) == (row.revision + 1, "3.40")
    assert f"contestazione {row.label} accolta: Hai ragione." in str(reversal.explanation.facts)
    assert float(balances()["Bianchi"]) - float(before) == pytest.approx(3.40)


def test_rejected_it_needs_a_reason_and_the_charge_stays(charged: Town) -> None:
    row = dispute(charged)
    with pytest.raises(NotDisputable, match="Scrivi il motivo"):
        disputes.reject(dispute=row, answer="  ", by=charged.enzo, now=MORNING_AFTER)
    disputes.reject(
        dispute=row, answer="La maestra lo ha visto a tavola.", by=charged.enzo, now=MORNING_AFTER
    )
    night.run(now=at("2026-11-25 10:05"))
    assert charges(charged) == ["-3.40"]


def test_a_charge_reversed_meanwhile_is_not_reversed_twice(charged: Town) -> None:
    row = dispute(charged)
    closures.declare(
        school=charged.primaria,
        class_group=None,
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason="heating",
        meal="none",
        act="ord. 9",
        by=charged.enzo,
        now=MORNING_AFTER,
    )
    disputes.accept(dispute=row, answer="", by=charged.enzo, now=at("2026-11-25 09:00"))
    night.run(now=at("2026-11-25 10:05"))
    assert charges(charged) == ["-3.40", "3.40"]


def test_in_a_closed_year_the_outcome_is_an_adjustment(
    charged: Town, balances: Callable[[], dict[str, str]]
) -> None:
    row = dispute(charged)
    SchoolYear.objects.update(state=SchoolYear.State.CLOSED)
    done = disputes.accept(dispute=row, answer="", by=charged.enzo, now=at("2026-11-25 09:00"))
    assert done.adjustment is not None
    assert (done.adjustment.kind, str(done.adjustment.amount)) == (Entry.Kind.ADJUSTMENT, "3.40")
    assert done.adjustment.cause == f"adjustment:dispute:{row.pk}"
    night.run(now=at("2026-11-25 10:05"))
    assert charges(charged) == ["-3.40"]


def test_a_late_debit_is_disputed_from_the_day_it_was_recorded(canteen: Town) -> None:
    """Retro-presence (domain.md section 9, 23): the office finds in December that the child ate in November."""
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    night.run(now=NIGHT)
    assert charges(canteen) == []
    found = at("2026-12-21 10:00")
    corrections.correct(
        pupil=canteen.luca, day=TUESDAY, absent=False, reason="ha mangiato", by=canteen.enzo, now=found
    )
    night.run(now=found)
    assert charges(canteen) == ["-3.40"]
    row = dispute(canteen, now=at("2027-01-07 12:00"))
    facts = {fact["title"]: fact["text"] for fact in row.evidence}
    assert facts["Esito del giorno"] == "Presente: corretto dall'ufficio."
    assert "Ricevuta n. 1/2026" in facts
    disputes.accept(dispute=row, answer="", by=canteen.enzo, now=at("2027-01-08 09:00"))
    night.run(now=at("2027-01-08 09:05"))
    assert charges(canteen) == ["-3.40", "3.40"]


def test_phase_c_from_the_remark_of_the_school_to_the_reversal(canteen: Town, client_of: Browser) -> None:
    """Debit stays, disputable, remark kept as evidence: the whole way (domain.md section 5)."""
    SchoolPhase.objects.create(school=canteen.primaria, phase="C", valid_from=dt.date(2026, 11, 1))
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:05"))
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[canteen.luca.pk],
        by=canteen.dora,
        now=at("2026-11-24 09:10"),
    )
    night.run(now=NIGHT)
    assert charges(canteen) == ["-3.40"]
    clock.move_to(MORNING_AFTER)
    anna = client_of(canteen.anna)
    statement = text(anna.get(reverse("wallets:statement", args=[canteen.family.code])))
    assert "Non torna? Fino al 7 dicembre puoi contestarlo: contesta" in statement
    url = reverse("attendance:dispute", args=[canteen.luca.code, "2026-11-24"])
    before = text(anna.get(url))
    assert "hai ancora 12 giorni" in before
    assert "puoi contestarlo" in before
    page = text(anna.post(url, {"words": SAID}, follow=True))
    assert "mancano 30 giorni" in page
    row = Dispute.objects.get()
    facts = " / ".join(f"{fact['title']}: {fact['text']}" for fact in row.evidence)
    for piece in (
        "Chi segna le assenze: i genitori /",
        "Detto da: scuola: assente",
        "assente, oltre l'orario (Anna Rossi, 24/11/2026 alle 09:05:00)",
        "Ricevuta n. 1/2026: assente, oltre l'orario",
        "Appello: confermato dalla scuola, 24/11/2026 alle 09:10:00",
    ):
        assert piece in facts
    assert "Dora" not in facts
    enzo = client_of(canteen.enzo)
    assert "Contestazioni" in text(enzo.get(reverse("mensa:office")))
    answer = {"esito": "accolta", "answer": "La scuola conferma."}
    enzo.post(reverse("attendance:dispute_decide", args=[row.pk]), answer)
    night.run(now=at("2026-11-25 10:05"))
    assert charges(canteen) == ["-3.40", "3.40"]
    after = text(anna.get(reverse("wallets:statement", args=[canteen.family.code])))
    assert f"Contestazione {row.label} accolta: 3,40" in after
    assert f"Esito della contestazione {row.label}." in after
    assert f"contestazione {row.label} accolta: La scuola conferma" in after
    assert "è lo storno di questo addebito" in text(anna.get(url))
    assert "storno del" in text(enzo.get(reverse("attendance:disputes")))


def test_the_statement_says_that_it_was_rejected_and_why(charged: Town, client_of: Browser) -> None:
    row = dispute(charged)
    disputes.reject(
        dispute=row, answer="La maestra lo ha visto a tavola.", by=charged.enzo, now=MORNING_AFTER
    )
    for user in (charged.bruno, charged.enzo):
        page = text(client_of(user).get(reverse("wallets:statement", args=[charged.family.code])))
        assert f"Contestazione {row.label} respinta: La maestra lo ha visto a tavola." in page


def test_the_accounts_office_reads_the_outcome_but_has_no_way_to_the_evidence(
    charged: Town, client_of: Browser
) -> None:
    dispute(charged)
    page = client_of(charged.gino).get(reverse("wallets:statement", args=[charged.family.code]))
    assert "in attesa: risposta entro il 25 dicembre" in text(page)
    assert reverse("attendance:disputes") not in page.content.decode()


def test_both_parents_are_told_once_of_each_news(charged: Town) -> None:
    row = dispute(charged)
    mail.outbox.clear()
    tasks.tell_disputes()
    tasks.tell_disputes()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["anna@posta.example", "bruno@posta.example"]
    assert all("Luca" not in letter.subject and "24" not in letter.subject for letter in mail.outbox)
    disputes.reject(dispute=row, answer="Era a tavola.", by=charged.enzo, now=MORNING_AFTER)
    tasks.tell_disputes()
    assert len(mail.outbox) == 4
    assert "L'ufficio scrive: Era a tavola." in mail.outbox[-1].body


def test_a_mail_that_fails_is_tried_again(charged: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dispute(charged)

    def broken(*_: object) -> int:
        raise OSError("server spento")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", broken)
        assert dispute_mail.send_owed(now=MORNING_AFTER) == 0
    assert list(dispute_mail.untold(MORNING_AFTER)) == [row]
    later = MORNING_AFTER + dt.timedelta(minutes=10)
    assert dispute_mail.send_owed(now=later) == 1
    assert len(mail.outbox) == 2
    assert not dispute_mail.untold(later)


def test_a_refused_address_neither_silences_nor_repeats_the_mail_to_the_other_parent(
    charged: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute(charged)
    mail.outbox.clear()
    refuse(monkeypatch, "bruno@posta.example")
    for number in range(3):
        assert dispute_mail.untold(MORNING_AFTER)
        dispute_mail.send_owed(now=MORNING_AFTER + number * dt.timedelta(minutes=10))
    assert [letter.to for letter in mail.outbox] == [["anna@posta.example"]]
    assert not dispute_mail.untold(MORNING_AFTER)


def test_who_missed_the_first_news_gets_the_second_and_so_does_who_read_it(
    charged: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dispute(charged)
    mail.outbox.clear()
    with monkeypatch.context() as patch:
        refuse(patch, "bruno@posta.example")
        dispute_mail.send_owed(now=MORNING_AFTER)
    disputes.reject(dispute=row, answer="Era a tavola.", by=charged.enzo, now=MORNING_AFTER)
    dispute_mail.send_owed(now=MORNING_AFTER + dt.timedelta(minutes=10))
    readers = [(letter.to[0][:4], "Era a tavola" in letter.body) for letter in mail.outbox]
    assert sorted(readers) == [("anna", False), ("anna", True), ("brun", True)]


def test_news_that_nobody_could_read_makes_room_after_some_days(charged: Town) -> None:
    row = dispute(charged)
    assert list(dispute_mail.untold(row.opened_at + dt.timedelta(days=5))) == [row]
    assert not dispute_mail.untold(row.opened_at + dt.timedelta(days=5, seconds=1))


def test_strangers_and_other_roles_stay_out(charged: Town, client_of: Browser) -> None:
    row = dispute(charged)
    url = reverse("attendance:dispute", args=[charged.luca.code, "2026-11-24"])
    withdraw = reverse("attendance:dispute_withdraw", args=[charged.luca.code, row.pk])
    assert client_of(charged.carla).get(url).status_code == 404
    assert client_of(charged.carla).post(withdraw).status_code == 404
    for user in (charged.dora, charged.franca, charged.gino):
        assert client_of(user).get(reverse("attendance:disputes")).status_code == 403
    decide = reverse("attendance:dispute_decide", args=[row.pk])
    assert client_of(charged.auditor).post(decide, {"esito": "accolta"}).status_code == 403
    for day in ("2026-11-26", "ieri"):
        other = reverse("attendance:dispute", args=[charged.luca.code, day])
        assert client_of(charged.anna).get(other).status_code == 404


def test_the_office_sees_the_queue_with_the_evidence_and_answers_with_one_click(
    charged: Town, client_of: Browser
) -> None:
    row = dispute(charged)
    enzo = client_of(charged.enzo)
    page = text(enzo.get(reverse("attendance:disputes")))
    for piece in (SAID, "mancano 30 giorni", "non confermato dalla scuola", "Accogli: storna 3,40"):
        assert piece in page
    decide = reverse("attendance:dispute_decide", args=[row.pk])
    assert "Scrivi il motivo" in text(enzo.post(decide, {"esito": "respinta", "answer": ""}, follow=True))
    done = text(enzo.post(decide, {"esito": "accolta", "answer": ""}, follow=True))
    assert f"Contestazione {row.label} accolta: lo diciamo alla famiglia." in done


def test_what_must_never_happen_to_a_dispute_has_a_name(charged: Town) -> None:
    row = dispute(charged)
    facts = {
        field.attname: getattr(row, field.attname) for field in Dispute._meta.fields if not field.primary_key
    }
    for name, wrong in (
        ("one_open_dispute_per_pupil_and_day", {"revision": 2}),
        ("one_dispute_per_charge", _decided(charged, "accepted")),
        ("a_decided_dispute_says_who_and_when", {"state": "accepted", "revision": 2}),
        ("a_rejected_dispute_has_a_reason", {**_decided(charged, "rejected"), "revision": 2}),
        ("a_dispute_is_of_a_debit", {"amount": 0, "day": dt.date(2026, 11, 23)}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Dispute.objects.create(**{**facts, **wrong})
    disputes.reject(dispute=row, answer="no", by=charged.enzo, now=MORNING_AFTER)
    for change in ("UPDATE attendance_dispute SET state = 'open'", "DELETE FROM attendance_dispute"):
        with (
            pytest.raises(DatabaseError, match="resta com'è"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


def _decided(town: Town, state: str) -> dict[str, object]:
    return {"state": state, "decided_by_id": town.enzo.pk, "decided_at": MORNING_AFTER, "answer": ""}


def test_the_statement_asks_the_same_queries_with_one_charge_and_with_many(
    canteen: Town, client_of: Browser, django_assert_max_num_queries: Callable[..., object]
) -> None:
    url = reverse("wallets:statement", args=[canteen.family.code])
    anna = client_of(canteen.anna)
    night.run(now=at("2026-11-02 20:05"))
    clock.move_to(at("2026-11-03 08:00"))
    with django_assert_max_num_queries(40) as few:  # type: ignore[attr-defined]
        anna.get(url)
    night.run(now=at("2026-11-27 20:05"))
    clock.move_to(at("2026-11-28 08:00"))
    with django_assert_max_num_queries(40) as many:  # type: ignore[attr-defined]
        page = anna.get(url)
    assert text(page).count("contesta") >= 30
    assert len(few) == len(many)
    assert not ClassRegister.objects.exists()
