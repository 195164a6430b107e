using Dlrm.Checkpoints;
using Dlrm.Data.Scoring;
using Dlrm.Model;

namespace Dlrm.Data.Records;

/// <summary>What one call of a predictor needs for itself: activations, rows, text. The weights are shared.</summary>
internal sealed class PredictorSlot : IDisposable
{
    /// <summary>Records scored at a time.</summary>
    private const int Most = 256;

    private readonly Engine _engine = new(threads: 1);
    private readonly RowBatch _one;
    private readonly RowBatch _many;

    public PredictorSlot(ModelFolder folder, MappedTensors tensors, DlrmConfig config, RowEncoder encoder)
    {
        _one = new RowBatch(encoder, 1);
        _many = new RowBatch(encoder, Most);
        Model = new DlrmModel(config, _engine, optimizer: null);
        try
        {
            // The rate of a model that saw some of the negatives only is corrected in its last bias, so not in the file.
            if (encoder.NegativesDropped > 0)
            {
                folder.ReadAll([.. Model.Parameters]);
                PriorShift.Apply(Model, PriorShift.Of(encoder.NegativesDropped));
            }
            else
            {
                folder.MapInto(tensors, Model.Parameters);
            }

            Model.ParametersChanged();
            WarmUp();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public DlrmModel Model { get; }

    public FieldText Text { get; } = new();

    public int Capacity => _many.Capacity;

    public RowBatch RowsFor(int count) => count == 1 ? _one : _many;

    public void Dispose()
    {
        Model.Dispose();
        _one.Dispose();
        _many.Dispose();
        _engine.Dispose();
    }

    /// <summary>Makes room for the longest batch and lets every path be compiled.</summary>
    private void WarmUp()
    {
        foreach (RowBatch rows in (ReadOnlySpan<RowBatch>)[_many, _one])
        {
            rows.Clear();
            while (!rows.IsFull)
            {
                rows.BeginRow();
                rows.EndRow();
            }

            Model.Predict(rows.Build());
        }
    }
}
