using Dlrm.Data;
using Dlrm.Distributed;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Distributed;

/// <summary>What to train, and how ranks share it.</summary>
internal sealed record RankCase(DlrmConfig Config)
{
    public string Optimizer { get; init; } = "sgd";

    public OptimizerOptions? Rule { get; init; }

    public int BatchSize { get; init; } = 45;

    public int Steps { get; init; } = 5;

    public int Threads { get; init; } = 1;

    /// <summary>Batches a step.</summary>
    public int Accumulated { get; init; } = 1;

    public bool Weighted { get; init; }

    public float Rate { get; init; } = 0.1f;
}

/// <summary>Losses and parameters of a short training, in one process or on ranks that are threads.</summary>
internal sealed class RankRun
{
    /// <summary>The loss of every batch.</summary>
    public List<float> Losses { get; } = [];

    /// <summary>The parameters and the optimizer's state, whole.</summary>
    public Dictionary<string, float[]> Values { get; } = [];

    /// <summary>Trains in one process.</summary>
    public static RankRun Alone(RankCase test)
    {
        var run = new RankRun();
        using var engine = new Engine(test.Threads);
        using var model = new DlrmModel(test.Config, engine, test.Optimizer, test.Rule);
        run.Train(test, model, isFirst: true);
        return run;
    }

    /// <summary>Trains on ranks; each must see the same losses.</summary>
    public static RankRun On(int ranks, RankCase test, ShardPlan? plan, Func<DistributedOptions, DistributedOptions>? change = null)
    {
        var run = new RankRun();
        var runs = new RankRun[ranks];
        LocalCommunicator.Run(ranks, communicator =>
        {
            var options = new DistributedOptions { Communicator = communicator, Plan = plan };
            options = change is null ? options : change(options);
            using var engine = new Engine(test.Threads);
            using var model = new DlrmModel(test.Config, engine, test.Optimizer, test.Rule, options);
            var own = new RankRun();
            runs[communicator.Rank] = own;
            own.Train(test, model, isFirst: false);
            lock (run)
            {
                run.Collect(model);
            }
        });
        Assert.All(runs, own => Assert.Equal(runs[0].Losses, own.Losses));
        run.Losses.AddRange(runs[0].Losses);
        return run;
    }

    /// <summary>Fails where losses or values are further apart than rounding goes.</summary>
    public void AssertClose(RankRun other, double tolerance = 1e-5)
    {
        Assert.Equal(Losses.Count, other.Losses.Count);
        for (int step = 0; step < Losses.Count; step++)
        {
            Assert.True(
                Math.Abs(Losses[step] - other.Losses[step]) <= tolerance * Math.Max(1, Math.Abs(Losses[step])),
                $"loss {step} is {other.Losses[step]:R}, in one process {Losses[step]:R}");
        }

        Assert.Equal(Values.Keys.Order(), other.Values.Keys.Order());
        foreach ((string name, float[] values) in Values)
        {
            for (int i = 0; i < values.Length; i++)
            {
                Assert.True(
                    Math.Abs(values[i] - other.Values[name][i]) <= 10 * tolerance * Math.Max(1, Math.Abs(values[i])),
                    $"{name}[{i}] is {other.Values[name][i]:R}, in one process {values[i]:R}");
            }
        }
    }

    /// <summary>Fails where one bit differs.</summary>
    public void AssertSameBits(RankRun other)
    {
        Assert.Equal(Losses, other.Losses);
        Assert.Equal(Values.Keys.Order(), other.Values.Keys.Order());
        foreach ((string name, float[] values) in Values)
        {
            Assert.True(values.AsSpan().SequenceEqual(other.Values[name]), name);
        }
    }

    /// <summary>Adds a model's values, of which it may have a part.</summary>
    public void Collect(DlrmModel model)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            var values = new float[parameter.Elements];
            parameter.Read(0, values);
            Put(parameter.Name, values, parameter.Region, parameter.Region?.Columns ?? 1, parameter.Region?.ColumnCount ?? 1, parameter.Region?.FirstColumn ?? 0);
        }

        foreach (OptimizerState state in model.Optimizer?.States ?? [])
        {
            ShardRegion? region = state.Region;
            bool byColumn = region is not null && state.Shape.Count == 2;
            Put(
                state.Name,
                state.Value.Span.ToArray(),
                region,
                byColumn ? region!.Columns : 1,
                byColumn ? region!.ColumnCount : 1,
                byColumn ? region!.FirstColumn : 0);
        }
    }

    private void Train(RankCase test, DlrmModel model, bool isFirst)
    {
        var random = new NumpyRandom(5);
        model.Initialize(random);
        IBatchSource source = model.PartOf(ModelFixture.Source(test.Config, random, test.Steps * test.Accumulated, test.BatchSize));
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        for (int index = 0; index < source.BatchCount; index++)
        {
            source.Read(index, batch);
            if (test.Weighted)
            {
                batch.HasWeights = true;
                for (int sample = 0; sample < batch.Size; sample++)
                {
                    batch.Weights[sample] = 0.25f * (1 + ((batch.FirstSample + sample) % 7));
                }
            }

            Losses.Add(model.ForwardLoss(batch));
            if ((index + 1) % test.Accumulated == 0)
            {
                model.BackwardAndUpdate(test.Rate);
            }
            else
            {
                model.BackwardAndAccumulate();
            }
        }

        (source as IDisposable)?.Dispose();
        if (isFirst)
        {
            Collect(model);
        }
    }

    private void Put(string name, float[] values, ShardRegion? region, int columns, int count, int first)
    {
        if (region is null)
        {
            Values[name] = values;
            return;
        }

        if (!Values.TryGetValue(name, out float[]? whole))
        {
            Values[name] = whole = new float[region.Rows * columns];
        }

        for (int row = 0; row < region.RowCount; row++)
        {
            values.AsSpan(row * count, count).CopyTo(whole.AsSpan((region.WholeRow(row) * columns) + first));
        }
    }
}
