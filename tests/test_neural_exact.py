"""Integer networks: right, exact in every setting, bounded, and close to the floats behind them."""

import numpy as np
import pytest
import torch
from torch import nn

from lic_course.errors import BitstreamError
from lic_course.neural.exact import SHIFT, IntegerLayer, IntegerNetwork, to_integers
from lic_course.neural.layers import conv, deconv


def layer(seed=0, i=3, o=4, kernel=3, stride=1, transposed=False, low=0, high=255):
    rng = np.random.default_rng(seed)
    shape = (i, o, kernel, kernel) if transposed else (o, i, kernel, kernel)
    return IntegerLayer(
        W=torch.from_numpy(rng.integers(-127, 128, shape).astype(np.float64)),
        b=torch.from_numpy(rng.integers(-1000, 1000, o).astype(np.float64)),
        m=torch.from_numpy(rng.integers(1, 1 << 16, o).astype(np.float64)),
        low=low,
        high=high,
        stride=stride,
        transposed=transposed,
    )


def by_hand(a, one):
    """The same layer with Python's integers, of any size."""
    channels, _, k, _ = one.W.shape
    _, h, w = a.shape
    padded = np.pad(a, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    out = np.zeros((channels, h, w), dtype=int)
    W = one.W.numpy().astype(int)
    for o in range(channels):
        for y in range(h):
            for x in range(w):
                acc = int((W[o] * padded[:, y : y + k, x : x + k]).sum()) + int(one.b[o])
                v = (acc * int(one.m[o]) + (1 << (SHIFT - 1))) >> SHIFT
                out[o, y, x] = min(max(v, one.low), one.high)
    return out


def test_a_layer_is_what_integers_give():
    one = layer()
    a = np.random.default_rng(1).integers(-127, 128, (3, 5, 6))
    assert np.array_equal(IntegerNetwork([one], 127)(a), by_hand(a, one))


def test_two_layers_are_applied_in_turn():
    first, second = layer(0), layer(1, i=4, o=2, low=-5000, high=5000)
    a = np.random.default_rng(2).integers(-127, 128, (3, 4, 4))
    expected = by_hand(by_hand(a, first), second)
    assert np.array_equal(IntegerNetwork([first, second], 127)(a), expected)


def network(seed=0, N=8, M=6):
    torch.manual_seed(seed)
    return nn.Sequential(
        deconv(N, N), nn.ReLU(), deconv(N, N), nn.ReLU(), conv(N, M, 3, 1)
    ).requires_grad_(False)


def quantized(net, N=8, M=6, seed=0):
    torch.manual_seed(seed)
    samples = torch.round(4 * torch.randn(6, N, 5, 5))
    steps = torch.full((M,), 1 / 64)
    return to_integers(net, samples, 127, steps, torch.tensor([-(1 << 15), 1 << 15])), samples


def test_integers_are_close_to_the_floats():
    net = network()
    integers, samples = quantized(net)
    expected = net(samples).numpy() * 64
    error = integers(samples.numpy()) - expected
    assert np.sqrt((error**2).mean()) < 0.33  # rounding alone makes 0.289
    assert np.abs(expected).max() > 20


def test_the_same_bits_in_every_setting():
    integers, samples = quantized(network())
    a = samples.numpy()
    reference = integers(a)
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    try:
        for threads, onednn in ((1, True), (2, True), (1, False), (2, False)):
            torch.set_num_threads(threads)
            torch.backends.mkldnn.enabled = onednn
            assert np.array_equal(integers(a), reference)
    finally:
        torch.set_num_threads(before[0])
        torch.backends.mkldnn.enabled = before[1]
    one_by_one = np.stack([integers(picture) for picture in a])
    assert np.array_equal(one_by_one, reference)
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(integers(a), reference)
    for part in integers.layers:
        part.W = part.W.contiguous(memory_format=torch.channels_last)
    assert np.array_equal(integers(a), reference)


def test_floats_are_not_exact():
    """The counterpart: the same sums in float32, large enough, depend on their order."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.integers(0, 256, (1, 320, 9, 9)).astype(np.float32))
    W = torch.from_numpy(rng.integers(0, 128, (8, 320, 5, 5)).astype(np.float32))
    straight = torch.nn.functional.conv2d(x, W)
    turned = torch.nn.functional.conv2d(x.flip(1), W.flip(1))
    assert not torch.equal(straight, turned)
    assert torch.equal(
        torch.nn.functional.conv2d(x.double(), W.double()),
        torch.nn.functional.conv2d(x.double().flip(1), W.double().flip(1)),
    )


def test_bounds_are_proved_from_the_weights():
    integers, _ = quantized(network())
    worst = integers.check_bounds()
    assert len(worst) == 3 and max(worst) < 2**53
    wild = layer(high=1 << 40)
    wild.m[0] = 2.0**40
    with pytest.raises(BitstreamError, match="exact range"):
        IntegerNetwork([wild], 127)


def test_the_bound_is_reached_but_not_passed():
    one = layer(i=2, o=1, kernel=1, low=-(1 << 40), high=1 << 40)
    one.m[:] = 2.0**SHIFT  # v = acc
    a = 127 * np.sign(one.W.numpy()[0]).reshape(2, 1, 1) * np.sign(float(one.b[0]))
    assert abs(IntegerNetwork([one], 127)(a.astype(int))[0, 0, 0]) == one.largest_sum(127)


def test_inputs_out_of_range_are_clipped():
    one = layer()
    a = np.full((3, 4, 4), 5000)
    assert np.array_equal(
        IntegerNetwork([one], 127)(a), IntegerNetwork([one], 127)(np.full((3, 4, 4), 127))
    )


def test_a_network_survives_storing():
    integers, samples = quantized(network())
    again = IntegerNetwork.from_arrays(integers.arrays("h_s"), "h_s")
    assert np.array_equal(again(samples.numpy()), integers(samples.numpy()))


@pytest.mark.parametrize("damage", ["h_s.1.m", "h_s.input_max", "h_s.0.how"])
def test_incomplete_networks_are_refused(damage):
    arrays = quantized(network())[0].arrays("h_s")
    del arrays[damage]
    with pytest.raises(BitstreamError, match="incomplete"):
        IntegerNetwork.from_arrays(arrays, "h_s")


def test_an_empty_network_is_refused():
    with pytest.raises(BitstreamError):
        IntegerNetwork.from_arrays({"h_s.input_max": np.array([127])}, "h_s")


def test_a_channel_of_zeros_is_quantized_too():
    net = network()
    net[0].weight[:, 2] = 0
    net[0].bias[2] = 0
    integers, samples = quantized(net)
    assert np.abs(integers(samples.numpy()) - net(samples).numpy() * 64).max() < 40
