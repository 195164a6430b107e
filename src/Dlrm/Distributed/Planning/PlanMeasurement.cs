using System.Diagnostics;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>Runs a plan on this machine, ranks as threads of this process, to see what its prediction is worth.</summary>
/// <remarks>Lookups are drawn as the request's statistics say: rows of a class alike.</remarks>
public static class PlanMeasurement
{
    private const int Batches = 6;
    private const int LeastSteps = 8;

    /// <summary>Times training steps.</summary>
    /// <param name="request">What the plan was made for; its model must fit here, whole.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="seconds">How long to go on, about.</param>
    /// <returns>Milliseconds of a step: the lower quartile on rank 0, and by the stages of <see cref="StageTimes"/>.</returns>
    public static MeasuredStep Measure(PlanRequest request, ShardPlan plan, double seconds = 3)
    {
        var result = new MeasuredStep(0, new Dictionary<string, double>(), 0);
        if (request.Ranks == 1)
        {
            return Run(request, null, seconds);
        }

        LocalCommunicator.Run(request.Ranks, communicator =>
        {
            MeasuredStep own = Run(request, new DistributedOptions { Communicator = communicator, Plan = plan }, seconds);
            result = communicator.Rank == 0 ? own : result;
        });
        return result;
    }

    private static MeasuredStep Run(PlanRequest request, DistributedOptions? distributed, double seconds)
    {
        using var engine = new Engine(request.Threads);
        using var model = new DlrmModel(request.Model, engine, request.Optimizer, options: null, distributed);
        foreach (Parameter parameter in model.Parameters.Where(parameter => parameter.Gradient is not null))
        {
            uint seed = 1;
            parameter.Fill(values =>
            {
                foreach (ref float value in values)
                {
                    seed = (seed * 1664525) + 1013904223;
                    value = ((int)(seed >> 24) - 128) * (1f / 4096);
                }
            });
        }

        model.ParametersChanged();
        int rank = distributed?.Communicator.Rank ?? 0;
        using var source = RankBatchSource.Of(new DrawnLookups(request, Batches), rank, request.Ranks);
        Batch[] batches = [.. Enumerable.Range(0, Batches).Select(_ => new Batch(request.Model.DenseFeatures, request.Lookups.Count))];
        try
        {
            for (int i = 0; i < batches.Length; i++)
            {
                source.Read(i, batches[i]);
            }

            return Time(model, batches, distributed?.Communicator, seconds);
        }
        finally
        {
            foreach (Batch batch in batches)
            {
                batch.Dispose();
            }
        }
    }

    private static MeasuredStep Time(DlrmModel model, Batch[] batches, ICommunicator? communicator, double seconds)
    {
        Stage[] stages = Enum.GetValues<Stage>();
        var times = new List<double>();
        var byStage = new List<double>[stages.Length];
        for (int stage = 0; stage < stages.Length; stage++)
        {
            byStage[stage] = [];
        }

        for (int step = 0; step < 3; step++)
        {
            Step(model, batches, step);
        }

        // The ranks stop after the same step: how many there will be follows from the first ones, on rank 0.
        long start = Stopwatch.GetTimestamp();
        Step(model, batches, 3);
        Span<double> count = [communicator?.Rank > 0 ? 0 : Math.Max(LeastSteps, seconds / Stopwatch.GetElapsedTime(start).TotalSeconds)];
        communicator?.AllReduceSum(count);
        for (int step = 0; step < (int)Math.Min(count[0], 2000); step++)
        {
            model.Stages.Reset();
            start = Stopwatch.GetTimestamp();
            Step(model, batches, step + 4);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            for (int stage = 0; stage < stages.Length; stage++)
            {
                byStage[stage].Add(model.Stages.Milliseconds(stages[stage]));
            }
        }

        var breakdown = stages.Zip(byStage).ToDictionary(
            pair => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(pair.First.ToString()), pair => Quartile(pair.Second));
        return new MeasuredStep(Quartile(times), breakdown, times.Count);
    }

    /// <summary>As a trainer does: the next batch's lookups travel during this step.</summary>
    private static void Step(DlrmModel model, Batch[] batches, int step)
    {
        model.ForwardLoss(batches[step % batches.Length]);
        model.PrefetchLookups(batches[(step + 1) % batches.Length]);
        model.BackwardAndUpdate(0.001f);
    }

    private static double Quartile(List<double> values) => values.Order().ElementAt(values.Count / 4);

    /// <summary>Random samples with lookups of the statistics' skew.</summary>
    private sealed class DrawnLookups(PlanRequest request, int batches) : IBatchSource
    {
        public string Description => "drawn by the statistics";

        public int DenseFeatures => request.Model.DenseFeatures;

        public IReadOnlyList<int> TableRows => request.Model.TableRows;

        public int BatchCount => batches;

        public long SampleCount => (long)batches * request.BatchSize;

        public void Read(int index, Batch batch)
        {
            var random = new System.Random(index + 1);
            batch.Resize(request.BatchSize);
            foreach (ref float value in batch.Dense)
            {
                value = random.NextSingle();
            }

            foreach (ref float label in batch.Labels)
            {
                label = random.Next(2);
            }

            for (int table = 0; table < request.Lookups.Count; table++)
            {
                Draw(request.Lookups[table], batch, table, random);
            }
        }

        private void Draw(TableLookups lookups, Batch batch, int table, System.Random random)
        {
            Span<int> offsets = batch.Offsets(table);
            for (int sample = 0; sample < offsets.Length; sample++)
            {
                offsets[sample] = (int)(sample * lookups.PerSample);
            }

            foreach (ref int index in batch.ReserveIndices(table, offsets[request.BatchSize]))
            {
                double share = random.NextDouble();
                double row = 0;
                foreach (RowClass c in lookups.Classes)
                {
                    if (share < c.Share)
                    {
                        row += c.Rows * share / c.Share;
                        break;
                    }

                    share -= c.Share;
                    row += c.Rows;
                }

                index = (int)Math.Min(row, lookups.Rows - 1);
            }
        }
    }
}

/// <summary>What steps took.</summary>
/// <param name="StepMs">Milliseconds of a step: the lower quartile.</param>
/// <param name="Breakdown">Milliseconds by stage.</param>
/// <param name="Steps">How many were timed.</param>
public sealed record MeasuredStep(double StepMs, IReadOnlyDictionary<string, double> Breakdown, int Steps);
