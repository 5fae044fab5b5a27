"""What an operation of this app says when it refuses: an Italian sentence for the person who asked."""

from enrolments.errors import Refused


class PaymentRefused(Refused):
    """Nothing was written; `str()` is the sentence to show."""


class NodeUnreachable(PaymentRefused):
    """pagoPA does not answer, or answers what we cannot read."""

    def __init__(self) -> None:
        super().__init__(
            "pagoPA in questo momento non risponde: non è stato addebitato nulla. Riprova tra qualche minuto."
        )
