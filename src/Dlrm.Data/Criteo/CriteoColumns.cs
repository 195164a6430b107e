namespace Dlrm.Data.Criteo;

/// <summary>The columns of Criteo's click logs: a label, 13 whole numbers, 26 hashes.</summary>
public static class CriteoColumns
{
    /// <summary>Whole numbers, I1 … I13.</summary>
    public const int Dense = 13;

    /// <summary>What stands for a missing number in memory: below every count, so its logarithm is that of 0.</summary>
    internal const int Missing = int.MinValue;

    /// <summary>Hashes, C1 … C26.</summary>
    public const int Categorical = 26;

    /// <summary>Fields of a line.</summary>
    public const int Count = 1 + Dense + Categorical;

    /// <summary>The names, in the order of the fields: <c>label</c>, <c>I1</c> … <c>I13</c>, <c>C1</c> … <c>C26</c>.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "label",
        .. Enumerable.Range(1, Dense).Select(number => $"I{number}"),
        .. Enumerable.Range(1, Categorical).Select(number => $"C{number}"),
    ];
}
