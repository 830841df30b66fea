"""Checks ONNX files with the reference library: onnx_check.py FILE...

The checker with full_check, shape inference in strict mode, which has to give every value a shape and the output its own, and a printed
graph. A line a file. Needs python3-onnx (Debian's 1.12 or newer).
"""
import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    graph = model.graph
    declared = {v.name: str(v.type) for v in graph.output}
    del graph.output[0].type.tensor_type.shape.dim[:]
    graph.output[0].type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    shaped = {v.name for v in inferred.value_info if v.type.tensor_type.HasField("shape")}
    given = {name for node in graph.node for name in node.output} - set(declared)
    assert shaped == given, f"{path}: no shape for {sorted(given - shaped)}"
    for v in inferred.output:
        assert str(v.type) == declared[v.name], f"{path}: {v.name} is {v.type}, declared as {declared[v.name]}"
    onnx.helper.printable_graph(inferred)
    print(f"{path}: {len(graph.node)} nodes, {len(graph.initializer)} initializers, every shape inferred")
