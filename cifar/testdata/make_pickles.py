#!/usr/bin/python3
"""Write pickles/: the same three records as Python 3 and NumPy pickle them, for TestReadPython.

    ./make_pickles.py       (written with Python 3.11 and numpy 1.24.2)

Image i has the byte (7 i + j // 64) % 256 at j, the fine label 33 i, the coarse label 7 i.
"""
import pathlib
import pickle
import numpy

N = 3
DATA = numpy.array([[(7 * i + j // 64) % 256 for j in range(3072)] for i in range(N)], numpy.uint8)
FINE, COARSE = [33 * i for i in range(N)], [7 * i for i in range(N)]
FOLDER = pathlib.Path(__file__).parent / "pickles"


def write(name, protocol, data=DATA, fine=FINE, coarse=COARSE, key=lambda k: k, **more):
    entries = {"filenames": [b"a_s_%06d.png" % i for i in range(N)], "batch_label": b"training batch 1 of 1",
               "fine_labels": fine, "coarse_labels": coarse, "data": data, **more}
    (FOLDER / name).write_bytes(pickle.dumps({key(k): v for k, v in entries.items() if v is not None}, protocol))


FOLDER.mkdir(exist_ok=True)
for p in (2, 3, 4, 5):
    write(f"protocol{p}", p)
write("bytes_keys", 4, key=str.encode)
write("label_arrays", 4, fine=numpy.array(FINE), coarse=numpy.array(COARSE, ">i2"))
write("label_scalars", 2, fine=list(numpy.array(FINE)), coarse=list(numpy.array(COARSE, numpy.uint8)))
write("planes", 5, data=DATA.reshape(N, 3, 32, 32))
# What is refused.
write("fortran", 4, data=numpy.asfortranarray(DATA))
write("float_labels", 4, fine=numpy.array(FINE, float))
