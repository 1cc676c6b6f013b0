"""Numbers with their nouns, in the singular or plural that English requires."""

import gettext

_ENGLISH = gettext.NullTranslations()


def noun(count: int, one: str, several: str) -> str:
    """Return the noun's form for a number, without the number.

    Args:
        one: Singular, as in "voter".
        several: Plural, as in "voters".
    """
    return _ENGLISH.ngettext(one, several, count)


def counted(count: int, one: str, several: str) -> str:
    """Return a number with its noun, as in "1 voter" and "3 voters".

    Args:
        one: Singular of the noun.
        several: Its plural.
    """
    return f"{count} {noun(count, one, several)}"
