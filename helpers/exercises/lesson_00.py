"""Lesson 00: a warm-up that shows how checks speak."""

from helpers.exercises import EXERCISES, Exercise

EXERCISES["00.1"] = Exercise(20 * 19 // 2, {
    90: "more than twice 45: the ten new guests also meet the ten old ones",
    180: "four times comes close: how many pairs are there between old and new guests?",
    20 * 19: "that counts each handshake twice, once from either hand",
    (20 * 20, 20 * 21 // 2): "nobody shakes hands with themselves, and a handshake has two ends",
}, why="each of 20 meets 19 others, and a handshake has two ends: 4.2 times those of ten guests")
