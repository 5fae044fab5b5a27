"""Every document of the corpus is refused, quickly, with a page and without a session; and the corpus has teeth."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from identity.local_idp import keys
from identity.models import Outcome, SamlExchange, User
from identity.spid import gate
from tests.identity import naive
from tests.identity.conftest import ANNA, BRUNO, Idp, deliver, portal, signed_in
from tests.identity.corpus import CORPUS
from tests.identity.documents import encoded
from tests.identity.workshop import Workshop

Ask = Callable[..., str]

#: They cost a verifier without a gate more than they may: never given to the controls.
BOMBS = {"xslt_bomb", "entity_bomb", "entity_that_doubles"}


@pytest.fixture(scope="session")
def stranger(keyring: Path) -> tuple[str, str]:
    return keys.load(keyring / "stranger")


@pytest.fixture
def workshop(client: Client, idp: Idp, ask: Ask, stranger: tuple[str, str]) -> Workshop:
    return Workshop(
        question=idp.question(ask(idp)),
        issuer=idp.row.entity_id,
        key=idp.key,
        certificate=idp.certificate,
        attacker=ANNA,
        victim=BRUNO,
        stranger=stranger,
    )


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 90


@pytest.mark.django_db
def test_the_workshop_s_untouched_response_is_accepted(client: Client, workshop: Workshop) -> None:
    """Without this the refusals below would prove nothing."""
    assert deliver(client, encoded(workshop.signed())).status_code == 302
    assert signed_in(client)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(CORPUS))
def test_it_is_refused(client: Client, workshop: Workshop, name: str) -> None:
    document = encoded(CORPUS[name](workshop))

    before = time.process_time()
    response = deliver(client, document)
    spent = time.process_time() - before

    assert 400 <= response.status_code < 500
    assert "<h1>" in response.content.decode()
    assert not signed_in(client)
    assert User.objects.count() == 0
    assert spent < 1
    assert not SamlExchange.objects.filter(outcome=Outcome.ACCEPTED).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{}, {"SAMLResponse": ""}, {"SAMLResponse": "%%%"}, {"SAMLResponse": "A" * 400_000}]
)
def test_a_post_that_is_no_response_is_refused(client: Client, body: dict[str, str]) -> None:
    response = client.post("/accesso/spid/acs/", body)
    if response.status_code == 302:
        response = client.get(response["Location"])

    assert 400 <= response.status_code < 500
    assert not signed_in(client)


@pytest.mark.django_db
def test_the_corpus_fools_careless_verifiers(workshop: Workshop) -> None:
    fooled = {
        name: naive.is_fooled(document(workshop), workshop.certificate)
        for name, document in CORPUS.items()
        if name not in BOMBS
    }

    names = [name for name, by in fooled.items() if by]
    assert len(names) >= 90, sorted(set(CORPUS) - set(names))
    for verifier in naive.VERIFIERS:
        assert any(verifier.__name__ in by for by in fooled.values()), verifier.__name__


@pytest.mark.django_db
def test_the_library_alone_would_accept_part_of_the_corpus(idp: Idp, workshop: Workshop) -> None:
    """Why there are rules of ours around it."""
    accepted = {
        name
        for name, document in CORPUS.items()
        if name not in BOMBS
        and naive.the_library_alone_accepts(
            document(workshop), portal(), idp.row, workshop.question.request_id
        )
    }

    assert {"destination_with_ours_as_prefix", "recipient_that_contains_ours", "level_one"} <= accepted
    assert len(accepted) >= 20, sorted(accepted)


@pytest.mark.django_db
def test_the_gate_refuses_a_bomb_in_milliseconds(workshop: Workshop) -> None:
    for name in BOMBS:
        bomb = CORPUS[name](workshop)
        before = time.process_time()
        with pytest.raises(gate.GateRefused):
            gate.read(bomb)
        assert time.process_time() - before < 0.05, name


@pytest.mark.django_db
def test_hundreds_of_bombs_leave_the_memory_flat(workshop: Workshop) -> None:
    bombs = [CORPUS[name](workshop) for name in sorted(BOMBS | {"many_elements", "many_namespaces"})]

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def throw(times: int) -> None:
        for _ in range(times):
            for bomb in bombs:
                with pytest.raises(gate.GateRefused):
                    gate.read(bomb)

    throw(20)
    before = resident()
    throw(60)

    assert resident() - before < 16 * 1024 * 1024


@pytest.mark.django_db(transaction=True)
def test_eight_copies_of_one_answer_at_once_sign_in_one(client: Client, workshop: Workshop) -> None:
    answer = encoded(workshop.signed())
    browsers = []
    for _ in range(8):
        browser = Client()
        browser.cookies["sessionid"] = client.cookies["sessionid"].value
        browsers.append(browser)
    together = Barrier(8)

    def send(browser: Client) -> int:
        together.wait()
        try:
            return deliver(browser, answer).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(send, browsers))

    assert codes.count(302) == 1, codes
    assert sum(code in (400, 403) for code in codes) == 7, codes
    assert SamlExchange.objects.get().outcome == Outcome.ACCEPTED
