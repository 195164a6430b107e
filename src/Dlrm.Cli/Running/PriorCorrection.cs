using System.Globalization;
using System.Text.Json.Nodes;
using Dlrm.Checkpoints;
using Dlrm.Model;

namespace Dlrm.Cli.Running;

/// <summary>Brings scores of a model that saw only some of the negatives to the rate of other data.</summary>
/// <remarks>
/// See <see cref="PriorShift"/>. Scores always fit the data that are scored, whose metrics mean what they say; order, and
/// so AUC, stays the same.
/// </remarks>
internal static class PriorCorrection
{
    /// <summary>Shifts the model's last bias.</summary>
    /// <param name="path">The model's folder.</param>
    /// <param name="model">The loaded model.</param>
    /// <param name="dropped">The share of negatives that was dropped from the data to score.</param>
    /// <returns>What was done, for people; null when no negatives were dropped from either.</returns>
    public static string? Apply(string path, DlrmModel model, double dropped)
    {
        double trained = DroppedInTraining(path);
        if (trained >= 1 || dropped >= 1)
        {
            return null;
        }

        if (trained == dropped)
        {
            return trained == 0
                ? null
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"Scores are left as they are: the model was trained with {100 * (1 - trained):0.##} % of the negatives, and these data have as "
                    + $"many. Label rate, loss and calibration below are theirs; among all rows, logits would be {Math.Log(1 - trained):0.0000} off.");
        }

        double shift = PriorShift.Of(trained, dropped);
        PriorShift.Apply(model, shift);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Prior corrected: the model was trained with {100 * (1 - trained):0.##} % of the negatives, these data have {100 * (1 - dropped):0.##} %; "
            + $"logits are shifted by {shift:0.0000} (--prior-correction=false leaves them).");
    }

    private static double DroppedInTraining(string path)
    {
        if (ForeignModel.IsNamed(path))
        {
            return 0;
        }

        using ModelFolder folder = ModelSetup.Open(path, verifyHashes: false);
        if (!folder.FileNames.Contains(RunRecord.NameInModel))
        {
            return 0;
        }

        using Stream stream = folder.OpenFile(RunRecord.NameInModel);
        return (double?)JsonNode.Parse(stream)?["data"]?["negatives_dropped"] ?? 0;
    }
}
