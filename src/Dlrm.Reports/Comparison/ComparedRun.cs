using Dlrm.Reports.Recorded;

namespace Dlrm.Reports.Comparison;

/// <summary>A run, its letter and its colour.</summary>
/// <param name="Letter">A, B, C, …: what charts and tables call it.</param>
/// <param name="Style">CSS classes of its lines.</param>
/// <param name="Run">The run.</param>
internal sealed record ComparedRun(string Letter, string Style, RecordedRun Run)
{
    private const int Colours = 8;

    /// <summary>Gives runs letters and colours; the ninth has the first's colour and is dashed.</summary>
    public static ComparedRun[] Of(IReadOnlyList<RecordedRun> runs) =>
        [.. runs.Select((run, index) => new ComparedRun(LetterOf(index), StyleOf(index), run))];

    /// <summary>Class and name of each run, for a legend.</summary>
    public static (string Style, string Name)[] Legend(IEnumerable<ComparedRun> runs) =>
        [.. runs.Select(run => (run.Style, run.Letter))];

    private static string LetterOf(int index) =>
        (index < 26 ? "" : LetterOf((index / 26) - 1)) + (char)('A' + (index % 26));

    private static string StyleOf(int index) =>
        $"c{(index % Colours) + 1}" + (index / Colours) switch { 0 => "", 1 => " dashed", _ => " dotted" };
}
