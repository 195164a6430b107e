using Dlrm.Training;

namespace Dlrm.Reports.Recorded;

/// <summary>What curves.json holds of a run's last test.</summary>
/// <param name="Step">Steps done before the test.</param>
/// <param name="Curves">Its curves; null where they are undefined.</param>
/// <param name="Slices">Its metrics by slice, a feature each; none unless they were asked for.</param>
/// <param name="Groups">Its AUC by group; null where the data have no groups.</param>
public sealed record RecordedCurves(
    long Step, EvaluationCurves? Curves, IReadOnlyList<RecordedSlices> Slices, GroupAuc? Groups = null);

/// <summary>The slices of a feature.</summary>
/// <param name="Feature">Its name.</param>
/// <param name="Values">Different values in the test set.</param>
/// <param name="Slices">The most frequent ones, and all others together.</param>
public sealed record RecordedSlices(string Feature, long Values, IReadOnlyList<RecordedSlice> Slices);

/// <summary>A slice with its name.</summary>
/// <param name="Value">The feature's value, e.g. <c>Private</c>.</param>
/// <param name="Slice">Its metrics.</param>
public sealed record RecordedSlice(string Value, Slice Slice);
