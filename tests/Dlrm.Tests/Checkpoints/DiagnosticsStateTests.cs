using Dlrm.Checkpoints;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class DiagnosticsStateTests
{
    /// <summary>The model is started over at a rate that makes the loss rise: what was seen before the stop counts after it.</summary>
    [Fact]
    public void A_diagnosis_goes_on_where_it_was_and_says_nothing_twice()
    {
        var facts = new RunFacts { DenseFeatures = 2, Tables = 1 };
        var whole = new RunDiagnostics(facts);
        var stopped = new RunDiagnostics(facts);
        var findings = new List<string>();
        var expected = new List<string>();
        for (int step = 1; step <= 60; step++)
        {
            var record = new TrainRecord(step, step, 100, 0, step < 20 ? 0.7 : 0.7 + (0.02 * (step - 20)), 1, 0.5, step * 1000L);
            expected.AddRange(whole.Trained(record));
            findings.AddRange(stopped.Trained(record));
            var resumed = new RunDiagnostics(facts);
            resumed.Restore(System.Text.Json.Nodes.JsonNode.Parse(stopped.Save()!.ToJsonString())!);
            Assert.Equal(stopped.Save()!.ToJsonString(), resumed.Save()!.ToJsonString());
            stopped = resumed;
        }

        Assert.Contains("loss", Assert.Single(expected), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(expected, findings);
    }

    [Fact]
    public void Features_watched_before_a_stop_count_after_it()
    {
        using var temporary = TemporaryFolder.InMemory();
        using TrainingFixture whole = Fixture();
        whole.Trainer.Run();
        using TrainingFixture first = Fixture();
        using var cancel = new CancellationTokenSource();
        first.Records.OnStep = step =>
        {
            if (step == 7)
            {
                cancel.Cancel();
            }
        };
        first.Trainer.Run(cancel.Token);
        using var checkpointer = new Checkpointer(first.Model, new CheckpointFolder(temporary.At("checkpoints")), new CheckpointOptions());
        string path = checkpointer.SaveNow(first.Trainer);
        using TrainingFixture second = Fixture();
        second.Restore(path);
        second.Trainer.Run();
        Assert.Equal(whole.Records.Lines, first.Records.Lines.Concat(second.Records.Lines));
        Assert.Equal(whole.Trainer.Save().Parts.ToJsonString(), second.Trainer.Save().Parts.ToJsonString());
    }

    private static TrainingFixture Fixture() => new(
        ModelFixture.Config(), "sgd", diagnostics: new RunDiagnostics(new RunFacts { DenseFeatures = 5, Tables = 5 }));
}
