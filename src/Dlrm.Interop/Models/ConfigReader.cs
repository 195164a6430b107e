using System.Globalization;
using System.Text.RegularExpressions;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Interop.Models;

/// <summary>Finds the architecture that a set of tensors, under the reference's names, belongs to.</summary>
internal sealed partial class ConfigReader
{
    private const int ReferenceThreshold = 200;

    private static readonly (string Name, bool Itself)[] Candidates =
        [("dot", false), ("dot", true), ("cat", false), ("dot-dense", false), ("sum", false)];

    private readonly ITensorArchive _archive;
    private readonly ModelHints _hints;

    private ConfigReader(ITensorArchive archive, ModelHints hints)
    {
        _archive = archive;
        _hints = hints;
    }

    /// <summary>The architecture.</summary>
    /// <exception cref="RefusedFileException">The tensors are no DLRM's, or contradict one another or the hints.</exception>
    public static DlrmConfig Read(ITensorArchive archive, ModelHints hints)
    {
        var reader = new ConfigReader(archive, hints);
        try
        {
            DlrmConfig config = reader.Read();
            config.Validate();
            return config;
        }
        catch (ArgumentException exception)
        {
            throw new RefusedFileException(RefusalReason.NotThisFormat, $"{archive.Path}: {exception.Message}", exception);
        }
    }

    [GeneratedRegex(@"^emb_l\.(\d+)\.(weight|weight_q|weight_r|embs\.weight|proj\.weight)$")]
    private static partial Regex TableName();

    private DlrmConfig Read()
    {
        int tables = CountTables();
        int[] bottom = Tower("bot_l");
        int[] top = Tower("top_l");
        var config = new DlrmConfig { BottomMlp = bottom, TopMlp = top[1..], EmbeddingDimension = bottom[^1] };
        config = WithTables(config, tables) with
        {
            WeightedPooling = Has("v_W_l.0") ? "learned" : "none",
            Loss = _hints.Loss ?? config.Loss,
            LossThreshold = _hints.LossThreshold ?? 0,
            Tower = BetweenLayers(),
        };
        return WithInteraction(config, top[0]);
    }

    private int CountTables()
    {
        int tables = 0;
        foreach (string name in _archive.Shapes.Keys)
        {
            if (TableName().Match(name) is { Success: true } match)
            {
                tables = Math.Max(tables, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) + 1);
            }
        }

        return tables is > 0 and < 100_000
            ? tables
            : throw Refuse($"there is no tensor emb_l.0.weight; it holds {string.Join(", ", _archive.Shapes.Keys.Take(8))}: no DLRM");
    }

    /// <summary>The widths of a tower, its input first.</summary>
    private int[] Tower(string prefix)
    {
        var widths = new List<int>();
        for (int layer = 0; Has($"{prefix}.{layer}.weight"); layer += 2)
        {
            int[] shape = Shape($"{prefix}.{layer}.weight", 2);
            if (widths.Count == 0)
            {
                widths.Add(shape[1]);
            }

            if (widths[^1] != shape[1])
            {
                throw Refuse($"{prefix}.{layer}.weight takes {shape[1]} numbers, but the layer before gives {widths[^1]}");
            }

            widths.Add(shape[0]);
        }

        return widths.Count > 0 ? [.. widths] : throw Refuse($"there is no tensor {prefix}.0.weight");
    }

    private TowerOptions? BetweenLayers()
    {
        string[] norms = [.. _archive.Shapes.Keys.Where(name => name.Contains(".norm.", StringComparison.Ordinal))];
        var options = new TowerOptions
        {
            Activation = _hints.Activation ?? "relu",
            Normalization = norms.Length == 0 ? "none"
                : norms.Any(name => name.EndsWith(".running_mean", StringComparison.Ordinal)) ? "batch" : "layer",
        };
        return options == new TowerOptions() ? null : options;
    }

    private DlrmConfig WithTables(DlrmConfig config, int tables)
    {
        int[] rows = new int[tables];
        int[] full = [.. Enumerable.Range(0, tables).Where(table => Has($"emb_l.{table}.weight"))];
        int[] split = [.. Enumerable.Range(0, tables).Where(table => Has($"emb_l.{table}.weight_q"))];
        int[] mixed = [.. Enumerable.Range(0, tables).Where(table => Has($"emb_l.{table}.embs.weight"))];
        if (full.Length + split.Length + mixed.Length != tables)
        {
            throw Refuse("tables are missing, or there twice");
        }

        foreach (int table in full)
        {
            rows[table] = Shape($"emb_l.{table}.weight", 2)[0];
        }

        foreach (int table in mixed)
        {
            rows[table] = Shape($"emb_l.{table}.embs.weight", 2)[0];
        }

        int largest = full.Length == 0 ? 0 : full.Max(table => rows[table]);
        if (split.Length > 0)
        {
            config = WithSplit(config, rows, split, Math.Max(largest, mixed.Length == 0 ? 0 : mixed.Max(table => rows[table])));
        }

        config = config with { TableRows = rows };
        return mixed.Length > 0 ? WithMixed(config, rows, mixed, largest) : config;
    }

    private DlrmConfig WithSplit(DlrmConfig config, int[] rows, int[] split, int largest)
    {
        int[] quotient = Shape($"emb_l.{split[0]}.weight_q", 2);
        int collisions = Shape($"emb_l.{split[0]}.weight_r", 2)[0];
        foreach (int table in split)
        {
            int quotients = Shape($"emb_l.{table}.weight_q", 2)[0];
            int? hint = _hints.TableRows is { } given && given.Count == rows.Length ? given[table] : null;
            rows[table] = hint is { } count && QuotientRemainderTable.QuotientRows(count, collisions) == quotients
                ? count
                : checked(quotients * collisions);
        }

        int smallest = split.Min(table => rows[table]);
        return config with
        {
            TableRows = rows,
            EmbeddingDimension = quotient[1],
            QuotientRemainder = new QuotientRemainderOptions
            {
                Collisions = collisions,
                Threshold = Threshold(_hints.QuotientRemainderThreshold, largest, smallest),
                Operation = config.BottomMlp[^1] == 2 * quotient[1] ? "concat" : _hints.QuotientRemainderOperation ?? "mult",
            },
        };
    }

    private DlrmConfig WithMixed(DlrmConfig config, int[] rows, int[] mixed, int largest)
    {
        int threshold = Threshold(_hints.MixedDimension?.Threshold, largest, mixed.Min(table => rows[table]));
        int[] widths = [.. mixed.Select(table => Shape($"emb_l.{table}.embs.weight", 2)[1])];
        foreach (MixedDimensionOptions options in MixedCandidates())
        {
            int[] expected = options.Widths(rows, config.EmbeddingDimension);
            if (mixed.Select(table => expected[table]).SequenceEqual(widths))
            {
                return config with { MixedDimension = options with { Threshold = threshold } };
            }
        }

        throw Refuse(
            $"rows of {string.Join('-', widths)} elements follow from no temperature; name it (--md-temperature, --md-round-dims)");
    }

    private IEnumerable<MixedDimensionOptions> MixedCandidates()
    {
        yield return _hints.MixedDimension ?? new MixedDimensionOptions();
        for (int hundredth = 0; hundredth <= 100; hundredth++)
        {
            yield return new MixedDimensionOptions { Temperature = hundredth / 100.0 };
            yield return new MixedDimensionOptions { Temperature = hundredth / 100.0, RoundDimensions = true };
        }
    }

    /// <summary>A number of rows that tables are changed above, and not at.</summary>
    private int Threshold(int? hint, int largest, int smallest)
    {
        if (smallest <= largest)
        {
            throw Refuse($"a table of {largest} rows is full and one of {smallest} is not; larger tables must be changed first");
        }

        foreach (int threshold in new[] { hint ?? ReferenceThreshold, ReferenceThreshold })
        {
            if (threshold >= largest && threshold < smallest)
            {
                return threshold;
            }
        }

        return largest;
    }

    private DlrmConfig WithInteraction(DlrmConfig config, int width)
    {
        if (Has("inter.V_kernels.0"))
        {
            int layers = 0;
            while (Has($"inter.V_kernels.{layers}"))
            {
                layers++;
            }

            return config with { Interaction = "dcn", Cross = new CrossOptions { Layers = layers, Rank = Shape("inter.V_kernels.0", 2)[0] } };
        }

        foreach ((string name, bool itself) in Candidates)
        {
            DlrmConfig candidate = config with { Interaction = name, InteractionItself = itself };
            if ((_hints.Interaction ?? name) == name && (name != "dot" || (_hints.InteractionItself ?? itself) == itself)
                && candidate.TopWidths()[0] == width)
            {
                return candidate;
            }
        }

        throw Refuse(
            $"the top MLP takes {width} numbers; {config.Features} features of {config.FeatureDimension} elements meet in none of "
            + $"the ways known{(_hints.Interaction is { } named ? $" (--arch-interaction-op={named})" : "")}");
    }

    private bool Has(string name) => _archive.Shapes.ContainsKey(name);

    private int[] Shape(string name, int rank)
    {
        if (!_archive.Shapes.TryGetValue(name, out IReadOnlyList<long>? shape))
        {
            throw Refuse($"there is no tensor '{name}'");
        }

        return shape.Count == rank && shape.All(extent => extent is > 0 and <= int.MaxValue)
            ? [.. shape.Select(extent => (int)extent)]
            : throw Refuse($"tensor '{name}' has the shape ({string.Join(", ", shape)}), expected {rank} extents of 1 or more");
    }

    private RefusedFileException Refuse(string what) => new(RefusalReason.NotThisFormat, $"{_archive.Path}: {what}.");
}
