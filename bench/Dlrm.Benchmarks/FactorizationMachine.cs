using System.Diagnostics;
using System.Globalization;
using Dlrm.Data;
using Dlrm.Data.Criteo;
using Dlrm.Data.Folders;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace Dlrm.Benchmarks;

/// <summary>
/// ML.NET's field-aware factorization machine beside DLRM on the same rows of Criteo's text: training rows a second, and AUC
/// on the last seventh. Arguments: the text (<c>dlrm generate --rows=100k --table-rows=4k --output=clicks.txt</c>),
/// perhaps the passes (2).
/// </summary>
/// <remarks>
/// Each in its own way. ML.NET: its text loader; 26 categories hashed to 12 bits (more would take gigabytes: each category keeps 39 vectors) and 13 numbers as ln(1 + max(x, 0)) scaled,
/// 39 fields; the trainer's defaults (20 latent dimensions, rate 0.1); the transformed rows are in memory before the clock
/// runs. DLRM: the data set folder that <c>dlrm preprocess</c> makes, shuffled and read while the clock runs; dimension 16,
/// towers 64-16 and 128-1, Adagrad at 0.02, batches of 512. DLRM runs on one thread, as ML.NET's trainer does, and on all.
/// </remarks>
internal static class FactorizationMachine
{
    private const int Numbers = 13;
    private const int Categories = 26;
    private const int HashBits = 12;
    private const int BatchSize = 512;
    private const float Rate = 0.02f;

    public static void Run(string[] arguments)
    {
        int passes = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 2;
        string folder = Directory.CreateTempSubdirectory("dlrm-ffm-").FullName;
        try
        {
            long rows = File.ReadLines(arguments[0]).LongCount();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{rows:N0} rows, the last seventh for test"));
            foreach (int count in (int[])[1, passes])
            {
                Print("ML.NET, 1 thread", count, MlNet(arguments[0], rows * 6 / 7, count));
            }

            CriteoPreprocessor.Run(new CriteoPreprocessOptions { Inputs = [arguments[0]], Output = Path.Combine(folder, "set") });
            using var set = DataSetFolder.Open(Path.Combine(folder, "set"));
            _ = Dlrm(set, 1, 1); // the runtime's better code comes after some steps
            foreach (int count in (int[])[1, passes])
            {
                Print("DLRM, 1 thread", count, Dlrm(set, count, 1));
                Print("DLRM, all cores", count, Dlrm(set, count, null));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(string name, int passes, Outcome outcome) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-18}{passes} passes{outcome.RowsPerSecond,12:N0} rows/s   AUC {outcome.Auc:0.0000}   log loss {outcome.LogLoss:0.0000}"));

    private static Outcome MlNet(string text, long trainRows, int passes)
    {
        var ml = new MLContext(seed: 1);
        TextLoader.Column[] columns =
        [
            new("Label", DataKind.Boolean, 0),
            .. Enumerable.Range(0, Numbers).Select(i => new TextLoader.Column(Number(i), DataKind.Single, 1 + i)),
            .. Enumerable.Range(0, Categories).Select(i => new TextLoader.Column(Category(i), DataKind.String, 1 + Numbers + i)),
        ];
        IDataView all = ml.Data.LoadFromTextFile(text, columns, separatorChar: '\t');
        IEstimator<ITransformer> pipeline = ml.Transforms.ReplaceMissingValues(
            [.. Enumerable.Range(0, Numbers).Select(i => new InputOutputColumnPair(Number(i)))]);
        for (int i = 0; i < Numbers; i++)
        {
            pipeline = pipeline.Append(ml.Transforms.Expression(Number(i), "x : x < 0f ? 0f : log(1f + x)", Number(i)))
                .Append(ml.Transforms.Concatenate(Number(i), Number(i)))
                .Append(ml.Transforms.NormalizeMinMax(Number(i)));
        }

        for (int i = 0; i < Categories; i++)
        {
            pipeline = pipeline.Append(ml.Transforms.Categorical.OneHotHashEncoding(Category(i), numberOfBits: HashBits));
        }

        string[] fields = [.. Enumerable.Range(0, Numbers).Select(Number), .. Enumerable.Range(0, Categories).Select(Category)];
        IDataView training = ml.Data.TakeRows(all, trainRows);
        ITransformer featurizer = pipeline.Fit(training);
        IDataView cached = ml.Data.Cache(featurizer.Transform(training), ["Label", .. fields]);

        FieldAwareFactorizationMachineTrainer trainer = ml.BinaryClassification.Trainers.FieldAwareFactorizationMachine(
            new FieldAwareFactorizationMachineTrainer.Options
            {
                FeatureColumnName = fields[0],
                ExtraFeatureColumns = fields[1..],
                NumberOfIterations = passes,
            });
        _ = trainer.Fit(cached); // fills the cache
        long start = Stopwatch.GetTimestamp();
        FieldAwareFactorizationMachinePredictionTransformer model = trainer.Fit(cached);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        CalibratedBinaryClassificationMetrics metrics = ml.BinaryClassification.Evaluate(
            model.Transform(featurizer.Transform(ml.Data.SkipRows(all, trainRows))));
        return new Outcome(trainRows * passes / seconds, metrics.AreaUnderRocCurve, metrics.LogLoss * Math.Log(2));
    }

    private static Outcome Dlrm(DataSetFolder set, int passes, int? threads)
    {
        using var engine = new Engine(threads);
        using var source = new FolderBatchSource(set, "train", BatchSize, 7ul, bufferRows: 1 << 16);
        var config = new DlrmConfig
        {
            TableRows = source.TableRows,
            EmbeddingDimension = 16,
            BottomMlp = [Numbers, 64, 16],
            TopMlp = [128, 1],
            Loss = "bce",
        };
        using var model = new DlrmModel(config, engine, "adagrad");
        model.Initialize(new NumpyRandom(123));
        long start = Stopwatch.GetTimestamp();
        for (int pass = 0; pass < passes; pass++)
        {
            source.NextPass = pass;
            using var batches = new BatchPrefetcher(source);
            batches.Start(0, source.BatchCount);
            for (int index = 0; index < source.BatchCount; index++)
            {
                model.TrainStep(batches.Take(), Rate);
                batches.Release();
            }
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var metrics = new MetricsAccumulator();
        using var batch = new Batch(source.DenseFeatures, source.TableRows.Count);
        foreach (string part in (string[])["test", "validation"])
        {
            using var rest = new FolderBatchSource(set, part, BatchSize);
            for (int index = 0; index < rest.BatchCount; index++)
            {
                rest.Read(index, batch);
                metrics.Add(model.Predict(batch), batch.Labels);
            }
        }

        EvaluationMetrics found = metrics.Compute();
        return new Outcome(source.SampleCount * passes / seconds, found.Auc ?? double.NaN, found.LogLoss ?? double.NaN);
    }

    private static string Number(int i) => string.Create(CultureInfo.InvariantCulture, $"I{i + 1}");

    private static string Category(int i) => string.Create(CultureInfo.InvariantCulture, $"C{i + 1}");

    private sealed record Outcome(double RowsPerSecond, double Auc, double LogLoss);
}
