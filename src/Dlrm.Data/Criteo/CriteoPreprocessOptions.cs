namespace Dlrm.Data.Criteo;

/// <summary>Which of Criteo's data sets to make a folder of, and how: with the meaning that the reference gives.</summary>
public sealed record CriteoPreprocessOptions
{
    /// <summary>Kaggle: the one text file. Terabyte: the days' files in order.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The folder to make.</summary>
    public required string Output { get; init; }

    /// <summary>True: each file is a day. False: one file of <see cref="Days"/> equal days.</summary>
    public bool Terabyte { get; init; }

    /// <summary>What stands between the 40 fields of a line: Criteo's own files have a tab.</summary>
    public char Delimiter { get; init; } = '\t';

    /// <summary>Equal parts of the one file, the last of which is for test and validation: 2 or more.</summary>
    public int Days { get; init; } = 7;

    /// <summary>Hashes are taken modulo this number when it is positive.</summary>
    public int MaxIndexRange { get; init; } = -1;

    /// <summary>The probability with which a negative row is dropped, 0 … 1.</summary>
    public double SubSampleRate { get; init; }

    /// <summary>Decides which rows are dropped: the run's <c>--numpy-rand-seed</c>.</summary>
    public long Seed { get; init; } = 123;

    /// <summary>What to do with a line that cannot be read.</summary>
    public OnBadLine OnBadLine { get; init; }

    /// <summary>Threads; 0 for as many as the process may use. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Told, before the work begins, what disk and memory it needs and what there is; null for nobody.</summary>
    public Action<string>? Announce { get; init; }

    /// <summary>Replaces a data set that is there and was made otherwise.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Bytes of a row file, about; finished ones are kept when the process ends early.</summary>
    public long FileBytes { get; init; } = 1 << 28;
}
