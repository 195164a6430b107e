using Dlrm.Data.Records;

var random = new Random(1);
Visit[] visits = [.. Enumerable.Range(0, 6000).Select(_ => Draw(random))];
using TrainedRecords<Visit> trained = new RecordTrainer<Visit>().Train(visits[..5000]);
Console.WriteLine($"AUC on {visits[5000..].Length} held-out visits: {trained.Evaluate(visits[5000..]).Auc:F3}");
trained.Save("model");

using var predictor = Predictor<Visit>.Load("model");
Console.WriteLine($"cheap on a phone: {predictor.Predict(new Visit(false, 0.5, "phone", ["new"])):F3}");
Console.WriteLine($"dear at a desk:   {predictor.Predict(new Visit(false, 9.5, "desk", [])):F3}");

static Visit Draw(Random random)
{
    (double price, bool phone, bool isNew) = (random.NextDouble() * 10, random.Next(2) == 0, random.Next(3) == 0);
    bool clicked = random.NextDouble() < 1 / (1 + Math.Exp(price - (phone ? 6 : 3) - (isNew ? 2 : 0)));
    return new Visit(clicked, price, phone ? "phone" : "desk", isNew ? ["new", "sale"] : ["sale"]);
}

internal sealed record Visit([Label] bool Clicked, [Dense] double Price, [Categorical] string Device, [Categorical] string[] Tags);
