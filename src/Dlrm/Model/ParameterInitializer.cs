using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Random;

namespace Dlrm.Model;

/// <summary>Draws a model's first parameters, in the reference's order and to the last bit.</summary>
/// <remarks>
/// Drawn in double precision, then rounded. Tables first, a full one uniform in ±√(1/n), n its rows, the other kinds as
/// each says (<see cref="EmbeddingTable.Initialize"/>); then the bottom tower, then the top: layer by layer W (m, n) normal with variance 2/(m + n), then b (m) normal with variance 1/m.
/// </remarks>
public static class ParameterInitializer
{
    /// <summary>Elements drawn at once: buffers may be longer than a span.</summary>
    private const int SliceLength = 1 << 24;

    /// <summary>Fills all parameters.</summary>
    /// <param name="numpy">Seeded; stands after the last draw afterwards.</param>
    /// <param name="torch">Seeded with the same number; what the towers' making would draw from it is not drawn.</param>
    /// <param name="tables">In order.</param>
    /// <param name="bottom">W₀, b₀, W₁, b₁, …; W of shape (outputs, inputs).</param>
    /// <param name="interaction">Between the towers; most have no parameters.</param>
    /// <param name="top">As <paramref name="bottom"/>.</param>
    /// <exception cref="ArgumentException">A tower is not pairs of W (m, n) and b (m).</exception>
    public static void Initialize(
        NumpyRandom numpy,
        TorchRandom torch,
        IReadOnlyList<EmbeddingTable> tables,
        IReadOnlyList<Parameter> bottom,
        Interaction interaction,
        IReadOnlyList<Parameter> top)
    {
        ArgumentNullException.ThrowIfNull(numpy);
        ArgumentNullException.ThrowIfNull(torch);
        foreach (EmbeddingTable table in tables)
        {
            table.Initialize(numpy, torch);
        }

        InitializeTower(numpy, bottom);
        interaction.Initialize(numpy);
        InitializeTower(numpy, top);
    }

    private static void InitializeTower(NumpyRandom random, IReadOnlyList<Parameter> tower)
    {
        for (int i = 0; i < tower.Count; i += 2)
        {
            Parameter weight = tower[i];
            Require(weight.Shape.Count == 2, weight, "a weight has the shape (outputs, inputs)");
            Require(
                i + 1 < tower.Count && tower[i + 1].Shape.Count == 1 && tower[i + 1].Shape[0] == weight.Shape[0],
                weight,
                "a weight is followed by its bias, one number an output");
            int outputs = weight.Shape[0];
            FillNormal(random, weight.Value, Math.Sqrt(2.0 / ((long)outputs + weight.Shape[1])));
            FillNormal(random, tower[i + 1].Value, Math.Sqrt(1.0 / outputs));
        }
    }

    private static void FillNormal(NumpyRandom random, NativeBuffer<float> values, double standardDeviation)
    {
        for (long start = 0; start < values.Length; start += SliceLength)
        {
            random.FillNormal(Slice(values, start), 0, standardDeviation);
        }
    }

    private static Span<float> Slice(NativeBuffer<float> values, long start)
        => values.Slice(start, (int)Math.Min(SliceLength, values.Length - start));

    private static void Require(bool condition, Parameter parameter, string rule)
    {
        if (!condition)
        {
            throw new ArgumentException(
                $"Parameter {parameter.Name} has shape ({string.Join(", ", parameter.Shape)}) here, but {rule}.");
        }
    }
}
