using Microsoft.ML.Data;

namespace Dlrm.MLNet.Tests;

/// <summary>A small row with every kind of column.</summary>
internal sealed class Click
{
    public bool Label { get; set; }

    public float Price { get; set; }

    [VectorType(2)]
    public float[] Position { get; set; } = [0, 0];

    public string Site { get; set; } = "";

    public string[] Tags { get; set; } = [];

    public float Weight { get; set; } = 1;

    /// <summary>Rows whose label follows from site and tags.</summary>
    public static Click[] Some(int count, int seed = 7)
    {
        var random = new System.Random(seed);
        string[] tags = ["red", "green", "blue", "black"];
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int site = random.Next(6);
            string[] bag = [.. tags.Where(_ => random.Next(2) == 0)];
            return new Click
            {
                Price = random.NextSingle(),
                Position = [random.NextSingle(), random.NextSingle()],
                Site = $"site{site}",
                Tags = bag,
                Label = site % 3 == 0 || bag.Contains("red"),
            };
        })];
    }
}

/// <summary>What a prediction engine gives.</summary>
internal sealed class Scored
{
    public bool PredictedLabel { get; set; }

    public float Score { get; set; }

    public float Probability { get; set; }
}
