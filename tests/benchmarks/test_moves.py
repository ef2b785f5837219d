"""One slider move, in the kernel: from JupyterLab's message to the kernel idle again."""

import time
from itertools import cycle

from conftest import EXPLORER, INTERACT, ROWS

WHAT = "a slider move, kernel side"


def test_one_move_in_the_kernel(kernel, benchmark):
    """The two take turns in one kernel, so that whatever else the machine does meets both."""
    kernel.run(EXPLORER)
    kernel.run(INTERACT)
    ours = kernel.value("explorer._live._controls[0][1].children[1].model_id")
    theirs = kernel.value("slider.model_id")
    places = cycle([*range(5, 35), *range(35, 5, -1)])
    answers, times = [], []

    def interact():
        place = next(places)
        start = time.perf_counter()
        answers.append(kernel.move(theirs, place))
        times.append(1000 * (time.perf_counter() - start))
        return (place,), {}

    benchmark.group = WHAT
    benchmark.pedantic(lambda place: answers.append(kernel.move(ours, place)), setup=interact, rounds=65)
    for sent in answers:  # each move brought a picture: nothing is timed that did nothing
        assert any(m["msg_type"] == "display_data" or m["content"].get("data", {}).get("buffer_paths") for m in sent)
    ROWS.append((WHAT, "GrowthExplorer", [1000 * seconds for seconds in benchmark.stats.stats.data[5:]]))
    ROWS.append((WHAT, "interact, a new inline figure", times[5:]))


def test_the_first_explorer_in_a_new_kernel(kernel, timed):
    """From the kernel's start to the explorer on the page, import and all; the aim is 2 s."""
    timed("first explorer in a new kernel", "import, make, display", lambda: kernel.run(EXPLORER), rounds=1, warmup=0)
