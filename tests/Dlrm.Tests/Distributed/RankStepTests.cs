using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>What a step on ranks costs and loses, and its parts.</summary>
public sealed class RankStepTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_step_allocates_no_managed_memory(bool deterministic) => LocalCommunicator.Run(2, communicator =>
    {
        DlrmConfig config = ModelFixture.Config();
        using var engine = new Engine(1);
        var options = new DistributedOptions
        {
            Communicator = communicator,
            Plan = deterministic ? Plans.Columns(2) : Plans.Mixed(2),
            Deterministic = deterministic,
        };
        using var model = new DlrmModel(config, engine, "adagrad", null, options);
        var random = new NumpyRandom(5);
        model.Initialize(random);
        IBatchSource source = model.PartOf(ModelFixture.Source(config, random, batches: 4));
        using var owned = source as IDisposable;
        Batch[] batches = [.. Enumerable.Range(0, 4).Select(_ => new Batch(source.DenseFeatures, source.TableRows.Count))];
        for (int index = 0; index < 4; index++)
        {
            source.Read(index, batches[index]);
        }

        long allocated = 0;
        for (int pass = 0; pass < 4; pass++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int index = 0; index < 4; index++)
            {
                model.ForwardLoss(batches[index]);
                if (index < 3)
                {
                    model.PrefetchLookups(batches[index + 1]);
                }

                model.BackwardAndUpdate(0.1f);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Array.ForEach(batches, batch => batch.Dispose());
        Assert.Equal(0, allocated);
        Assert.True(model.Traffic.Exchanged > 0);
    });

    [Theory]
    [InlineData(StorageFormat.BFloat16, 2e-2)]
    [InlineData(StorageFormat.Float16, 2e-3)]
    public void Vectors_that_travel_in_16_bits_change_losses_by_their_rounding(StorageFormat format, double tolerance)
    {
        var test = new RankCase(ModelFixture.Config());
        RankRun single = RankRun.On(2, test, Plans.Mixed(2));
        RankRun half = RankRun.On(2, test, Plans.Mixed(2), options => options with { CommunicationFormat = format });
        Assert.NotEqual(single.Losses, half.Losses);
        for (int step = 0; step < test.Steps; step++)
        {
            Assert.Equal(single.Losses[step], half.Losses[step], tolerance);
        }
    }

    [Fact]
    public void Tables_of_other_ranks_take_no_memory()
    {
        DlrmConfig config = ModelFixture.Config();
        LocalCommunicator.Run(4, communicator =>
        {
            using var engine = new Engine(1);
            using var model = new DlrmModel(config, engine, "sgd", null, new DistributedOptions { Communicator = communicator, Plan = Plans.Mixed(4) });
            model.Initialize(new NumpyRandom(5));
            long elements = model.Parallel!.TableParameters.Sum(parameter => parameter.Elements);
            Assert.True(elements < config.TableRows.Sum() * config.EmbeddingDimension, $"{elements}");
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(97)]
    [InlineData(4096)]
    public void Rows_dealt_by_hash_are_each_in_one_place_and_found_again(int rows)
    {
        var hash = new RowHash(rows);
        Assert.Equal(rows, Enumerable.Range(0, rows).Select(hash.Place).Distinct().Count());
        for (int row = 0; row < rows; row++)
        {
            Assert.Equal(row, hash.Row(hash.Place(row)));
            int parts = Math.Min(rows, 7);
            int part = hash.Part(row, parts);
            Assert.InRange(hash.Place(row), RowHash.Start(rows, part, parts), RowHash.Start(rows, part + 1, parts) - 1);
        }
    }

    [Fact]
    public void The_first_rows_are_spread_evenly_by_hash()
    {
        var hash = new RowHash(1_000_000);
        int[] counts = new int[8];
        for (int row = 0; row < 1000; row++)
        {
            counts[hash.Part(row, 8)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 120, 130));
    }

    [Fact]
    public void A_rank_that_fails_ends_the_waiting_of_the_others()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => LocalCommunicator.Run(3, communicator =>
        {
            if (communicator.Rank == 1)
            {
                throw new InvalidOperationException("broken");
            }

            communicator.Barrier();
        }));
        Assert.Equal("broken", exception.Message);
    }
}
