using System.Diagnostics;
using System.Globalization;
using Dlrm.Data;
using Dlrm.Data.Adult;
using Dlrm.Distributed;
using Dlrm.Kernels;
using Dlrm.Model;
using Dlrm.Optimizers;
using Dlrm.Random;
using Dlrm.Training;

namespace Dlrm.Benchmarks;

/// <summary>
/// What ranks change and cost, with ranks that are threads. <c>ranks adult [EPOCHS]</c>: the Adult data in one process, and on
/// ranks with vectors in 32 and 16 bits and with equal bits: losses and AUC. <c>ranks cost [SECONDS]</c>: the time of a step of
/// one rank, plain and with equal bits, over that of one process, taken in turns.
/// </summary>
internal static class RankTraining
{
    public static void Run(string[] arguments)
    {
        int number = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 3;
        if (arguments is ["cost", ..])
        {
            Cost(number);
            return;
        }

        Print("one process", Adult(number, null));
        foreach (int ranks in (int[])[2, 4])
        {
            foreach (StorageFormat format in (StorageFormat[])[StorageFormat.Float32, StorageFormat.BFloat16, StorageFormat.Float16])
            {
                OnRanks($"{ranks} ranks, {format}", ranks, number, options => options with { CommunicationFormat = format });
            }

            OnRanks($"{ranks} ranks, equal bits", ranks, number, options => options with { Deterministic = true });
        }

        OnRanks("1 rank, equal bits", 1, number, options => options with { Deterministic = true });
    }

    private static void OnRanks(string name, int ranks, int epochs, Func<DistributedOptions, DistributedOptions> change) =>
        LocalCommunicator.Run(ranks, communicator =>
        {
            TrainingResult result = Adult(epochs, change(new DistributedOptions { Communicator = communicator }));
            if (communicator.Rank == 0)
            {
                Print(name, result);
            }
        });

    private static TrainingResult Adult(int epochs, DistributedOptions? distributed)
    {
        using AdultDataSet data = AdultSample.Load(new AdultOptions());
        var config = new DlrmConfig
        {
            TableRows = data.TableRows,
            EmbeddingDimension = 16,
            BottomMlp = [data.Train.DenseFeatures, 64, 16],
            TopMlp = [64, 1],
            Loss = "bce",
        };
        using var engine = new Engine(threads: 1);
        using var model = new DlrmModel(config, engine, "adagrad", null, distributed);
        model.Initialize(new NumpyRandom(123));
        using var trainer = new Trainer(
            model,
            data.Train,
            data.Test,
            new TrainingOptions { Epochs = epochs, PrintFrequency = 64, TestFrequency = int.MaxValue, LearningRate = new LearningRatePolicy(0.02) },
            new Silence());
        return trainer.Run();
    }

    private static void Print(string name, TrainingResult result) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-24} train loss {result.LastInterval!.Loss:0.000000}  test loss {result.Last!.Loss:0.000000}  AUC {result.Last.Metrics.Auc:0.000000}"));

    private static void Cost(int seconds)
    {
        var config = new DlrmConfig
        {
            TableRows = [.. Enumerable.Repeat(100_000, 26)],
            EmbeddingDimension = 16,
            BottomMlp = [13, 512, 256, 64, 16],
            TopMlp = [512, 256, 1],
            Loss = "bce",
        };
        var random = new NumpyRandom(1);
        var source = new RandomBatchSource(
            new RandomDataOptions
            {
                DenseFeatures = 13,
                TableRows = config.TableRows,
                NumBatches = 4,
                BatchSize = 2048,
                LookupsPerTable = 1,
                FixedLookups = true,
                RoundTargets = true,
            },
            random);
        Batch[] batches = [.. Enumerable.Range(0, 4).Select(_ => new Batch(13, 26))];
        for (int index = 0; index < batches.Length; index++)
        {
            source.Read(index, batches[index]);
        }

        using var engine = new Engine();
        using LocalCommunicator communicator = LocalCommunicator.Alone();
        var options = new DistributedOptions { Communicator = communicator };
        DlrmModel[] models =
        [
            new(config, engine, "sgd"),
            new(config, engine, "sgd", null, options),
            new(config, engine, "sgd", null, options with { Deterministic = true }),
        ];
        double[] best = [double.MaxValue, double.MaxValue, double.MaxValue];
        Array.ForEach(models, model => model.Initialize(new NumpyRandom(1)));
        long end = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
        {
            for (int number = 0; number < models.Length; number++)
            {
                long start = Stopwatch.GetTimestamp();
                foreach (Batch batch in batches)
                {
                    models[number].TrainStep(batch, 0.01f);
                }

                best[number] = Math.Min(best[number], Stopwatch.GetElapsedTime(start).TotalMilliseconds / batches.Length);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a step of 2048 samples: {best[0]:0.00} ms in one process; × {best[1] / best[0]:0.00} as one rank; × {best[2] / best[0]:0.00} with equal bits ({engine.Team.Workers} threads)"));
        Array.ForEach(models, model => model.Dispose());
        Array.ForEach(batches, batch => batch.Dispose());
    }

    private sealed class Silence : ITrainingObserver
    {
        public void Started(TrainingPlan plan)
        {
        }

        public void Stepped(long step, long samples)
        {
        }

        public void Trained(TrainRecord record)
        {
        }

        public void Testing(TrainRecord record)
        {
        }

        public void Evaluated(EvaluationRecord record)
        {
        }

        public void Warned(string message)
        {
        }
    }
}
