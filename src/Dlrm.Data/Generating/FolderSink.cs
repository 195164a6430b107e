using System.Text.Json;
using System.Text.Json.Nodes;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Generating;

/// <summary>A data set folder: index i of a table is its category of rank i.</summary>
internal sealed class FolderSink : RowSink
{
    /// <summary>The report's name inside the folder.</summary>
    public const string ReportName = "generated.json";

    private readonly OutputFolder _output;
    private readonly PlantedModel _model;
    private readonly JsonObject _settings;
    private readonly PartWriter[] _parts;

    /// <summary>Starts the folder.</summary>
    /// <param name="output">Where.</param>
    /// <param name="model">What draws the rows.</param>
    /// <param name="settings">For dataset.json.</param>
    /// <param name="parts">Names of the parts.</param>
    public FolderSink(OutputFolder output, PlantedModel model, JsonObject settings, IReadOnlyList<string> parts)
    {
        _output = output;
        _model = model;
        _settings = settings;
        if (Directory.Exists(output.Work))
        {
            Directory.Delete(output.Work, recursive: true);
        }

        Directory.CreateDirectory(output.Work);
        IEnumerable<string> dense = CriteoColumns.Names.Skip(1).Take(CriteoColumns.Dense);
        IEnumerable<(string, bool)> sparse = CriteoColumns.Names.Skip(1 + CriteoColumns.Dense).Select(name => (name, false));
        Apache.Arrow.Schema schema = RowFileWriter.MakeSchema(dense, sparse, weighted: false, grouped: false);
        _parts = [.. parts.Select(name => new PartWriter(output.Work, name, schema, NewColumns()))];
    }

    /// <inheritdoc/>
    public override void Prepare(GeneratedBlock block)
    {
        RowBuffers columns = block.Columns ??= NewColumns();
        columns.Reserve(GeneratedBlock.MaxRows);
        columns.Rows = block.Rows;
        for (int row = 0; row < block.Rows; row++)
        {
            columns.Labels.Floats[row] = block.Labels[row];
        }

        for (int number = 0; number < CriteoColumns.Dense; number++)
        {
            Span<float> target = columns.Dense[number].Floats;
            for (int row = 0; row < block.Rows; row++)
            {
                target[row] = LogarithmOfOnePlus.Of(block.Dense[(row * CriteoColumns.Dense) + number]);
            }
        }

        for (int table = 0; table < CriteoColumns.Categorical; table++)
        {
            Span<int> target = columns.Sparse[table].Ints;
            for (int row = 0; row < block.Rows; row++)
            {
                target[row] = block.Ranks[(row * CriteoColumns.Categorical) + table];
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(GeneratedBlock block) => _parts[block.Part].Append(block.Columns!);

    /// <inheritdoc/>
    public override void Complete(JsonObject report)
    {
        var files = new List<RowFileEntry>();
        var splits = new List<SplitEntry>();
        foreach (PartWriter part in _parts)
        {
            part.Complete();
            splits.Add(new SplitEntry(
                part.Name, part.Rows, part.LabelRate,
                [.. part.Files.Select((file, number) => new SplitSegment(files.Count + number, 0, file.Rows))]));
            files.AddRange(part.Files);
        }

        _output.Write(ReportName, report.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        _output.Commit(Describe(files, splits));
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (PartWriter part in _parts)
        {
            part.Dispose();
        }
    }

    private static RowBuffers NewColumns() =>
        new(CriteoColumns.Dense, new bool[CriteoColumns.Categorical], weighted: false, grouped: false);

    private DataSetDescription Describe(List<RowFileEntry> files, List<SplitEntry> splits)
    {
        long rows = splits.Sum(split => split.Rows);
        DataSchema schema = GeneratedSchema.Of(_model.TableRows, SparseType.Hex);
        return new DataSetDescription
        {
            Title = "generated rows, criteo-like",
            Rows = rows,
            SourceRows = rows,
            Label = new LabelFeature(schema.Label, []),
            Dense = [.. schema.Dense.Select(column => new DenseFeature { Name = column.Column, Column = column.Column, Log1p = true })],
            Sparse =
            [
                .. schema.Sparse.Select(column => new SparseFeature
                {
                    Name = column.Column,
                    TableRows = column.Hash,
                    Encoding = SparseEncoding.Hash,
                    Type = SparseType.Hex,
                }),
            ],
            Files = files,
            Splits = splits,
            Text = new TextConventions { Delimiter = "\t", Quotes = false },
            Settings = _settings,
        };
    }
}
