using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dlrm.Data.Scoring.Files;

/// <summary>
/// Scores as text: columns with a header, or a JSON object a line; by themselves, or behind the rows as they stand.
/// </summary>
internal sealed class TextScoreSink : ScoreSink
{
    private readonly ScoringOptions _options;
    private readonly Stream _target;
    private readonly ArrayBufferWriter<byte>[] _texts;
    private readonly byte[] _scoreName;
    private readonly byte[] _jsonScore;
    private readonly byte[][] _jsonIds;
    private RowInput? _input;
    private bool _json;
    private byte _delimiter;

    /// <summary>Prepares.</summary>
    public TextScoreSink(ScoringOptions options, Stream target, int slots)
    {
        _options = options;
        _target = target;
        _texts = [.. Enumerable.Range(0, slots).Select(_ => new ArrayBufferWriter<byte>(1 << 16))];
        _scoreName = Encoding.UTF8.GetBytes(options.ScoreColumn);
        _jsonScore = JsonName(options.ScoreColumn);
        _jsonIds = [.. options.IdColumns.Select(JsonName)];
    }

    /// <inheritdoc/>
    public override void Begin(RowInput input)
    {
        if (_input is not null)
        {
            RequireSame(input);
            return;
        }

        _input = input;
        _json = _options.OutputFormat == RowFileFormat.JsonLines || (_options.Append && input.IsJson);
        _delimiter = _options.Append ? input.Delimiter : _options.OutputFormat == RowFileFormat.Tsv ? (byte)'\t' : (byte)',';
        if (_json || (_options.Append && !input.HasHeader))
        {
            return;
        }

        ArrayBufferWriter<byte> text = _texts[0];
        IEnumerable<string> names = _options.Append ? input.Names : _options.IdColumns;
        foreach (string name in names)
        {
            WriteField(text, Encoding.UTF8.GetBytes(name));
            text.Write([_delimiter]);
        }

        WriteField(text, _scoreName);
        text.Write(input.CarriageReturns && _options.Append ? "\r\n"u8 : "\n"u8);
        Flush(text);
    }

    /// <inheritdoc/>
    public override void Prepare(RowBlock block, int slot)
    {
        ArrayBufferWriter<byte> text = _texts[slot];
        ReadOnlySpan<float> scores = block.Scores;
        for (int row = 0; row < scores.Length; row++)
        {
            if (_json)
            {
                WriteJson(text, block, row, scores[row]);
            }
            else
            {
                WriteColumns(text, block, row, scores[row]);
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(RowBlock block, int slot) => Flush(_texts[slot]);

    /// <inheritdoc/>
    public override void Complete()
    {
    }

    private static byte[] JsonName(string name) =>
        [.. "\""u8, .. JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, .. "\":"u8];

    private void RequireSame(RowInput input)
    {
        bool same = input.IsJson == _input!.IsJson
            && (!_options.Append || (input.Names.SequenceEqual(_input.Names) && input.Delimiter == _input.Delimiter));
        if (_options.Append && !same)
        {
            throw new BadDataException(
                input.File, $"its rows are not of the kind of those in {_input.File}: with --append all files have the same columns and format.");
        }
    }

    private void WriteColumns(ArrayBufferWriter<byte> text, RowBlock block, int row, float score)
    {
        if (_options.Append)
        {
            text.Write(block.OriginalLine(row));
            text.Write([_delimiter]);
        }
        else
        {
            for (int column = 0; column < _options.IdColumns.Count; column++)
            {
                ReadOnlySpan<byte> id = block.Id(row, column, out bool bare);
                WriteField(text, bare && id.SequenceEqual("null"u8) ? default : id);
                text.Write([_delimiter]);
            }
        }

        if (!float.IsNaN(score))
        {
            WriteScore(text, score);
        }

        text.Write(_options.Append && _input!.CarriageReturns ? "\r\n"u8 : "\n"u8);
    }

    private void WriteField(ArrayBufferWriter<byte> text, ReadOnlySpan<byte> field)
    {
        if (field.IndexOfAny("\"\n\r"u8) < 0 && !field.Contains(_delimiter))
        {
            text.Write(field);
            return;
        }

        text.Write("\""u8);
        for (int quote; (quote = field.IndexOf((byte)'"')) >= 0; field = field[(quote + 1)..])
        {
            text.Write(field[..(quote + 1)]);
            text.Write("\""u8);
        }

        text.Write(field);
        text.Write("\""u8);
    }

    private void WriteJson(ArrayBufferWriter<byte> text, RowBlock block, int row, float score)
    {
        ReadOnlySpan<byte> line = _options.Append ? block.OriginalLine(row).TrimEnd(" \t"u8) : default;
        if (line is [(byte)'{', .., (byte)'}'])
        {
            line = line[..^1].TrimEnd(" \t"u8);
            text.Write(line);
            text.Write(line.Length > 1 ? ","u8 : ""u8);
        }
        else
        {
            text.Write("{"u8);
        }

        for (int column = 0; column < (_options.Append ? 0 : _jsonIds.Length); column++)
        {
            text.Write(_jsonIds[column]);
            WriteId(text, block.Id(row, column, out bool bare), bare);
            text.Write(","u8);
        }

        text.Write(_jsonScore);
        if (float.IsNaN(score))
        {
            text.Write("null"u8);
        }
        else
        {
            WriteScore(text, score);
        }

        text.Write("}\n"u8);
    }

    private static void WriteId(ArrayBufferWriter<byte> text, ReadOnlySpan<byte> id, bool bare)
    {
        if (bare)
        {
            text.Write(id.IsEmpty ? "null"u8 : id);
            return;
        }

        text.Write("\""u8);
        text.Write(JsonEncodedText.Encode(id, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);
        text.Write("\""u8);
    }

    /// <summary>The shortest text that reads back as the same number.</summary>
    private static void WriteScore(ArrayBufferWriter<byte> text, float score)
    {
        score.TryFormat(text.GetSpan(32), out int written, default, CultureInfo.InvariantCulture);
        text.Advance(written);
    }

    private void Flush(ArrayBufferWriter<byte> text)
    {
        _target.Write(text.WrittenSpan);
        text.ResetWrittenCount();
    }
}
