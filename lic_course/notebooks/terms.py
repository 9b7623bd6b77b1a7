"""Spellings and words that the lessons, the documentation and the docstrings do without."""

import re
from collections.abc import Iterator

_ISE = """quantis optimis minimis maximis normalis initialis factoris binaris regularis discretis
visualis generalis organis recognis summaris utilis parallelis serialis sanitis synchronis vectoris
emphasis realis equalis linearis standardis specialis categoris penalis randomis localis stabilis
polaris rasteris tokenis finalis customis memoris prioritis equalis symbolis"""
_STEMS = r"""colour grey behaviour neighbour favour flavour honour labour\b vapour rumour harbour
analyse[dr]?\b analysing paralyse artefact centre[ds]?\b centring modell(?:ed|ing) labell travell
signall(?:ed|ing) channell(?:ed|ing) fulfil\b judgement ageing defence offence licence practis
whilst amongst learnt\b spelt\b metres?\b kilometre litres?\b fibre theatre sceptic programmes?\b
mould plough aluminium storey tyres?\b cheque\b acknowledgement"""
_ALL = "|".join(_STEMS.split() + [rf"{stem}(?:e|ing|at|ab)" for stem in _ISE.split()])
_BRITISH = re.compile(rf"\b(?:un|re|de|pre|non|multi)?(?:{_ALL})\w*", re.I)
_TITLES = ("Colour measurement and management",)
_NOT_HERE = (
    (re.compile(r"(?<![\w.~:/])/(?:work|root|home|tmp|mnt|opt)/\w+"), "a path of one machine"),
    (re.compile(r"(?<!\w)\.\./shared\b"), "a folder that is not in the project"),
    (re.compile(r"\b(?:design|classical|teaching|tooling|neural|peers)\.md\b"), "a private note"),
    (re.compile(r"\b[Ii]ssues? #?\d+\b|\bTODO\b|\bFIXME\b"), "a note to ourselves"),
    (re.compile(r"\bsub-?agents?\b|\b(?:this|another|our) session\b", re.I), "workplace talk"),
)


def unwanted_words(text: str) -> Iterator[str]:
    """One sentence for each British spelling and each word about the workplace in `text`."""
    for title in _TITLES:
        text = text.replace(title, "")
    for match in _BRITISH.finditer(text):
        yield f"{match[0]!r} is British spelling, the course is in American English"
    for pattern, what in _NOT_HERE:
        for match in pattern.finditer(text):
            yield f"{match[0]!r} is {what}"
