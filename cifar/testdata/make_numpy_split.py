#!/usr/bin/env python3
"""Write numpy_split.json: what numpy's legacy generator makes of arange(n), for TestSplitNumpy.

    python3 make_numpy_split.py > numpy_split.json       (written with numpy 1.24.2)
"""
import json
import numpy

CASES = [(50, 0.1, s) for s in (0, 1, 42, 4294967295)] + [(1, 0.5, 7), (2, 0.5, 7), (33, 0.29, 3), (64, 1.0, 5), (65, 0.0, 5)]

rows = []
for n, ratio, seed in CASES:
    numpy.random.seed(seed)
    order = numpy.arange(n)
    numpy.random.shuffle(order)
    rows.append(json.dumps({"n": n, "val_ratio": ratio, "seed": seed, "val_count": int(n * ratio), "order": order.tolist()}))
print("[\n" + ",\n".join(rows) + "\n]")
