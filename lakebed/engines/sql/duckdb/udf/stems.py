"""The English stemmer of the Snowball project ("Porter2").

Written from its definition: https://snowballstem.org/algorithms/english/stemmer.html
"""

from __future__ import annotations

import re

_WHOLE = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl",
    "gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl",
    "sky": "sky", "news": "news", "howe": "howe", "atlas": "atlas", "cosmos": "cosmos",
    "bias": "bias", "andes": "andes",
}  # fmt: skip
_AFTER_1A = ("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed")
_DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_VOWELS = "aeiouy"
_REGION = re.compile(r"[aeiouy][^aeiouy]")
_STEP_2 = (
    ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"),
    ("iveness", "ive"), ("tional", "tion"), ("biliti", "ble"), ("lessli", "less"),
    ("entli", "ent"), ("ation", "ate"), ("alism", "al"), ("aliti", "al"), ("ousli", "ous"),
    ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"), ("anci", "ance"), ("abli", "able"),
    ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"), ("ogi", "og"), ("li", ""),
)  # fmt: skip
_STEP_3 = (
    ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"),
    ("ative", ""), ("ical", "ic"), ("ness", ""), ("ful", ""),
)  # fmt: skip
_STEP_4 = ("ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti",
           "ous", "ive", "ize", "ion", "al", "er", "ic")  # fmt: skip


def stem(word: str) -> str:
    """Return the stem of a word in lower case; other words are left alone but for endings."""
    if len(word) <= 2:
        return word
    word = word.removeprefix("'")
    if word in _WHOLE:
        return _WHOLE[word]
    word = re.sub(r"^y|(?<=[aeiouy])y", "Y", word)
    first, second = _regions(word)
    word = re.sub(r"'s'$|'s$|'$", "", word)
    word = _plural(word)
    if word in _AFTER_1A:
        return word
    word = _past(word, first)
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWELS:
        word = f"{word[:-1]}i"
    word = _step_2(word, first)
    word = _step_3(word, first, second)
    word = _step_4(word, second)
    return _step_5(word, first, second).replace("Y", "y")


def _regions(word: str) -> tuple[int, int]:
    """Return where R1 and R2 start."""
    first = len(word)
    for prefix in ("gener", "commun", "arsen"):
        if word.startswith(prefix):
            first = len(prefix)
            break
    else:
        found = _REGION.search(word)
        first = found.end() if found else len(word)
    found = _REGION.search(word, first)
    return first, found.end() if found else len(word)


def _has_vowel(text: str) -> bool:
    return any(letter in _VOWELS for letter in text)


def _ends_short(word: str) -> bool:
    """Tell whether a word ends in a short syllable."""
    if len(word) == 2:
        return word[0] in _VOWELS and word[1] not in _VOWELS
    return bool(re.search(r"[^aeiouy][aeiouy][^aeiouywxY]$", word))


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _has_vowel(word[:-2]):
        return word[:-1]
    return word


def _past(word: str, first: int) -> str:
    for ending in ("eedly", "eed"):
        if word.endswith(ending):
            start = len(word) - len(ending)
            return f"{word[:start]}ee" if start >= first else word
    for ending in ("ingly", "edly", "ing", "ed"):
        if not word.endswith(ending):
            continue
        rest = word[: -len(ending)]
        if not _has_vowel(rest):
            return word
        if rest.endswith(("at", "bl", "iz")):
            return f"{rest}e"
        if rest.endswith(_DOUBLES):
            return rest[:-1]
        return f"{rest}e" if len(rest) <= first and _ends_short(rest) else rest
    return word


def _step_2(word: str, first: int) -> str:
    for ending, other in _STEP_2:
        if not word.endswith(ending):
            continue
        start = len(word) - len(ending)
        if start < first:
            return word
        before = word[:start]
        if ending == "ogi" and not before.endswith("l"):
            return word
        if ending == "li" and before[-1:] not in tuple("cdeghkmnrt"):
            return word
        return before + other
    return word


def _step_3(word: str, first: int, second: int) -> str:
    for ending, other in _STEP_3:
        if word.endswith(ending):
            start = len(word) - len(ending)
            if start < first or (ending == "ative" and start < second):
                return word
            return word[:start] + other
    return word


def _step_4(word: str, second: int) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            start = len(word) - len(ending)
            fits = ending != "ion" or word[:start].endswith(("s", "t"))
            return word[:start] if start >= second and fits else word
    return word


def _step_5(word: str, first: int, second: int) -> str:
    start = len(word) - 1
    if word.endswith("e"):
        if start >= second or (start >= first and not _ends_short(word[:-1])):
            return word[:-1]
    elif word.endswith("ll") and start >= second:
        return word[:-1]
    return word
