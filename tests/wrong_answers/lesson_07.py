"""Usual wrong answers to lesson 07 and a word of the hint that each must earn."""
from helpers.notation import b, d, h, n


def users(memory_bytes, parameters, layers, kv_heads, head_width, n, weight=2, number=4):
    return max((memory_bytes - weight * parameters) // (number * layers * kv_heads * head_width * n), 0)


def with_(**changed):
    return lambda memory_bytes, parameters, layers, kv_heads, head_width, n: users(
        memory_bytes, parameters, layers, kv_heads, head_width, n, **changed)


def exact(memory_bytes, parameters, layers, kv_heads, head_width, n):
    return max(memory_bytes - 2 * parameters, 0) / (4 * layers * kv_heads * head_width * n)


def below(memory_bytes, parameters, layers, kv_heads, head_width, n):
    return (memory_bytes - 2 * parameters) // (4 * layers * kv_heads * head_width * n)


def ways(none, selective, full):
    return {"none": none, "selective": selective, "full": full}


WRONG = {
    "07.1": [(2, "three factors"), (64, "already"), (4, "both factors"), (1024, "not two"), (128, "width"), (8, "share"), (1 / 32, "above 1"),
             ("32", "number")],
    "07.2": [(with_(number=2), "keys and values"), (with_(number=1), "neither"), (with_(weight=1), "2 bytes"),
             (with_(weight=0), "weights must fit"), (with_(weight=16), "learning"), (exact, "whole"), (below, "below 0"),
             (lambda memory_bytes: memory_bytes, "takes (memory_bytes)")],
    "07.3": [(n*b*d*(32 + 4*h*n/d), "one copy"), (n*b*d*(34 + 2*h*n/d), "two of them"), (n*b*d*(32 + 5*h*n/d), "one of them"),
             (n*b*d*(31 + 4*h*n/d), "not alike"),
             (n*b*d*(31 + 5*h*n/d), "not alike"), (n*b*d*(34 + 5*h*n/d), "with dropout"), (n*b*d*(30 + 2*h*n/d), "1 byte"),              (n*d*(32 + 2*h*n/d), "batch"), (n*b*d*(16 + h*n/d), "each takes 2 bytes"), (n*b*d*(32 + h*n/d), "stays")],
    "07.4": [(ways(7, 18, 200), "does not fit"), (ways(5, 18, 200), "still fits"), (ways(6, 6, 200), "without recomputation"),
             (ways(6, 18, 18), "selective"), (6, "dict")],
}
