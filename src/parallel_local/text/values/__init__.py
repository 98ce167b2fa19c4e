"""Typed values inside a sentence, a file per kind. Nothing but the names that other rooms use is here."""

from parallel_local.text.values.dates import dates, years
from parallel_local.text.values.names import emails, names, urls
from parallel_local.text.values.numbers import numbers
from parallel_local.text.values.value import Number, Value

__all__ = ["Number", "Value", "dates", "emails", "names", "numbers", "urls", "years"]
