#!/usr/bin/env python3
"""Writes pytorch-quantized.json.gz: what Debian's PyTorch makes of small tables and layers in 4 and 8 bits.

usage: /usr/bin/python3 make_pytorch_quantized.py GOLDEN_DIR

rows       embedding_bag_byte_prepack and _4bit_prepack of tables (values row-major; bytes as PyTorch returned them;
           4 bits only where the dimension is even: PyTorch refuses others)
bags       embedding_bag_byte/4bit_rowwise_offsets of those tables
layers     quantize_dynamic(Linear, qint8) of the qnnpack engine, each sample scored as a batch of its own
golden     GOLDEN_DIR's save.pt: the parameters that its load-infer* cases score
scores     GOLDEN_DIR's load-infer, -q8, -q4: the scores, and the command line; and those of the same model whose towers
           are quantized dynamically to 8 bits, sample by sample
Floats are written as the shortest decimals that give the same float32 back.
"""
import gzip, json, os, struct, sys, warnings
import torch

warnings.filterwarnings('ignore')
torch.backends.quantized.engine = 'qnnpack'
golden = sys.argv[1]
ops = torch.ops.quantized


def floats(tensor):
    out = []
    for value in tensor.detach().flatten().tolist():
        bits = struct.pack('<f', value)
        for digits in range(1, 10):
            short = float('%.*g' % (digits, value))
            if struct.pack('<f', short) == bits:
                break
        out.append(int(short) if short.is_integer() and abs(short) < 1e6 and str(short) != '-0.0' else short)
    return out


torch.manual_seed(1)
tables = [torch.randn(4, d) * 0.1 for d in (1, 2, 3, 4, 7, 8, 13, 16, 18, 33)]
tables.append(torch.tensor([
    [1., 1, 1, 1], [0, 0, 0, 0], [1e-9, 0, 0, 0], [1e-6, 2e-6, 3e-6, 0], [60000, -60000, 0, 1], [-1.5, .3, 2.1, .7],
    [0.5, 1.5, 2.5, 255], [-0.25, 0.25, 7.25, 7.5]]))
rows = []
for table in tables:
    case = {'shape': list(table.shape), 'values': floats(table), 'bytes8': ops.embedding_bag_byte_prepack(table).flatten().tolist()}
    if table.shape[1] % 2 == 0:
        case['bytes4'] = ops.embedding_bag_4bit_prepack(table).flatten().tolist()
    offsets = torch.tensor([0, 1, 1, 3, 6])
    indices = torch.tensor([0, 3, 1, 2, 0, 2])
    weights = torch.tensor([1, 0.5, -2, 3, 0.125, 1])
    case['pooled8'] = floats(ops.embedding_bag_byte_rowwise_offsets(
        ops.embedding_bag_byte_prepack(table), indices, offsets[:-1], per_sample_weights=weights))
    if table.shape[1] % 2 == 0:
        case['pooled4'] = floats(ops.embedding_bag_4bit_rowwise_offsets(
            ops.embedding_bag_4bit_prepack(table), indices, offsets[:-1], per_sample_weights=weights))
    rows.append(case)

layers = []
for inputs, outputs, samples in ((1, 1, 3), (3, 2, 4), (16, 5, 8), (37, 19, 5)):
    linear = torch.nn.Linear(inputs, outputs)
    quantized = torch.quantization.quantize_dynamic(torch.nn.Sequential(linear), {torch.nn.Linear}, torch.qint8)
    x = torch.randn(samples, inputs)
    x[0] = x[0].abs()
    x[1] = 0
    x[2] = -x[2].abs() * 1e-7
    layers.append({
        'inputs': inputs, 'outputs': outputs, 'weight': floats(linear.weight), 'bias': floats(linear.bias), 'x': floats(x),
        'scale': floats(torch.tensor([quantized[0].weight().q_scale()]))[0],
        'int8': quantized[0].weight().int_repr().flatten().tolist(),
        'qparams': [[float(q[0]), int(q[1])] for q in (torch._choose_qparams_per_tensor(row) for row in x)],
        'y': floats(torch.cat([quantized(row[None]) for row in x])),
    })

state = torch.load(os.path.join(golden, 'save.pt'), map_location='cpu')['state_dict']
scores = {}
for name in ('load-infer', 'load-infer-q8', 'load-infer-q4'):
    with open(os.path.join(golden, name + '.json')) as file:
        case = json.load(file)
    scores[name] = floats(torch.tensor(case['evals'][0]['scores']))
    args = case['args'] if name == 'load-infer' else args


def tower(prefix, sigmoid):
    modules, i = [], 0
    while f'{prefix}.{i}.weight' in state:
        weight = state[f'{prefix}.{i}.weight']
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = weight, state[f'{prefix}.{i}.bias']
        modules += [linear, torch.nn.ReLU()]
        i += 2
    if sigmoid:
        modules[-1] = torch.nn.Sigmoid()
    return torch.quantization.quantize_dynamic(torch.nn.Sequential(*modules), {torch.nn.Linear}, torch.qint8)


# The first batches of load-infer, sample by sample, with towers in 8 bits; dot interaction as the reference has it.
bottom, top, out = tower('bot_l', False), tower('top_l', True), []
for batch in case['batches'][:1]:
    dense = torch.tensor(batch['dense']).reshape(batch['dense_shape'])
    for b in range(dense.shape[0]):
        x = bottom(dense[b:b + 1])
        parts = [x]
        for t in range(4):
            ends = batch['offsets'][t][1:] + [len(batch['indices'][t])]
            bag = batch['indices'][t][batch['offsets'][t][b]:ends[b]]
            parts.append(state[f'emb_l.{t}.weight'][bag].sum(0, keepdim=True))
        T = torch.cat(parts, 1).view(1, 5, 8)
        Z = torch.bmm(T, T.transpose(1, 2))
        li, lj = zip(*[(i, j) for i in range(5) for j in range(i)])
        out.append(top(torch.cat([x, Z[:, list(li), list(lj)]], 1)).item())
scores['mlp-8'] = floats(torch.tensor(out))

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'pytorch-quantized.json.gz')
text = json.dumps({'rows': rows, 'layers': layers, 'args': args, 'scores': scores,
                   'golden': {name: floats(value) for name, value in state.items()}}, separators=(',', ':'))
with open(target, 'wb') as file, gzip.GzipFile('', 'wb', 9, file, mtime=0) as packed:
    packed.write(text.encode())
print(os.path.getsize(target))
