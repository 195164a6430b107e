namespace Dlrm.Data.Generating;

/// <summary>What a model that knows the truth gets on rows: the best AUC and log loss there are (Bayes).</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="LabelRate">Their mean label.</param>
/// <param name="Auc">Of the true probabilities against the labels drawn; null unless both labels occur.</param>
/// <param name="LogLoss">The same, in nats.</param>
/// <param name="ExpectedAuc">The mean of <paramref name="Auc"/> over all labels that might have been drawn.</param>
/// <param name="ExpectedLogLoss">The mean of <paramref name="LogLoss"/> over them: the rows' mean entropy.</param>
public sealed record BestScores(
    long Rows, double LabelRate, double? Auc, double LogLoss, double ExpectedAuc, double ExpectedLogLoss);

/// <summary>Adds up what <see cref="BestScores"/> tells, in memory that does not depend on the rows.</summary>
/// <remarks>
/// Log-odds from −20 to 20 fall into 2¹⁸ bins; two rows of one bin count as tied, which moves the AUC by less than 10⁻⁵.
/// Sums go over rows in their order, then over bins in ascending order.
/// </remarks>
internal sealed class BestScoresSum
{
    private const int Bins = 1 << 18;
    private const double Range = 20;

    private readonly long[] _positives = new long[Bins];
    private readonly long[] _rows = new long[Bins];
    private readonly double[] _expected = new double[Bins];
    private double _loss;
    private double _entropy;

    /// <summary>Adds rows.</summary>
    public void Add(ReadOnlySpan<double> logits, ReadOnlySpan<byte> labels)
    {
        for (int row = 0; row < logits.Length; row++)
        {
            double logit = logits[row];
            int bin = Math.Clamp((int)((logit + Range) * (Bins / (2 * Range))), 0, Bins - 1);
            double decay = PortableMath.Exp(-Math.Abs(logit));
            double rest = PortableMath.Log(1 + decay);
            double p = (logit >= 0 ? 1 : decay) / (1 + decay);
            _rows[bin]++;
            _positives[bin] += labels[row];
            _expected[bin] += p;
            double ifPositive = rest + Math.Max(-logit, 0);
            double ifNegative = rest + Math.Max(logit, 0);
            _loss += labels[row] != 0 ? ifPositive : ifNegative;
            _entropy += (p * ifPositive) + ((1 - p) * ifNegative);
        }
    }

    /// <summary>The sums of several.</summary>
    public static BestScores Of(params ReadOnlySpan<BestScoresSum> parts)
    {
        double ordered = 0, orderedExpected = 0, expectedPositives = 0, expectedNegatives = 0, loss = 0, entropy = 0;
        long positives = 0, negatives = 0;
        for (int bin = 0; bin < Bins; bin++)
        {
            long binPositives = 0, binRows = 0;
            double binExpected = 0;
            foreach (BestScoresSum part in parts)
            {
                binPositives += part._positives[bin];
                binRows += part._rows[bin];
                binExpected += part._expected[bin];
            }

            long binNegatives = binRows - binPositives;
            ordered += binPositives * (negatives + (0.5 * binNegatives));
            orderedExpected += binExpected * (expectedNegatives + (0.5 * (binRows - binExpected)));
            positives += binPositives;
            negatives += binNegatives;
            expectedPositives += binExpected;
            expectedNegatives += binRows - binExpected;
        }

        foreach (BestScoresSum part in parts)
        {
            loss += part._loss;
            entropy += part._entropy;
        }

        long rows = positives + negatives;
        return new BestScores(
            rows, (double)positives / Math.Max(1, rows),
            positives > 0 && negatives > 0 ? ordered / ((double)positives * negatives) : null, loss / Math.Max(1, rows),
            orderedExpected / (expectedPositives * expectedNegatives), entropy / Math.Max(1, rows));
    }
}
