using System.Globalization;
using Dlrm.Data.Lines;

namespace Dlrm.Data.Criteo;

/// <summary>What a cache file was made from, and what it holds.</summary>
internal sealed record CriteoCacheMetadata
{
    /// <summary>Bytes of the raw file.</summary>
    public required long SourceLength { get; init; }

    /// <summary>XxHash3 of the raw file.</summary>
    public required ulong SourceHash { get; init; }

    /// <summary>How the raw file is packed.</summary>
    public required TextFormat Format { get; init; }

    /// <summary>0 for none.</summary>
    public required int MaxIndexRange { get; init; }

    /// <summary>The probability with which a negative row was dropped.</summary>
    public required double SubSampleRate { get; init; }

    /// <summary>Tells which rows were drawn to be dropped.</summary>
    public required ulong SubSampleFingerprint { get; init; }

    /// <summary>Good rows of the raw file.</summary>
    public required long RowsRead { get; init; }

    /// <summary>Rows kept of each day.</summary>
    public required int[] DayRows { get; init; }

    /// <summary>Distinct hashes of each column.</summary>
    public required int[] Counts { get; init; }

    /// <summary>Bad lines left out, by reason.</summary>
    public required IReadOnlyDictionary<BadLineReason, long> Skipped { get; init; }

    /// <summary>The first few of them, described.</summary>
    public required IReadOnlyList<string> SkippedExamples { get; init; }

    /// <summary>The last line had no line end.</summary>
    public required bool LastLineUnended { get; init; }

    /// <summary>Rows in the cache.</summary>
    public int RowsKept => DayRows.Sum();

    /// <summary>How the settings that it was made with differ from those asked for; null if they do not.</summary>
    public string? Difference(CriteoKaggleOptions options, long sourceLength)
    {
        int range = Math.Max(options.MaxIndexRange, 0);
        return SourceLength != sourceLength ? Text($"the raw file had {SourceLength} bytes, now it has {sourceLength}")
            : DayRows.Length != options.Days ? Text($"it was made for {DayRows.Length} days, not {options.Days}")
            : MaxIndexRange != range ? Text($"it was made with --max-ind-range={Range(MaxIndexRange)}, not {Range(range)}")
            : SubSampleRate != options.SubSampleRate
                ? Text($"it was made with --data-sub-sample-rate={SubSampleRate}, not {options.SubSampleRate}")
            : options.OnBadLine == OnBadLine.Error && Skipped.Count > 0
                ? Text($"it was made with --on-bad-line=skip, and {Skipped.Values.Sum()} lines were left out")
            : null;

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        static int Range(int range) => range == 0 ? -1 : range;
    }

    /// <summary>Writes it; <see cref="Read"/> reads it back.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(SourceLength);
        writer.Write(SourceHash);
        writer.Write((int)Format);
        writer.Write(MaxIndexRange);
        writer.Write(SubSampleRate);
        writer.Write(SubSampleFingerprint);
        writer.Write(RowsRead);
        writer.Write(LastLineUnended);
        WriteNumbers(writer, DayRows);
        WriteNumbers(writer, Counts);
        writer.Write(Skipped.Count);
        foreach ((BadLineReason reason, long lines) in Skipped)
        {
            writer.Write((int)reason);
            writer.Write(lines);
        }

        writer.Write(SkippedExamples.Count);
        foreach (string example in SkippedExamples)
        {
            writer.Write(example);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CriteoCacheMetadata Read(BinaryReader reader) => new()
    {
        SourceLength = reader.ReadInt64(),
        SourceHash = reader.ReadUInt64(),
        Format = (TextFormat)reader.ReadInt32(),
        MaxIndexRange = reader.ReadInt32(),
        SubSampleRate = reader.ReadDouble(),
        SubSampleFingerprint = reader.ReadUInt64(),
        RowsRead = reader.ReadInt64(),
        LastLineUnended = reader.ReadBoolean(),
        DayRows = ReadList(reader, static reader => reader.ReadInt32()),
        Counts = ReadList(reader, static reader => reader.ReadInt32()),
        Skipped = ReadList(reader, static reader => ((BadLineReason)reader.ReadInt32(), reader.ReadInt64()))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2),
        SkippedExamples = ReadList(reader, static reader => reader.ReadString()),
    };

    private static void WriteNumbers(BinaryWriter writer, int[] numbers)
    {
        writer.Write(numbers.Length);
        foreach (int number in numbers)
        {
            writer.Write(number);
        }
    }

    private static T[] ReadList<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var list = new T[reader.ReadInt32()];
        for (int item = 0; item < list.Length; item++)
        {
            list[item] = read(reader);
        }

        return list;
    }
}
