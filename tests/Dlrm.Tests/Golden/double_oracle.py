#!/usr/bin/env python3
"""Trains a golden case again in double precision: writes cases/NAME-double.json.gz for NAME kaggle-shape.

usage: double_oracle.py [NAME]   (needs numpy; reads the packed case that pack_golden.py wrote)

Rounding switches a rectifier in the reference's own run of kaggle-shape, and from then on its losses are not those of
exact arithmetic. This script starts from the same draws (float32, as the reference rounds them), computes every sum in
float64 and keeps the loss of every step and a digest of the final parameters, as the traces do for big models. It knows
what that case needs: uniform lookups of a fixed number, one a bag; dot interaction; BCE; SGD. It stops when the batches
or the initial parameters are not those of the trace.
"""
import gzip, json, os, sys
import numpy as np
from pack_golden import write

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cases')
name = sys.argv[1] if len(sys.argv) > 1 else 'kaggle-shape'
golden = json.load(gzip.open(os.path.join(folder, name + '.json.gz')))
options = dict(argument[2:].split('=') for argument in golden['args'])
sizes = lambda option: [int(size) for size in options[option].split('-')]
tables, bottom, dimension = sizes('arch-embedding-size'), sizes('arch-mlp-bot'), int(options['arch-sparse-feature-size'])
features = len(tables) + 1
top = [dimension + features * (features - 1) // 2] + sizes('arch-mlp-top')
batch, steps, seed = (int(options[key]) for key in ('mini-batch-size', 'num-batches', 'numpy-rand-seed'))
rate = float(np.float32(options['learning-rate']))  # a step takes its rate in single precision
assert options['num-indices-per-lookup'] == '1' and options['loss-function'] == 'bce'


def single(values):
    return values.astype(np.float32).astype(np.float64)


def digest(values):
    flat = values.ravel()
    return {'sum': flat.sum(), 'abs_sum': np.abs(flat).sum(), 'first': list(flat[:4]), 'last': list(flat[-4:])}


def tower(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        weight = single(np.random.normal(0.0, np.sqrt(2 / (outputs + inputs)), size=(outputs, inputs)))
        layers.append([weight, single(np.random.normal(0.0, np.sqrt(1 / outputs), size=outputs))])
    return layers


def forward(layers, x, last):
    """The inputs of every layer, and the output; all layers but the last are rectified, and that one by `last`."""
    inputs = []
    for position, (weight, bias) in enumerate(layers):
        inputs.append(x)
        x = x @ weight.T + bias
        x = last(x) if position == len(layers) - 1 else np.maximum(x, 0)
    return inputs, x


def backward(layers, inputs, gradient):
    """Takes the step and returns the gradient of the tower's input; `gradient` is that of the last layer's sum."""
    for position in reversed(range(len(layers))):
        weight, bias = layers[position]
        below = gradient @ weight
        weight -= rate * (gradient.T @ inputs[position])
        bias -= rate * gradient.sum(0)
        gradient = below if position == 0 else below * (inputs[position] > 0)
    return gradient


np.random.seed(seed)
embeddings = [single(np.random.uniform(-np.sqrt(1 / n), np.sqrt(1 / n), size=(n, dimension))) for n in tables]
bottom_tower, top_tower = tower(bottom), tower(top)


def parameters():
    named = {'emb_l.%d.weight' % table: values for table, values in enumerate(embeddings)}
    for prefix, layers in (('bot_l', bottom_tower), ('top_l', top_tower)):
        for position, (weight, bias) in enumerate(layers):
            named['%s.%d.weight' % (prefix, 2 * position)] = weight
            named['%s.%d.bias' % (prefix, 2 * position)] = bias
    return named


for key, values in parameters().items():
    assert np.allclose(golden['initial'][key]['first'], digest(values)['first'], rtol=1e-7, atol=0), key
    assert abs(golden['initial'][key]['abs_sum'] / np.abs(values).sum() - 1) < 1e-12, key

rows, columns = np.tril_indices(features, -1)
np.random.seed(seed)
losses = []
for step in range(steps):
    dense = single(np.random.rand(batch, bottom[0]))
    indices = [np.round(np.random.random(batch) * (n - 1)).astype(np.int64) for n in tables]
    labels = np.round(single(np.random.rand(batch, 1)))
    for trace in golden['batches'][step:step + 1]:
        assert np.array_equal(single(np.array(trace['dense'])), dense.ravel()) and trace['labels'] == list(labels.ravel())
        assert all(trace['indices'][table] == list(found) for table, found in enumerate(indices))

    bottom_inputs, x = forward(bottom_tower, dense, lambda sum_: np.maximum(sum_, 0))
    vectors = np.stack([x] + [embeddings[table][found] for table, found in enumerate(indices)], axis=1)
    products = (vectors @ vectors.transpose(0, 2, 1))[:, rows, columns]
    top_inputs, p = forward(top_tower, np.concatenate([x, products], axis=1), lambda sum_: 1 / (1 + np.exp(-sum_)))
    losses.append(float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))))

    below = backward(top_tower, top_inputs, (p - labels) / batch)
    pairs = np.zeros((batch, features, features))
    pairs[:, rows, columns] = below[:, dimension:]
    vector_gradients = (pairs + pairs.transpose(0, 2, 1)) @ vectors
    backward(bottom_tower, bottom_inputs, (below[:, :dimension] + vector_gradients[:, 0]) * (x > 0))
    for table, found in enumerate(indices):
        np.subtract.at(embeddings[table], found, rate * vector_gradients[:, table + 1])

for step, (ours, theirs) in enumerate(zip(losses, golden['losses'])):
    print('step %2d: %.10f, the reference is off by %8.1e relative' % (step, ours, theirs / ours - 1))
text = json.dumps({'name': name, 'losses': losses, 'final': {key: digest(values) for key, values in parameters().items()}},
                  separators=(',', ':'))
path = os.path.join(folder, name + '-double.json.gz')
write(path, text.encode())
print('%s: %d bytes' % (os.path.basename(path), os.path.getsize(path)))
