"""The check of lesson 00: a warm-up that shows how checks speak."""

from helpers.exercises import exercise, number


@exercise("00.1")
def handshakes(answer):
    """Handshakes among 20 guests, each with each other once."""
    return number(
        answer, 20 * 19 // 2, "each of 20 meets 19 others, and a handshake has two ends: 4.2 times those of ten guests",
        unit="handshakes",
        mistakes=[
            ("twice the guests make more than twice the handshakes: the ten new guests also meet the ten old ones", 90),
            ("four times comes close: ten guests have 45, but how many pairs are there between old and new guests?", 180),
            ("that counts each handshake twice, once from either hand", 20 * 19),
            ("that counts each handshake twice, and each guest with itself as well", 20 * 20),
            ("nobody shakes hands with themselves", 20 * 21 // 2),
        ])
