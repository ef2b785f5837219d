"""Usual wrong answers to lesson 00 and a word of the hint that each must earn."""

WRONG = {
    "00.1": [("190", "write it as a number: 190"), ("13.1 %", "a number: 13.1"), ("twice", "digits")],
}
