using Dlrm.Data;
using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Compares an exported file with the model that it was made of, on random batches with empty bags.</summary>
internal static class OnnxCheck
{
    /// <summary>Largest difference of two scores: float rounding through the towers.</summary>
    public const float Tolerance = 1e-6f;

    /// <summary>
    /// The same with towers in 8 bits: where a product's last bit differs, a number in the middle between two of the 256 steps
    /// of its sample falls to the other one.
    /// </summary>
    public const float Int8Tolerance = 0.01f;

    /// <summary>Scores batches both ways.</summary>
    /// <exception cref="InvalidDataException">A score differs.</exception>
    public static void Require(OnnxInterpreter file, DlrmModel model, OnnxInputs inputs)
    {
        var random = new System.Random(20190531);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        foreach (int size in new[] { 1, 7 })
        {
            Fill(batch, model.Config, size, inputs, random);
            RequireAlike(model.Predict(batch), file.Run(Inputs(batch, inputs)).Floats, ToleranceOf(model.Config));
        }
    }

    /// <summary>Largest difference of two scores of a model.</summary>
    public static float ToleranceOf(DlrmConfig config) => config.Precision.MlpBits == 8 ? Int8Tolerance : Tolerance;

    /// <summary>Compares scores.</summary>
    /// <exception cref="InvalidDataException">One differs.</exception>
    public static void RequireAlike(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        for (int sample = 0; sample < expected.Length; sample++)
        {
            if (!(Math.Abs(expected[sample] - actual[sample]) <= tolerance))
            {
                throw new InvalidDataException(
                    $"The exported file scores a sample {actual[sample]}, the model {expected[sample]}: nothing was written. Please report it.");
            }
        }
    }

    /// <summary>A batch as the exported graph takes it.</summary>
    public static Dictionary<string, OnnxValue> Inputs(Batch batch, OnnxInputs inputs)
    {
        var values = new Dictionary<string, OnnxValue>
        {
            ["dense_x"] = new([batch.Size, batch.DenseFeatures], batch.Dense.ToArray()),
        };
        long[] sparse = new long[batch.Size * batch.Tables];
        for (int table = 0; table < batch.Tables; table++)
        {
            long[] indices = Array.ConvertAll(batch.Indices(table).ToArray(), index => (long)index);
            if (inputs == OnnxInputs.OneHot)
            {
                for (int sample = 0; sample < batch.Size; sample++)
                {
                    sparse[(sample * batch.Tables) + table] = indices[sample];
                }
            }
            else
            {
                values[$"indices_{table}"] = new OnnxValue([indices.Length], indices);
                values[$"offsets_{table}"] = new OnnxValue(
                    [batch.Size], Array.ConvertAll(batch.Offsets(table)[..batch.Size].ToArray(), offset => (long)offset));
            }
        }

        if (inputs == OnnxInputs.OneHot)
        {
            values["sparse_x"] = new OnnxValue([batch.Size, batch.Tables], sparse);
        }

        return values;
    }

    /// <summary>Random features and bags of 0 to 4 lookups (1 where the inputs take no bags).</summary>
    public static void Fill(Batch batch, DlrmConfig config, int size, OnnxInputs inputs, System.Random random)
    {
        batch.Resize(size);
        foreach (ref float value in batch.Dense)
        {
            value = random.NextSingle();
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            Span<int> offsets = batch.Offsets(table);
            for (int sample = 0; sample < size; sample++)
            {
                offsets[sample + 1] = offsets[sample] + (inputs == OnnxInputs.OneHot ? 1 : random.Next(5));
            }

            Span<int> indices = batch.ReserveIndices(table, offsets[size]);
            for (int lookup = 0; lookup < offsets[size]; lookup++)
            {
                indices[lookup] = random.Next(config.TableRows[table]);
            }
        }
    }
}
