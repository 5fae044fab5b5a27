"""Only mensa.clock asks the time; who may ask mensa.clock is in the import contracts."""

from tests.guards.source import calls, dotted, modules, name, place

ASKING = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "date.today",
    "dt.datetime.now",
    "dt.datetime.utcnow",
    "dt.date.today",
    "timezone.now",
    "timezone.localdate",
    "timezone.localtime",
}
#: Programs of the outside world (identity provider, pagoPA node) and what keeps the machine running have a clock of their own.
OUTSIDE = ("mensa/clock.py", "mensa/local/", "identity/local_idp/", "payments/simulator/")


def test_only_the_clock_asks_the_time() -> None:
    askers = [
        place(path, call)
        for path in modules()
        if not name(path).startswith(OUTSIDE)
        for call in calls(path)
        if dotted(call.func) in ASKING
    ]
    assert not askers
