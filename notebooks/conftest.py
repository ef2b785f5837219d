"""What the notebooks need when pytest runs them, all or one: `pytest notebooks/05_….ipynb`.

nbval runs each notebook, cell by cell, and compares saved text with fresh text. Three things are
added: its kernels show explorers as pictures, as the saved notebooks do; pictures are compared;
and on Linux the kernels are forked from one process that has loaded the slow packages already.
"""
import multiprocessing
import os
import signal
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import nbval.kernel
import nbval.plugin
import pytest
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from pictures import picture_fault
from store import environment

SETUP, COMPARE = nbval.plugin.IPyNbFile.setup, nbval.plugin.IPyNbCell.compare_outputs
LOADED = ["ipykernel.ipkernel", "ipywidgets", "matplotlib.backends.backend_agg",
          "matplotlib.figure", "matplotlib_inline.backend_inline", "numpy.random", "sympy"]


class ForkedKernel:
    """A kernel, forked in the folder `cwd`: what nbval asks of a kernel manager."""
    kernel_spec = None

    def __init__(self, cwd):
        self.folder = TemporaryDirectory()
        place = f"{self.folder.name}/kernel"
        self.connection, _ = write_connection_file(f"{place}.json", transport="ipc", ip=place)
        fork = multiprocessing.get_context("forkserver")
        fork.set_forkserver_preload(LOADED)
        # told that it has a parent, it ends when the parent does
        arguments = ["-f", self.connection, f"--IPKernelApp.parent_handle={os.getpid()}"]
        self.process = fork.Process(
            target=IPKernelApp.launch_instance, args=(arguments,), daemon=True)
        with chdir(cwd):
            self.process.start()

    def is_alive(self):
        return self.process.is_alive()

    def interrupt_kernel(self):
        os.kill(self.process.pid, signal.SIGINT)

    def shutdown_kernel(self, now=True):
        self.process.kill()
        self.process.join()
        self.folder.cleanup()


def forked_kernel(startup_timeout=60, cwd=None, **options):
    """nbval's `start_new_kernel`: a manager and a client."""
    manager = ForkedKernel(cwd)
    client = BlockingKernelClient(connection_file=manager.connection)
    client.load_connection_file()
    client.start_channels(hb=False)
    client.kernel_info(reply=True, timeout=startup_timeout)
    return manager, client


def setup(self):
    """nbval's start of a kernel, in the environment in which notebooks are stored."""
    with environment():
        SETUP(self)


def compare_outputs(self, test, ref, skip_compare=None):
    """nbval's comparison, and then the pictures."""
    if not COMPARE(self, test, ref, skip_compare):
        return False
    path, cell = self.parent.path, self.cell.get("id")
    if fault := picture_fault(ref, test, f"{path.stem}-{cell}"):
        self.comparison_traceback.append(
            f"{os.path.relpath(path, Path(__file__).parents[1])}, cell {cell}: {fault}\n"
            f"If the new one is right, store it: make notebooks N={path.stem.partition('_')[0]}")
    return not fault


def pytest_configure(config):
    patch = pytest.MonkeyPatch()
    patch.setattr(nbval.plugin.IPyNbFile, "setup", setup)
    patch.setattr(nbval.plugin.IPyNbCell, "compare_outputs", compare_outputs)
    if sys.platform == "linux":
        patch.setattr(nbval.kernel, "start_new_kernel", forked_kernel)
    config.add_cleanup(patch.undo)
