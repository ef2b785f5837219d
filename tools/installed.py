"""Is all that pyproject.toml lists installed? `python tools/installed.py [extra]` says what is not.

`make` asks when pip has failed: without the network the course goes on, if what is there is enough.
"""
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement  # comes with JupyterLab


def missing(project, extra=None):
    """The requirements of a project's table that this environment does not meet, as texts."""
    wanted = [*project["dependencies"], *project["optional-dependencies"].get(extra, [])]
    return [text for text in [project["name"], *wanted] if not met(Requirement(text))]


def met(requirement):
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


if __name__ == "__main__":
    file = Path(__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    sys.exit(", ".join(missing(project, *sys.argv[1:2])) or 0)
