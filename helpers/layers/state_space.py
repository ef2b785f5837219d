"""A diagonal state-space layer: each channel remembers its past in r fading numbers. Lesson 10.

The same layer twice: as a recurrence, and as a convolution with a kernel as long as the sequence. The two are equal
because a, b and c do not depend on the tokens. Where they do (Mamba), the recurrence alone is left, at the same cost.
"""

import numpy as np

from helpers.layers.convolutions import causal_windows
from helpers.tracing import repeat, step


def diagonal_state_space(x, a, b, c):
    """hₜ = a ⊙ hₜ₋₁ + b·xₜ, yₜ = Σ c ⊙ hₜ, token by token: 5·n·d·r FLOPs, one state of d·r numbers.

    x: (n, d); a, b, c: (d, r), for each of d channels r decays, inputs and outputs. Returns (n, d). Channels do not
    meet. Real numbers, with |a| below 1 so that the past fades; already discrete (ā = exp(Δ·a) in the papers), no
    direct way from x to y. Another model than attention, causal. Raises ValueError if a, b, c differ in shape or have
    r = 0. Gu et al. 2022 (S4D); Gu and Dao 2023 (Mamba). Lesson 10.

    >>> diagonal_state_space(np.array([[8.], [0.], [0.]]), *np.array([0.5, 1, 1]).reshape(3, 1, 1)).tolist()
    [[8.0], [4.0], [2.0]]
    """
    check_state(x, a, b, c)
    state, rows = np.full(a.shape, 0.0, like=x), np.full(x.shape, 0.0, like=x)
    for t in repeat(x.shape[0]):
        rows[t], state = state_space_cell(x[t], state, a, b, c)
    return rows


def state_space_cell(x_t, state, a, b, c):
    """One token: h ← a ⊙ h + b·x, y = Σ c ⊙ h: 5·d·r FLOPs at any length.

    x_t: (d,); state h, a, b, c: (d, r). Returns (y (d,), new h). What decoding costs and keeps. Lesson 10.

    >>> state_space_cell(np.array([8.]), np.ones((1, 1)), *np.array([0.5, 1, 2]).reshape(3, 1, 1))
    (array([17.]), array([[8.5]]))
    """
    with step("new state"):
        state = a * state + b * x_t[:, None]
    with step("output"):
        return np.einsum("dr,dr->d", c, state), state


def diagonal_state_space_convolution(x, a, b, c):
    """yₜ = Σⱼ kernelⱼ·xₜ₋ⱼ, all tokens at once: 2·n²·d FLOPs of convolution and 3·n·d·r + d·r for the kernel.

    Arguments, result and errors as `diagonal_state_space`: the same values to rounding. The convolution is direct, with
    n − 1 zeros before the first token whose products are computed and counted: half of the n². By the fast Fourier
    transform it would cost about 15·n·d·log₂(2·n) instead: three real transforms of length 2·n, each 2.5·m·log₂(m) for
    length m. Gu et al. 2022 (S4D). Lesson 10.

    >>> diagonal_state_space_convolution(np.array([[8.], [0.], [0.]]), *np.array([0.5, 1, 1]).reshape(3, 1, 1)).tolist()
    [[8.0], [4.0], [2.0]]
    """
    kernel = state_space_kernel(x, a, b, c)
    with step("convolution"):
        return np.einsum("tdj,jd->td", causal_windows(x, x.shape[0]), kernel[::-1])


def state_space_kernel(x, a, b, c):
    """kernelⱼ = Σ c ⊙ b ⊙ aʲ for j = 0 … n − 1, what a token leaves j tokens later: 3·n·d·r + d·r FLOPs, n·d·r elements.

    x: (n, d), for its length alone; a, b, c: (d, r). Returns (n, d). A power counts as 1. Lesson 10.

    >>> state_space_kernel(np.ones((3, 1)), *np.array([0.5, 1, 1]).reshape(3, 1, 1)).tolist()
    [[1.0], [0.5], [0.25]]
    """
    check_state(x, a, b, c)
    with step("kernel"):
        powers = a ** np.arange(x.shape[0], like=x)[:, None, None]
        return np.einsum("dr,jdr->jd", b * c, powers)


def check_state(x, a, b, c):
    """ValueError unless a, b and c are (d, r) alike, with d the width of x and r at least 1."""
    for name, array in (("a", a), ("b", b), ("c", c)):
        if len(array.shape) != 2 or array.shape[0] != x.shape[-1] and not hasattr(array.shape[0] - x.shape[-1], "free_symbols"):
            raise ValueError(f"{name}: its shape is {array.shape}, and x has {x.shape[-1]} channels; "
                             f"give it the shape ({x.shape[-1]}, r)")
        if array.shape[1] == 0:
            raise ValueError(f"{name}: 0 numbers of state remember nothing; give each channel at least 1")
        if array.shape != a.shape:
            raise ValueError(f"{name}: its shape {array.shape} is not that of a, {a.shape}; give a, b and c the same")
