"""One slider move, in the kernel: from JupyterLab's message to the kernel idle again."""

from itertools import cycle

import pytest
from conftest import EXPLORER, INTERACT

DESIGNS = {
    "GrowthExplorer": (EXPLORER, "explorer._live._controls[0][1].children[1].model_id"),
    "interact, a new inline figure": (INTERACT, "slider.model_id"),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_one_move_in_the_kernel(design, kernel, timed):
    code, model = DESIGNS[design]
    kernel.run(code)
    model = kernel.value(model)
    places = cycle([*range(5, 35), *range(35, 5, -1)])
    answers = []
    timed("a slider move, kernel side", design, lambda: answers.append(kernel.move(model, next(places))), rounds=60)
    for sent in answers:  # each move brought a picture: nothing is timed that did nothing
        assert any(m["msg_type"] == "display_data" or m["content"].get("data", {}).get("buffer_paths") for m in sent)


def test_the_first_explorer_in_a_new_kernel(kernel, timed):
    """From the kernel's start to the explorer on the page, import and all; the aim is 2 s."""
    timed("first explorer in a new kernel", "import, make, display", lambda: kernel.run(EXPLORER), rounds=1, warmup=0)
