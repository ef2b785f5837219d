"""A diagonal state-space layer as loops over single numbers, as a recurrence and as a convolution. Lesson 10."""

from collections import Counter

from loops.products import dot_product


def diagonal_state_space(x, a, b, c):
    """x: n × d; a, b, c: d × r: n steps of `state_space_cell` from the state 0: 5·n·d·r.

    >>> diagonal_state_space([[8], [0]], [[0.5]], [[1]], [[1]])[0]
    [[8.0], [4.0]]
    """
    operations, rows, state = Counter(), [], [[0.0] * len(row) for row in a]
    for x_t in x:
        (row, state), count = state_space_cell(x_t, state, a, b, c)
        rows.append(row)
        operations += count
    return rows, operations


def state_space_cell(x_t, state, a, b, c):
    """h ← a·h + b·x and y = Σ c·h, channel by channel: 5·d·r. The values are the pair (y, new state).

    >>> state_space_cell([8], [[1]], [[0.5]], [[1]], [[2]])[0]
    ([17.0], [[8.5]])
    """
    operations, outputs, states = Counter(), [], []
    for value, old, fade, enter, leave in zip(x_t, state, a, b, c):
        states.append([a_i * h_i + b_i * value for a_i, h_i, b_i in zip(fade, old, enter)])
        operations.update(multiply=2 * len(old), add=len(old))
        output, count = dot_product(leave, states[-1])
        outputs.append(output)
        operations += count
    return (outputs, states), operations


def state_space_kernel(x, a, b, c):
    """What a token leaves j tokens later, j = 0 … n − 1, in each channel: 3·n·d·r + d·r.

    >>> state_space_kernel([[1], [1], [1]], [[0.5]], [[1]], [[1]])[0]
    [[1.0], [0.5], [0.25]]
    """
    operations, kernel, through = Counter(), [], []
    for enter, leave in zip(b, c):
        through.append([b_i * c_i for b_i, c_i in zip(enter, leave)])
        operations["multiply"] += len(enter)
    for later in range(len(x)):
        kernel.append([])
        for fade, weights in zip(a, through):
            operations["power"] += len(fade)
            value, count = dot_product(weights, [a_i ** later for a_i in fade])
            kernel[-1].append(value)
            operations += count
    return kernel, operations


def diagonal_state_space_convolution(x, a, b, c):
    """Each token sums n products, zeros before the first token included: 2·n²·d + 3·n·d·r + d·r.

    >>> diagonal_state_space_convolution([[8], [0]], [[0.5]], [[1]], [[1]])[0]
    [[8.0], [4.0]]
    """
    kernel, operations = state_space_kernel(x, a, b, c)
    rows = []
    for t in range(len(x)):
        rows.append([])
        for channel in range(len(a)):
            seen = [x[t - j][channel] if j <= t else 0.0 for j in range(len(x))]
            value, count = dot_product(seen, [row[channel] for row in kernel])
            rows[-1].append(value)
            operations += count
    return rows, operations
