using Dlrm.Data.Traces;

namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm trace</c>, which are those of the reference's dlrm_data_pytorch.py.</summary>
internal static class TraceFlags
{
    public static readonly ToolOption<string> Input = new(
        "trace-file", OptionGroup.Trace, new Text("FILE"), "./input/trace.log", "rows accessed: one line, ', ' between");

    public static readonly ToolOption<bool> Binary = new(
        "trace-file-binary-type", OptionGroup.Trace, new Flag(), false, "traces are 64-bit integers");

    public static readonly ToolOption<bool> Padding = new(
        "trace-enable-padding", OptionGroup.Trace, new Flag(), false,
        "count more first accesses in a long trace of few rows, and draw no new row once all have been seen");

    public static readonly ToolOption<string> Distribution = new(
        "dist-file", OptionGroup.Trace, new Text("FILE"), "./input/dist.log", "the stack distances of the trace, written");

    public static readonly ToolOption<string> Synthetic = new(
        "synthetic-file", OptionGroup.Trace, new Text("FILE"), "./input/trace_synthetic.log", "a trace with these distances, written");

    public static readonly ToolOption<long> Precision = new(
        "print-precision", OptionGroup.Trace, new WholeNumber(0), 5, "no effect: nothing is printed with it");

    public static IReadOnlyList<ToolOption> All { get; } = [Input, Binary, Padding, Distribution, Synthetic, Precision];

    /// <summary>Checks the options of <c>dlrm train</c> that name traces.</summary>
    /// <exception cref="UsageException">Nothing would read them, or a file is missing.</exception>
    public static void CheckData(OptionValues values)
    {
        string generation = values.Get(DataOptions.Generation);
        if (generation != DataOptions.Synthetic)
        {
            if (values.IsGiven(DataOptions.TraceFile))
            {
                throw new UsageException(
                    $"{DataOptions.TraceFile.Switch}={values.Get(DataOptions.TraceFile)} is given, but --data-generation={generation} would not read it: "
                    + "add --data-generation=synthetic, or leave the file out.");
            }

            return;
        }

        string pattern = values.Get(DataOptions.TraceFile);
        for (int table = 0; table < values.Get(ModelOptions.EmbeddingRows).Count; table++)
        {
            string file = SyntheticBatchSource.FileOf(pattern, table);
            if (!File.Exists(file))
            {
                throw new UsageException(
                    $"--data-trace-file={pattern}: there is no {file} for table {table}. dlrm trace --trace-file=TRACE --dist-file={file} makes it of a trace.");
            }
        }
    }
}
