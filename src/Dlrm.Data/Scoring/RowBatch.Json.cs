using System.Buffers;
using System.Text.Json;

namespace Dlrm.Data.Scoring;

/// <summary>What to do with a property that no field has the name of.</summary>
public enum UnknownProperty
{
    /// <summary>Leave it out.</summary>
    Ignore,

    /// <summary>The row is bad: a misspelt name would be a missing value.</summary>
    Refuse,
}

/// <content>Rows as JSON objects.</content>
public sealed partial class RowBatch
{
    /// <summary>
    /// Adds a row from a JSON object of raw values by name: text and numbers as they would stand in a CSV cell, null or no
    /// property for a missing value, true and false for 1 and 0, an array for a bag.
    /// </summary>
    /// <param name="reader">At the object's start, or before it; afterwards at its end, of a bad row too.</param>
    /// <param name="unknown">What to do with a property that no field has the name of.</param>
    /// <param name="problem">What is wrong with the row.</param>
    /// <returns>False when nothing was added because of it.</returns>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="InvalidOperationException">It is full, or was built.</exception>
    public bool TryAddJson(ref Utf8JsonReader reader, UnknownProperty unknown, out RowProblem problem)
    {
        bool good = TryReadJson(ref reader, unknown, out problem);
        if (good)
        {
            EndRow();
        }
        else
        {
            DiscardRow();
        }

        return good;
    }

    /// <summary>As <see cref="TryAddJson"/>, but the row is left to be ended.</summary>
    internal bool TryReadJson(ref Utf8JsonReader reader, UnknownProperty unknown, out RowProblem problem)
    {
        problem = default;
        if (reader.TokenType == JsonTokenType.None)
        {
            reader.Read();
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            problem = RowProblem.Of("", Value(ref reader), "is not a JSON object of raw values by name");
            reader.Skip();
            return false;
        }

        BeginRow();
        bool good = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int field = _encoder.FieldOf(Value(ref reader));
            if (field < 0)
            {
                good = good && TakeUnknown(ref reader, unknown, out problem);
                reader.Skip();
                continue;
            }

            reader.Read();
            if (!good)
            {
                reader.Skip();
                continue;
            }

            good = TrySetJson(field, ref reader, out problem);
        }

        return good;
    }

    private bool TakeUnknown(ref Utf8JsonReader reader, UnknownProperty unknown, out RowProblem problem)
    {
        problem = unknown == UnknownProperty.Ignore
            ? default
            : RowProblem.Of("", Value(ref reader), "is no raw field of the model");
        return unknown == UnknownProperty.Ignore;
    }

    private bool TrySetJson(int field, ref Utf8JsonReader reader, out RowProblem problem)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray when _encoder.FieldArray[field].Kind == RawFieldKind.Bag:
                return TryAddArray(field, ref reader, out problem);
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                string found = reader.TokenType == JsonTokenType.StartArray ? "is an array, and the field takes one value" : "is an object";
                reader.Skip();
                return Done(field, "…"u8, found, out problem);
            default:
                return TrySetText(field, Value(ref reader), out problem);
        }
    }

    private bool TryAddArray(int field, ref Utf8JsonReader reader, out RowProblem problem)
    {
        problem = default;
        BeginBag(field);
        bool good = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
            {
                good = good && Done(field, "…"u8, "has an array or object among its values", out problem);
                reader.Skip();
            }
            else if (good && reader.TokenType != JsonTokenType.Null)
            {
                good = TryAddValue(field, Value(ref reader), out problem);
            }
        }

        return good;
    }

    /// <summary>The text of a name or a plain value.</summary>
    private ReadOnlySpan<byte> Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return default;
            case JsonTokenType.True:
                return "1"u8;
            case JsonTokenType.False:
                return "0"u8;
            case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped || reader.HasValueSequence:
                Span<byte> text = Scratch(reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length);
                return text[..reader.CopyString(text)];
            case JsonTokenType.Number when reader.HasValueSequence:
                Span<byte> number = Scratch(checked((int)reader.ValueSequence.Length));
                reader.ValueSequence.CopyTo(number);
                return number[..(int)reader.ValueSequence.Length];
            default:
                return reader.ValueSpan;
        }
    }
}
