using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Cli.Running;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;

namespace Dlrm.Cli.Inspecting;

/// <summary>What <c>dlrm inspect</c> adds to a model's description: its cost, a saved one's row norms, and how data use its tables.</summary>
internal sealed class InspectionDetails
{
    private readonly DlrmConfig _config;
    private readonly IReadOnlyList<RowNorms> _norms;
    private readonly IReadOnlyList<TableUsage>? _usage;

    /// <summary>Measures.</summary>
    /// <param name="values">The options.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="path">A saved model, or the empty text.</param>
    /// <param name="data">Data that were named, or null.</param>
    public InspectionDetails(OptionValues values, DlrmConfig config, string path, RunData? data)
    {
        _config = config;
        _norms = path.Length == 0 ? [] : Norms(path);
        _usage = data is null ? RandomUsage(values, config) : TableUsage.Of(data.Train, values.GetInt(TrainOptions.Batches));
    }

    /// <summary>For a person.</summary>
    public void Write(TextWriter output)
    {
        ModelCost.Write(_config, output);
        RowNorms.Write(_norms, output);
        if (_usage is not null)
        {
            TableUsage.Write(_usage, output);
        }
    }

    /// <summary>For a program.</summary>
    public void AddTo(JsonObject json)
    {
        json["flops"] = ModelCost.ToJson(_config);
        json["row_norms"] = new JsonArray([.. _norms.Select(table => table.ToJson())]);
        json["usage"] = _usage is null ? null : new JsonArray([.. _usage.Select(table => table.ToJson())]);
    }

    private static IReadOnlyList<RowNorms> Norms(string path)
    {
        using ModelFolder folder = ModelSetup.Open(path, verifyHashes: false);
        return RowNorms.Of(folder);
    }

    /// <summary>Random data are data only where their size is given.</summary>
    private static IReadOnlyList<TableUsage>? RandomUsage(OptionValues values, DlrmConfig config)
    {
        if (!values.IsGiven(DataOptions.Size) && !values.IsGiven(TrainOptions.Batches))
        {
            return null;
        }

        using RunData data = RunData.Load(values, new NumpyRandom(values.Get(TrainOptions.Seed)), progress: null, CancellationToken.None);
        IBatchSource train = data.Train;
        return train.TableRows.SequenceEqual(config.TableRows)
            ? TableUsage.Of(train, batches: 0)
            : throw new UsageException(
                $"The random data look up tables of {string.Join('-', train.TableRows)} rows (--arch-embedding-size), the model "
                + $"has {string.Join('-', config.TableRows)}: name the model's.");
    }
}
