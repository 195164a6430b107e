"""Prints what scikit-learn says of the samples that MetricsAccumulatorTests draws; run with Debian's python3-sklearn."""
import numpy as np
from sklearn import metrics


def draw(samples, seed, levels, power):
    """Scores k / levels, and labels that are 1 with probability score ** power, from one linear congruence."""
    state, scores, labels = seed, [], []
    for _ in range(samples):
        state = (state * 1664525 + 1013904223) % 2**32
        score = (state >> 8) % levels / levels
        state = (state * 1664525 + 1013904223) % 2**32
        scores.append(score)
        labels.append(1 if (state >> 8) / 2**24 < score**power else 0)
    return np.array(scores, dtype=np.float32), np.array(labels)


for samples, seed, levels, power in ((50, 1, 16, 1), (10000, 2, 1 << 24, 1), (10000, 3, 64, 2), (10000, 4, 1024, 6)):
    scores, labels = draw(samples, seed, levels, power)
    rounded = np.round(scores)
    doubles = scores.astype(np.float64)
    clipped = np.log(np.maximum(doubles, 1e-300)), np.log(np.maximum(1 - doubles, 1e-300))
    loss = -np.mean(np.where(labels == 1, np.maximum(clipped[0], -100), np.maximum(clipped[1], -100)))
    print(", ".join([str(samples), str(seed), str(levels), str(power)] + [repr(float(value)) for value in (
        metrics.roc_auc_score(labels, scores), metrics.average_precision_score(labels, scores),
        metrics.precision_score(labels, rounded), metrics.recall_score(labels, rounded),
        metrics.f1_score(labels, rounded), metrics.accuracy_score(labels, rounded), loss)]))
