#:package Dlrm.Data@0.1.0
#:property PublishAot=false
// dotnet run walkthrough.cs: from a log of rides to a model, step by step; each step prints what it found.
using Dlrm.Data.Records;

// 1. The records. Yours come from a database or a file; these are drawn, so that the answer is known.
var random = new Random(7);
Ride[] log = [.. Enumerable.Range(0, 8000).Select(_ => Ride.Draw(random))];
Console.WriteLine($"1. {log.Length} rides, {log.Average(ride => ride.Tipped ? 1 : 0):P0} of them tipped");

// 2. What the model may look at. Calls instead of attributes: no reflection, and the record need not know the model.
RecordSchema<Ride> schema = new RecordSchema<Ride>()
    .Label(ride => ride.Tipped)
    .Dense("miles", ride => ride.Miles, new DenseOptions { Log1p = true })
    .Categorical("hour", ride => ride.Hour)
    .Categorical("driver", ride => ride.Driver, new CategoryOptions { MinFrequency = 5 });

// 3. Training. The last 1,000 rides are kept for the end; a tenth of the others decides when to stop.
var options = new RecordTrainerOptions
{
    Epochs = 20,
    Patience = 2,
    ValidationShare = 0.1,
    Progress = pass => Console.WriteLine(
        $"   pass {pass.Epoch}: log loss {pass.TrainingLoss:F4}, on held-out rides {pass.ValidationLoss:F4}"),
};
Console.WriteLine("3. training");
using TrainedRecords<Ride> trained = new RecordTrainer<Ride>(schema, options).Train(log[..7000]);

// 4. How good is it? Beside it, what knowing the truth would give: no model can do better than chance allows.
var metrics = trained.Evaluate(log[7000..]);
Console.WriteLine($"4. AUC {metrics.Auc:F3} ± {metrics.AucStandardError:F3}; log loss {metrics.LogLoss:F4}, always guessing the mean {metrics.BaselineLogLoss:F4}");

// 5. The model is a folder: dlrm inspect, dlrm predict and dlrm serve open it.
trained.Save("model");
Console.WriteLine($"5. saved {string.Join(", ", Directory.EnumerateFiles("model", "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order().Take(4))}, …");

// 6. One ride at a time, from any thread.
using var predictor = Predictor<Ride>.Load("model", schema);
foreach (int hour in (int[])[4, 12, 23])
{
    Console.WriteLine($"6. six miles at {hour:00}:00 with driver 3: {predictor.Predict(new Ride(false, 6, hour, 3)):F3}");
}

internal sealed record Ride(bool Tipped, double Miles, int Hour, int Driver)
{
    public static Ride Draw(Random random)
    {
        (double miles, int hour, int driver) = (Math.Exp(2 * random.NextDouble()), random.Next(24), random.Next(50));
        double logit = Math.Log(miles) - 1 + (hour is >= 18 or < 2 ? 1 : -1) + (driver % 5 == 3 ? 1.5 : -0.5);
        return new Ride(random.NextDouble() < 1 / (1 + Math.Exp(-1.5 * logit)), miles, hour, driver);
    }
}
