using System.Diagnostics;
using System.Globalization;
using Dlrm.MLNet;
using Dlrm.MLNet.Compare;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.LightGbm;

// DLRM beside ML.NET's field-aware factorization machine and LightGBM, in one process on the same rows: in file order, the
// first 80 % train, the rest test. Times are of Fit alone, on rows that were prepared and cached before.
// Usage: Dlrm.MLNet.Compare FOLDER [SET …]
if (args.Length == 0)
{
    Console.Error.WriteLine("Usage: Dlrm.MLNet.Compare FOLDER [adult|criteo|avazu …], where FOLDER holds the sets' gzip files.");
    return 2;
}

string scratch = Directory.CreateTempSubdirectory("dlrm-mlnet-compare-").FullName;
Console.WriteLine($"{"set",-8} {"trainer",-10} {"AUC",8} {"log loss",9} {"seconds",8}");
try
{
    foreach (RealTable table in RealTable.All.Where(table => args.Length == 1 || args.Skip(1).Contains(table.Name)))
    {
        Compare(table, args[0], scratch);
    }
}
finally
{
    Directory.Delete(scratch, recursive: true);
}

return 0;

static void Compare(RealTable table, string folder, string scratch)
{
    var context = new MLContext(seed: 1);
    IDataView rows = table.Load(context, folder, scratch);
    long count = rows.GetColumn<string>(table.Label).LongCount();
    IDataView train = context.Data.TakeRows(rows, count * 4 / 5);
    TransformerChain<ITransformer> preparation = Preparation(context, table).Fit(train);
    IDataView Part(IDataView part, params string[] columns) =>
        context.Data.Cache(preparation.Transform(part), ["Label", .. columns]);

    foreach ((string name, string[] columns, IEstimator<ITransformer> trainer) in Trainers(context, table))
    {
        IDataView learned = Part(train, columns);
        IDataView held = Part(context.Data.SkipRows(rows, count * 4 / 5), columns);
        _ = learned.GetColumn<bool>("Label").Count();
        Preview(learned, columns);
        var watch = Stopwatch.StartNew();
        ITransformer model = trainer.Fit(learned);
        double seconds = watch.Elapsed.TotalSeconds;
        CalibratedBinaryClassificationMetrics metrics = context.BinaryClassification.Evaluate(model.Transform(held));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{table.Name,-8} {name,-10} {metrics.AreaUnderRocCurve,8:F4} {metrics.LogLoss * Math.Log(2),9:F4} {seconds,8:F2}"));
    }
}

// Reads all columns once, so that the cache is filled before the clock starts.
static void Preview(IDataView rows, string[] columns)
{
    using DataViewRowCursor cursor = rows.GetRowCursor(rows.Schema.Where(column => columns.Contains(column.Name)));
    while (cursor.MoveNext())
    {
    }
}

// Learned from the training rows: numbers in 64 bins of equal share, bins and categories as keys, keys as indicator vectors.
static EstimatorChain<ITransformer> Preparation(MLContext context, RealTable table)
{
    var chain = new EstimatorChain<ITransformer>();
    EstimatorChain<ITransformer> all = chain.Append<ITransformer>(context.Transforms.Conversion.MapValue(
        "Label", [new KeyValuePair<string, bool>(table.Positive, true)], table.Label));
    foreach (string name in table.Dense)
    {
        all = all.Append<ITransformer>(context.Transforms.NormalizeBinning($"{name}_bin", name, maximumBinCount: 64, fixZero: false));
        all = all.Append<ITransformer>(context.Transforms.Conversion.MapValueToKey($"{name}_key", $"{name}_bin"));
    }

    foreach (string name in table.Categorical)
    {
        all = all.Append<ITransformer>(context.Transforms.Conversion.MapValueToKey($"{name}_key", name));
    }

    foreach (string name in table.Features)
    {
        all = all.Append<ITransformer>(context.Transforms.Conversion.MapKeyToVector($"{name}_field", $"{name}_key"));
    }

    if (table.Dense.Length > 0)
    {
        all = all.Append<ITransformer>(context.Transforms.Concatenate("Bins", [.. table.Dense.Select(name => $"{name}_bin")]));
        all = all.Append<ITransformer>(context.Transforms.ReplaceMissingValues("Dense", "Bins"));
    }

    return all.Append<ITransformer>(context.Transforms.Concatenate(
        "Features", [.. table.Categorical.Select(name => $"{name}_field"), .. table.Dense]));
}

static IEnumerable<(string Name, string[] Columns, IEstimator<ITransformer> Trainer)> Trainers(MLContext context, RealTable table)
{
    string[] keys = [.. table.Features.Select(name => $"{name}_key")];
    string[] dense = table.Dense.Length > 0 ? ["Dense"] : [];
    string[] fields = [.. table.Features.Select(name => $"{name}_field")];
    BinaryClassificationCatalog.BinaryClassificationTrainers trainers = context.BinaryClassification.Trainers;
    yield return ("DLRM", [.. keys, .. dense], trainers.Dlrm(new DlrmTrainerOptions
    {
        CategoricalColumns = keys,
        DenseColumns = dense,
        EmbeddingDimension = 8,
        BottomMlp = [32],
        Epochs = table.Epochs,
    }));
    yield return ("FFM", fields, trainers.FieldAwareFactorizationMachine(new FieldAwareFactorizationMachineTrainer.Options
    {
        FeatureColumnName = fields[0],
        ExtraFeatureColumns = fields[1..],
    }));
    yield return ("LightGBM", ["Features"], trainers.LightGbm(new LightGbmBinaryTrainer.Options { Seed = 1, NumberOfThreads = 1 }));
}
