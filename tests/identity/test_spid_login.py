"""Signing in with SPID, from the button to the family's page."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from identity.local_idp import messages
from identity.models import Outcome, Role, SamlExchange, User
from identity.spid.anomalies import USER_ANOMALIES
from identity.spid.names import SUCCESS
from tests.identity.conftest import ANNA, BRUNO, Idp, deliver, signed_in
from tests.identity.documents import encoded

pytestmark = pytest.mark.django_db
Ask = Callable[..., str]


def test_anna_signs_in_and_becomes_a_parent(client: Client, idp: Idp, ask: Ask) -> None:
    response = deliver(client, idp.answer(ask(idp)))

    assert (response.status_code, response["Location"]) == (302, "/")
    anna = User.objects.get(fiscal_code=ANNA.fiscal_code)
    assert (anna.role, anna.get_full_name(), anna.has_usable_password()) == (Role.PARENT, "Anna Rossi", False)
    assert client.session["_auth_user_id"] == str(anna.pk)


def test_the_register_keeps_question_and_answer(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))

    row = SamlExchange.objects.get()
    assert row.outcome == Outcome.ACCEPTED
    assert row.assertion_issuer == idp.row.entity_id
    assert "AuthnRequest" in row.request_xml
    assert ANNA.fiscal_code in row.response_xml
    assert SamlExchange.objects.of_person(ANNA.fiscal_code).get() == row


def test_the_register_is_not_readable_in_the_database(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))

    with connection.cursor() as cursor:
        cursor.execute("SELECT response_xml || request_xml || subject_name FROM identity_samlexchange")
        (stored,) = cursor.fetchone()
    assert len(stored) > 1000
    assert ANNA.fiscal_code not in stored
    assert "Anna" not in stored


def test_two_providers_make_one_user(client: Client, idp: Idp, other_idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    second = Client()
    deliver(second, other_idp.answer(ask(other_idp, second)))

    assert User.objects.filter(fiscal_code=ANNA.fiscal_code).count() == 1
    assert second.session["_auth_user_id"] == client.session["_auth_user_id"]


def test_the_login_gets_a_session_of_its_own(client: Client, idp: Idp, ask: Ask) -> None:
    url = ask(idp)
    before = client.session
    before["left over"] = "by whoever sat here before"
    before.save()
    deliver(client, idp.answer(url))

    assert client.session.session_key != before.session_key
    assert "left over" not in client.session


def test_another_person_on_the_same_computer_replaces_the_first(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    deliver(client, idp.answer(ask(idp), BRUNO))

    assert client.session["_auth_user_id"] == str(User.objects.get(fiscal_code=BRUNO.fiscal_code).pk)


def test_the_page_that_was_asked_opens_after_the_login(client: Client, idp: Idp, ask: Ask) -> None:
    response = deliver(client, idp.answer(ask(idp, query="?next=/famiglia/")))

    assert response["Location"] == "/famiglia/"


def test_a_login_never_leads_to_another_site(client: Client, idp: Idp, ask: Ask) -> None:
    response = deliver(client, idp.answer(ask(idp, query="?next=https://truffa.example/")))

    assert response["Location"] == "/"


def test_the_same_answer_twice_signs_in_once(client: Client, idp: Idp, ask: Ask) -> None:
    answer = idp.answer(ask(idp))
    deliver(client, answer)
    client.logout()

    assert deliver(client, answer).status_code == 403
    assert not signed_in(client)


def test_one_assertion_never_answers_two_questions(client: Client, idp: Idp, ask: Ask) -> None:
    """A provider that repeats an assertion ID, or somebody who holds its key and an old assertion."""

    def answer() -> str:
        question = idp.question(ask(idp))
        root = messages.response(
            question, issuer=idp.row.entity_id, status=SUCCESS, message="", now=datetime.now(tz=UTC)
        )
        assertion = messages.assertion(question, ANNA, issuer=idp.row.entity_id, now=datetime.now(tz=UTC))
        assertion.set("ID", "_sempre-la-stessa")
        root.append(assertion)
        messages.sign(assertion, key=idp.key, certificate=idp.certificate)
        return encoded(root)

    assert deliver(client, answer()).status_code == 302
    client.logout()
    assert deliver(client, answer()).status_code == 403
    assert not signed_in(client)
    assert SamlExchange.objects.filter(reason="assertion used before", outcome=Outcome.REFUSED).count() == 1


def test_an_answer_to_another_browser_is_refused(client: Client, idp: Idp, ask: Ask) -> None:
    answer = idp.answer(ask(idp))
    attacker_s_victim = Client()

    assert deliver(attacker_s_victim, answer).status_code == 403
    assert not signed_in(attacker_s_victim)


def test_an_answer_by_another_provider_is_refused(client: Client, idp: Idp, other_idp: Idp, ask: Ask) -> None:
    url = ask(idp)

    assert deliver(client, other_idp.answer(url)).status_code == 403
    assert not signed_in(client)


def test_a_suspended_parent_does_not_get_in(client: Client, idp: Idp, ask: Ask) -> None:
    deliver(client, idp.answer(ask(idp)))
    client.logout()
    User.objects.update(is_active=False)
    deliver(client, idp.answer(ask(idp)))

    assert not signed_in(client)


@pytest.mark.parametrize("number", [19, 20, 21, 22, 23, 25, 30])
def test_an_anomaly_says_what_happened_and_offers_a_way_back(
    client: Client, idp: Idp, ask: Ask, number: int
) -> None:
    question = idp.question(ask(idp))
    root = messages.anomaly(question, number, issuer=idp.row.entity_id, now=datetime.now(tz=UTC))
    response = deliver(client, encoded(root))

    page = response.content.decode()
    assert response.status_code == 403
    assert USER_ANOMALIES[number].title in page
    assert 'href="/accesso/"' in page
    assert SamlExchange.objects.get().outcome == Outcome.ANOMALY


def test_a_provider_that_is_not_active_cannot_be_chosen(client: Client, idp: Idp) -> None:
    idp.row.active = False
    idp.row.save()

    assert client.get(f"/accesso/spid/entra/{idp.row.code}/").status_code == 404


def test_cie_stays_shut_until_it_is_configured(client: Client, idp: Idp) -> None:
    assert client.get(f"/accesso/cie/entra/{idp.row.code}/").status_code == 404
