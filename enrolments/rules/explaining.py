"""A price told to the family: the facts that are frozen with it, and the sentences that say them in Italian."""

import datetime as dt
from decimal import Decimal
from typing import Any

from enrolments.rules.pricing import Exempt, Isee, PriceResult, Reasons, Why

LEVELS = {
    "infanzia": "scuola dell'infanzia",
    "primaria": "scuola primaria",
    "secondaria": "scuola secondaria di primo grado",
}
EXEMPTIONS = {"disability": "L. 104/1992 art. 3 c. 3", "social": "servizi sociali"}
ORDINALS = {1: "primo", 2: "secondo", 3: "terzo", 4: "quarto", 5: "quinto", 6: "sesto"}


def facts_of(result: PriceResult) -> dict[str, Any]:
    """What the statement shows for a debit: plain values only, amounts as text, never a float."""
    why = result.reasons
    return {
        "kind": "price",
        "amount": str(result.amount),
        "why": str(why.why),
        "level": why.level,
        "act": why.act,
        "fares_from": why.fares_from.isoformat(),
        "band": why.band,
        "band_price": str(why.band_price),
        "rank": why.rank,
        "children": why.children,
        "discount": str(why.discount),
        "isee": _isee_facts(why.isee),
        "exemption": {"kind": why.exemption.kind, "act": why.exemption.act} if why.exemption else None,
        "formula": formula(result),
        "sentences": sentences(result),
    }


def formula(result: PriceResult) -> str:
    """ "3,40 € − 15% = 2,89 €", or the price alone where there is nothing to take off."""
    why = result.reasons
    if why.why == Why.EXEMPT:
        return "0,00 € (esente)"
    if not why.discount:
        return euro(result.amount)
    return f"{euro(why.band_price)} − {percent(why.discount)} = {euro(result.amount)}"


def sentences(result: PriceResult) -> list[str]:
    """The reasons in the order in which the rule asks: exemption, band, table, rank."""
    why = result.reasons
    told = [_band_sentence(why)] if why.exemption is None else [_exempt_sentence(why.exemption)]
    table = (
        f"Tariffe della {LEVELS.get(why.level, why.level)} in vigore dal {date(why.fares_from)}: {why.act}."
    )
    told.append(table)
    if why.exemption is None:
        told.append(_rank_sentence(why))
    return told


def _exempt_sentence(exemption: Exempt) -> str:
    return f"Pasto esente: {EXEMPTIONS.get(exemption.kind, exemption.kind)}, {exemption.act}."


def _band_sentence(why: Reasons) -> str:
    band = f"fascia {why.band}, {euro(why.band_price)}"
    isee = why.isee
    if why.why == Why.NOT_RESIDENT:
        return f"Famiglia non residente: {band}."
    if isee is None:
        return f"Nessun ISEE presentato: {band}."
    if why.why == Why.OMISSIONS:
        return f"ISEE del {date(isee.filed_on)} con omissioni o difformità: {band}."
    if why.why == Why.EXPIRED_ISEE:
        return f"ISEE scaduto il {date(isee.last)}: {band}."
    if why.why == Why.LAST_YEAR_ISEE:
        return f"ISEE dell'anno scorso di {euro(isee.value)}, in attesa di quello nuovo: {band}."
    name = "ISEE corrente" if isee.current else "ISEE"
    return f"{name} di {euro(isee.value)}, valido fino al {date(isee.last)}: {band}."


def _rank_sentence(why: Reasons) -> str:
    if why.children == 1:
        return "Un solo figlio iscritto alla mensa."
    ordinal = ORDINALS.get(why.rank, f"{why.rank}º")
    discount = f"sconto {percent(why.discount)}" if why.discount else "nessuno sconto"
    return f"{ordinal.capitalize()} dei {why.children} figli iscritti alla mensa, per età: {discount}."


def _isee_facts(isee: Isee | None) -> dict[str, Any] | None:
    if isee is None:
        return None
    return {
        "value": str(isee.value),
        "filed_on": isee.filed_on.isoformat(),
        "valid_to": isee.last.isoformat() if isee.last else None,
        "protocol": isee.protocol,
        "current": isee.current,
        "has_omissions": isee.has_omissions,
    }


def euro(amount: Decimal) -> str:
    """12.5 -> "12,50 €"; thousands are grouped by a point."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + "\N{NO-BREAK SPACE}€"


def percent(value: Decimal) -> str:
    """15.00 -> "15%"; 12.50 -> "12,5%"."""
    return f"{value.normalize():f}".replace(".", ",") + "%"


def date(day: dt.date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "nuovo atto"
