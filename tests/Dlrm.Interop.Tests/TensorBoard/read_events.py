#!/usr/bin/env python3
"""What TensorBoard itself finds in a folder of event files, as JSON. usage: read_events.py DIR — exits 3 without tensorboard."""
import json, sys
try:
    from tensorboard.backend.event_processing import event_accumulator as ea
except ImportError as e:
    sys.exit(3)
events = ea.EventAccumulator(sys.argv[1], size_guidance={ea.SCALARS: 0, ea.HISTOGRAMS: 0, ea.TENSORS: 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    'scalars': {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags['scalars']},
    'histograms': {tag: [[e.step, e.histogram_value.num] for e in events.Histograms(tag)] for tag in tags['histograms']},
    'texts': {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags['tensors']},
}))
