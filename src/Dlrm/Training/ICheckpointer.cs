namespace Dlrm.Training;

/// <summary>Saves where training stands from time to time.</summary>
public interface ICheckpointer
{
    /// <summary>Asked between any two steps (after the test, if one follows the step); cheap, allocates nothing.</summary>
    /// <param name="step">Steps done in the whole run.</param>
    /// <returns>True to be given the run to save.</returns>
    bool IsDue(long step);

    /// <summary>Saves. The next step waits until this returns.</summary>
    /// <param name="trainer">Gives its state.</param>
    void Save(Trainer trainer);

    /// <summary>Waits for what is being saved in the background: whoever writes into the model between steps calls it first.</summary>
    void Finish()
    {
    }
}
