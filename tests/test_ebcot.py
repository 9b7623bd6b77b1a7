"""EBCOT tier 1: known answers, round trips, and distortions that are what a decoder gets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lic_course.classical.ebcot_contexts import ORIENTATIONS, SIGN_CODING, ZERO_CODING
from lic_course.classical.ebcot_decode import decode_block
from lic_course.classical.ebcot_encode import encode_blocks

BLOCK = np.array([[3, -7, 0, 1], [0, 12, -2, 0], [0, 0, 5, -1], [1, 0, 0, 0]], float)


@pytest.mark.parametrize(
    ("orientation", "code"),
    [
        ("LL", "16aac550ed5f406bbf"),
        ("LH", "16aac550ed5f406bbf"),
        ("HL", "16aaae4320e038ba7f"),
        ("HH", "16a6c1323f849d02"),
    ],
)
def test_known_answers(orientation, code):
    (block,) = encode_blocks([BLOCK], [orientation])
    assert block.data.hex() == code
    assert block.planes == 4 and len(block.lengths) == 10
    doubled = decode_block(block.data, (4, 4), orientation, 4, 10)
    assert np.array_equal(np.sign(doubled) * (np.abs(doubled) >> 1), BLOCK)


def test_hl_is_lh_turned_around():
    """Swapping rows and columns of the neighborhood swaps the two bands."""
    hl, lh = ORIENTATIONS.index("HL"), ORIENTATIONS.index("LH")
    for byte in range(256):
        swapped = byte & 0b1001 | (byte & 2) << 1 | (byte & 4) >> 1
        swapped |= (byte >> 4 & 3) << 6 | (byte >> 6 & 3) << 4
        assert ZERO_CODING[hl, byte] == ZERO_CODING[lh, swapped]


def test_opposite_signs_share_a_context():
    for cross in range(256):
        context, flip = divmod(int(SIGN_CODING[cross]), 2)
        other, other_flip = divmod(int(SIGN_CODING[cross ^ 0xF0]), 2)
        assert context == other and 9 <= context <= 13
        assert flip != other_flip or context == 9


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 66), st.integers(1, 66)), min_size=1, max_size=5),
    scale=st.sampled_from([0.1, 0.5, 1, 3, 30, 1000]),
    exact=st.booleans(),
    seed=st.integers(0, 999),
)
def test_after_any_pass_a_decoder_is_where_the_encoder_thinks(sizes, scale, exact, seed):
    rng = np.random.default_rng(seed)
    blocks = [rng.laplace(size=size) * scale * np.linspace(0, 2, size[1]) for size in sizes]
    if exact:
        blocks = [np.rint(block) for block in blocks]
    names = [ORIENTATIONS[i] for i in rng.integers(0, 4, len(blocks))]
    for block, name, coded in zip(
        blocks, names, encode_blocks(blocks, names, None, exact), strict=True
    ):
        passes = len(coded.lengths)
        assert passes == max(0, 3 * coded.planes - 2)
        assert sorted(coded.lengths) == list(coded.lengths)
        for count in {passes, int(rng.integers(passes + 1))} - {0}:
            data = coded.data[: coded.lengths[count - 1]]
            doubled = decode_block(data, block.shape, name, coded.planes, count)
            if exact and count == passes:
                doubled = np.sign(doubled) * (np.abs(doubled) >> 1 << 1)
            left = ((block - doubled / 2) ** 2).sum()
            total = (block**2).sum()
            if not exact or count == passes or passes - count >= 3:
                assert total - sum(coded.drops[:count]) == pytest.approx(
                    left, abs=1e-6 * total + 1e-9
                )
        if passes:
            whole = decode_block(coded.data, block.shape, name, coded.planes, passes)
            assert np.array_equal(np.sign(whole) * (np.abs(whole) >> 1), np.trunc(block))


def test_many_blocks_are_coded_as_each_alone():
    rng = np.random.default_rng(3)
    blocks = [rng.laplace(size=(h, w)) * 9 for h, w in [(64, 64), (3, 64), (64, 5), (1, 1), (8, 8)]]
    together = encode_blocks(blocks, ["HH"] * 5)
    assert together == [encode_blocks([block], ["HH"])[0] for block in blocks]


def test_garbage_decodes_to_something():
    rng = np.random.default_rng(4)
    for _ in range(20):
        values = decode_block(rng.bytes(30), (13, 21), "HL", 9, 25)
        assert values.shape == (13, 21) and np.abs(values).max() < 2 << 9
