namespace Dlrm.Reports;

/// <summary>What the table of a tuning shows.</summary>
public sealed record TuneReportData
{
    /// <summary>The command that tuned.</summary>
    public required string CommandLine { get; init; }

    /// <summary>What was tuned, an option a line with its values.</summary>
    public required IReadOnlyList<string> Space { get; init; }

    /// <summary>The settings, the best first; 1 or more.</summary>
    public required IReadOnlyList<TuneReportRow> Rows { get; init; }

    /// <summary>The share of the steps that each round trained.</summary>
    public required IReadOnlyList<double> Shares { get; init; }
}

/// <summary>A setting.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Setting">Its options.</param>
/// <param name="Losses">Mean log loss of the rounds that it took part in; null where a training failed.</param>
/// <param name="Auc">Mean AUC of the last of them; null when undefined.</param>
/// <param name="Deviation">Standard deviation of the last log loss over seeds; 0 for one seed.</param>
public sealed record TuneReportRow(int Number, string Setting, IReadOnlyList<double?> Losses, double? Auc, double Deviation);
