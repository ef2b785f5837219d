"""Without torch the script here cannot be imported, so pytest does not look in it for examples."""
from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["measure_counters.py"]
