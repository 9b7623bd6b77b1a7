"""Codebooks and the codec `vq`: known answers, oracles, honest accounting."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lic_course
from lic_course import bitstream, codec, images, metrics
from lic_course.classical import index_coder
from lic_course.classical import vector_quantization as vq
from lic_course.classical.codebooks import (
    distortion,
    fuzzy_c_means,
    fuzzy_objective,
    k_means,
    lbg,
    memberships,
    nearest,
    to_codebook,
)
from lic_course.errors import BitstreamError, LicError
from lic_course.files import data_dir

LINE = np.array([[0.0], [1], [2], [8], [9], [10]])
START = np.array([[0.0], [10]])


def camera_vectors():
    return images.to_blocks(images.builtin("camera").astype(float), 4).reshape(-1, 16)


def test_known_answer_of_fuzzy_c_means():
    u = memberships(LINE, START, 2)[:, 0]
    assert u == pytest.approx([1, 0.9878, 0.94118, 0.05882, 0.0122, 0], abs=1e-5)
    first, second = (fuzzy_c_means(LINE, 2, 2, START, most=n).ravel() for n in (1, 2))
    assert first == pytest.approx([0.96902, 9.03098], abs=1e-5)
    assert second == pytest.approx([0.99498, 9.00502], abs=1e-5)
    limit = fuzzy_c_means(LINE, 2, 2, START, threshold=1e-12, most=1000)
    assert limit.ravel() == pytest.approx([0.996024, 9.003976], abs=1e-6)
    assert fuzzy_objective(LINE, limit) == pytest.approx(3.935521, abs=1e-6)


def test_fuzzy_c_means_agrees_with_scikit_fuzzy():
    skfuzzy = pytest.importorskip("skfuzzy")
    X = np.random.default_rng(0).normal(size=(300, 3)) + np.repeat(np.eye(3) * 6, 100, axis=0)
    theirs = skfuzzy.cluster.cmeans(X.T, 3, 1.7, 1e-10, 1000, seed=0)[0]
    ours = fuzzy_c_means(X, 3, 1.7, threshold=1e-10, most=1000)
    order = [np.argsort(Y.argmax(axis=1)) for Y in (theirs, ours)]
    assert theirs[order[0]] == pytest.approx(ours[order[1]], abs=1e-6)


def test_crisp_memberships_are_the_limit_of_small_fuzziness():
    X = camera_vectors()[::37]
    Y = k_means(X, 8)
    assert np.array_equal(memberships(X, Y, 1.02).argmax(axis=1), nearest(X, Y))
    assert memberships(X, Y, 1.02).max(axis=1).mean() > 0.98
    assert memberships(X, Y, 20.0).max(axis=1).mean() < 0.3


def test_nearest_is_what_brute_force_finds():
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 256, (500, 4)), rng.integers(0, 256, (30, 4))
    slow = np.sum((X[:, None] - Y[None]) ** 2, axis=2)
    found = nearest(X.astype(np.uint8), Y.astype(np.uint8))
    assert np.array_equal(slow[np.arange(500), found], slow.min(axis=1))


@pytest.mark.parametrize(
    ("train", "expected"),
    [(lbg, 27.67), (k_means, 27.84), (lambda X, K: fuzzy_c_means(X, K, 1.25, most=30), 27.2)],
    ids=["lbg", "k-means", "fuzzy"],
)
def test_codebooks_of_the_camera(train, expected):
    X = camera_vectors()
    Y = to_codebook(train(X, 64)).astype(float)
    assert 10 * np.log10(255**2 / distortion(X, Y)) == pytest.approx(expected, abs=0.2)


def test_lbg_moves_empty_codewords():
    X = np.repeat([[0.0, 0], [100, 0], [0, 100], [100, 100]], 5, axis=0)
    assert distortion(X, lbg(X, 4)) == 0


def test_codebooks_are_sorted_and_without_doubles():
    Y = to_codebook(np.array([[200.2, 199.9], [3.4, -7], [3.1, 0.2]]))
    assert Y.tolist() == [[3, 0], [200, 200]] and Y.dtype == np.uint8


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_index_coder_round_trip(data):
    sizes = data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=3))
    shapes = [data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12))) for _ in sizes]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    planes = [rng.integers(0, K, shape) for K, shape in zip(sizes, shapes, strict=True)]
    coded = index_coder.encode_indexes(planes, sizes)
    decoded = index_coder.decode_indexes(coded, shapes, sizes)
    assert all(np.array_equal(a, b) for a, b in zip(planes, decoded, strict=True))


def test_the_codeword_above_is_worth_a_quarter_of_the_bits():
    X = camera_vectors()
    Y = to_codebook(lbg(X, 64))
    index = nearest(X, Y).reshape(128, 128)
    counts = np.bincount(index.ravel())
    p = counts[counts > 0] / index.size
    order_0 = -np.sum(p * np.log2(p)) * index.size / 8
    assert len(index_coder.encode_indexes([index], [64])) < 0.75 * order_0


def test_the_universal_codebook_did_not_see_the_test_pictures():
    card = json.loads((data_dir() / "weights" / "vq.json").read_text("utf-8"))
    assert not {"astronaut", "camera", "chelsea", "coffee"} & set(card["data"])
    for b, K in vq.LADDER:
        books = vq.universal(b, K)
        assert 0.9 * K <= len(books.luma) <= K and books.luma.shape[1] == b * b
        assert len(books.chroma) <= K
        assert card["codewords"][f"luma_{b}_{K}"] == len(books.luma)


def test_files_name_their_codebooks(gray_picture):
    data = lic_course.encode(gray_picture, "vq", 50)
    assert bitstream.unpack(data).fingerprint == codec.get("vq").fingerprint != b""
    other = bitstream.pack("vq", gray_picture.shape, bitstream.unpack(data).segments, bytes(8))
    with pytest.raises(BitstreamError, match="weights"):
        lic_course.decode(other)


@pytest.mark.parametrize("book", ["k-means", "fuzzy"])
@pytest.mark.parametrize("shape", [(1, 1), (30, 41), (19, 22, 3)], ids=str)
def test_own_codebooks_travel_in_the_file(book, shape):
    image = images.builtin("chelsea")[60 : 60 + shape[0], 80 : 80 + shape[1]]
    image = image if len(shape) == 3 else image[..., 0]
    segments = vq.encode_vq(image, 4, 32, book)
    decoded = codec.get("vq").decode(segments, image.shape)
    assert list(segments) == ["book", "index"] and decoded.shape == image.shape
    assert metrics.psnr(image, decoded) > 20


def test_an_own_codebook_decodes_to_itself():
    camera = images.builtin("camera")
    segments = vq.encode_vq(camera, 4, 64, "k-means")
    Y = to_codebook(k_means(camera_vectors(), 64))
    assert np.array_equal(vq._read_books(segments["book"], 4, False).luma, Y)
    decoded = codec.get("vq").decode(segments, camera.shape)
    assert metrics.psnr(camera, decoded) == pytest.approx(27.84, abs=0.05)
    assert len(segments["book"]) < 64 * 16  # less than the raw codewords


def test_own_codebooks_fit_better_but_cost_bytes():
    camera = images.builtin("camera")
    own, shared = (vq.encode_vq(camera, 4, 256, book) for book in ("k-means", "universal"))
    decoded = [codec.get("vq").decode(segments, camera.shape) for segments in (own, shared)]
    better, worse = (metrics.psnr(camera, x_hat) for x_hat in decoded)
    assert better > worse + 0.3
    assert sum(map(len, own.values())) > len(shared["index"]) + 1000


def test_quality_is_monotone(color_picture):
    points = []
    for b, K in vq.LADDER:
        segments = vq.encode_vq(color_picture, b, K)
        decoded = codec.get("vq").decode(segments, color_picture.shape)
        points.append((len(segments["index"]), metrics.psnr(color_picture, decoded)))
    sizes, values = zip(*points, strict=True)
    assert list(sizes) == sorted(sizes) and list(values) == sorted(values)
    assert vq.level_of(1) == vq.LADDER[0] and vq.level_of(100) == vq.LADDER[-1]


def test_bits_per_block_add_up(color_picture):
    coder = codec.get("vq")
    segments = coder.encode(color_picture, 60)
    bits = coder.bits_per_block(segments, color_picture.shape)
    assert bits.shape == (24, 30)
    assert 0.9 < bits.sum() / (8 * len(segments["index"])) <= 1


def test_wrong_settings_get_one_clear_sentence(gray_picture):
    with pytest.raises(LicError, match="universal codebook"):
        vq.encode_vq(gray_picture, 4, 100)
    with pytest.raises(LicError, match="k-means or fuzzy"):
        vq.encode_vq(gray_picture, 4, 64, "median")


def test_impossible_files_are_refused(gray_picture):
    coder, shape = codec.get("vq"), gray_picture.shape
    segments = vq.encode_vq(gray_picture, 4, 32, "k-means")
    for broken in (
        {"index": segments["index"]} | {"more": b""},
        {"index": b"\4"},
        {"index": b"\5\0\x20" + segments["index"][3:]},
        segments | {"book": b"\0"},
        segments | {"book": b"\0\0" + segments["book"][2:]},
        segments | {"book": b"\xff\xff" + segments["book"][2:]},
    ):
        with pytest.raises(BitstreamError):
            coder.decode(broken, shape)
