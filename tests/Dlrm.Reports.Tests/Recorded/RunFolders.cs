using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Reports.Tests.Recorded;

/// <summary>A scratch folder with folders of runs in it.</summary>
internal sealed class RunFolders : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dlrm-runs-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a run of 100 steps with two tests.</summary>
    public string Add(string name, string optimizer = "sgd", bool curves = true)
    {
        Directory.CreateDirectory(this[name]);
        File.WriteAllText(
            this[$"{name}/config.json"],
            $$"""{"format":1,"options":{"optimizer":"{{optimizer}}","learning-rate":0.1},"data":{"description":"drawn"},"parameters":1000,"threads":2}""");
        var lines = new List<string> { """{"kind":"run","version":1,"steps":100}""" };
        for (int step = 10; step <= 100; step += 10)
        {
            lines.Add(Train(step, 1.0 / step));
            if (step % 50 == 0)
            {
                lines.Add(Test(step, 0.6 + (step / 1000.0)));
            }
        }

        lines.Add("""{"kind":"end","outcome":"completed","step":100,"samples":12800}""");
        File.WriteAllText(this[$"{name}/metrics.jsonl"], string.Join('\n', lines) + "\n");
        if (curves)
        {
            CurvesFile.Write(this[$"{name}/curves.json"], Curves());
        }

        return this[name];
    }

    public static string Train(long step, double loss) => FormattableString.Invariant(
        $$"""{"kind":"train","step":{{step}},"epoch":0,"loss":{{loss}},"ms_per_it":2,"lr":0.1,"samples":{{step * 128}}}""");

    public static string Test(long step, double auc) => FormattableString.Invariant(
        $$"""{"kind":"eval","step":{{step}},"epoch":0,"samples":500,"loss":0.5,"log_loss":0.5,"accuracy":0.8,"auc":{{auc}},"ne":0.9,"calibration":1.1,"is_best":true}""");

    /// <summary>Curves of drawn scores, and a feature with two slices.</summary>
    public static RecordedCurves Curves()
    {
        (EvaluationMetrics metrics, EvaluationCurves? curves) = Runs.Evaluate(600, seed: 5);
        (EvaluationMetrics none, _) = Runs.Evaluate(9, seed: 6, oneClass: true);
        return new RecordedCurves(
            100,
            curves,
            [new RecordedSlices("work<class>", 7, [new("Private & co", new Slice(1, metrics, 0.4, 0.6)), new("(none)", new Slice(Slice.NoLookup, none, 0, 0.3))])],
            new GroupAuc(40, 31, 520, 0.7123));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
