namespace Dlrm.Data.Generating;

/// <summary>In what shape generated rows are written.</summary>
public enum GeneratedFormat
{
    /// <summary>A data set folder.</summary>
    DataSet,

    /// <summary>Criteo's text: 40 fields between tabs, no header; hashes of eight hexadecimal digits.</summary>
    Criteo,

    /// <summary>The same with a header.</summary>
    Tsv,

    /// <summary>Parquet: whole numbers, categories as 64-bit integers.</summary>
    Parquet,
}

/// <summary>What to generate.</summary>
public sealed record GeneratorOptions
{
    /// <summary>Rows: 7 or more, since Criteo's logs are seven days.</summary>
    public required long Rows { get; init; }

    /// <summary>The folder or file to make.</summary>
    public required string Output { get; init; }

    /// <summary>Its format.</summary>
    public GeneratedFormat Format { get; init; }

    /// <summary>s of the categories' power law P(r) ∝ (r + 1)^−s; 0 makes them all alike.</summary>
    public double Skew { get; init; } = 1.1;

    /// <summary>Everything follows from it.</summary>
    public long Seed { get; init; }

    /// <summary>No table has more rows.</summary>
    public int MaxTableRows { get; init; } = int.MaxValue;

    /// <summary>The share of rows with label 1 that is aimed at.</summary>
    public double LabelRate { get; init; } = 0.256;

    /// <summary>The area under the ROC curve of a perfect model that is aimed at.</summary>
    public double BestAuc { get; init; } = 0.8;

    /// <summary>Threads; 0 for one a core. The bytes do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Replaces what is there and was made otherwise.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="ArgumentException">The message names the option.</exception>
    internal void Validate()
    {
        static void Require(bool holds, string message)
        {
            if (!holds)
            {
                throw new ArgumentException(message);
            }
        }

        Require(Rows >= 7, $"--rows={Rows}: give 7 or more, one for each of Criteo's days.");
        Require(Skew is >= 0 and <= 10, $"--skew={Skew}: give a number from 0 to 10.");
        Require(Seed >= 0, $"--seed={Seed}: give 0 or more.");
        Require(MaxTableRows >= 2, $"--table-rows={MaxTableRows}: give 2 or more.");
        Require(LabelRate is >= 0.001 and <= 0.999, $"--label-rate={LabelRate}: give a number from 0.001 to 0.999.");
        Require(BestAuc is >= 0.51 and <= 0.99, $"--best-auc={BestAuc}: give a number from 0.51 to 0.99.");
    }
}
