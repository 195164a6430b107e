using Dlrm.Cli.Options;
using Dlrm.Data;
using Dlrm.Reports.Recorded;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Gives slices the names that the data have for features and values.</summary>
internal static class SliceNames
{
    /// <summary>The slices of the last pass; none where none were asked for.</summary>
    public static IReadOnlyList<RecordedSlices> Named(SliceMetrics? slices, RunData data) =>
        [.. (slices?.Compute() ?? []).Select(feature => Named(feature, data))];

    /// <summary>True when names are needed at all: vocabularies can be large.</summary>
    public static bool Wanted(OptionValues values) =>
        values.Options.Contains(SeeingOptions.Slices) && values.Get(SeeingOptions.Slices).Length > 0;

    private static RecordedSlices Named(FeatureSlices feature, RunData data)
    {
        FeatureVocabulary? vocabulary = feature.Table < data.Vocabularies.Count ? data.Vocabularies[feature.Table] : null;
        return new RecordedSlices(
            vocabulary?.Name ?? $"feature {feature.Table}",
            feature.Values,
            [.. feature.Slices.Select(slice => new RecordedSlice(Name(slice.Row), slice))]);

        string Name(int row) => row switch
        {
            Slice.NoLookup => "(none)",
            Slice.AllOthers => "(all others)",
            _ => vocabulary is not null && row < vocabulary.Values.Count ? vocabulary.Values[row] : $"row {row}",
        };
    }
}
