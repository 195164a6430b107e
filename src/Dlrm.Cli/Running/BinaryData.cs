using System.Text.Json.Nodes;
using Dlrm.Cli.Options;
using Dlrm.Data.ReferenceFiles;

namespace Dlrm.Cli.Running;

/// <summary>The Terabyte set's binary form as training and test samples (<c>--mlperf-bin-loader</c>).</summary>
internal static class BinaryData
{
    /// <summary>The files that the options name, as in the reference.</summary>
    public static (string Train, string Test, string Counts) Files(OptionValues values)
    {
        string processed = values.Get(DataOptions.ProcessedFile);
        string stem = Path.Combine(Path.GetDirectoryName(processed) ?? "", Path.GetFileName(processed).Split('.')[0]);
        return (stem + "_train.bin", stem + "_test.bin", values.Get(DataOptions.RawFile) + "_fea_count.npz");
    }

    /// <summary>Checks the options.</summary>
    /// <exception cref="UsageException">One contradicts, or a file is missing.</exception>
    public static void Check(OptionValues values)
    {
        if (values.Get(DataOptions.BinaryShuffle) && !values.Get(DataOptions.BinaryLoader))
        {
            throw new UsageException("--mlperf-bin-shuffle shuffles what --mlperf-bin-loader reads: add it, or leave the shuffle out.");
        }

        if (!values.Get(DataOptions.BinaryLoader))
        {
            return;
        }

        if (values.Get(DataOptions.Generation) != DataOptions.DataSet || values.Get(DataOptions.Set) != "terabyte")
        {
            throw new UsageException("--mlperf-bin-loader reads the Terabyte set: add --data-generation=dataset --data-set=terabyte, or leave it out.");
        }

        ToolOption[] others =
        [
            DataOptions.SubSample, AccuracyOptions.ValidationFraction, AccuracyOptions.TestFraction, AccuracyOptions.MinFrequency,
            AccuracyOptions.NumbersAsCategories, AccuracyOptions.Standardize, DataSetOptions.ShuffleBuffer,
        ];
        if (others.FirstOrDefault(values.IsGiven) is { } other)
        {
            throw new UsageException($"{other.Switch} has no effect with --mlperf-bin-loader, whose files are ready: leave one of them out.");
        }

        if (values.Get(DataOptions.ProcessedFile).Length == 0 || values.Get(DataOptions.RawFile).Length == 0)
        {
            throw new UsageException(
                "--mlperf-bin-loader needs --processed-data-file=STEM (STEM_train.bin and STEM_test.bin) and --raw-data-file=DAY (DAY_fea_count.npz).");
        }

        (string train, string test, string counts) = Files(values);
        if (new[] { train, test, counts }.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            throw new UsageException($"--mlperf-bin-loader: there is no {missing}. dlrm convert FOLDER --format=bin writes these files of a data set folder.");
        }
    }

    /// <summary>Opens the files.</summary>
    public static RunData Load(OptionValues values, int testBatchSize)
    {
        (string train, string test, string countsFile) = Files(values);
        IReadOnlyList<int> counts = BinaryBatchSource.ReadCounts(countsFile);
        int range = values.GetInt(DataOptions.MaxIndex);
        var trainSource = new BinaryBatchSource(
            train, counts, values.GetInt(TrainOptions.BatchSize), range,
            values.Get(DataOptions.BinaryShuffle) ? (ulong)values.Get(TrainOptions.Seed) : null);
        var testSource = new BinaryBatchSource(test, counts, testBatchSize, range);
        return new RunData(trainSource, testSource, new Both(trainSource, testSource))
        {
            Title = "Criteo Terabyte, " + Path.GetFileName(train),
            BringsShape = true,
            Facts = new JsonObject
            {
                ["description"] = "Criteo Terabyte, binary form",
                ["file"] = Path.GetFullPath(train),
                ["rows"] = trainSource.SampleCount,
            },
        };
    }

    private sealed class Both(IDisposable first, IDisposable second) : IDisposable
    {
        public void Dispose()
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
