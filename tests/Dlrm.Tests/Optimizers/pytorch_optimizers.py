"""Writes pytorch-optimizers.json: what PyTorch's optimizers make of given gradients. Run with Debian's python3-torch."""
import json
import os

import torch

STEPS, SIZES, ROWS, DIMENSION, BATCH, LOOKUPS = 12, (1, 7, 33), 9, 5, 4, 3
torch.manual_seed(11)


def floats(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def draw(*shape):
    return torch.randn(*shape) * 10 ** torch.empty(*shape).uniform_(-2, 1)


start = [draw(size) for size in SIZES]
gradients = [[draw(size) for size in SIZES] for _ in range(STEPS)]
table = draw(ROWS, DIMENSION)
lookups = [torch.randint(0, ROWS, (BATCH, LOOKUPS)) for _ in range(STEPS)]
pooled = [draw(BATCH, DIMENSION) for _ in range(STEPS)]


def dense(make, clip=0.0):
    parameters = [torch.nn.Parameter(tensor.clone()) for tensor in start]
    optimizer = make(parameters)
    for step in gradients:
        for parameter, gradient in zip(parameters, step):
            parameter.grad = gradient.clone()
        if clip:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
    return [floats(parameter) for parameter in parameters]


def sparse(make):
    bags = torch.nn.EmbeddingBag(ROWS, DIMENSION, mode="sum", sparse=True, _weight=table.clone())
    optimizer = make(bags.parameters())
    for indices, gradient in zip(lookups, pooled):
        optimizer.zero_grad()
        bags(indices).backward(gradient)
        optimizer.step()
    return floats(bags.weight)


optim = torch.optim
cases = [
    ("sgd", 0.05, {}, lambda p: optim.SGD(p, lr=0.05), 0),
    ("sgd", 0.05, {"momentum": 0.9}, lambda p: optim.SGD(p, lr=0.05, momentum=0.9), 0),
    ("sgd", 0.05, {"momentum": 0.8, "weight_decay": 0.01},
     lambda p: optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.01), 0),
    ("sgd", 0.05, {"clip": 1.5}, lambda p: optim.SGD(p, lr=0.05), 1.5),
    ("sgd", 0.05, {"clip": 1e6}, lambda p: optim.SGD(p, lr=0.05), 1e6),
    ("adagrad", 0.05, {}, lambda p: optim.Adagrad(p, lr=0.05), 0),
    ("adagrad", 0.05, {"weight_decay": 0.1}, lambda p: optim.Adagrad(p, lr=0.05, weight_decay=0.1), 0),
    ("adam", 0.01, {}, lambda p: optim.Adam(p, lr=0.01), 0),
    ("adam", 0.01, {"weight_decay": 0.1, "clip": 0.7}, lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1), 0.7),
]
result = {
    "torch": torch.__version__,
    "start": [floats(tensor) for tensor in start],
    "gradients": [[floats(tensor) for tensor in step] for step in gradients],
    "dense": [
        {"name": name, "rate": rate, "options": options, "end": dense(make, clip)} for name, rate, options, make, clip in cases],
    "table": floats(table),
    "dimension": DIMENSION,
    "lookups": [indices.tolist() for indices in lookups],
    "pooled": [floats(tensor) for tensor in pooled],
    "sparse": [
        {"name": "sgd", "rate": 0.05, "end": sparse(lambda p: optim.SGD(p, lr=0.05))},
        {"name": "adagrad", "rate": 0.05, "end": sparse(lambda p: optim.Adagrad(p, lr=0.05))},
        {"name": "adam", "rate": 0.01, "end": sparse(lambda p: optim.SparseAdam(list(p), lr=0.01))},
    ],
}
with open(os.path.join(os.path.dirname(__file__), "pytorch-optimizers.json"), "w") as file:
    file.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items()) + "\n}\n")
