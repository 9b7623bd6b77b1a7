"""Where an answer differs from the expected one, in words a learner can use."""

import re
from collections.abc import Mapping, Sequence
from numbers import Number

import numpy as np

LONGEST = 60


def short(value: object) -> str:
    """A value in a few words that are the same in every run: no addresses, no long arrays."""
    if value is None or value is Ellipsis or isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, Number):
        return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
    if isinstance(value, str | bytes | bytearray):
        return _clip(repr(value))
    if isinstance(value, np.ndarray):
        return _short_array(value)
    if type(value) in (list, tuple, dict, set, frozenset):
        return _short_collection(value)
    return f"an object of type {type(value).__name__}"


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _short_array(array: np.ndarray) -> str:
    if array.size <= 8 and array.ndim <= 1 and array.dtype.kind in "biuf":
        return f"array({np.array2string(array, precision=4, separator=', ')})"
    return f"an array of shape {array.shape} and type {array.dtype}"


def _short_collection(value: list | tuple | dict | set | frozenset) -> str:
    words = f"a {type(value).__name__} of length {len(value)}"
    if len(value) > 12:
        return words
    if isinstance(value, dict):
        items = ", ".join(f"{short(key)}: {short(item)}" for key, item in value.items())
    else:
        items = ", ".join(short(item) for item in value)
    before, after = {list: "[]", dict: "{}"}.get(type(value), "()")
    return before + items + after if len(items) <= LONGEST else words


def one_line(error: BaseException) -> str:
    """Type and first line of an exception, without memory addresses."""
    try:
        lines = str(error).strip().splitlines()
    except BaseException:
        lines = []
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", text)[:160]


def difference(got: object, want: object, rtol: float = 1e-6, atol: float = 1e-9) -> str:
    """Say where `got` differs from `want`, or return "" when they agree.

    Numbers and arrays agree within the tolerances, lists and tuples item by item; a tensor counts
    as the array it holds, and one number in an array without dimensions as that number.
    """
    got = _plain(got)
    want = _plain(want)
    if isinstance(want, np.ndarray):
        return _array_difference(got, want, rtol, atol)
    if isinstance(want, bool | np.bool_ | Number):
        return _number_difference(got, want, rtol, atol)
    if isinstance(want, Mapping):
        return _mapping_difference(got, want, rtol, atol)
    if isinstance(want, Sequence) and not isinstance(want, str | bytes | bytearray):
        return _sequence_difference(got, want, rtol, atol)
    if isinstance(got, bytearray):
        got = bytes(got)
    same_kind = isinstance(got, type(want))
    return "" if same_kind and bool(got == want) else _expected(want, got)


def _expected(want: object, got: object) -> str:
    words = short(want), short(got)
    if words[0] == words[1] and isinstance(got, float):
        words = repr(want), repr(got)
    return f"expected {words[0]}, got {words[1]}"


def _plain(value: object) -> object:
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        return value.item()
    return value


def _number_difference(got: object, want: Number, rtol: float, atol: float) -> str:
    if isinstance(want, bool):
        return "" if isinstance(got, bool) and got == want else _expected(want, got)
    if not isinstance(got, Number) or isinstance(got, bool):
        return f"expected the number {short(want)}, got {short(got)}"
    return "" if np.isclose(got, want, rtol, atol, equal_nan=True) else _expected(want, got)


def _array_difference(got: object, want: np.ndarray, rtol: float, atol: float) -> str:
    got_array = _as_numbers(got)
    if got_array is None:
        return f"expected an array of shape {want.shape}, got {short(got)}"
    if got_array.shape != want.shape:
        return f"expected an array of shape {want.shape}, got shape {got_array.shape}"
    unequal = ~np.isclose(got_array, want, rtol, atol, equal_nan=True)
    if not unequal.any():
        return ""
    where = tuple(int(i) for i in np.argwhere(unequal)[0])
    place = ", ".join(map(str, where))
    values = _expected(want[where].item(), got_array[where].item())
    return f"at [{place}] {values} ({unequal.sum()} of {want.size} values differ)"


def _as_numbers(value: object) -> np.ndarray | None:
    if not isinstance(value, np.ndarray | list | tuple):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biufc" else None


def _sequence_difference(got: object, want: Sequence, rtol: float, atol: float) -> str:
    if not isinstance(got, list | tuple | range | np.ndarray):
        return f"expected a {type(want).__name__} of {len(want)} items, got {short(got)}"
    if len(got) != len(want):
        return f"expected {len(want)} items, got {len(got)}"
    for i, (mine, theirs) in enumerate(zip(got, want, strict=True)):
        if words := difference(mine, theirs, rtol, atol):
            return f"item {i}: {words}"
    return ""


def _mapping_difference(got: object, want: Mapping, rtol: float, atol: float) -> str:
    if not isinstance(got, Mapping):
        return f"expected a dictionary with {len(want)} keys, got {short(got)}"
    for key in want:
        if key not in got:
            return f"the key {short(key)} is missing"
        if words := difference(got[key], want[key], rtol, atol):
            return f"key {short(key)}: {words}"
    extra = [key for key in got if key not in want]
    return f"the key {short(extra[0])} should not be there" if extra else ""
