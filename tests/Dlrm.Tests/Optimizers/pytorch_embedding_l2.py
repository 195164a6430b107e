"""Writes pytorch-embedding-l2.json: PyTorch's weight decay on the rows that a step looks up. Run with Debian's python3-torch.

Every row is a parameter of its own and has no gradient in a step that does not look it up, so PyTorch leaves it out then.
"""
import json
import os

import torch

STEPS, ROWS, DIMENSION, BATCH, LOOKUPS = 8, 11, 5, 4, 2
torch.manual_seed(12)


def floats(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


table = torch.randn(ROWS, DIMENSION)
lookups = [torch.randint(0, ROWS, (BATCH, LOOKUPS)) for _ in range(STEPS)]
pooled = [torch.randn(BATCH, DIMENSION) for _ in range(STEPS)]


def end(make):
    rows = [torch.nn.Parameter(row.clone()) for row in table]
    optimizer = make(rows)
    for indices, gradient in zip(lookups, pooled):
        optimizer.zero_grad(set_to_none=True)
        bags = torch.stack([sum(rows[index] for index in bag) for bag in indices.tolist()])
        bags.backward(gradient)
        optimizer.step()
    return floats(torch.stack(rows))


result = {
    "torch": torch.__version__,
    "l2": 0.1,
    "dimension": DIMENSION,
    "table": floats(table),
    "lookups": [indices.tolist() for indices in lookups],
    "pooled": [floats(tensor) for tensor in pooled],
    "cases": [
        {"name": "sgd", "rate": 0.05, "end": end(lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.1))},
        {"name": "adagrad", "rate": 0.05, "end": end(lambda p: torch.optim.Adagrad(p, lr=0.05, weight_decay=0.1))},
    ],
}
with open(os.path.join(os.path.dirname(__file__), "pytorch-embedding-l2.json"), "w") as file:
    file.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items()) + "\n}\n")
