"""Images/s of cnnvk's networks in PyTorch on a CUDA GPU: the recipe's training step, and the forward pass alone.

Prints a Markdown table: every way that PyTorch has to be fast there, at each batch size. The CUDA graph replays a whole step
(for SmallCIFARNet: forward, backward, clipping, AdamW, moving average) without the host, which is what cnnvk's recorded command
buffers do.
Usage: peer_cuda.py SECONDS NETWORK[,NETWORK...] BATCH...     stops measuring when the seconds are used up
"""

import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
try:
    import torch
except ImportError:
    sys.exit(f"there is no PyTorch for {sys.executable}")
from peer_networks import network, update_of

if not torch.cuda.is_available():
    sys.exit(f"PyTorch {torch.__version__} sees no CUDA device")
deadline = time.monotonic() + float(sys.argv[1])
networks, batches = sys.argv[2].split(","), [int(b) for b in sys.argv[3:]]
WARM_UPS, REPEATS = 10, 50


def median_ms(run):
    """The median time of a run on the device, by its own clock."""
    for _ in range(WARM_UPS):
        run()
    times = []
    for _ in range(REPEATS):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def captured(run):
    """The run as a CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def rates(name, batch, layout, tf32, bf16, graph):
    """Images/s in training and forward."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    net = network(name).cuda().to(memory_format=layout)
    update = update_of(name, net, capturable=graph, fused=True)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    images = torch.randn(batch, 3, 32, 32, device="cuda").contiguous(memory_format=layout)
    labels = torch.randint(0, 100, (batch,), device="cuda")

    def step():
        net.zero_grad(set_to_none=False)
        with torch.autocast("cuda", torch.bfloat16, enabled=bf16, cache_enabled=not graph):
            loss = loss_of(net(images), labels)
        loss.backward()
        update()

    def forward():
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=bf16, cache_enabled=not graph):
            net(images)

    out = []
    for train, run in ((True, step), (False, forward)):
        net.train(train)
        run()
        out.append(batch / median_ms(captured(run) if graph else run) * 1e3)
    return out


print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}, medians of {REPEATS} steps\n")
print("| network | batch | arithmetic | layout | host | train images/s | forward images/s |")
print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
ARITHMETIC = {"float32": (False, False), "TF32": (True, False), "bfloat16": (True, True)}
LAYOUTS = {"NCHW": torch.contiguous_format, "channels-last": torch.channels_last}
for graph in (True, False):
    for arithmetic, (tf32, bf16) in ARITHMETIC.items():
        for name in networks:
            for batch in batches:
                for layout, memory_format in LAYOUTS.items():
                    if time.monotonic() > deadline:
                        sys.exit("the time was used up")
                    try:
                        train, forward = (f"{r:.0f}" for r in rates(name, batch, memory_format, tf32, bf16, graph))
                    except RuntimeError as e:
                        train, forward = "failed", str(e).splitlines()[0]
                    host = "CUDA graph" if graph else "eager"
                    print(f"| {name} | {batch} | {arithmetic} | {layout} | {host} | {train} | {forward} |", flush=True)
