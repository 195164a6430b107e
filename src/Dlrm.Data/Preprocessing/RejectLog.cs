using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Data.Preprocessing;

/// <summary>Receives rows that cannot be read: throws on the first, or counts them, and describes so many in rejects.jsonl.</summary>
internal sealed class RejectLog(OnBadLine onBadLine)
{
    /// <summary>Rows of one reason that are described; the others are counted.</summary>
    public const int DescribedPerReason = 1000;

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _lines = [];
    private readonly List<string> _notes = [];

    /// <summary>Rows left out, by reason.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>What else a person should know.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The text of rejects.jsonl: one object a rejected row.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Rows left out.</summary>
    public long Total => _counts.Values.Sum();

    /// <summary>The first one, described; empty for none.</summary>
    public string First { get; private set; } = "";

    /// <summary>Takes a bad row.</summary>
    /// <param name="file">Where.</param>
    /// <param name="line">What.</param>
    /// <exception cref="BadDataException">Bad rows are errors.</exception>
    public void Add(string file, in BadLine line)
    {
        if (onBadLine == OnBadLine.Error)
        {
            throw new BadDataException(file, line);
        }

        string reason = JsonNamingPolicy.SnakeCaseLower.ConvertName(line.Reason.ToString());
        long count = _counts.GetValueOrDefault(reason) + 1;
        _counts[reason] = count;
        if (First.Length == 0)
        {
            First = $"{file} {line.Describe()}";
        }

        if (count <= DescribedPerReason)
        {
            _lines.Add(new JsonObject
            {
                ["file"] = file,
                ["line"] = line.Line,
                ["column"] = line.Column,
                ["name"] = line.ColumnName,
                ["reason"] = reason,
                ["text"] = line.Text,
                ["problem"] = line.Problem,
                ["fix"] = BadLine.Fix(line.Reason),
            }.ToJsonString());
        }
    }

    /// <summary>Takes up the counts of an earlier process.</summary>
    public void Restore(IReadOnlyDictionary<string, long> counts)
    {
        foreach ((string reason, long count) in counts)
        {
            _counts[reason] = _counts.GetValueOrDefault(reason) + count;
        }
    }

    /// <summary>Takes up the notes of an earlier process.</summary>
    public void RestoreNotes(IReadOnlyList<string> notes) => _notes.AddRange(notes);

    /// <summary>Takes up the descriptions of an earlier process.</summary>
    public void Restore(IReadOnlyList<string> lines)
    {
        _lines.AddRange(lines);
        if (First.Length == 0 && lines.Count > 0)
        {
            First = lines[0];
        }
    }

    /// <summary>What a person should know of them, one line each.</summary>
    /// <param name="folder">Where rejects.jsonl is.</param>
    public IEnumerable<string> Describe(string folder)
    {
        foreach (string note in _notes)
        {
            yield return note;
        }

        if (Total > 0)
        {
            string reasons = string.Join(", ", _counts.Select(pair => $"{pair.Value} {pair.Key}"));
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{Total:N0} rows were left out ({reasons}); {Path.Combine(folder, "rejects.jsonl")} describes them. The first: {First}");
        }
    }

    /// <summary>Notes what is odd, but left out nothing.</summary>
    public void Note(string note) => _notes.Add(note);
}
