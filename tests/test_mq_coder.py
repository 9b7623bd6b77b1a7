"""The MQ coder: the standard's test sequence, round trips, and prefixes that decode."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.classical.mq_coder import QE, MqDecoder, MqEncoder, prefix_lengths

SEQUENCE = "00020051000000C00352872AAAAAAAAA82C02000FCD79EF6BF7FED904F46A3BF"
CODE = "84C73BFCE1A1430402200000410DBB86F4317FFF88FF37471ADB6ADF"  # ITU-T T.88, H.2


def test_the_sequence_of_the_standard():
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(SEQUENCE), np.uint8)).tobytes()
    coder = MqEncoder([0])
    coder.encode(bits)
    assert coder.finish().hex().upper() == CODE
    decoder = MqDecoder(bytes.fromhex(CODE), [0])
    assert bytes(decoder.decode(0) for _ in bits) == bits


def skewed(seed: int, count: int) -> tuple[bytes, list[int]]:
    """Decisions in up to 19 contexts, each with its own probability; and the first states."""
    rng = np.random.default_rng(seed)
    probability = rng.random(rng.integers(1, 20)) ** 3
    contexts = rng.integers(0, len(probability), count)
    decisions = rng.random(count) < probability[contexts]
    return (2 * contexts + decisions).astype(np.uint8).tobytes(), [
        int(state) for state in rng.integers(0, 47, len(probability))
    ]


def decode(data: bytes, symbols: bytes, states: list[int]) -> bytes:
    """Decode in the contexts of `symbols`."""
    decoder = MqDecoder(data, states)
    return bytes(symbol & ~1 | decoder.decode(symbol >> 1) for symbol in symbols)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 700), data=st.data())
def test_everything_decodes_and_so_does_every_prefix(seed, count, data):
    symbols, states = skewed(seed, count)
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=8)))
    coder, marks, before = MqEncoder(states), [], 0
    for cut in cuts:
        coder.encode(symbols[before:cut])
        marks.append(coder.mark())
        before = cut
    coder.encode(symbols[before:])
    code = coder.finish()
    assert decode(code, symbols, states) == symbols
    for cut, length in zip(cuts, prefix_lengths(code, marks), strict=True):
        assert decode(code[:length], symbols[:cut], states) == symbols[:cut]


def test_prefixes_are_as_short_as_they_can_be():
    """One byte less gives wrong decisions, except where it happens not to matter."""
    symbols, states = skewed(5, 3000)
    coder, marks, cuts = MqEncoder(states), [], range(100, 3000, 100)
    for cut in cuts:
        coder.encode(symbols[cut - 100 : cut])
        marks.append(coder.mark())
    code = coder.finish()
    lengths = prefix_lengths(code, marks)
    wrong = sum(
        decode(code[: length - 1], symbols[:cut], states) != symbols[:cut]
        for cut, length in zip(cuts, lengths, strict=True)
    )
    assert wrong >= len(lengths) - 2


def test_the_code_is_close_to_the_entropy():
    rng = np.random.default_rng(1)
    decisions = (rng.random(40_000) < 0.05).astype(np.uint8)
    coder = MqEncoder([0])
    coder.encode(decisions.tobytes())
    entropy = -0.05 * np.log2(0.05) - 0.95 * np.log2(0.95)
    bits = 8 * len(coder.finish()) / len(decisions)
    assert entropy * 0.97 < bits < entropy * 1.06


def test_the_code_never_looks_like_a_marker():
    symbols, states = skewed(9, 60_000)
    coder = MqEncoder(states)
    coder.encode(symbols)
    code = coder.finish()
    assert all(not (a == 0xFF and b > 0x8F) for a, b in pairwise(code))
    assert code[-1] != 0xFF


def test_there_are_47_states_with_two_entries_each():
    assert len(QE) == 94 and max(QE) == 0x5601 and min(QE) == 1
