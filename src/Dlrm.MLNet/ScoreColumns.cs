using Microsoft.ML;
using Microsoft.ML.Data;

namespace Dlrm.MLNet;

/// <summary>The columns a model adds, those of ML.NET's binary classifiers.</summary>
internal static class ScoreColumns
{
    /// <summary>The logit.</summary>
    public const string Score = "Score";

    /// <summary>σ(logit).</summary>
    public const string Probability = "Probability";

    /// <summary>Probability ≥ ½.</summary>
    public const string PredictedLabel = "PredictedLabel";

    /// <summary>In the order they stand.</summary>
    public static IReadOnlyList<(string Name, DataViewType Type)> All { get; } =
    [
        (PredictedLabel, BooleanDataViewType.Instance),
        (Score, NumberDataViewType.Single),
        (Probability, NumberDataViewType.Single),
    ];

    /// <summary>A schema with them behind its own columns.</summary>
    public static DataViewSchema Append(DataViewSchema schema)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(schema);
        foreach ((string name, DataViewType type) in All)
        {
            builder.AddColumn(name, type);
        }

        return builder.ToSchema();
    }

    /// <summary>A getter of one of them.</summary>
    /// <typeparam name="TValue">Bool or float.</typeparam>
    /// <param name="number">Which of <see cref="All"/>.</param>
    /// <param name="probability">Gives the probability of the row at hand.</param>
    public static ValueGetter<TValue> Getter<TValue>(int number, Func<float> probability)
    {
        Delegate getter = number switch
        {
            0 => (ValueGetter<bool>)((ref bool value) => value = probability() >= 0.5f),
            1 => (ValueGetter<float>)((ref float value) => value = Logit(probability())),
            _ => (ValueGetter<float>)((ref float value) => value = probability()),
        };
        return getter as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"Column '{All[number].Name}' is {All[number].Type}; a getter of {typeof(TValue).Name} was asked for.");
    }

    /// <summary>ln(p / (1 − p)), p kept where that is finite.</summary>
    private static float Logit(float probability)
    {
        double p = Math.Clamp(probability, 1e-38, 1 - (1.0 / (1 << 24)));
        return (float)(Math.Log(p) - Math.Log(1 - p));
    }
}
