using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Xunit;

namespace Dlrm.Tests.Model;

/// <summary>--embedding-init: first values within a bound, however the rows are kept.</summary>
public sealed class EmbeddingBoundTests
{
    private const double Bound = 0.1;

    [Theory]
    [InlineData("fp32")]
    [InlineData("fp16")]
    [InlineData("bf16")]
    public void Tables_of_few_rows_are_scaled_into_the_bound_and_others_keep_their_bits(string type)
    {
        using var engine = new Engine(1);
        DlrmConfig config = ModelFixture.Config() with
        {
            TableRows = [100, 7, 1, 301, 50],
            Precision = new ModelPrecision { EmbeddingType = type },
        };
        using DlrmModel plain = Make(config, engine);
        using DlrmModel bounded = Make(config, engine);
        EmbeddingBound.Apply(bounded, Bound);
        for (int number = 0; number < plain.Parameters.Count; number++)
        {
            Parameter parameter = plain.Parameters[number];
            float[] before = Values(parameter);
            float[] after = Values(bounded.Parameters[number]);
            int rows = parameter.Shape[0];

            // 1/√100 is the bound itself, and 1/√301 lies within it.
            bool scaled = parameter.Gradient is null && rows < 100;
            for (int element = 0; element < before.Length; element++)
            {
                float expected = scaled ? Stored(parameter.Storage, before[element] * (float)(Bound * Math.Sqrt(rows))) : before[element];
                Assert.Equal(expected, after[element]);
            }

            if (scaled)
            {
                Assert.InRange(after.Max(Math.Abs), 0.5 * Bound, 1.01 * Bound);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_bound_that_is_not_above_zero_is_refused(double bound)
    {
        using var engine = new Engine(1);
        using DlrmModel model = Make(ModelFixture.Config(), engine);
        Assert.Throws<ArgumentOutOfRangeException>(() => EmbeddingBound.Apply(model, bound));
    }

    private static DlrmModel Make(DlrmConfig config, Engine engine)
    {
        var model = new DlrmModel(config, engine);
        model.Initialize(new NumpyRandom(3));
        return model;
    }

    private static float[] Values(Parameter parameter)
    {
        float[] values = new float[parameter.Elements];
        parameter.Read(0, values);
        return values;
    }

    /// <summary>The nearest number that the format has, by its definition: ties to the even one.</summary>
    private static float Stored(StorageFormat format, float value) => format switch
    {
        StorageFormat.Float16 => (float)(Half)value,
        StorageFormat.BFloat16 => Nearest16(value),
        _ => value,
    };

    private static float Nearest16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint even = (bits >> 16) & 1;
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + even) & 0xFFFF_0000);
    }
}
