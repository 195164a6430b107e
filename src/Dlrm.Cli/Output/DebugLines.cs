using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Cli.Output;

/// <summary><c>--debug-mode</c>: what the reference prints, to the character: the architecture, the data, the parameters before and after.</summary>
/// <remarks>As in the reference, random data are drawn for printing before the parameters are, which so get other values.</remarks>
internal sealed class DebugLines(TextWriter output, OptionValues values)
{
    /// <summary>The architecture and all training batches.</summary>
    public void Described(DlrmConfig config, IBatchSource train)
    {
        int[] top = config.TopWidths();
        output.WriteLine("model arch:");
        output.WriteLine($"mlp top arch {top.Length - 1} layers, with input to output dimensions:");
        output.WriteLine(NumpyText.Integers(top));
        output.WriteLine("# of interactions");
        output.WriteLine(top[0]);
        output.WriteLine($"mlp bot arch {config.BottomMlp.Count - 1} layers, with input to output dimensions:");
        output.WriteLine(NumpyText.Integers(config.BottomMlp));
        output.WriteLine("# of features (sparse and dense)");
        output.WriteLine(config.Features);
        output.WriteLine("dense feature size");
        output.WriteLine(config.DenseFeatures);
        string width = config.MixedDimension is { } mixed
            ? $"[{string.Join(", ", mixed.Widths(config.TableRows, config.EmbeddingDimension))}]"
            : $"{config.EmbeddingDimension}";
        output.WriteLine("sparse feature size");
        output.WriteLine(width);
        output.WriteLine($"# of embeddings (= # of sparse features) {config.TableRows.Count}, with dimensions {width}x:");
        output.WriteLine(NumpyText.Integers(config.TableRows));
        Data(train);
    }

    /// <summary>The parameters before training.</summary>
    public void Initialized(DlrmModel model)
    {
        output.WriteLine("initial parameters (weights and bias):");
        Parameters(model);
    }

    /// <summary>The parameters after training.</summary>
    public void Updated(DlrmModel model)
    {
        output.WriteLine("updated parameters (weights and bias):");
        Parameters(model);
    }

    private void Data(IBatchSource train)
    {
        output.WriteLine("data (inputs and targets):");
        int limit = values.GetInt(TrainOptions.Batches);
        int count = limit > 0 ? Math.Min(limit, train.BatchCount) : train.BatchCount;
        using var batch = new Batch(train.DenseFeatures, train.TableRows.Count);
        for (int number = 0; number < count; number++)
        {
            train.Read(number, batch);
            output.WriteLine($"mini-batch: {number}");
            output.WriteLine(TorchText.Floats(batch.Dense, batch.Size, batch.DenseFeatures));
            int[] lengths = [.. Enumerable.Range(0, batch.Tables).SelectMany(table => Lengths(batch, table))];
            output.WriteLine(TorchText.Integers(lengths, batch.Tables, batch.Size));
            output.WriteLine(
                $"[{string.Join(", ", Enumerable.Range(0, batch.Tables).Select(table => TorchText.Vector(batch.Indices(table))))}]");
            output.WriteLine(TorchText.Floats(batch.Labels, batch.Size, 1));
        }
    }

    private static IEnumerable<int> Lengths(Batch batch, int table) =>
        Enumerable.Range(0, batch.Size).Select(sample => batch.Offsets(table)[sample + 1] - batch.Offsets(table)[sample]);

    private void Parameters(DlrmModel model)
    {
        int precision = values.GetInt(TrainOptions.PrintPrecision);
        foreach (Parameter parameter in model.Parameters)
        {
            output.WriteLine(NumpyText.Floats(place => parameter.Value[place], parameter.Shape, precision));
        }
    }
}
