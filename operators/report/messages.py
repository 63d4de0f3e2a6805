"""The words of the report by key, one catalogue per language.

Placeholders in braces are filled by :meth:`Messages.__call__`. What is not in a catalogue (names of bundles, warnings of the input) is
written where it arises and shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nodulescope.bundles.errors import UsageError
from nodulescope.operators.report.chinese import CHINESE_TEXTS
from nodulescope.operators.report.english import ENGLISH_TEXTS

MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class Messages:
    """The words of one language.

    Attributes:
        language: BCP 47 tag for the page's ``lang``.
        texts: key to text.
    """

    language: str
    texts: Mapping[str, str] = field(repr=False)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its placeholders filled.

        Raises:
            KeyError: no such key, or a placeholder without a value.
        """
        return self.texts[key].format(**values)

    def name_of(self, group: str, name: str) -> str:
        """The words for a name that other code chose (a stage, a rating, a key of ``findings.json``), or the name itself."""
        return self.texts.get(f"{group}.{name}", name.replace("_", " "))

    def listed(self, words: Sequence[object]) -> str:
        """``a``, ``a and b``, ``a, b and c``."""
        named = [str(word) for word in words]
        if len(named) < 2:
            return "".join(named)
        return self("list.last", first=self.texts["list.comma"].join(named[:-1]), last=named[-1])

    def nodules(self, ids: Sequence[int]) -> str:
        """``nodule 2``, or ``nodules 1, 2 and 5``."""
        return self("nodules.one", ids=ids[0]) if len(ids) == 1 else self("nodules.many", ids=self.listed(ids))

    def months(self, months: Sequence[int], single: bool = False) -> str:
        """``3 months``, ``6 to 12 months``; ``2 years`` where all are whole years from two on.

        Args:
            months: one, or the earliest and the latest.
            single: they are single times, not the ends of a range: ``2 and 4 years``.
        """
        distinct = list(dict.fromkeys(months))
        in_years = all(month % MONTHS_PER_YEAR == 0 and month >= 2 * MONTHS_PER_YEAR for month in distinct)
        numbers = [month // MONTHS_PER_YEAR if in_years else month for month in distinct]
        joined = self.listed(numbers) if single or len(numbers) == 1 else self("list.range", first=numbers[0], last=numbers[-1])
        return self("duration.years" if in_years else "duration.months", number=joined)


ENGLISH = Messages("en", ENGLISH_TEXTS)
CHINESE = Messages("zh-Hans", CHINESE_TEXTS)

LANGUAGES: Mapping[str, Messages] = {"en": ENGLISH, "zh": CHINESE}
"""By the name that a user gives."""

DEFAULT_LANGUAGE = "en"


def messages_in(language: str) -> Messages:
    """The catalogue of a language.

    Raises:
        UsageError: the report does not speak it.
    """
    if language not in LANGUAGES:
        raise UsageError(f"there is no report in the language {language!r}; choose one of {', '.join(LANGUAGES)}")
    return LANGUAGES[language]
