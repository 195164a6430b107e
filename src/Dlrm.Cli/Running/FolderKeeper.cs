using Dlrm.Checkpoints;
using Dlrm.Model;
using Dlrm.Training;

namespace Dlrm.Cli.Running;

/// <summary>Keeps the best parameters in a model folder, where an interrupted run finds them again.</summary>
/// <param name="model">The model.</param>
/// <param name="saver">Saves it.</param>
/// <param name="path">The folder.</param>
internal sealed class FolderKeeper(DlrmModel model, ModelSaver saver, string path) : IParameterKeeper
{
    public void Keep(long step, long samples) => saver.TrySave(path, step, samples);

    public void GiveBack()
    {
        if (Directory.Exists(path))
        {
            using ModelFolder folder = ModelFolder.Open(path);
            folder.ReadAll([.. model.Parameters]);
            model.ParametersChanged();
        }
    }

    /// <summary>Removes the folder once the run's model is saved.</summary>
    public void Remove()
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
