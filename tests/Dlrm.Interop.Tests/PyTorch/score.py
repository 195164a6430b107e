"""Scores rows with a checkpoint of ours in plain PyTorch, without the reference.

usage: score.py FILE.pt DENSE INDICES ROWS INTERACTION ACTIVATION QR_COLLISIONS
DENSE holds float32 (rows, M), INDICES int64 (T, rows). Prints a score a line.
"""
import sys

import numpy
import torch
from torch.nn import functional as f

path, dense, indices, rows, interaction, activation, collisions = sys.argv[1:]
rows, collisions = int(rows), int(collisions)
s = torch.load(path, weights_only=True)['state_dict']
act = {'relu': torch.relu, 'gelu': f.gelu, 'silu': f.silu, 'tanh': torch.tanh, 'none': lambda x: x}[activation]


def tower(prefix, x, last):
    places = sorted({int(k.split('.')[1]) for k in s if k.startswith(prefix + '.')})
    linear = [p for p in places if s['%s.%d.weight' % (prefix, p)].dim() == 2]
    for p in linear:
        x = f.linear(x, s['%s.%d.weight' % (prefix, p)], s['%s.%d.bias' % (prefix, p)])
        norm = '%s.%d.' % (prefix, p + 1)
        if norm + 'running_mean' in s:
            x = f.batch_norm(x, s[norm + 'running_mean'], s[norm + 'running_var'], s[norm + 'weight'], s[norm + 'bias'])
        elif norm + 'weight' in s and p != linear[-1]:
            x = f.layer_norm(x, x.shape[1:], s[norm + 'weight'], s[norm + 'bias'])
        x = act(x) if last or p != linear[-1] else x
    return x


def table(t, i):
    name = 'emb_l.%d.' % t
    if name + 'weight_q' in s:
        v = s[name + 'weight_q'][i // collisions] * s[name + 'weight_r'][i % collisions]
    elif name + 'embs.weight' in s:
        v = s[name + 'embs.weight'][i]
        v = f.linear(v, s[name + 'proj.weight']) if name + 'proj.weight' in s else v
    else:
        v = s[name + 'weight'][i]
    return v * s['v_W_l.%d' % t][i][:, None] if 'v_W_l.%d' % t in s else v


x = tower('bot_l', torch.from_numpy(numpy.fromfile(dense, 'f4').reshape(rows, -1)), True)
lookups = torch.from_numpy(numpy.fromfile(indices, 'i8').reshape(-1, rows))
features = [x] + [table(t, lookups[t]) for t in range(len(lookups))]
wide = torch.cat(features, 1)
if interaction == 'cat':
    z = wide
elif interaction == 'dcn':
    z = wide
    for layer in range(sum(k.startswith('inter.bias') for k in s)):
        w, v, b = (s['inter.%s.%d' % (k, layer)] for k in ('W_kernels', 'V_kernels', 'bias'))
        z = wide * f.linear(f.linear(z, v), w, b) + z
else:
    stacked = torch.stack(features, 1)
    products = torch.bmm(stacked, stacked.transpose(1, 2))
    pairs = [(i, j) for i in range(len(features)) for j in range(i)]
    z = torch.cat([x] + [products[:, i, j, None] for i, j in pairs], 1)
print('\n'.join('%.9g' % p for p in torch.sigmoid(tower('top_l', z, False)).flatten().tolist()))
