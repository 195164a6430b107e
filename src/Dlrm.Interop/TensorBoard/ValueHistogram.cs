using Dlrm.Interop.TensorBoard.Schema;

namespace Dlrm.Interop.TensorBoard;

/// <summary>How many values lie where: eight buckets an octave on both sides of zero, filled in one pass.</summary>
/// <remarks>
/// A value's bucket is the upper bits of its magnitude (exponent and three bits of mantissa), so a bucket is at most an
/// eighth wide and nothing needs to be known of the values beforehand. Values that are not finite are left out.
/// </remarks>
public sealed class ValueHistogram
{
    private const int Shift = 20;
    private const int Side = 0x7F800000 >> Shift;

    private readonly long[] _negative = new long[Side];
    private readonly long[] _positive = new long[Side];
    private float _least = float.PositiveInfinity;
    private float _greatest = float.NegativeInfinity;
    private double _sum;
    private double _squares;

    /// <summary>Finite values so far.</summary>
    public long Count { get; private set; }

    /// <summary>Counts values.</summary>
    /// <param name="values">Any; those that are not finite are left out.</param>
    public void Add(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                continue;
            }

            int bucket = (int)(BitConverter.SingleToUInt32Bits(Math.Abs(value)) >> Shift);
            (value < 0 ? _negative : _positive)[bucket]++;
            _least = Math.Min(_least, value);
            _greatest = Math.Max(_greatest, value);
            _sum += value;
            _squares += (double)value * value;
            Count++;
        }
    }

    /// <summary>The message: bucket i holds what lies between limit i − 1 and limit i; empty ones between are joined.</summary>
    internal HistogramProto ToProto()
    {
        var proto = new HistogramProto { Min = _least, Max = _greatest, Num = Count, Sum = _sum, SumSquares = _squares };
        for (int bucket = Side - 1; bucket >= 0; bucket--)
        {
            Append(proto, -Edge(bucket + 1), -Edge(bucket), _negative[bucket]);
        }

        for (int bucket = 0; bucket < Side; bucket++)
        {
            Append(proto, Edge(bucket), Edge(bucket + 1), _positive[bucket]);
        }

        return proto;
    }

    private static double Edge(int bucket) =>
        bucket >= Side ? float.MaxValue : BitConverter.UInt32BitsToSingle((uint)bucket << Shift);

    private static void Append(HistogramProto proto, double from, double to, long count)
    {
        if (count == 0)
        {
            return;
        }

        if (proto.BucketLimit.Count > 0 && proto.BucketLimit[^1] < from)
        {
            proto.BucketLimit.Add(from);
            proto.Bucket.Add(0);
        }

        proto.BucketLimit.Add(to == 0 ? 0.0 : to); // −0 would sort strangely elsewhere.
        proto.Bucket.Add(count);
    }
}
