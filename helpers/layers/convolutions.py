"""The convolutional rivals: each token sees itself and the k − 1 before it. Lesson 04."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.tracing import step


def convolution(x, kernel):
    """yₜ = Σⱼ xₜ₋ₖ₊₁₊ⱼ·kernelⱼ, causal: 2·k·n·d² FLOPs.

    x: (n, d); kernel: (k, d, d), the token's own matrix last, (k, d, m) for m channels out. Returns (n, d).
    k − 1 zeros stand before the first token; the products with them are computed, and counted. Raises
    ValueError if the kernel has not three axes or no position. Vaswani et al. 2017, Table 1. Lesson 04.

    >>> convolution(np.array([[1.], [2.], [4.]]), np.ones((2, 1, 1))).tolist()
    [[1.0], [3.0], [6.0]]
    """
    check_kernel("kernel", kernel, ("k", "d", "d"))
    with step("windows"):
        windows = causal_windows(x, kernel.shape[0])
    with step("products"):
        return np.einsum("tik,kio->to", windows, kernel, optimize=True)


def separable_convolution(x, depthwise, pointwise):
    """Along the sequence channel by channel, then across the channels: 2·k·n·d + 2·n·d² FLOPs.

    x: (n, d), depthwise: (k, d), pointwise: (d, d). Returns (n, d). Causal, padded with zeros as
    `convolution` is. Raises ValueError if `depthwise` has not two axes or no position.
    Chollet 2017; Vaswani et al. 2017, section 4. Lesson 04.

    >>> separable_convolution(np.array([[1.], [2.], [4.]]), np.ones((2, 1)), np.eye(1)).tolist()
    [[1.0], [3.0], [6.0]]
    """
    check_kernel("depthwise", depthwise, ("k", "d"))
    with step("windows"):
        windows = causal_windows(x, depthwise.shape[0])
    with step("depthwise"):
        mixed = np.einsum("tik,ki->ti", windows, depthwise)
    with step("pointwise"):
        return mixed @ pointwise


def causal_windows(x, k):
    """For each token the k positions that end with it, zeros before the first: a view, no FLOPs.

    x: (n, d); k: whole number or symbol. Returns (n, d, k), the token itself last. Lesson 04.

    >>> causal_windows(np.array([[1.], [2.]]), 2).tolist()
    [[[0.0, 1.0]], [[1.0, 2.0]]]
    """
    return sliding_window_view(np.pad(x, ((k - 1, 0), (0, 0))), k, axis=0)


def check_kernel(name, kernel, axes):
    """ValueError unless the kernel has these axes, of which the first is its width k ≥ 1."""
    if len(kernel.shape) != len(axes):
        raise ValueError(f"{name}: {len(kernel.shape)} axes; it needs the {len(axes)} axes ({', '.join(axes)})")
    if kernel.shape[0] == 0:
        raise ValueError(f"{name}: its width k is 0; a kernel covers at least 1 position, the token itself")
