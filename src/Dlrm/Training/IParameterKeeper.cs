namespace Dlrm.Training;

/// <summary>Keeps one set of a model's parameters while training goes on.</summary>
public interface IParameterKeeper
{
    /// <summary>Keeps the parameters as they are now, in place of those kept before.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="samples">Samples done.</param>
    void Keep(long step, long samples);

    /// <summary>Writes the kept parameters into the model.</summary>
    void GiveBack();
}
