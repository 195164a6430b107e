using Dlrm.Checkpoints;
using Dlrm.Kernels;
using Dlrm.Memory;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

/// <summary>When a checkpoint is taken, when it waits, and what happens where memory ends.</summary>
public sealed class CheckpointTimesTests : IDisposable
{
    private readonly TemporaryFolder _temporary = TemporaryFolder.InMemory();

    private string Folder => _temporary.At("checkpoints");

    /// <summary>Groups of 4, 4 and 1 batches an epoch; a test falls into the middle of the second.</summary>
    [Fact]
    public void Between_two_updates_of_accumulated_gradients_a_checkpoint_waits()
    {
        using TrainingFixture whole = Accumulating();
        whole.Trainer.Run();
        byte[] bits = TrainingFixture.Bits(whole.Model);

        using TrainingFixture run = Accumulating();
        var folder = new CheckpointFolder(Folder);
        using var checkpointer = new Checkpointer(
            run.Model, folder, new CheckpointOptions { Every = CheckpointInterval.Parse("1"), Keep = 99 });
        run.Records.OnStep = _ => checkpointer.Finish();
        run.Trainer.Checkpointer = checkpointer;
        run.Trainer.Run();
        checkpointer.Finish();
        Assert.Equal(bits, TrainingFixture.Bits(run.Model));
        Assert.Equal([18L, 17, 13, 9, 8, 4], folder.List().Select(entry => entry.Step));
        foreach ((long step, string path) in folder.List())
        {
            using var again = new TrainingFixture(ModelFixture.Config(), "adagrad", threads: 2, initialize: false, accumulation: 4);
            again.Restore(path);
            again.Trainer.Run();
            Assert.Equal(bits, TrainingFixture.Bits(again.Model));
            Assert.Equal(whole.Records.Lines[^again.Records.Lines.Count..], again.Records.Lines);
        }
    }

    [Theory]
    [InlineData("30s", 29.9, false)]
    [InlineData("30s", 30, true)]
    [InlineData("2min", 119, false)]
    [InlineData("2min", 121, true)]
    [InlineData("7", 1e6, false)]
    public void Seconds_and_minutes_are_counted_from_the_last_checkpoint(string interval, double seconds, bool isDue)
    {
        var clock = new HandClock();
        using var run = new TrainingFixture(ModelFixture.Config(), "sgd");
        using var checkpointer = new Checkpointer(
            run.Model, new CheckpointFolder(Folder), new CheckpointOptions { Every = CheckpointInterval.Parse(interval), Clock = clock });
        checkpointer.Finish();
        Assert.False(checkpointer.IsDue(1));
        clock.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(isDue, checkpointer.IsDue(1));
        checkpointer.Save(run.Trainer);
        checkpointer.Finish();
        Assert.False(checkpointer.IsDue(2));
        clock.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(isDue, checkpointer.IsDue(2));
    }

    [Fact]
    public void Where_memory_ends_during_a_write_training_goes_on_and_the_checkpoint_before_stands()
    {
        using var whole = new TrainingFixture(ModelFixture.Config(), "adagrad");
        whole.Trainer.Run();

        using var run = new TrainingFixture(ModelFixture.Config(), "adagrad");
        var folder = new CheckpointFolder(Folder);
        var warnings = new List<string>();
        var memory = new ShortMemory();
        using var written = new ManualResetEventSlim();
        using var checkpointer = new Checkpointer(
            run.Model,
            folder,
            new CheckpointOptions
            {
                Every = CheckpointInterval.Parse("6"),
                Warn = warnings.Add,
                BeforeWriting = () =>
                {
                    if (memory.IsUsedUp)
                    {
                        written.Wait();
                    }
                },
            },
            memory);
        run.Records.OnStep = step =>
        {
            // The second is held back until a step has changed rows that it has not read.
            memory.IsUsedUp = step is >= 12 and < 15;
            if (step == 14)
            {
                written.Set();
            }

            if (step is not (12 or 13))
            {
                checkpointer.Finish();
            }
        };
        run.Trainer.Checkpointer = checkpointer;
        run.Trainer.Run();
        checkpointer.Finish();
        Assert.Contains("ran out", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(TrainingFixture.Bits(whole.Model), TrainingFixture.Bits(run.Model));
        Assert.Equal([18L, 6], folder.List().Select(entry => entry.Step));
    }

    public void Dispose() => _temporary.Dispose();

    private static TrainingFixture Accumulating() => new(ModelFixture.Config(), "adagrad", accumulation: 4);

    private sealed class HandClock : TimeProvider
    {
        private long _now = 17;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += (long)time.TotalMilliseconds;
    }

    private sealed class ShortMemory : SlotMemory
    {
        public bool IsUsedUp { get; set; }

        public override NativeBuffer<byte> Segment(long bytes) =>
            IsUsedUp ? throw new InsufficientMemoryException("Memory ran out.") : base.Segment(bytes);
    }
}
