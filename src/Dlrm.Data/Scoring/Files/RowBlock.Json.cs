using System.Text.Json;

namespace Dlrm.Data.Scoring.Files;

/// <content>Rows that are JSON objects, a line each.</content>
internal sealed partial class RowBlock
{
    private byte[] _json = new byte[256];

    private BadLine? AddJsonRow()
    {
        int line = ++_lines;
        int start = _position;
        int length = _text.Text[start..].IndexOf((byte)'\n');
        _position = start + length + 1;
        ReadOnlySpan<byte> text = _text.Text.Slice(start, length).TrimEnd(" \t\r"u8);
        SetLine(start, start + text.Length);
        if (text.IsEmpty)
        {
            return new BadLine(BadLineReason.EmptyLine, line, 0, "", "", "is an empty line, not a JSON object");
        }

        try
        {
            if (TakeFromJson(text) is { } problem)
            {
                return Wrong(line, problem);
            }

            var reader = new Utf8JsonReader(text);
            bool good = Batch.TryReadJson(ref reader, UnknownProperty.Ignore, out RowProblem wrong);
            if (good && reader.BytesConsumed == text.Length)
            {
                Batch.EndRow();
                return null;
            }

            Batch.DiscardRow();
            return good
                ? new BadLine(BadLineReason.FieldCount, line, 0, "", BadLine.Escape(text[(int)reader.BytesConsumed..]), "stands behind the object")
                : Wrong(line, wrong);
        }
        catch (JsonException exception)
        {
            Batch.DiscardRow();
            return new BadLine(
                BadLineReason.FieldCount, line, 0, "", BadLine.Escape(text), $"is not JSON ({exception.Message.Split(". ")[0].TrimEnd('.')})");
        }
    }

    private static BadLine Wrong(int line, RowProblem problem) => problem.Field.Length == 0
        ? new BadLine(BadLineReason.FieldCount, line, 0, "", problem.Value, problem.Problem)
        : new BadLine(BadLineReason.NotANumber, line, 1, problem.Field, problem.Value, problem.Problem);

    /// <summary>Takes the ids and the label.</summary>
    private RowProblem? TakeFromJson(ReadOnlySpan<byte> text)
    {
        for (int column = 0; column < _options.IdColumns.Count; column++)
        {
            int end = FindJson(text, _options.IdColumns[column], out bool bare);
            AddId(end < 0 ? "null"u8 : _json.AsSpan(0, end), end < 0 || bare);
        }

        if (_options.Metrics)
        {
            int label = FindJson(text, Batch.Encoder.LabelColumn, out _);
            if (label < 0 || !Batch.Encoder.TryReadLabel(_json.AsSpan(0, label), out _labels[Rows]))
            {
                return RowProblem.Of(Batch.Encoder.LabelColumn, _json.AsSpan(0, Math.Max(label, 0)), "is not a label");
            }
        }

        return null;
    }

    /// <summary>Copies the value of a property of the object to <see cref="_json"/>.</summary>
    /// <returns>Its bytes; −1 when there is none.</returns>
    private int FindJson(ReadOnlySpan<byte> text, string name, out bool bare)
    {
        bare = true;
        int found = -1;
        if (_json.Length < text.Length)
        {
            _json = new byte[text.Length * 2];
        }

        var reader = new Utf8JsonReader(text);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1 || !reader.ValueTextEquals(name))
            {
                continue;
            }

            reader.Read();
            bare = reader.TokenType != JsonTokenType.String;
            if (bare)
            {
                reader.ValueSpan.CopyTo(_json);
                found = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject ? -1 : reader.ValueSpan.Length;
            }
            else
            {
                found = reader.CopyString(_json);
            }
        }

        return found;
    }
}
