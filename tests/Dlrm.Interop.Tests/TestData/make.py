#!/usr/bin/python3
"""Makes the files of this folder with Debian's PyTorch from the golden traces: make.py GOLDEN_DIR."""
import json
import os
import shutil
import sys

import torch

golden, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
shutil.copyfile(os.path.join(golden, 'save.pt'), os.path.join(here, 'save.pt'))
saved = torch.load(os.path.join(here, 'save.pt'))
torch.save(saved, os.path.join(here, 'legacy.pt'), _use_new_zipfile_serialization=False)
case = json.load(open(os.path.join(golden, 'load-infer.json')))
json.dump({'scores': case['evals'][0]['scores'], 'final': case['final']}, open(os.path.join(here, 'load-infer.json'), 'w'))

# Views, other types, a parameter: what a file may hold besides.
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
torch.save(
    {'state_dict': {
        'transposed': base.t(), 'slice': base[1:3, 2:5], 'half': base.half(), 'bfloat': base.bfloat16(), 'double': base.double(),
        'parameter': torch.nn.Parameter(base), 'scalar': torch.tensor(2.5), 'empty': torch.zeros(0, 3)}},
    os.path.join(here, 'views.pt'))
