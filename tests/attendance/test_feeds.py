"""Calendars to subscribe to: read by somebody else's library, without any child in the public ones, revocable."""

import datetime as dt
import logging
import re
from collections.abc import Callable
from typing import Any

import icalendar
import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from attendance import absences, closures, feed_events, feeds
from attendance.models import CalendarFeed
from attendance.rules import ical
from attendance.rules.ical import Event
from identity.encryption import fingerprints
from identity.models import User
from mensa import clock
from mensa.request_log import RequestLogMiddleware
from tests.attendance.conftest import LAST, TUESDAY
from tests.cast import Town, at

Browser = Callable[[User], Client]
NOW = at("2026-11-24 08:40")
STAMP = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)
needs_database = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(NOW)


def event(**changes: Any) -> Event:
    return Event(
        **{"uid": "a@b", "first": TUESDAY, "last": TUESDAY, "summary": "x", "stamp": STAMP, **changes}
    )


def read(body: bytes) -> dict[str, Any]:
    """UID -> event, as the library reads them."""
    found = icalendar.Calendar.from_ical(body)
    assert not found.errors
    events = list(found.walk("VEVENT"))
    assert not any(one.errors for one in events)
    assert len({str(one["UID"]) for one in events}) == len(events)
    return {str(one["UID"]): one for one in events}


def summaries(body: bytes) -> list[str]:
    return [str(one["SUMMARY"]) for one in read(body).values()]


class TestTheWriting:
    def test_an_event_is_a_whole_day_and_ends_the_day_after(self) -> None:
        (one,) = read(
            ical.calendar(name="Mensa", events=[event(last=TUESDAY + dt.timedelta(days=1))])
        ).values()
        assert (one.decoded("DTSTART"), one.decoded("DTEND")) == (TUESDAY, TUESDAY + dt.timedelta(days=2))
        assert one.decoded("DTSTAMP") == STAMP
        assert b"DTSTART;VALUE=DATE:20261124\r\n" in ical.calendar(name="Mensa", events=[event()])

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
    def test_any_text_comes_back_as_it_was(self, text: str) -> None:
        (one,) = read(ical.calendar(name=text, events=[event(summary=text, description=text)])).values()
        assert str(one["SUMMARY"]) == text
        assert str(one.get("DESCRIPTION", "")) == text

    @given(st.text(max_size=400))
    def test_no_line_is_longer_than_75_octets_and_every_line_ends_as_it_must(self, text: str) -> None:
        text = text.encode("utf-8", "ignore").decode()
        body = ical.calendar(name="Mensa", events=[event(summary=text)])
        assert body.endswith(b"END:VCALENDAR\r\n")
        assert b"\n" not in body.replace(b"\r\n", b"")
        assert b"\r" not in body.replace(b"\r\n", b"")
        for line in body.split(b"\r\n"):
            assert len(line) <= 75
            line.decode()  # no character is cut in two

    def test_commas_semicolons_backslashes_and_line_ends_are_escaped(self) -> None:
        assert ical.escape("a, b; c\\d\r\ne") == "a\\, b\\; c\\\\d\\ne"
        assert ical.escape("a\x07\x7fb") == "ab"

    def test_nobody_can_add_a_line_of_their_own(self) -> None:
        body = ical.calendar(name="x", events=[event(summary="x\r\nATTENDEE:mailto:a@b.example")])
        assert b"\r\nATTENDEE" not in body


@needs_database
class TestTheFeedOfASchoolOrClass:
    @pytest.fixture(autouse=True)
    def _closures(self, canteen: Town) -> None:
        office: dict[str, Any] = {"by": canteen.enzo, "now": NOW}
        closures.declare(
            first_day=dt.date(2026, 12, 23),
            last_day=dt.date(2027, 1, 6),
            reason="calendar",
            act="D.G.R. 1, art. 2; vacanze",
            **office,
        )
        for name, reason, meal in (("primaria 3A", "strike", "none"), ("primaria 4A", "trip", "packed")):
            closures.declare(
                class_group=canteen.classes[name],
                first_day=TUESDAY,
                last_day=TUESDAY,
                reason=reason,
                meal=meal,
                **office,
            )

    def body(self, feed: CalendarFeed) -> bytes:
        page = Client().get(reverse("attendance:feed", args=[feed.token]))
        assert page.status_code == 200
        assert page["Content-Type"] == "text/calendar; charset=utf-8"
        return page.content

    def test_a_school_has_its_closures_feasts_patron_and_dates(self, canteen: Town) -> None:
        found = summaries(self.body(feeds.open_feed(school=canteen.primaria, now=NOW)))
        for expected in (
            "niente mensa: calendario scolastico",
            "3A: niente mensa: sciopero",
            "4A: pranzo al sacco: uscita didattica",
            "niente mensa: Immacolata Concezione",
            "niente mensa: Madonna di Costantinopoli",
            "inizia la mensa",
            "ultimo giorno di mensa",
        ):
            assert expected in found
        assert "niente mensa: Ferragosto" not in found

    def test_a_class_has_its_own_and_not_the_other_classes(self, canteen: Town) -> None:
        found = summaries(self.body(feeds.open_feed(class_group=canteen.classes["primaria 3A"], now=NOW)))
        assert "3A: niente mensa: sciopero" in found
        assert not [one for one in found if one.startswith("4A")]

    def test_no_child_and_no_adult_is_named(self, canteen: Town) -> None:
        for subject in ({"school": canteen.primaria}, {"class_group": canteen.classes["primaria 3A"]}):
            body = self.body(feeds.open_feed(**subject, now=NOW)).decode()
            for name in ("Luca", "Bianchi", "Tommaso", "Neri", "Enzo", canteen.luca.code):
                assert name not in body

    def test_what_is_revoked_leaves_and_what_stays_keeps_its_uid_and_its_stamp(self, canteen: Town) -> None:
        feed = feeds.open_feed(school=canteen.primaria, now=NOW)
        before = read(self.body(feed))
        strike = next(uid for uid, one in before.items() if "sciopero" in one["SUMMARY"])
        closures.revoke(closure=canteen.classes["primaria 3A"].closures.get(), by=canteen.enzo, now=NOW)
        clock.move_to(at("2026-11-25 08:40"))
        after = read(self.body(feed))
        assert set(before) - set(after) == {strike}
        assert all(after[uid]["DTSTAMP"].dt == before[uid]["DTSTAMP"].dt for uid in after)

    def test_a_client_that_has_it_already_gets_nothing(self, canteen: Town) -> None:
        url = reverse("attendance:feed", args=[feeds.open_feed(school=canteen.primaria, now=NOW).token])
        tag = Client().get(url)["ETag"]
        again = Client().get(url, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")

    def test_it_is_not_for_search_engines_nor_for_shared_caches(self, canteen: Town) -> None:
        url = reverse("attendance:feed", args=[feeds.open_feed(school=canteen.primaria, now=NOW).token])
        page = Client().get(url)
        assert "noindex" in page["X-Robots-Tag"]
        assert "private" in page["Cache-Control"]

    def test_the_office_makes_it_and_revokes_it_the_secretary_makes_it(
        self, canteen: Town, client_of: Browser
    ) -> None:
        mine, other = f"s{canteen.primaria.pk}", f"s{canteen.infanzia.pk}"
        dora, enzo = client_of(canteen.dora), client_of(canteen.enzo)
        for _ in range(2):
            page = dora.post(reverse("attendance:feed_open", args=[mine]), follow=True).content.decode()
        token = CalendarFeed.objects.get().token
        assert token in page
        assert dora.post(reverse("attendance:feed_open", args=[other])).status_code == 404
        assert dora.post(reverse("attendance:feed_revoke", args=[mine])).status_code == 403
        enzo.post(reverse("attendance:feed_revoke", args=[mine]))
        assert Client().get(reverse("attendance:feed", args=[token])).status_code == 404
        enzo.post(reverse("attendance:feed_open", args=[mine]))
        assert CalendarFeed.objects.filter(revoked_at=None).get().token != token


@needs_database
class TestTheFeedOfAParent:
    def test_it_has_the_days_of_the_own_children_and_their_closures(self, canteen: Town) -> None:
        closures.declare(
            school=canteen.primaria,
            first_day=TUESDAY,
            last_day=TUESDAY,
            reason="strike",
            by=canteen.enzo,
            now=NOW,
        )
        feed = feeds.open_feed(owner=canteen.anna, now=NOW)
        found = read(feed_events.render(feed=feed, today=TUESDAY)).values()
        by_day: dict[dt.date, list[str]] = {}
        for one in found:
            by_day.setdefault(one.decoded("DTSTART"), []).append(str(one["SUMMARY"]))
        assert sorted(by_day[TUESDAY]) == ["Luca: niente mensa: sciopero", "Sofia: mensa"]
        assert sorted(by_day[TUESDAY + dt.timedelta(days=1)]) == ["Luca: mensa", "Sofia: mensa"]
        assert LAST in by_day
        assert max(by_day) == LAST

    def test_a_marked_absence_is_no_canteen_day(self, canteen: Town) -> None:
        feed = feeds.open_feed(owner=canteen.anna, now=NOW)
        day = TUESDAY + dt.timedelta(days=1)
        before = read(feed_events.render(feed=feed, today=TUESDAY))
        absences.mark(pupil=canteen.luca, days=[day], by=canteen.bruno, now=NOW)
        after = read(feed_events.render(feed=feed, today=TUESDAY))
        (gone,) = set(before) - set(after)
        assert before[gone].decoded("DTSTART") == day

    def test_it_names_no_surname_no_code_no_school_class(self, canteen: Town) -> None:
        body = feed_events.render(feed=feeds.open_feed(owner=canteen.anna, now=NOW), today=TUESDAY).decode()
        for secret in ("Bianchi", "Rossi", canteen.luca.code, canteen.luca.fiscal_code, "Ulivo", "€"):
            assert secret not in body

    def test_the_secret_is_made_shown_and_revoked_by_the_parent_alone(
        self, canteen: Town, client_of: Browser
    ) -> None:
        anna, url = client_of(canteen.anna), reverse("attendance:own_feed", args=[canteen.luca.code])
        for _ in range(2):
            page = anna.post(url, {"what": "open"}, follow=True).content.decode()
        (feed,) = CalendarFeed.objects.all()
        assert f"/calendario/{feed.token}.ics" in page
        assert len(feed.token) == 43
        bruno = client_of(canteen.bruno)
        seen = bruno.get(reverse("attendance:child_calendar", args=[canteen.luca.code])).content.decode()
        assert feed.token not in seen, "each parent has an own address"
        assert client_of(canteen.carla).post(url, {"what": "revoke"}).status_code == 404
        anna.post(url, {"what": "revoke"})
        assert Client().get(reverse("attendance:feed", args=[feed.token])).status_code == 404
        anna.post(url, {"what": "open"})
        assert CalendarFeed.objects.get(revoked_at=None).token != feed.token

    def test_who_may_no_longer_sign_in_may_no_longer_read(self, canteen: Town) -> None:
        url = reverse("attendance:feed", args=[feeds.open_feed(owner=canteen.anna, now=NOW).token])
        assert Client().get(url).status_code == 200
        User.objects.filter(pk=canteen.anna.pk).update(is_active=False)
        assert Client().get(url).status_code == 404

    def test_an_address_never_given_is_not_found(self, canteen: Town) -> None:
        assert Client().get("/calendario/indovinato.ics").status_code == 404

    def test_the_secret_stays_out_of_the_log(self, canteen: Town, caplog: pytest.LogCaptureFixture) -> None:
        feed = feeds.open_feed(owner=canteen.anna, now=NOW)
        with caplog.at_level(logging.INFO):
            page = Client().get(reverse("attendance:feed", args=[feed.token]))
        assert feed.token not in caplog.text
        assert RequestLogMiddleware.format_request(page.wsgi_request) == "GET /calendario/….ics"
        assert not re.search(feed.token, RequestLogMiddleware.format_request(page.wsgi_request))

    def test_a_copy_of_the_database_opens_no_calendar(self, canteen: Town) -> None:
        feed = feeds.open_feed(owner=canteen.anna, now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SELECT token, digest FROM attendance_calendarfeed")
            (row,) = cursor.fetchall()
        assert feed.token not in row
        for stolen in row:
            assert feeds.at_address(stolen) is None
        assert feeds.at_address(feed.token) == feed

    def test_when_the_key_is_gone_the_address_answers_and_is_shown_no_more(
        self, canteen: Town, client_of: Browser, settings: Any
    ) -> None:
        feeds.open_feed(school=canteen.primaria, now=NOW)
        url = reverse("attendance:feed", args=[feeds.open_feed(owner=canteen.anna, now=NOW).token])
        before = Client().get(url).content
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        assert Client().get(url).content == before
        anna, enzo = client_of(canteen.anna), client_of(canteen.enzo)
        of_luca = reverse("attendance:child_calendar", args=[canteen.luca.code])
        of_school = f"{reverse('attendance:office_calendar')}?vista=s{canteen.primaria.pk}"
        panel = reverse("admin:attendance_calendarfeed_changelist")
        for client, page in ((anna, of_luca), (enzo, of_school)):
            assert "non lo può più mostrare" in client.get(page).content.decode()
        assert enzo.get(panel).status_code == 200
        assert (
            enzo.get(
                reverse(
                    "admin:attendance_calendarfeed_change", args=[CalendarFeed.objects.defer("token")[0].pk]
                )
            ).status_code
            == 200
        )
        anna.post(reverse("attendance:own_feed", args=[canteen.luca.code]), {"what": "renew"})
        enzo.post(reverse("attendance:feed_revoke", args=[f"s{canteen.primaria.pk}"]), {"what": "renew"})
        for client, page in ((anna, of_luca), (enzo, of_school)):
            shown = re.search(r"/calendario/[\w-]{43}\.ics", client.get(page).content.decode())
            assert shown
            assert Client().get(shown[0]).status_code == 200
        assert Client().get(url).status_code == 404

    def test_an_address_given_under_the_key_before_still_answers(self, canteen: Town, settings: Any) -> None:
        feed = feeds.open_feed(owner=canteen.anna, now=NOW)
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
        assert feeds.at_address(feed.token) == feed


@needs_database
def test_the_addresses_given_before_they_were_encrypted_keep_working(canteen: Town) -> None:
    feed = feeds.open_feed(owner=canteen.anna, now=NOW)
    token = feed.token
    loader = MigrationLoader(connection)
    migration = loader.get_migration("attendance", "0011_feed_keys")
    before = loader.project_state(("attendance", "0010_list_titles"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with connection.schema_editor() as editor:
            migration.unapply(before.clone(), editor)
        cursor.execute("SELECT token FROM attendance_calendarfeed")
        assert cursor.fetchone() == (token,), "as it was kept before"
        with connection.schema_editor() as editor:
            migration.apply(before.clone(), editor)
    feed.refresh_from_db(fields=["digest"])
    assert feed.digest == fingerprints(token)[0], "as it was found before"
    stranger = CalendarFeed.objects.create(school=canteen.primaria, token="x", digest="y", created_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE attendance_calendarfeed SET token = 'di un''altra chiave' WHERE id = %s", [stranger.pk]
        )
    migration = loader.get_migration("attendance", "0014_feed_digests")
    with connection.schema_editor() as editor:
        migration.apply(loader.project_state(("attendance", "0013_readers_reached")), editor)
    assert feeds.at_address(token) == feed
