using System.Text.Json.Nodes;

namespace Dlrm.Training;

/// <summary>A part of a run that remembers something from step to step: a checkpoint holds it, resuming gives it back.</summary>
/// <remarks>
/// Register it with <see cref="Trainer.Register"/> before the run. It is saved between two steps, after the test of that
/// step if there is one, on the training thread; so saving must be quick. Restoring what was saved and going on must give
/// the same bits as never having stopped. A checkpoint of a run that did not have this part restores nothing.
/// </remarks>
public interface ITrainingState
{
    /// <summary>Under which the state is kept in state.json; unlike any other of the run and the same in each version.</summary>
    string Name { get; }

    /// <summary>What is remembered now, detached from it; null for nothing.</summary>
    JsonNode? Save();

    /// <summary>Takes up what <see cref="Save"/> gave, before the first step.</summary>
    /// <param name="state">As saved, perhaps by an older or newer version: ignore unknown members, default missing ones.</param>
    void Restore(JsonNode state);
}
