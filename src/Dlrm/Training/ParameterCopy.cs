using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;

namespace Dlrm.Training;

/// <summary>Keeps a copy of a model's parameters in memory.</summary>
/// <param name="model">The model, which must outlive the copy's use.</param>
public sealed class ParameterCopy(DlrmModel model) : IParameterKeeper, IDisposable
{
    private readonly NativeBuffer<float>[] _values =
        [.. model.Parameters.Select(parameter => new NativeBuffer<float>(parameter.Elements))];

    /// <inheritdoc/>
    public void Keep(long step, long samples)
    {
        for (int number = 0; number < _values.Length; number++)
        {
            foreach ((long row, long start, int count) in Rows(model.Parameters[number]))
            {
                model.Parameters[number].Read(row, _values[number].Slice(start, count));
            }
        }
    }

    /// <inheritdoc/>
    public void GiveBack()
    {
        for (int number = 0; number < _values.Length; number++)
        {
            foreach ((long row, long start, int count) in Rows(model.Parameters[number]))
            {
                model.Parameters[number].Write(row, _values[number].Slice(start, count));
            }
        }

        model.ParametersChanged();
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (NativeBuffer<float> values in _values)
        {
            values.Dispose();
        }
    }

    /// <summary>The rows of a parameter, with their elements; one dimension is one row.</summary>
    private static IEnumerable<(long Row, long Start, int Count)> Rows(Parameter parameter)
    {
        int columns = parameter.Shape[^1];
        for (long row = 0; row * columns < parameter.Elements; row++)
        {
            yield return (row, row * columns, columns);
        }
    }
}
