"""For the explorers, until they draw on their own scene: the roofline's axes."""

INTENSITY = "arithmetic intensity (FLOPs per byte)"
REACHED = "arithmetic reached (FLOP/s)"
