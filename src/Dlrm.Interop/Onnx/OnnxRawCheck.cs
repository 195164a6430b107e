using System.Globalization;
using Dlrm.Data;
using Dlrm.Model;

namespace Dlrm.Interop.Onnx;

/// <summary>Compares a file that takes raw values with the model, on random rows: known and unknown values, missing numbers.</summary>
internal static class OnnxRawCheck
{
    /// <summary>Scores rows both ways.</summary>
    /// <exception cref="InvalidDataException">A score differs.</exception>
    public static void Require(OnnxInterpreter file, DlrmModel model, OnnxPreprocessing preprocessing)
    {
        var random = new System.Random(20190531);
        using var batch = new Batch(model.Config.DenseFeatures, model.Config.TableRows.Count);
        const int Rows = 32;
        Dictionary<string, OnnxValue> inputs = Fill(batch, Rows, preprocessing, random);
        OnnxCheck.RequireAlike(model.Predict(batch), file.Run(inputs).Floats, OnnxCheck.ToleranceOf(model.Config));
    }

    private static Dictionary<string, OnnxValue> Fill(Batch batch, int rows, OnnxPreprocessing preprocessing, System.Random random)
    {
        batch.Resize(rows);
        var inputs = new Dictionary<string, OnnxValue>(StringComparer.Ordinal);
        for (int number = 0; number < preprocessing.Dense.Count; number++)
        {
            OnnxDenseFeature feature = preprocessing.Dense[number];
            double[] raw = new double[rows];
            if (feature.Column is { } column)
            {
                raw = inputs.TryGetValue(column, out OnnxValue? known) ? known.Doubles
                    : [.. raw.Select(_ => random.Next(5) == 0 ? double.NaN : Math.Round(Math.Exp(random.NextDouble() * 12)) - 20)];
                inputs[column] = new OnnxValue([rows, 1], raw);
            }

            for (int row = 0; row < rows; row++)
            {
                batch.Dense[(row * batch.DenseFeatures) + number] = feature.Column is null ? 1 : feature.Encode(raw[row]);
            }
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            OnnxVocabulary feature = preprocessing.Sparse[table];
            Span<int> offsets = batch.Offsets(table);
            Span<int> indices = batch.ReserveIndices(table, rows);
            string[] texts = new string[rows];
            for (int row = 0; row < rows; row++)
            {
                int number = random.Next(-1, feature.Values.Count);
                bool known = number >= 0 && (!feature.IsNumber || feature.Values[number].Length > 0);
                texts[row] = known ? feature.Values[number] : feature.IsNumber ? Unknown(feature) : "a value that nobody has";
                (offsets[row + 1], indices[row]) = (row + 1, known ? number + 1 : 0);
            }

            inputs[feature.Column] = feature.IsNumber
                ? new OnnxValue([rows, 1], Array.ConvertAll(texts, text => long.Parse(text, CultureInfo.InvariantCulture)))
                : new OnnxValue([rows, 1], texts);
        }

        return inputs;
    }

    private static string Unknown(OnnxVocabulary feature)
    {
        var known = feature.Values.ToHashSet(StringComparer.Ordinal);
        return Enumerable.Range(1, feature.Values.Count + 1).Select(n => (-n).ToString(CultureInfo.InvariantCulture)).First(text => !known.Contains(text));
    }
}
