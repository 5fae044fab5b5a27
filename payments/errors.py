"""What an operation of this app says when it refuses: an Italian sentence for the person who asked."""

from enrolments.errors import Refused


class PaymentRefused(Refused):
    """Nothing was written; `str()` is the sentence to show."""


class NodeUnreachable(PaymentRefused):
    """pagoPA does not answer, or answers what we cannot read."""

    sentence = (
        "pagoPA in questo momento non risponde: non è stato addebitato nulla. Riprova tra qualche minuto."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


class TooManyCalls(NodeUnreachable):
    """We call too often. `after`: the seconds that we are asked to wait, when it says so."""

    def __init__(self, after: int | None = None) -> None:
        super().__init__()
        self.after = after


class NodeRefused(NodeUnreachable):
    """pagoPA answers, and says no to this request. `why` is for the office, not for the parent."""

    sentence = (
        "pagoPA non ha accettato questo pagamento: non è stato addebitato nulla. Riprova più tardi; "
        "se succede ancora, avvisa l'ufficio mensa, che ne vede il motivo."
    )

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self.why = why
