using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Model;

namespace Dlrm.Training;

/// <summary>Keeps a copy of a model's parameters in memory.</summary>
/// <param name="model">The model, which must outlive the copy's use.</param>
public sealed class ParameterCopy(DlrmModel model) : IParameterKeeper, IDisposable
{
    private const int Slice = 1 << 28;

    private readonly NativeBuffer<float>[] _values =
        [.. model.Parameters.Select(parameter => new NativeBuffer<float>(parameter.Value.Length))];

    /// <inheritdoc/>
    public void Keep(long step, long samples)
    {
        for (int number = 0; number < _values.Length; number++)
        {
            Copy(model.Parameters[number].Value, _values[number]);
        }
    }

    /// <inheritdoc/>
    public void GiveBack()
    {
        for (int number = 0; number < _values.Length; number++)
        {
            Copy(_values[number], model.Parameters[number].Value);
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

    private static void Copy(NativeBuffer<float> from, NativeBuffer<float> to)
    {
        for (long start = 0; start < from.Length; start += Slice)
        {
            int count = (int)Math.Min(Slice, from.Length - start);
            from.Slice(start, count).CopyTo(to.Slice(start, count));
        }
    }
}
