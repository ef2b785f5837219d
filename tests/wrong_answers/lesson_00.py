"""Usual wrong answers to lesson 00 and a word of the hint that each must earn."""

WRONG = {
    "00.1": [(90, "more than twice"), (180, "between"), (380, "twice"), (400, "themselves"), (210, "themselves"),
        ("190", "write it as a number: 190"), ("13.1 %", "a number: 13.1"), ("twice", "digits")],
}
