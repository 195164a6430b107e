using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;
using Dlrm.Optimizers;
using Dlrm.Threading;

namespace Dlrm.Model;

/// <summary>
/// The exponential moving average of all parameters (<c>--average-weights</c>), as a model of its own that can score at any
/// time: after update t, from 1, <c>a = a + f·(w − a)</c> with <c>f = max(1 − decay, 1 / t)</c>, so that it begins as a mean.
/// </summary>
/// <remarks>
/// Every update costs a pass over all parameters, tables included. The averages are part of the optimizer's state, as
/// <c>NAME.average</c>: a checkpoint holds them, and a resumed run goes on to the bit. Running statistics of batch
/// normalization are averaged too.
/// </remarks>
public sealed class WeightAverage : IDisposable
{
    private readonly DlrmModel _trained;
    private readonly double _decay;
    private readonly Elementwise _kernel;

    /// <summary>An average of nothing yet.</summary>
    /// <param name="trained">The model that trains, its tables kept in single precision.</param>
    /// <param name="decay">In (0, 1).</param>
    /// <exception cref="ArgumentException">Its tables are kept in fewer bits.</exception>
    internal WeightAverage(DlrmModel trained, double decay)
    {
        if (trained.Parameters.Any(parameter => parameter.Storage != StorageFormat.Float32))
        {
            throw new ArgumentException(
                "Weights are averaged in single precision: --average-weights cannot go with tables of 16 bits (--embedding-dtype).");
        }

        _trained = trained;
        _decay = decay;
        _kernel = Elementwise.For(trained.Engine.InstructionSet);
        Model = new DlrmModel(trained.Config, trained.Engine, optimizer: null, distributed: trained.Distribution);
        States = [.. Model.Parameters.Select(parameter => new OptimizerState($"{parameter.Name}.average", parameter.Shape, parameter.Value)
        {
            Region = parameter.Region,
        })];
    }

    /// <summary>The averages, as a model that scores; call <see cref="Refresh"/> before.</summary>
    public DlrmModel Model { get; }

    /// <summary>The averages, as a checkpoint holds them.</summary>
    internal IReadOnlyList<OptimizerState> States { get; }

    /// <summary>Lets <see cref="Model"/> score with the averages of now.</summary>
    public void Refresh() => Model.ParametersChanged();

    /// <summary>Writes the averages into the model that trained: at the end of training.</summary>
    public void GiveBack()
    {
        for (int number = 0; number < Model.Parameters.Count; number++)
        {
            Parameter average = Model.Parameters[number];
            for (long start = 0; start < average.Elements; start += int.MaxValue)
            {
                int count = (int)Math.Min(int.MaxValue, average.Elements - start);
                average.Value.Slice(start, count).CopyTo(_trained.Parameters[number].Value.Slice(start, count));
            }
        }

        _trained.ParametersChanged();
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Model.Dispose();

    /// <summary>Takes the parameters in, after an update.</summary>
    /// <param name="updates">Updates so far, from 1.</param>
    internal void Update(long updates)
    {
        var work = new Work { Average = this, Share = (float)Math.Max(1 - _decay, 1.0 / updates) };
        _trained.Engine.Team.Run(ref work);
    }

    private void Update(float share, int worker, int workers)
    {
        const int piece = 1 << 14;
        for (int number = 0; number < Model.Parameters.Count; number++)
        {
            NativeBuffer<float> average = Model.Parameters[number].Value;
            NativeBuffer<float> value = _trained.Parameters[number].Value;
            long end = value.Length * (worker + 1) / workers;
            for (long start = value.Length * worker / workers; start < end; start += piece)
            {
                int count = (int)Math.Min(piece, end - start);
                Span<float> part = average.Slice(start, count);
                _kernel.ScaleAdd(-share, part, part);
                _kernel.ScaleAdd(share, value.Slice(start, count), part);
            }
        }
    }

    private struct Work : IParallelWork
    {
        public WeightAverage Average;
        public float Share;

        public readonly void Execute(int worker, int workers) => Average.Update(Share, worker, workers);
    }
}
