"""The time machine of the demo bar: it moves the clock, then the same code as every evening does the work."""

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from attendance import tasks
from identity.access import public
from mensa import clock, night_now
from mensa.demo import facts


@public
@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """It does not exist outside the demo; what it does not know it does not do."""
    if not settings.DEMO:
        raise Http404
    move = MOVES.get(request.POST.get("action", ""))
    if move:
        messages.info(request, move())
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe else "mensa:home")


def _to_tomorrow() -> str:
    clock.move_to(facts.at(clock.today() + dt.timedelta(days=1), 8, 40))
    return "L'orologio della demo segna il giorno dopo, ore 08:40."


def _to_the_kitchen() -> str:
    """Just after the hour of the sheet; the worker seals it as it does every minute."""
    moment = facts.at(clock.today(), 9, 50)
    if clock.now() >= moment:
        return "Le 09:50 di oggi sono già passate: per rivederle vai a domani."
    clock.move_to(moment)
    tasks.serve_kitchen_soon()
    return "Sono le 09:50: i fogli della cucina si stanno sigillando e il gestore riceve il suo messaggio."


def _to_the_night() -> str:
    evening = facts.at(clock.today(), 20, 5)
    if clock.now() < evening:
        clock.move_to(evening)
    night_now.start()
    return "La notte è partita: gli addebiti di oggi arrivano nei borsellini tra pochi secondi."


def _to_the_start() -> str:
    clock.move_to(facts.START)
    return "L'orologio della demo è tornato all'inizio. Quello che hai fatto resta scritto."


def _to_the_summer() -> str:
    """Months of nights at once: the sweep finds what is owed, as after a long power cut."""
    end = facts.at(max(facts.CANTEEN_LAST.values()) + dt.timedelta(days=5), 9)
    if clock.now() < end:
        clock.move_to(end)
    night_now.start()
    return "È finita la scuola: gli addebiti dei mesi passati arrivano tutti insieme, ci vuole qualche decina di secondi."


MOVES = {
    "tomorrow": _to_tomorrow,
    "kitchen": _to_the_kitchen,
    "night": _to_the_night,
    "summer": _to_the_summer,
    "reset": _to_the_start,
}
