using System.Buffers.Text;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Criteo;

/// <summary>How lines of Criteo's text are encoded, for the model's folder.</summary>
internal sealed class CriteoEncoding(CriteoKaggleOptions options, CriteoContent content)
{
    private readonly List<(IReadOnlyList<string> Values, bool Binned)> _numbers = [];

    /// <summary>(26): where rare hashes share index 0, the index of each hash in order of first appearance.</summary>
    public int[]?[] Renumbered { get; } = new int[]?[CriteoColumns.Categorical];

    /// <summary>(13): the mean and deviation of each number's logarithm; null where they are left as they are.</summary>
    public (double Mean, double Deviation)[]? Scales { get; set; }

    /// <summary>The first so many rows are for training.</summary>
    public int TrainRows { get; set; }

    /// <summary>Adds the next number that is a category too.</summary>
    /// <param name="values">The categories with the indices 1, 2, ….</param>
    /// <param name="binned">Large numbers are divided into bins.</param>
    public void AddNumber(IReadOnlyList<string> values, bool binned) => _numbers.Add((values, binned));

    /// <summary>The files, by name.</summary>
    /// <param name="rows">The encoded rows, alive when the files are written.</param>
    public IReadOnlyDictionary<string, Action<Stream>> Files(TabularDataSet rows) => EncodingFiles.Of(
        new DataSetDescription
        {
            Title = $"Criteo Kaggle, {Path.GetFileName(options.RawDataFile)}",
            Preset = "criteo-kaggle",
            Rows = rows.Rows,
            SourceRows = content.Metadata.RowsRead,
            Label = new LabelFeature(CriteoColumns.Names[0], []),
            Dense = [.. Enumerable.Range(0, CriteoColumns.Dense).Select(Dense)],
            Sparse =
            [
                .. Enumerable.Range(0, CriteoColumns.Categorical).Select(Hashes),
                .. _numbers.Select((entry, number) => new SparseFeature
                {
                    Name = CriteoColumns.Names[1 + number] + "_category",
                    Column = CriteoColumns.Names[1 + number],
                    TableRows = entry.Values.Count + 1,
                    Type = SparseType.Integer,
                    LogarithmBins = entry.Binned,
                    OutOfVocabulary = true,
                    MinFrequency = Math.Max(options.MinFrequency, 1),
                }),
            ],
            Files = [],
            Splits = [],
            Text = new TextConventions { Delimiter = "\t", Quotes = false, Header = false },
            NegativesDropped = options.SubSampleRate,
        },
        [
            .. Enumerable.Range(0, CriteoColumns.Categorical).Select(table => Vocabulary(rows, table)),
            .. _numbers.Select((entry, number) =>
                EncodingFiles.Vocabulary(entry.Values, 1, rows, CriteoColumns.Categorical + number, TrainRows)),
        ]);

    /// <summary>A missing number's logarithm is that of 0; scaled it is not 0, so it counts as one.</summary>
    private DenseFeature Dense(int number)
    {
        string name = CriteoColumns.Names[1 + number];
        (double mean, double deviation) = Scales is null ? (0, 1) : Scales[number];
        return new DenseFeature { Name = name, Column = name, Log1p = true, Shift = mean, Divisor = deviation, Fill = Scales is null ? null : 0 };
    }

    private SparseFeature Hashes(int table)
    {
        int[]? renumbered = Renumbered[table];
        return new SparseFeature
        {
            Name = CriteoColumns.Names[1 + CriteoColumns.Dense + table],
            TableRows = renumbered is null ? content.Vocabularies[table].Length : renumbered.Max() + 1,
            Type = SparseType.Hex,
            OutOfVocabulary = renumbered is not null,
            MinFrequency = Math.Max(options.MinFrequency, 1),
            Modulo = Math.Max(options.MaxIndexRange, 0),
        };
    }

    private FittedVocabulary Vocabulary(TabularDataSet rows, int table)
    {
        uint[] hashes = content.Vocabularies[table];
        if (Renumbered[table] is { } renumbered)
        {
            var kept = new uint[renumbered.Max()];
            for (int index = 0; index < renumbered.Length; index++)
            {
                if (renumbered[index] > 0)
                {
                    kept[renumbered[index] - 1] = hashes[index];
                }
            }

            return Vocabulary(kept, 1, rows, table);
        }

        return Vocabulary(hashes, 0, rows, table);
    }

    private FittedVocabulary Vocabulary(uint[] hashes, int first, TabularDataSet rows, int table)
    {
        var text = new byte[8];
        return EncodingFiles.Vocabulary(
            hashes.Length,
            value =>
            {
                Utf8Formatter.TryFormat(hashes[value], text, out _, new System.Buffers.StandardFormat('x', 8));
                return text;
            },
            first, rows, table, TrainRows);
    }
}
