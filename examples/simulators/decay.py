#!/usr/bin/env python3
"""Decay, the law of decay.hpp, as a program: dead time + lifetime · E with E exponential of mean 1.

It answers in frames: a line of JSON, then 32-bit floats in this machine's order. Standard output is for answers alone;
what it has to say goes to standard error."""
import array
import json
import random
import sys

questions, answers = sys.stdin.buffer, sys.stdout.buffer


def answer(header, numbers=b""):
    answers.write(json.dumps(header).encode() + b"\n" + numbers)
    answers.flush()


parameters = len(json.loads(questions.readline())["parameters"])
answer({"alfi": 1, "name": "decay"})
for line in questions:
    question = json.loads(line)
    theta = array.array("f", questions.read(4 * parameters * question["parameters"]))
    draw = random.Random(question["seed"]).expovariate
    x = array.array("f")
    for lifetime, dead_time in zip(theta[0::2], theta[1::2]):
        x.extend(dead_time + lifetime * draw(1) for _ in range(question["observations"]))
    answer({"id": question["id"]}, x.tobytes())
