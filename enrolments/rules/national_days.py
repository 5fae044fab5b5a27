"""The national holidays of Italy, with their Italian names: what the law says, from the library that follows it."""

import datetime as dt
import sys
from functools import lru_cache
from importlib.util import find_spec, module_from_spec

import holidays


def _only_who_is_asked() -> None:
    """The library finds a country by the name of its module, but the folder of the countries loads all 250 of them first,
    in every worker. The folder is put in place without being run; a country that is asked for still comes."""
    spec = find_spec("holidays.countries")
    if spec and spec.name not in sys.modules:
        sys.modules[spec.name] = module_from_spec(spec)


_only_who_is_asked()


@lru_cache(maxsize=32)
def of_year(year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays("IT", years=year, language="it_IT"))
