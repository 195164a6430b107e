namespace Dlrm.Data.Scoring;

/// <summary>Why a row cannot be encoded.</summary>
/// <param name="Field">The raw field; empty where the row as a whole is meant.</param>
/// <param name="Value">The value, shortened and escaped.</param>
/// <param name="Problem">What is wrong with it, e.g. <c>is not a number</c>.</param>
public readonly record struct RowProblem(string Field, string Value, string Problem)
{
    internal static RowProblem Of(string field, ReadOnlySpan<byte> value, string problem) =>
        new(field, BadLine.Escape(value), problem);

    /// <summary><c>field 'age': 'x1' is not a number</c>.</summary>
    public override string ToString() => string.IsNullOrEmpty(Field) ? $"'{Value}' {Problem}" : $"field '{Field}': '{Value}' {Problem}";
}

/// <summary>A raw value cannot be encoded; the message names field and value.</summary>
/// <param name="problem">Why.</param>
public sealed class BadRowException(RowProblem problem) : Exception($"{problem}.")
{
    /// <summary>Why.</summary>
    public RowProblem Problem => problem;
}
