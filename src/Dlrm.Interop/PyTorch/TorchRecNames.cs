using System.Globalization;
using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Interop.Models;
using Dlrm.Model;

namespace Dlrm.Interop.PyTorch;

/// <summary>How TorchRec's DLRM calls our parameters, and the order in which it pairs features.</summary>
/// <remarks>
/// Both put the bottom tower's output before the products of pairs. We pair (i, j), j &lt; i, with i ascending, as the
/// reference does: (1,0), (2,0), (2,1), …; TorchRec takes the upper triangle by rows: (0,1), (0,2), …, (1,2), …. So the
/// columns of the top tower's first matrix change places.
/// </remarks>
internal sealed class TorchRecNames
{
    private const string Tables = "sparse_arch.embedding_bag_collection.embedding_bags.";
    private const string FirstTop = "top_l.0.weight";

    private readonly Dictionary<string, string> _theirs = new(StringComparer.Ordinal);
    private readonly int[] _columns; // TorchRec's column c is our column _columns[c].

    /// <summary>The names of a model.</summary>
    /// <exception cref="ArgumentException">TorchRec has no such model.</exception>
    public TorchRecNames(DlrmConfig config)
    {
        Require(config.QuotientRemainder is null && config.MixedDimension is null && config.WeightedPooling != "learned", "tables other than full ones");
        Require(config.Interaction == "dcn" || (config.Interaction == "dot" && !config.InteractionItself), $"the interaction {config.Interaction}{(config.InteractionItself ? " with itself" : "")}");
        Require(config.TopMlp.Count > 1, "a top MLP of one layer");
        Require(config.Tower is null or { Activation: "relu", Normalization: "none" }, "towers with --activation or --normalization");
        Require(config.Pooling.All(pooling => pooling == "sum"), "bags other than sums (--pooling)");
        for (int table = 0; table < config.TableRows.Count; table++)
        {
            _theirs.Add($"emb_l.{table}.weight", string.Create(CultureInfo.InvariantCulture, $"model.{Tables}t_cat_{table}.weight"));
        }

        AddTower("bot_l", config.BottomMlp.Count - 1, layer => $"model.dense_arch.model._mlp.{layer}._linear");
        int last = config.TopMlp.Count - 1;
        AddTower("top_l", config.TopMlp.Count, layer => layer == last ? "model.over_arch.model.1" : $"model.over_arch.model.0._mlp.{layer}._linear");
        for (int layer = 0; config.Interaction == "dcn" && layer < (config.Cross ?? new CrossOptions()).Layers; layer++)
        {
            foreach (string kind in new[] { "W_kernels", "V_kernels", "bias" })
            {
                _theirs.Add($"inter.{kind}.{layer}", $"model.inter_arch.crossnet.{kind}.{layer}");
            }
        }

        _columns = config.Interaction == "dcn" ? [] : Columns(config.FeatureDimension, config.Features);
    }

    /// <summary>Whether an archive holds TorchRec's names.</summary>
    public static bool AreIn(ITensorArchive archive)
        => archive.Shapes.Keys.Any(name => name.Contains(Tables, StringComparison.Ordinal));

    /// <summary>Our names for what an archive holds, each with its own there.</summary>
    /// <exception cref="RefusedFileException">A name is none of TorchRec's DLRM.</exception>
    public static Dictionary<string, string> Read(ITensorArchive archive)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        int tables = 0;
        int layers = archive.Shapes.Keys.Count(name => name.Contains("over_arch.model.0._mlp.", StringComparison.Ordinal)) / 2;
        foreach (string theirs in archive.Shapes.Keys)
        {
            string name = theirs.StartsWith("model.", StringComparison.Ordinal) ? theirs["model.".Length..] : theirs;
            string[] parts = name.Split('.');
            string kind = parts[^1];
            string? ours = parts switch
            {
                ["sparse_arch", "embedding_bag_collection", "embedding_bags", _, "weight"] => $"emb_l.{tables++}.weight",
                ["dense_arch", "model", "_mlp", var layer, "_linear", "weight" or "bias"] => Layer("bot_l", layer, kind),
                ["over_arch", "model", "0", "_mlp", var layer, "_linear", "weight" or "bias"] => Layer("top_l", layer, kind),
                ["over_arch", "model", "1", "weight" or "bias"] => $"top_l.{2 * layers}.{kind}",
                ["inter_arch", "triu_indices"] => "",
                ["inter_arch", "crossnet", "W_kernels" or "V_kernels" or "bias", var layer] => $"inter.{parts[2]}.{layer}",
                _ => null,
            };
            if (ours is null)
            {
                throw new RefusedFileException(RefusalReason.NotThisFormat, $"{archive.Path}: '{theirs}' is no tensor of TorchRec's DLRM.");
            }

            if (ours.Length > 0)
            {
                names[ours] = theirs;
            }
        }

        return names;
    }

    /// <summary>TorchRec's columns of the top tower's first matrix: its column c is our column result[c].</summary>
    /// <param name="dimension">D.</param>
    /// <param name="features">F.</param>
    public static int[] Columns(int dimension, int features)
    {
        var columns = new List<int>(Enumerable.Range(0, dimension));
        for (int first = 0; first < features; first++)
        {
            for (int second = first + 1; second < features; second++)
            {
                columns.Add(dimension + (second * (second - 1) / 2) + first);
            }
        }

        return [.. columns];
    }

    /// <summary>Our parameter's name there.</summary>
    public string Theirs(string ours) => _theirs[ours];

    /// <summary>The tensor with its columns as TorchRec has them.</summary>
    public TensorSource Permuted(TensorSource tensor) => tensor.Name != FirstTop || _columns.Length == 0
        ? tensor
        : TensorSource.Streaming(tensor.Name, tensor.Type, [.. tensor.Shape], target =>
        {
            using var memory = new MemoryStream();
            tensor.WriteTo(memory, requireFinite: false);
            target.Write(MemoryMarshal.AsBytes(Permute(memory.ToArray(), _columns, toTheirs: true).AsSpan()));
        });

    /// <summary>Rows of single precision with their columns in the other order.</summary>
    public static float[] Permute(byte[] rows, int[] columns, bool toTheirs)
    {
        ReadOnlySpan<float> from = MemoryMarshal.Cast<byte, float>(rows);
        float[] to = new float[from.Length];
        for (int start = 0; start < to.Length; start += columns.Length)
        {
            for (int column = 0; column < columns.Length; column++)
            {
                (int target, int source) = toTheirs ? (column, columns[column]) : (columns[column], column);
                to[start + target] = from[start + source];
            }
        }

        return to;
    }

    private static string? Layer(string tower, string layer, string kind)
        => int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 1000 ? $"{tower}.{2 * number}.{kind}" : null;

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new ArgumentException($"TorchRec's DLRM has no {what}: export to --format=pt instead.");
        }
    }

    private void AddTower(string prefix, int layers, Func<int, string> theirs)
    {
        for (int layer = 0; layer < layers; layer++)
        {
            _theirs.Add($"{prefix}.{2 * layer}.weight", theirs(layer) + ".weight");
            _theirs.Add($"{prefix}.{2 * layer}.bias", theirs(layer) + ".bias");
        }
    }
}
