using Dlrm.Memory;

namespace Dlrm.Random;

/// <summary>PyTorch's CPU generator: what a model's first parameters need of it, the same draws in the same order.</summary>
/// <remarks>
/// MT19937, seeded as numpy's. A single-precision uniform takes the low 24 bits of one word; a normal in double
/// precision takes two doubles of 53 bits, two words each, for two values, of which the second waits for the next call.
/// PyTorch draws normals when it makes a layer and the reference then overwrites them: here they are only passed over.
/// Not for several threads at once.
/// </remarks>
public sealed class TorchRandom
{
    /// <summary>From this many values on, <c>normal_</c> works on whole blocks.</summary>
    private const int NormalBlock = 16;

    private const int UniformBits = 24;
    private const int SliceLength = 1 << 24;

    private readonly MersenneTwister _twister = new();
    private bool _hasCachedNormal;

    /// <summary>A generator as <c>torch.manual_seed(seed)</c> leaves it.</summary>
    /// <param name="seed">0 … 2³² − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The seed lies outside.</exception>
    public TorchRandom(long seed)
    {
        if (seed is < 0 or > uint.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(seed), seed, "A seed is a number from 0 to 4294967295, as in numpy.");
        }

        _twister.Seed((uint)seed);
    }

    /// <summary><c>tensor.uniform_(low, high)</c>: fma(u, high − low, low) in single precision.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public void FillUniform(Span<float> values, double low, double high)
    {
        float from = (float)low;
        float range = (float)high - from;
        foreach (ref float value in values)
        {
            float uniform = (_twister.NextWord() & ((1u << UniformBits) - 1)) * (1f / (1u << UniformBits));
            value = MathF.FusedMultiplyAdd(uniform, range, from);
        }
    }

    /// <summary>The same for a buffer that may be longer than a span.</summary>
    /// <param name="values">Out.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    public void FillUniform(NativeBuffer<float> values, double low, double high)
    {
        for (long start = 0; start < values.Length; start += SliceLength)
        {
            FillUniform(values.Slice(start, (int)Math.Min(SliceLength, values.Length - start)), low, high);
        }
    }

    /// <summary><c>torch.nn.init.xavier_uniform_</c> of a matrix (outputs, inputs): ±√3 · √(2 / (inputs + outputs)).</summary>
    /// <param name="values">Out.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="inputs">Columns.</param>
    public void FillXavierUniform(NativeBuffer<float> values, int outputs, int inputs)
    {
        double bound = Math.Sqrt(3.0) * Math.Sqrt(2.0 / ((long)inputs + outputs));
        FillUniform(values, -bound, bound);
    }

    /// <summary>Passes over <c>uniform_</c>: one word a value.</summary>
    /// <param name="count">Values.</param>
    public void SkipUniform(long count) => _twister.Skip(count);

    /// <summary>
    /// Passes over <c>normal_</c>: a word a value and, where the last block of 16 is not whole, 16 more for that block
    /// again; below 16 values four words a pair.
    /// </summary>
    /// <param name="count">Values.</param>
    public void SkipNormal(long count)
    {
        if (count >= NormalBlock)
        {
            _twister.Skip(count + (count % NormalBlock == 0 ? 0 : NormalBlock));
            return;
        }

        for (long value = 0; value < count; value++)
        {
            if (!_hasCachedNormal)
            {
                _twister.Skip(4);
            }

            _hasCachedNormal = !_hasCachedNormal;
        }
    }
}
