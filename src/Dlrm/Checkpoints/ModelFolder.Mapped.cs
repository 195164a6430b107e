using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Checkpoints;

/// <content>What serving takes from it: recorded samples, and parameters that stay in the file.</content>
public sealed partial class ModelFolder
{
    /// <summary>The samples and scores that were recorded with the model; null where none were.</summary>
    /// <exception cref="InvalidDataException">The file of them is damaged.</exception>
    public ServingRecord? ServingRecord
    {
        get
        {
            if (!FileNames.Contains(ServingRecord.FileName))
            {
                return null;
            }

            using Stream stream = OpenFile(ServingRecord.FileName);
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            return ServingRecord.FromJson(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        }
    }

    /// <summary>Maps the files of the model's tensors.</summary>
    /// <returns>For <see cref="MapInto"/>; to be disposed of after the models that look at it.</returns>
    internal MappedTensors MapTensors()
    {
        string[] paths = [.. _model.Tensors.Keys.Select(name => _model.Locate(name)?.Path).OfType<string>().Distinct(StringComparer.Ordinal)];
        var files = new Dictionary<string, MappedMemory>(StringComparer.Ordinal);
        try
        {
            foreach (string path in paths)
            {
                files.Add(path, new MappedMemory(path));
            }

            return new MappedTensors(files);
        }
        catch
        {
            new MappedTensors(files).Dispose();
            throw;
        }
    }

    /// <summary>
    /// As <see cref="ReadAll"/>, but the parameters look into the mapped files: nothing is copied, pages come in when they
    /// are touched, and every model and process that maps the file shares them. For models that only predict.
    /// </summary>
    /// <param name="tensors">Of <see cref="MapTensors"/>; it must outlive the parameters.</param>
    /// <param name="parameters">Without values so far.</param>
    /// <exception cref="InvalidDataException">One is missing, has another shape, or a saved one is not among them.</exception>
    internal void MapInto(MappedTensors tensors, IReadOnlyCollection<Parameter> parameters)
    {
        RequireAll(parameters);
        foreach (Parameter parameter in parameters)
        {
            bool floats = parameter.Storage == StorageFormat.Float32;
            if (parameter.HasValues || _model.Locate(StoredParameter.Name(parameter)) is not var (path, offset)
                || (floats && !MappedMemory.IsAligned<float>(offset)))
            {
                Read(parameter);
                continue;
            }

            MappedMemory file = tensors.File(path);
            if (floats)
            {
                parameter.Adopt(file.View<float>(offset, parameter.Elements));
            }
            else
            {
                parameter.Adopt(file.View<byte>(offset, parameter.Bytes));
            }
        }
    }
}
