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


class PdfUnavailable(PaymentRefused):
    """The C libraries behind the PDFs are missing on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "Per creare i PDF manca la libreria Pango: su Debian si installa con "
            "«apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0»; poi riavvia il portale."
        )
