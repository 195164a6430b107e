namespace Dlrm.Data.Criteo;

/// <summary>What to load from a file in the format of Criteo's Kaggle challenge, and how.</summary>
public sealed record CriteoKaggleOptions
{
    /// <summary>The text file (<c>train.txt</c>), plain or packed with gzip or zstd.</summary>
    public required string RawDataFile { get; init; }

    /// <summary>
    /// Beside this path the parsed rows are kept: its name with <c>.dlrm</c> added, or in place of <c>.npz</c>. Empty: the
    /// raw file's name with <c>.dlrm</c> added.
    /// </summary>
    public string ProcessedDataFile { get; init; } = "";

    /// <summary>False reads the text and keeps nothing.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>The order of the training rows.</summary>
    public CriteoRandomize Randomize { get; init; } = CriteoRandomize.Total;

    /// <summary>The order of the training rows that goes with the reference's <c>--memory-map</c>.</summary>
    public bool MemoryMap { get; init; }

    /// <summary>The probability with which a negative row is dropped, 0 … 1.</summary>
    public double SubSampleRate { get; init; }

    /// <summary>Hashes are taken modulo this number when it is positive.</summary>
    public int MaxIndexRange { get; init; } = -1;

    /// <summary>B, 1 or more.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>B of the test and validation batches; 0 or less: that of training.</summary>
    public int TestBatchSize { get; init; } = -1;

    /// <summary>Equal parts of the file, the last of which is for test and validation: 2 or more.</summary>
    public int Days { get; init; } = 7;

    /// <summary>The last share of the rows that is for testing, in (0, 1); 0 for the reference's days.</summary>
    public double TestFraction { get; init; }

    /// <summary>The last share of the training rows that is held out for validation, in [0, 1).</summary>
    public double ValidationFraction { get; init; }

    /// <summary>
    /// Hashes that fewer training rows have share row 0 of their table with unseen ones; 0: every hash of the file has a row.
    /// </summary>
    public int MinFrequency { get; init; }

    /// <summary>Brings the logarithms to mean 0 and deviation 1 over the training rows.</summary>
    public bool Standardize { get; init; }

    /// <summary>The numbers are categories too, in 13 tables more (<see cref="NumberCategories"/>).</summary>
    public bool NumbersAsCategories { get; init; }

    /// <summary>Tables of the model: 26, or 39.</summary>
    internal int Tables => CriteoColumns.Categorical + (NumbersAsCategories ? CriteoColumns.Dense : 0);

    /// <summary>What to do with a line that cannot be read.</summary>
    public OnBadLine OnBadLine { get; init; } = OnBadLine.Error;

    /// <summary>Threads that parse; 0 or less: as many as there are cores. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>The file that the parsed rows are kept in.</summary>
    public string CacheFile
    {
        get
        {
            string name = ProcessedDataFile.Length > 0 ? ProcessedDataFile : RawDataFile;
            return name.EndsWith(".npz", StringComparison.OrdinalIgnoreCase) ? Path.ChangeExtension(name, ".dlrm")
                : name.EndsWith(".dlrm", StringComparison.OrdinalIgnoreCase) && ProcessedDataFile.Length > 0 ? name
                : name + ".dlrm";
        }
    }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value cannot be; the message says which and what is expected.</exception>
    public void Validate()
    {
        Require(RawDataFile.Length > 0, nameof(RawDataFile), "the path of the raw data file is empty.");
        Require(
            SubSampleRate is >= 0 and <= 1, nameof(SubSampleRate),
            $"{SubSampleRate} is not a probability; expected 0 (keep all) to 1 (drop every negative row).");
        Require(BatchSize >= 1, nameof(BatchSize), $"{BatchSize}; expected 1 or more.");
        Require(Days >= 2, nameof(Days), $"{Days}; expected 2 or more: the last day is not trained on.");
        Require(TestFraction is >= 0 and < 1, nameof(TestFraction), $"{TestFraction}; expected 0 (the last day) to less than 1.");
        Require(
            ValidationFraction is >= 0 and < 1, nameof(ValidationFraction),
            $"{ValidationFraction}; expected 0 (none) to less than 1.");
        Require(MinFrequency >= 0, nameof(MinFrequency), $"{MinFrequency}; expected 0 (no floor) or more.");
        Require(
            !UseCache || Path.GetFullPath(CacheFile) != Path.GetFullPath(RawDataFile), nameof(ProcessedDataFile),
            $"{ProcessedDataFile} is the raw data file itself, which would be overwritten; name another file.");
    }

    private static void Require(bool condition, string name, string problem)
    {
        if (!condition)
        {
            throw new ArgumentException($"{name}: {problem}", name);
        }
    }
}
