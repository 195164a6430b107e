using Dlrm.Cli.Options;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Cli.Running;

/// <summary>The schema that the options name.</summary>
internal static class SchemaSetup
{
    /// <summary>Options that say what columns are, which a schema file says alone.</summary>
    private static readonly ToolOption[] Columns =
    [
        PreprocessFlags.Label, PreprocessFlags.Positive, PreprocessFlags.Dense, PreprocessFlags.Transform, PreprocessFlags.Indicator,
        PreprocessFlags.Missing, PreprocessFlags.Sparse, PreprocessFlags.MultiHot, PreprocessFlags.Separator,
        PreprocessFlags.MaxLength, PreprocessFlags.MinFrequency, PreprocessFlags.HashSize, PreprocessFlags.Weight, PreprocessFlags.Group,
    ];

    /// <summary>Reads the file, or takes the options.</summary>
    /// <exception cref="UsageException">Both are given, or neither.</exception>
    public static DataSchema Of(OptionValues values)
    {
        string file = values.Get(PreprocessFlags.Schema);
        if (file.Length > 0)
        {
            if (Columns.FirstOrDefault(values.IsGiven) is { } given)
            {
                throw new UsageException($"{given.Switch} and --schema={file} both say what the columns are: correct the schema, or leave it out.");
            }

            return File.Exists(file)
                ? DataSchema.Read(file)
                : throw new UsageException($"--schema={file}: there is no such file. --infer-schema writes one.");
        }

        if (values.Get(PreprocessFlags.Label).Length == 0 || values.Get(PreprocessFlags.Sparse).Count == 0)
        {
            throw new UsageException(
                "What are the columns? Give --label=COLUMN --dense=COLUMN,COLUMN --sparse=COLUMN,COLUMN, or --schema=FILE "
                + "(--infer-schema writes one to start from).");
        }

        IReadOnlyList<string> bags = values.Get(PreprocessFlags.MultiHot);
        IReadOnlyList<string> sparse = values.Get(PreprocessFlags.Sparse);
        if (bags.FirstOrDefault(name => !sparse.Contains(name)) is { } unknown)
        {
            throw new UsageException($"--multi-hot names '{unknown}', which --sparse does not.");
        }

        return new DataSchema
        {
            Label = values.Get(PreprocessFlags.Label),
            Positive = values.Get(PreprocessFlags.Positive),
            Dense = [.. values.Get(PreprocessFlags.Dense).Select(name => Dense(name, values))],
            Sparse =
            [
                .. sparse.Select(name => new SparseColumn
                {
                    Column = name,
                    MinFrequency = values.Get(PreprocessFlags.HashSize) > 0 && !values.IsGiven(PreprocessFlags.MinFrequency)
                        ? 1 : values.Get(PreprocessFlags.MinFrequency),
                    Hash = values.GetInt(PreprocessFlags.HashSize),
                    Separator = bags.Contains(name) ? values.Get(PreprocessFlags.Separator) : null,
                    MaxLength = bags.Contains(name) ? values.GetInt(PreprocessFlags.MaxLength) : 0,
                }),
            ],
            Weight = NullIfEmpty(values.Get(PreprocessFlags.Weight)),
            Group = NullIfEmpty(values.Get(PreprocessFlags.Group)),
            Missing = values.Get(PreprocessFlags.Missing),
        };
    }

    /// <summary>A preset knows its columns and parts.</summary>
    /// <exception cref="UsageException">An option says otherwise.</exception>
    public static void RefuseWithPreset(OptionValues values)
    {
        ToolOption[] others = [.. Columns, PreprocessFlags.Schema, PreprocessFlags.Split, PreprocessFlags.Quote];
        if (others.FirstOrDefault(values.IsGiven) is { } given)
        {
            throw new UsageException($"{given.Switch} has no place with --preset={values.Get(PreprocessFlags.Preset)}, which knows its columns and parts: leave it out.");
        }

        if (values.IsGiven(PreprocessFlags.MemoryLimit))
        {
            throw new UsageException(
                $"--memory-limit has no effect with --preset={values.Get(PreprocessFlags.Preset)}, whose vocabularies stay in memory: bound them with "
                + "--max-ind-range, or leave it out.");
        }
    }

    /// <summary>What only Criteo's presets know.</summary>
    /// <exception cref="UsageException">Such an option is given for another table.</exception>
    public static void RefuseWithoutPreset(OptionValues values)
    {
        if (values.IsGiven(DataOptions.MaxIndex))
        {
            throw new UsageException("--max-ind-range is for Criteo's presets: bound the tables of other data with --hash-size, or add --preset=criteo-kaggle.");
        }

        if (values.IsGiven(DataOptions.SubSample))
        {
            throw new UsageException("--data-sub-sample-rate is for Criteo's presets: leave it out, or add --preset=criteo-kaggle.");
        }
    }

    private static DenseColumn Dense(string name, OptionValues values)
    {
        string transform = values.Get(PreprocessFlags.Transform);
        return new DenseColumn
        {
            Column = name,
            Log1p = transform is "log1p" or "log1p-standardize",
            Scale = transform switch
            {
                "standardize" or "log1p-standardize" => DenseScale.Standardize,
                "min-max" => DenseScale.MinMax,
                "quantile" => DenseScale.Quantile,
                _ => DenseScale.None,
            },
            Indicator = values.Get(PreprocessFlags.Indicator),
        };
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
