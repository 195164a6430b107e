using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Tests.Kernels;
using Xunit;

namespace Dlrm.Tests.Layers;

/// <summary>One interaction with its matrices: rows padded, random values, guard values in the padding.</summary>
internal sealed class InteractionFixture : IDisposable
{
    private const float Guard = 12345f;
    private readonly NativeBuffer<float> _features;
    private readonly NativeBuffer<float> _output;
    private readonly NativeBuffer<float> _outputGradient;
    private readonly NativeBuffer<float> _featureGradient;
    private readonly int _padding;

    public InteractionFixture(Interaction interaction, int batch, int padding, int seed)
    {
        Interaction = interaction;
        Batch = batch;
        _padding = padding;
        int columns = interaction.Features * interaction.Dimension;
        _features = Filled(columns, seed);
        _output = Filled(interaction.Width, null);
        _outputGradient = Filled(interaction.Width, seed + 1);
        _featureGradient = Filled(columns, null);
        Features = View(_features, columns);
        Output = View(_output, interaction.Width);
        OutputGradient = View(_outputGradient, interaction.Width);
        FeatureGradient = View(_featureGradient, columns);
    }

    public Interaction Interaction { get; }

    public int Batch { get; }

    public MatrixView Features { get; }

    public MatrixView Output { get; }

    public MatrixView OutputGradient { get; }

    public MatrixView FeatureGradient { get; }

    /// <summary>Both passes; the padding must be as it was.</summary>
    public void Run(InstructionSet set, int threads = 1)
    {
        using var engine = new Engine(threads, set);
        Interaction.Forward(engine, Features, Output);
        Interaction.Backward(engine, Features, OutputGradient, FeatureGradient);
        AssertPadding(_output, Interaction.Width);
        AssertPadding(_featureGradient, Interaction.Features * Interaction.Dimension);
    }

    public void Dispose()
    {
        _features.Dispose();
        _output.Dispose();
        _outputGradient.Dispose();
        _featureGradient.Dispose();
    }

    private NativeBuffer<float> Filled(int columns, int? seed)
    {
        var buffer = new NativeBuffer<float>(Batch * (columns + (long)_padding));
        buffer.Span.Fill(Guard);
        if (seed is { } value)
        {
            float[] random = Bits.Random(Batch * columns, value);
            for (int row = 0; row < Batch; row++)
            {
                random.AsSpan(row * columns, columns).CopyTo(buffer.Slice(row * (columns + (long)_padding), columns));
            }
        }

        return buffer;
    }

    private unsafe MatrixView View(NativeBuffer<float> buffer, int columns)
        => new(buffer.Data, Batch, columns, columns + _padding);

    private void AssertPadding(NativeBuffer<float> buffer, int columns)
    {
        for (int row = 0; row < Batch; row++)
        {
            foreach (float value in buffer.Slice((row * (columns + (long)_padding)) + columns, _padding))
            {
                Assert.Equal(Guard, value);
            }
        }
    }
}
