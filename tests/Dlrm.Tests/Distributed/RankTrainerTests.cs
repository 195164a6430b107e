using Dlrm.Checkpoints;
using Dlrm.Distributed;
using Dlrm.Model;
using Dlrm.Tests.Checkpoints;
using Dlrm.Tests.Model;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>The training loop, its tests and its checkpoints on ranks.</summary>
public sealed class RankTrainerTests : IDisposable
{
    private readonly TemporaryFolder _temporary = TemporaryFolder.InMemory();

    private string Folder => _temporary.At("checkpoints");

    [Fact]
    public void Every_rank_reports_what_one_rank_reports_tests_included()
    {
        List<string> one = Lines(1, "adagrad")[0];
        Assert.Contains(one, line => line.Contains("Accuracy", StringComparison.Ordinal));
        foreach (int ranks in (int[])[2, 4, 8])
        {
            Assert.All(Lines(ranks, "adagrad"), lines => Assert.Equal(one, lines));
        }
    }

    [Fact]
    public void Losses_and_metrics_are_those_of_one_process()
    {
        using var alone = new TrainingFixture(ModelFixture.Config(), "rwsadagrad");
        alone.Trainer.Run();
        LocalCommunicator.Run(3, communicator =>
        {
            using var run = new TrainingFixture(
                ModelFixture.Config(), "rwsadagrad", distributed: new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(3) });
            run.Trainer.Run();
            Assert.Equal(alone.Records.Losses.Count, run.Records.Losses.Count);
            for (int record = 0; record < alone.Records.Losses.Count; record++)
            {
                Assert.Equal(alone.Records.Losses[record], run.Records.Losses[record], 1e-5);
            }

            Assert.Equal(alone.Trainer.Evaluator!.Scores.Compute().Auc!.Value, run.Trainer.Evaluator!.Scores.Compute().Auc!.Value, 1e-3);
        });
    }

    [Theory]
    [InlineData("full", "adam")]
    [InlineData("weighted", "rwsadagrad")]
    [InlineData("qr-mult", "ftrl")]
    [InlineData("md+mean", "adagrad")]
    [InlineData("bf16", "adagrad")]
    public void A_run_goes_on_to_the_bit_on_another_number_of_ranks(string tables, string optimizer)
    {
        DlrmConfig config = ModelFixture.Compressed(tables);
        byte[] whole = [];
        LocalCommunicator.Run(1, communicator =>
        {
            using var run = new TrainingFixture(config, optimizer, distributed: Deterministic(communicator));
            run.Trainer.Run();
            whole = TrainingFixture.Bits(run.Model);
        });

        string checkpoint = "";
        byte[] bits = [];
        foreach ((int ranks, int stop) in ((int, int)[])[(4, 3), (2, 7), (8, 11), (1, int.MaxValue)])
        {
            string from = checkpoint;
            LocalCommunicator.Run(ranks, communicator =>
            {
                using var run = new TrainingFixture(config, optimizer, initialize: from.Length == 0, distributed: Deterministic(communicator));
                if (from.Length > 0)
                {
                    run.Restore(from);
                }

                // One rank alone is asked to stop; all do, after the next step at the latest.
                using var cancel = new CancellationTokenSource();
                run.Records.OnStep = step =>
                {
                    if (step == stop && communicator.Rank == communicator.Size - 1)
                    {
                        cancel.Cancel();
                    }
                };
                TrainingResult result = run.Trainer.Run(cancel.Token);
                Assert.Equal(stop == int.MaxValue ? TrainingEnd.Completed : TrainingEnd.Interrupted, result.End);
                using var checkpointer = new Checkpointer(run.Model, new CheckpointFolder(Folder), new CheckpointOptions());
                string saved = checkpointer.SaveNow(run.Trainer);
                if (communicator.Rank == 0)
                {
                    checkpoint = saved;
                    bits = communicator.Size == 1 ? TrainingFixture.Bits(run.Model) : [];
                }
            });
        }

        Assert.Equal(whole, bits);
    }

    [Fact]
    public void Checkpoints_are_written_while_training_goes_on()
    {
        byte[] whole = [];
        LocalCommunicator.Run(3, communicator =>
        {
            var options = new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(3) };
            using var run = new TrainingFixture(ModelFixture.Config(), "adagrad", distributed: options);
            using var checkpointer = new Checkpointer(
                run.Model, new CheckpointFolder(Folder), new CheckpointOptions { Every = new CheckpointInterval(4, TimeSpan.Zero), Keep = 9 });
            run.Trainer.Checkpointer = checkpointer;
            run.Trainer.Run();
            checkpointer.Finish();
            communicator.Barrier();
            lock (_temporary)
            {
                whole = communicator.Rank == 0 ? TrainingFixture.Bits(run.Model) : whole;
            }
        });

        (long step, string path) = new CheckpointFolder(Folder).List()[^1];
        Assert.True(step > 0);
        Assert.Empty(Directory.EnumerateDirectories(Folder, "*" + RankedSave.Mark + "*"));
        LocalCommunicator.Run(3, communicator =>
        {
            var options = new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(3) };
            using var run = new TrainingFixture(ModelFixture.Config(), "adagrad", initialize: false, distributed: options);
            run.Restore(path);
            run.Trainer.Run();
            if (communicator.Rank == 0)
            {
                Assert.Equal(whole, TrainingFixture.Bits(run.Model));
            }
        });
    }

    [Fact]
    public void Parts_of_any_plan_load_in_one_process_and_on_ranks_with_another()
    {
        var collected = new RankRun();
        LocalCommunicator.Run(4, communicator =>
        {
            using var run = new TrainingFixture(
                ModelFixture.Config(), "rwsadagrad", distributed: new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(4) });
            run.Trainer.Run();
            using var checkpointer = new Checkpointer(run.Model, new CheckpointFolder(Folder), new CheckpointOptions());
            checkpointer.SaveNow(run.Trainer);
            lock (collected)
            {
                collected.Collect(run.Model);
            }
        });

        string checkpoint = new CheckpointFolder(Folder).List()[0].Path;
        using var alone = new TrainingFixture(ModelFixture.Config(), "rwsadagrad", initialize: false);
        alone.Restore(checkpoint);
        var loaded = new RankRun();
        loaded.Collect(alone.Model);
        collected.AssertSameBits(loaded);
        var others = new RankRun();
        LocalCommunicator.Run(2, communicator =>
        {
            using var run = new TrainingFixture(
                ModelFixture.Config(),
                "rwsadagrad",
                initialize: false,
                distributed: new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(2, columns: false) });
            run.Restore(checkpoint);
            lock (others)
            {
                others.Collect(run.Model);
            }
        });
        collected.AssertSameBits(others);
    }

    [Fact]
    public void The_final_model_is_one_that_every_program_reads()
    {
        string path = _temporary.At("model");
        var collected = new RankRun();
        LocalCommunicator.Run(3, communicator =>
        {
            using var run = new TrainingFixture(
                ModelFixture.Config(), "adagrad", distributed: new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(3) });
            run.Trainer.Run();
            Assert.True(ModelFolder.AllFinite(run.Model));
            ModelFolder.Save(path, run.Model, new ModelContents { ConfigJson = run.Model.Config.ToJson(), Tensors = [] });
            lock (collected)
            {
                collected.Collect(run.Model);
            }
        });

        using var folder = ModelFolder.Open(path);
        Assert.Equal(["config.json", "model.safetensors", "optimizer.safetensors"], folder.FileNames.Order(StringComparer.Ordinal));
        using var engine = new Engine(1);
        using var model = new DlrmModel(ModelFixture.Config(), engine, "adagrad");
        Assert.Equal(model.Parameters.Select(parameter => parameter.Name), folder.Tensors.Values.OrderBy(tensor => tensor.Offset).Select(tensor => tensor.Name));
        folder.ReadAll([.. model.Parameters]);
        folder.ReadAllOptimizer(model.Optimizer!.States);
        var loaded = new RankRun();
        loaded.Collect(model);
        collected.AssertSameBits(loaded);
        Assert.Equal(["model"], Directory.EnumerateDirectories(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public void A_rank_that_cannot_write_leaves_the_checkpoints_before_and_training_goes_on()
    {
        var warnings = new List<string>();
        LocalCommunicator.Run(2, communicator =>
        {
            using var run = new TrainingFixture(
                ModelFixture.Config(), "sgd", distributed: new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(2) });
            int saves = 0;
            using var checkpointer = new Checkpointer(run.Model, new CheckpointFolder(Folder), new CheckpointOptions
            {
                Every = new CheckpointInterval(8, TimeSpan.Zero),
                Keep = 9,
                Warn = message =>
                {
                    lock (warnings)
                    {
                        warnings.Add(message);
                    }
                },
                BeforeWriting = () =>
                {
                    if (++saves == 2 && communicator.Rank == 1)
                    {
                        throw new IOException("No space left on device.");
                    }
                },
            });
            run.Trainer.Checkpointer = checkpointer;
            run.Trainer.Run();
            checkpointer.Finish();

            // The second save, unless the first was written before the run ended.
            checkpointer.Save(run.Trainer);
            checkpointer.Finish();
            communicator.Barrier();
        });

        Assert.NotEmpty(new CheckpointFolder(Folder).List());
        Assert.Contains(warnings, warning => warning.Contains("Rank 1 could not write its part", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.Contains("No space left on device.", StringComparison.Ordinal));
    }

    public void Dispose() => _temporary.Dispose();

    private static DistributedOptions Deterministic(ICommunicator communicator) =>
        new() { Communicator = communicator, Deterministic = true };

    private static List<string>[] Lines(int ranks, string optimizer)
    {
        var lines = new List<string>[ranks];
        LocalCommunicator.Run(ranks, communicator =>
        {
            using var run = new TrainingFixture(ModelFixture.Config(), optimizer, distributed: Deterministic(communicator));
            run.Trainer.Run();
            lines[communicator.Rank] = run.Records.Lines;
        });
        return lines;
    }
}
