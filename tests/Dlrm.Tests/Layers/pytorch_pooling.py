"""Writes pytorch-pooling.json: bags pooled and differentiated by PyTorch, for every kind of table and pooling.

python3 pytorch_pooling.py > pytorch-pooling.json
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(11)
ROWS, DIM, WIDE, COLLISIONS = 11, 3, 5, 4
BAGS = [[0, 10, 3], [], [7], [7, 7, 3, 2], [5, 1, 5, 9, 4, 8, 6]]
indices = torch.tensor([row for bag in BAGS for row in bag])
lengths = torch.tensor([len(bag) for bag in BAGS])
offsets = torch.cumsum(lengths, 0) - lengths


def pool(table, rows, weights, mode):
    if weights is None:
        return F.embedding_bag(rows, table, offsets, mode=mode)
    if mode == "mean":
        weights = weights / torch.repeat_interleave(lengths, lengths)
    return F.embedding_bag(rows, table, offsets, mode="sum", per_sample_weights=weights)


def case(kind, weighted, mode):
    width = {"md": WIDE, "qr-concat": 2 * DIM}.get(kind, DIM)
    parameters = {}
    if kind.startswith("qr"):
        parameters["weight_q"] = torch.randn((ROWS + COLLISIONS - 1) // COLLISIONS, DIM)
        parameters["weight_r"] = torch.randn(COLLISIONS, DIM)
    else:
        parameters["weight"] = torch.randn(ROWS, DIM)
    if kind == "md":
        parameters["proj"] = torch.randn(WIDE, DIM)
    if weighted:
        parameters["v"] = torch.rand(ROWS) + 0.5
    for parameter in parameters.values():
        parameter.requires_grad_()
    weights = parameters["v"][indices] if weighted else None
    if kind.startswith("qr"):
        q = pool(parameters["weight_q"], indices // COLLISIONS, weights, mode)
        r = pool(parameters["weight_r"], indices % COLLISIONS, weights, mode)
        pooled = {"qr-mult": lambda: q * r, "qr-add": lambda: q + r, "qr-concat": lambda: torch.cat([q, r], 1)}[kind]()
    else:
        pooled = pool(parameters["weight"], indices, weights, mode)
        if kind == "md":
            pooled = pooled @ parameters["proj"].t()
    gradient = torch.randn(len(BAGS), width)
    (pooled * gradient).sum().backward()
    flat = lambda tensor: [round(x, 7) for x in tensor.detach().flatten().tolist()]
    return {
        "kind": kind, "weighted": weighted, "pooling": mode, "width": width,
        "parameters": {name: flat(value) for name, value in parameters.items()},
        "gradients": {name: flat(value.grad) for name, value in parameters.items()},
        "pooled": flat(pooled), "gradient": flat(gradient),
    }


kinds = ["full", "md", "qr-mult", "qr-add", "qr-concat"]
print(json.dumps({
    "rows": ROWS, "dimension": DIM, "collisions": COLLISIONS, "bags": BAGS,
    "cases": [case(k, w, m) for k in kinds for w in (False, True) for m in ("sum", "mean")],
}))
