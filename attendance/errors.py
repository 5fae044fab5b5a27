"""What the operations of this app say when they refuse: an Italian sentence for the person who asked."""

import datetime as dt

from enrolments.errors import Refused


class TooLate(Refused):
    """The cut-off of the day has passed."""


class NoServiceDay(Refused):
    """None of the days asked for has a meal for this child or class."""


class BadRange(Refused):
    """The days asked for make no sense together."""


class AlreadySaid(Refused):
    def __init__(self, weekday: str) -> None:
        super().__init__(
            f"C'è già un'assenza ricorrente di {weekday} in questo periodo: finiscila, poi segna quella nuova."
        )


class NotDisputable(Refused):
    """A charge that cannot be disputed, or a dispute that cannot be decided as asked."""


class NotOfThisClass(Refused):
    def __init__(self) -> None:
        super().__init__("L'elenco è cambiato: un alunno non è più in questa classe. Ricarica la pagina.")


class Overtaken(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Un collega ha confermato questo appello nel frattempo: ricarica la pagina e controlla."
        )


class YearIsClosed(Refused):
    def __init__(self, day: dt.date) -> None:
        super().__init__(
            f"L'anno scolastico del {day:%d/%m/%Y} è chiuso: registra una rettifica sul borsellino, con il motivo."
        )


class NotDeclared(Refused):
    """A closure that cannot be declared or revoked."""


class NobodyAbsent(Refused):
    """Not an error yet: a whole school without absences, to be confirmed once."""

    def __init__(self, pupils: int) -> None:
        super().__init__(
            f"Con questo appello la scuola non ha nessun assente su {pupils} alunni: è proprio così? "
            "Controlla e conferma ancora una volta."
        )


class AlreadyDecided(Refused):
    """The office has already spoken of this child and day."""


class BadList(Refused):
    """A file of absences that cannot be read or registered."""


class BadDelivery(Refused):
    """A number of delivered portions that cannot be written."""
