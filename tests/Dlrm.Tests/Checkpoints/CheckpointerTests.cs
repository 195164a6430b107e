using Dlrm.Checkpoints;
using Dlrm.Model;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class CheckpointerTests : IDisposable
{
    private readonly TemporaryFolder _temporary = TemporaryFolder.InMemory();

    private string Folder => _temporary.At("checkpoints");

    [Theory]
    [InlineData("full", "sgd")]
    [InlineData("full", "momentum")]
    [InlineData("full", "adam")]
    [InlineData("weighted", "adagrad")]
    [InlineData("weighted", "rwsadagrad")]
    [InlineData("qr-mult", "ftrl")]
    [InlineData("md", "adam")]
    [InlineData("bf16", "adagrad")]
    [InlineData("weighted+fp16", "rwsadagrad")]
    [InlineData("weighted+qr-mult+bf16", "sgd")]
    public void A_run_stopped_after_any_step_and_gone_on_with_has_the_same_bits(string tables, string optimizer)
    {
        DlrmConfig config = tables == "full" ? ModelFixture.Config() : ModelFixture.Compressed(tables);
        using var whole = new TrainingFixture(config, optimizer);
        whole.Trainer.Run();
        byte[] bits = TrainingFixture.Bits(whole.Model);

        // Stopped three times, each time at another step, and gone on with on another number of threads.
        foreach (int first in new[] { 1, 5, 9 })
        {
            List<string> lines = [];
            string? checkpoint = null;
            foreach (int stop in new[] { first, first + 4, first + 8, int.MaxValue })
            {
                using var run = new TrainingFixture(config, optimizer, threads: 1 + (stop % 3), initialize: checkpoint is null);
                if (checkpoint is not null)
                {
                    run.Restore(checkpoint);
                }

                using var cancel = new CancellationTokenSource();
                run.Records.OnStep = step =>
                {
                    if (step == stop)
                    {
                        cancel.Cancel();
                    }
                };
                TrainingResult result = run.Trainer.Run(cancel.Token);
                lines.AddRange(run.Records.Lines);
                if (stop == int.MaxValue)
                {
                    Assert.Equal(TrainingEnd.Completed, result.End);
                    Assert.Equal(bits, TrainingFixture.Bits(run.Model));
                    Assert.Equal(whole.Records.Lines, lines);
                    break;
                }

                using var checkpointer = new Checkpointer(run.Model, new CheckpointFolder(Folder), new CheckpointOptions());
                checkpoint = checkpointer.SaveNow(run.Trainer);
            }
        }
    }

    [Fact]
    public void Saving_in_the_background_changes_no_bit_and_keeps_the_newest()
    {
        using var whole = new TrainingFixture(ModelFixture.Config(), "adagrad");
        whole.Trainer.Run();
        using var run = new TrainingFixture(ModelFixture.Config(), "adagrad", threads: 2);
        var folder = new CheckpointFolder(Folder);
        using var checkpointer = new Checkpointer(
            run.Model, folder, new CheckpointOptions { Every = CheckpointInterval.Parse("1"), Keep = 2 });
        run.Records.OnStep = _ => checkpointer.Finish(); // so that each step finds the writer free
        run.Trainer.Checkpointer = checkpointer;
        run.Trainer.Run();
        checkpointer.Finish();
        Assert.Equal(TrainingFixture.Bits(whole.Model), TrainingFixture.Bits(run.Model));
        Assert.Equal([18L, 17L], folder.List().Select(entry => entry.Step));
        Assert.Equal(18, checkpointer.Written);

        using var again = new TrainingFixture(ModelFixture.Config(), "adagrad", initialize: false);
        again.Restore(folder.List()[1].Path);
        again.Trainer.Run();
        Assert.Equal(TrainingFixture.Bits(whole.Model), TrainingFixture.Bits(again.Model));
    }

    /// <summary>The fault table: each step that changes the disk fails in turn.</summary>
    [Fact]
    public void A_failure_at_any_step_costs_neither_the_run_nor_the_checkpoint_before()
    {
        using var whole = new TrainingFixture(ModelFixture.Config(), "adagrad");
        whole.Trainer.Run();
        byte[] bits = TrainingFixture.Bits(whole.Model);
        int failAt = 0;
        for (bool failed = true; failed; failAt++)
        {
            using var temporary = TemporaryFolder.InMemory();
            string path = temporary.At("checkpoints");
            using var run = new TrainingFixture(ModelFixture.Config(), "adagrad");
            var warnings = new List<string>();
            var layer = new FailingLayer(failAt, canExchange: true);
            var good = new CheckpointFolder(path);
            using (var before = new Checkpointer(run.Model, good, new CheckpointOptions()))
            {
                before.SaveNow(run.Trainer); // step 0
            }

            using var checkpointer = new Checkpointer(run.Model, new CheckpointFolder(path, layer), new CheckpointOptions
            {
                Every = CheckpointInterval.Parse("9steps"),
                Keep = 1,
                Warn = warnings.Add,
            });
            run.Records.OnStep = _ => checkpointer.Finish();
            run.Trainer.Checkpointer = checkpointer;
            run.Trainer.Run();
            checkpointer.Finish();
            failed = layer.HasFailed;

            Assert.Equal(bits, TrainingFixture.Bits(run.Model));
            Assert.All(warnings, warning => Assert.Contains("Training goes on", warning, StringComparison.Ordinal));
            (long step, string newest) = good.List()[0];
            using var again = new TrainingFixture(ModelFixture.Config(), "adagrad", initialize: false);
            again.Restore(newest);
            again.Trainer.Run();
            Assert.Equal(bits, TrainingFixture.Bits(again.Model));
            Assert.True(failed || (step == 18 && warnings.Count == 0), $"step {failAt}");

            good.Clear();
            Assert.All(Directory.GetDirectories(path), left => Assert.DoesNotContain(".tmp-", left, StringComparison.Ordinal));
        }

        Assert.True(failAt > 50, $"only {failAt} steps could fail");
    }

    [Fact]
    public void A_model_that_is_not_finite_never_pushes_a_good_checkpoint_out()
    {
        using var run = new TrainingFixture(ModelFixture.Config(), "sgd");
        var folder = new CheckpointFolder(Folder);
        var warnings = new List<string>();
        using var checkpointer = new Checkpointer(run.Model, folder, new CheckpointOptions { Keep = 1, Warn = warnings.Add });
        checkpointer.SaveNow(run.Trainer);
        run.Model.Parameters[0].Value[3] = float.NaN;
        checkpointer.StartAfter(-1);
        checkpointer.Save(run.Trainer);
        checkpointer.Finish();
        Assert.Contains("emb_l.0.weight holds a number that is not finite", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Single(folder.List());
        using var sound = ModelFolder.Open(folder.PathOf(0));
    }

    [Fact]
    public void Later_checkpoints_are_put_out_of_the_way_and_leftovers_removed()
    {
        foreach (string name in new[] { "step-3", "step-20", "step-100", "step-7.tmp-abcdefgh", "step-x", "other.tmp-abcdefgh" })
        {
            Directory.CreateDirectory(Path.Combine(Folder, name));
        }

        var folder = new CheckpointFolder(Folder);
        folder.Clear();
        Assert.Equal([100L, 20L, 3L], folder.List().Select(entry => entry.Step));
        Assert.Equal(2, folder.SetAsideAfter(3).Count);
        Assert.Equal(
            ["aside-step-100", "aside-step-20", "other.tmp-abcdefgh", "step-3", "step-x"],
            Directory.GetDirectories(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_does_not_fit_changes_nothing_in_the_model()
    {
        using var saved = new TrainingFixture(ModelFixture.Config() with { TopMlp = [67, 18, 1] }, "adagrad");
        using var checkpointer = new Checkpointer(saved.Model, new CheckpointFolder(Folder), new CheckpointOptions());
        string path = checkpointer.SaveNow(saved.Trainer);
        using var other = new TrainingFixture(ModelFixture.Config(), "adagrad");
        byte[] bits = TrainingFixture.Bits(other.Model);
        using var folder = ModelFolder.Open(path);
        string message = Assert.Throws<InvalidDataException>(() => folder.ReadAll([.. other.Model.Parameters])).Message;
        Assert.Contains("tensor 'top_l.2.weight' is F32 (18, 67), expected F32 (19, 67)", message, StringComparison.Ordinal);
        message = Assert.Throws<InvalidDataException>(() => folder.ReadAllOptimizer(other.Model.Optimizer!.States)).Message;
        Assert.Contains("expected F32 (19, 67)", message, StringComparison.Ordinal);
        Assert.Equal(bits, TrainingFixture.Bits(other.Model));

        using var adam = new TrainingFixture(ModelFixture.Config() with { TopMlp = [67, 18, 1] }, "adam");
        Assert.Contains(
            "go on with the one it was saved with",
            Assert.Throws<InvalidDataException>(() => folder.CheckOptimizer(adam.Model.Optimizer!.States)).Message,
            StringComparison.Ordinal);

        TrainerState state = saved.Trainer.Save();
        string sizes = Assert.Throws<ArgumentException>(() => other.Trainer.Restore(state with { BatchesPerEpoch = 8 })).Message;
        Assert.Contains("8 steps", sizes, StringComparison.Ordinal);
        Assert.Contains("9 and 99", sizes, StringComparison.Ordinal);
    }

    public void Dispose() => _temporary.Dispose();
}
