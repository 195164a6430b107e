using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Dlrm.Data.Scoring;

namespace Dlrm.Serving.Models;

/// <summary>Raw values that a recorded sample may have come from: to fill a form with a real row.</summary>
/// <remarks>
/// Only encoded samples are recorded. A category is looked up backwards in its vocabulary; a number is the roundest one that is
/// encoded to the same input. What was hashed, or has no way back, is left out, as a missing value.
/// </remarks>
internal static class SampleRow
{
    /// <summary>The row as a JSON object; null where nothing is recorded, or the model takes no raw rows.</summary>
    /// <param name="encoder">How rows are encoded.</param>
    /// <param name="record">Samples; the first one is taken.</param>
    public static byte[]? Of(RowEncoder? encoder, ServingRecord? record)
    {
        if (encoder is null || record is not { Samples: [RecordedSample sample, ..] })
        {
            return null;
        }

        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            foreach (RawField field in encoder.Fields)
            {
                Write(writer, encoder, field, sample);
            }

            writer.WriteEndObject();
        }

        return text.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, RowEncoder encoder, RawField field, RecordedSample sample)
    {
        foreach (int dense in field.Dense)
        {
            DenseFeature feature = encoder.Description.Dense[dense];
            if (!feature.IsIndicator && Number(feature, sample.Dense[dense]) is { } number)
            {
                writer.WriteNumber(field.Name, number);
                return;
            }
        }

        foreach (int table in field.Dense.Length == 0 ? field.Tables : [])
        {
            string[] values = [.. sample.Sparse[table]
                .Select(index => encoder.Categories[table].ValueOf(index)).Where(value => value.Length > 0)];
            if (values.Length == 0)
            {
                continue;
            }

            writer.WritePropertyName(field.Name);
            if (field.Kind != RawFieldKind.Bag)
            {
                writer.WriteStringValue(values[0]);
                return;
            }

            writer.WriteStartArray();
            foreach (string value in values)
            {
                writer.WriteStringValue(value);
            }

            writer.WriteEndArray();
            return;
        }
    }

    /// <summary>The number with the fewest decimals, then digits, that becomes an input; null where none was found.</summary>
    private static double? Number(DenseFeature feature, float input)
    {
        double exact;
        if (feature.Borders is { Count: > 0 } borders)
        {
            int at = (int)Math.Round(input * borders.Count);
            exact = at == 0 ? borders[0] - 1 : borders[at - 1];
        }
        else
        {
            exact = (input * feature.Divisor) + feature.Shift;
        }

        exact = feature.Log1p ? Math.Exp(exact) - 1 : exact;
        IEnumerable<string> formats = Enumerable.Range(0, 7).Select(decimals => $"F{decimals}").Concat(Enumerable.Range(1, 17).Select(digits => $"G{digits}"));
        foreach (string format in formats)
        {
            double rounded = double.Parse(exact.ToString(format, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + 0.0; // no −0
            if (double.IsFinite(rounded) && DenseEncoder.Encode(feature, rounded) == input)
            {
                return rounded;
            }
        }

        return null;
    }
}
