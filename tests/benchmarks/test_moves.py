"""One slider move of each explorer, in the kernel: from JupyterLab's message to the kernel idle again."""

import time

import pytest
from conftest import EXPLORER, INTERACT, NAMES, ROWS

MOVES, WARMUP = 40, 5


@pytest.mark.parametrize("name", NAMES)
def test_one_move_in_the_kernel(name, kernel, benchmark):
    """The explorer and `interact` take turns in one kernel, so that whatever else the machine does meets both."""
    kernel.run(EXPLORER.format(name=name))
    kernel.run(INTERACT.format(name=name))
    ours, theirs = kernel.value("moved.observed(ours)[0].model_id"), kernel.value("slider.model_id")
    start, last = kernel.value("slider.index"), kernel.value("len(moved.values) - 1")
    places = hand(start, last)
    answers, times = [], []

    def interact():
        place = next(places)
        begin = time.perf_counter()
        answers.append(kernel.move(theirs, place))
        times.append(1000 * (time.perf_counter() - begin))
        return (place,), {}

    benchmark.group = what = f"{name}, kernel side"
    benchmark.pedantic(lambda place: answers.append(kernel.move(ours, place)), setup=interact, rounds=WARMUP + MOVES)
    for sent in answers:  # each move brought a picture: nothing is timed that did nothing
        assert any(m["msg_type"] == "display_data" or m["content"].get("data", {}).get("buffer_paths") for m in sent)
    ROWS.append((what, "the explorer", [1000 * seconds for seconds in benchmark.stats.stats.data[WARMUP:]]))
    ROWS.append((what, "interact, a new inline figure", times[WARMUP:]))


def hand(place, last):
    """Where a hand drags a slider: a step at a time, up to the end and back to the start, again and again."""
    step = 1
    while True:
        if not 0 <= place + step <= last:
            step = -step
        place += step
        yield place


def test_the_first_explorer_in_a_new_kernel(kernel, timed):
    """From the kernel's start to the explorer on the page, import and all; the aim is 2 s."""
    timed("first explorer in a new kernel", "import, make, display",
          lambda: kernel.run(EXPLORER.format(name="GrowthExplorer")), rounds=1, warmup=0)
