/* Field-aware factorization machines (Juan et al. 2016) as an anchor of docs/accuracy.md: Adagrad, rows of norm 1, no linear
 * terms, as in libffm. Reads lines "label<TAB>feature of field 1<TAB>..." (text; an empty feature is one), in order.
 * usage: ffm FILE TRAIN_ROWS FIRST_TEST_ROW LAST_TEST_ROW LATENT RATE LAMBDA PASSES    prints log loss and AUC after each pass.
 * build: cc -O3 -march=native -o ffm scripts/ffm.c -lm */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 20
#define MOST 64

static uint32_t hash(const char *text, size_t length, int field) {
    uint64_t value = 1469598103934665603ull ^ (uint64_t)field * 1099511628211ull;
    for (size_t i = 0; i < length; i++) value = (value ^ (unsigned char)text[i]) * 1099511628211ull;
    return (uint32_t)((value ^ value >> 29) * 0x9e3779b97f4a7c15ull >> (64 - BITS));
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

int main(int count, char **arguments) {
    if (count != 9) return fprintf(stderr, "see the head of ffm.c\n"), 2;
    int train = atoi(arguments[2]), first = atoi(arguments[3]), last = atoi(arguments[4]), k = atoi(arguments[5]), passes = atoi(arguments[8]);
    float rate = atof(arguments[6]), lambda = atof(arguments[7]);
    FILE *file = fopen(arguments[1], "r");
    int rows = 0, fields = 0, room = 1 << 17;
    int32_t *number = malloc(sizeof(int32_t) << BITS), features = 0;
    memset(number, -1, sizeof(int32_t) << BITS);
    char *labels = malloc(room), *line = NULL;
    int32_t *x = NULL;
    size_t size = 0;
    while (file && getline(&line, &size, file) > 0 && rows < last) {
        line[strcspn(line, "\r\n")] = 0;
        if (!fields) for (char *p = line; *p; p++) fields += *p == '\t';
        if (!x) x = malloc(sizeof(int32_t) * room * fields);
        labels[rows] = line[0] == '1';
        char *at = strchr(line, '\t');
        for (int f = 0; f < fields; f++) {
            at++;
            size_t length = strcspn(at, "\t");
            uint32_t slot = hash(at, length, f);
            if (number[slot] < 0) number[slot] = features++;
            x[rows * fields + f] = number[slot];
            at += length;
        }
        rows++;
    }
    size_t stride = (size_t)fields * k;
    float *w = malloc(sizeof(float) * features * stride), *g = malloc(sizeof(float) * features * stride);
    srand48(1);
    for (size_t i = 0; i < features * stride; i++) w[i] = drand48() * 0.5 / sqrt(k), g[i] = 1;
    double *scores = malloc(sizeof(double) * (last - first));
    for (int pass = 0; pass < passes; pass++) {
        double loss = 0;
        for (int row = 0; row < last; row++) {
            if (row >= train && row < first) continue;
            int32_t *f = x + row * fields;
            float sum = 0, norm = 1.0f / fields;
            for (int i = 0; i < fields; i++)
                for (int j = i + 1; j < fields; j++) {
                    float *a = w + f[i] * stride + j * k, *b = w + f[j] * stride + i * k;
                    for (int d = 0; d < k; d++) sum += a[d] * b[d] * norm;
                }
            float y = labels[row] ? 1 : -1, e = expf(-y * sum);
            if (row >= first) {
                loss += log1p(e);
                scores[row - first] = 1 / (1 + exp(-sum));
                continue;
            }
            float slope = -y * e / (1 + e) * norm;
            for (int i = 0; i < fields; i++)
                for (int j = i + 1; j < fields; j++) {
                    size_t p = f[i] * stride + j * k, q = f[j] * stride + i * k;
                    for (int d = 0; d < k; d++) {
                        float a = w[p + d], b = w[q + d], s = lambda * a + slope * b, t = lambda * b + slope * a;
                        g[p + d] += s * s, g[q + d] += t * t;
                        w[p + d] -= rate / sqrtf(g[p + d]) * s, w[q + d] -= rate / sqrtf(g[q + d]) * t;
                    }
                }
        }
        double *sorted = malloc(sizeof(double) * (last - first)), *negatives = malloc(sizeof(double) * (last - first)), pairs = 0;
        int n = 0, positives = 0;
        for (int i = 0; i < last - first; i++) if (!labels[first + i]) negatives[n++] = scores[i];
        qsort(negatives, n, sizeof(double), compare);
        for (int i = 0; i < last - first; i++) {
            if (!labels[first + i]) continue;
            int low = 0, high = n;
            while (low < high) { int middle = (low + high) / 2; if (negatives[middle] < scores[i]) low = middle + 1; else high = middle; }
            pairs += low, positives++;
        }
        printf("pass %d  log loss %.4f  AUC %.4f\n", pass + 1, loss / (last - first), pairs / positives / n);
        fflush(stdout);
        free(sorted), free(negatives);
    }
    return 0;
}
