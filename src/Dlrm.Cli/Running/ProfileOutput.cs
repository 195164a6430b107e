using System.Globalization;
using Dlrm.Cli.Options;
using Dlrm.Profiling;

namespace Dlrm.Cli.Running;

/// <summary><c>--enable-profiling</c>: measures a run, then prints the time by stage and layer and writes a trace.</summary>
internal static class ProfileOutput
{
    /// <summary>Has an engine measure, if the options ask for it.</summary>
    public static void Start(OptionValues values, Engine engine)
    {
        if (values.Get(TrainOptions.Profiling))
        {
            engine.Profiler = new Profiler(engine.Team.Workers);
        }
    }

    /// <summary>Writes profile.txt and trace.json, and prints the former; nothing where nothing was measured.</summary>
    /// <param name="engine">What computed.</param>
    /// <param name="folder">The run's folder, which exists.</param>
    /// <param name="people">Where lines for people go.</param>
    public static void Write(Engine engine, RunFolder folder, TextWriter people)
    {
        if (engine.Profiler is not { } profiler)
        {
            return;
        }

        using (FileStream trace = File.Create(folder.Trace))
        {
            ChromeTrace.Write(profiler, trace);
        }

        var table = new StringWriter { NewLine = "\n" };
        WriteTable(profiler, table);
        File.WriteAllText(folder.Profile, table.ToString());
        people.WriteLine();
        people.Write(table.ToString());
        people.WriteLine($"Trace   {folder.Trace} (open it in ui.perfetto.dev or chrome://tracing)");
    }

    /// <summary>The table.</summary>
    /// <param name="profiler">A profile.</param>
    /// <param name="output">Receives it.</param>
    internal static void WriteTable(Profiler profiler, TextWriter output)
    {
        long batches = Math.Max(1, profiler.Steps + profiler.Tests);
        IReadOnlyList<ProfileTotal> totals = profiler.Totals();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{profiler.Steps:N0} training steps and {profiler.Tests:N0} test batches in {profiler.Milliseconds:N1} ms"));
        output.WriteLine($"{"stage",-24}{"ms",14}{"share",9}{"times",12}{"µs each",12}");
        foreach (ProfileTotal total in totals)
        {
            string name = total.Layer.Length == 0 ? total.Stage : "  " + LayerName(total.Layer);
            Row(output, name, total.Milliseconds, profiler.Milliseconds, total.Count);
        }

        double rest = profiler.Milliseconds - totals.Where(total => total.Layer.Length == 0).Sum(total => total.Milliseconds);
        Row(output, "everything else", Math.Max(0, rest), profiler.Milliseconds, batches);
        output.WriteLine("tables: the mean over the threads that share them");
    }

    private static void Row(TextWriter output, string name, double milliseconds, double all, long count) =>
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-24}{milliseconds,14:N1}{100 * milliseconds / Math.Max(all, 1e-9),7:0.0} %{count,12:N0}{1000 * milliseconds / Math.Max(1, count),12:N1}"));

    /// <summary>Layers are measured under the names of their weights.</summary>
    private static string LayerName(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
}
