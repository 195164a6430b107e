using Dlrm.Data;

namespace Dlrm.Training;

/// <summary>Finds the features that have one value in every sample seen, and the share of positive labels.</summary>
/// <remarks>A feature that has changed is not looked at again: after a batch or two only constant ones cost time.</remarks>
internal sealed class FeatureWatch
{
    private readonly float[] _dense;
    private readonly bool[] _denseChanged;
    private readonly int[] _row;
    private readonly int[] _bagLength;
    private readonly bool[] _tableChanged;
    private double _labelSum;

    /// <summary>Watches from the next batch on.</summary>
    /// <param name="denseFeatures">Dense features of a sample.</param>
    /// <param name="tables">Tables.</param>
    public FeatureWatch(int denseFeatures, int tables)
    {
        _dense = new float[denseFeatures];
        _denseChanged = new bool[denseFeatures];
        _row = new int[tables];
        _bagLength = new int[tables];
        _tableChanged = new bool[tables];
    }

    /// <summary>Samples seen.</summary>
    public long Samples { get; private set; }

    /// <summary>True when a label was neither 0 nor 1.</summary>
    public bool HasFractionalLabels { get; private set; }

    /// <summary>Share of positive labels; 0 before the first sample.</summary>
    public double LabelRate => Samples == 0 ? 0 : _labelSum / Samples;

    /// <summary>Dense features that never changed, with their value.</summary>
    public IEnumerable<(int Feature, float Value)> ConstantDense()
        => Enumerable.Range(0, _dense.Length).Where(feature => !_denseChanged[feature])
            .Select(feature => (feature, _dense[feature]));

    /// <summary>Tables in which every sample looked up one row equally often, with the row; −1 for none.</summary>
    public IEnumerable<(int Table, int Row)> ConstantTables()
        => Enumerable.Range(0, _row.Length).Where(table => !_tableChanged[table]).Select(table => (table, _row[table]));

    /// <summary>What it remembers.</summary>
    public FeatureWatchState Save() => new(
        [.. _dense], [.. _denseChanged], [.. _row], [.. _bagLength], [.. _tableChanged], _labelSum, Samples, HasFractionalLabels);

    /// <summary>Goes on from what one of as many features remembered.</summary>
    public void Restore(FeatureWatchState state)
    {
        state.Dense.CopyTo(_dense, 0);
        state.DenseChanged.CopyTo(_denseChanged, 0);
        state.Row.CopyTo(_row, 0);
        state.BagLength.CopyTo(_bagLength, 0);
        state.TableChanged.CopyTo(_tableChanged, 0);
        (_labelSum, Samples, HasFractionalLabels) = (state.LabelSum, state.Samples, state.FractionalLabels);
    }

    /// <summary>Looks at a batch; allocates nothing.</summary>
    /// <param name="batch">With as many dense features and tables as were announced.</param>
    public void See(Batch batch)
    {
        if (batch.Size == 0)
        {
            return;
        }

        SeeLabels(batch.Labels);
        SeeDense(batch.Dense);
        for (int table = 0; table < _row.Length; table++)
        {
            if (!_tableChanged[table])
            {
                SeeTable(table, batch.Offsets(table), batch.Indices(table));
            }
        }

        Samples += batch.Size;
    }

    private void SeeLabels(ReadOnlySpan<float> labels)
    {
        foreach (float label in labels)
        {
            _labelSum += label;
            HasFractionalLabels |= label is not (0 or 1);
        }
    }

    private void SeeDense(ReadOnlySpan<float> dense)
    {
        int features = _dense.Length;
        if (Samples == 0)
        {
            dense[..features].CopyTo(_dense);
        }

        for (int feature = 0; feature < features; feature++)
        {
            float value = _dense[feature];
            for (int at = feature; at < dense.Length && !_denseChanged[feature]; at += features)
            {
                _denseChanged[feature] = dense[at] != value;
            }
        }
    }

    private void SeeTable(int table, ReadOnlySpan<int> offsets, ReadOnlySpan<int> rows)
    {
        if (Samples == 0)
        {
            _row[table] = rows.IsEmpty ? -1 : rows[0];
            _bagLength[table] = offsets[1] - offsets[0];
        }

        bool changed = rows.ContainsAnyExcept(_row[table]);
        for (int sample = 1; sample < offsets.Length && !changed; sample++)
        {
            changed = offsets[sample] - offsets[sample - 1] != _bagLength[table];
        }

        _tableChanged[table] = changed;
    }
}
