using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring;

/// <summary>Raw rows on their way into a model: encoded one after another into a <see cref="Data.Batch"/>.</summary>
/// <remarks>
/// <see cref="BeginRow"/>, then the fields in any order, then <see cref="EndRow"/>; a field that was not set is missing, of
/// one that is set twice the last value counts. Or whole rows at a time: <see cref="TryAddJson"/>. One thread at a time.
/// Once the bags of a model have been seen at their longest, rows allocate nothing.
/// </remarks>
public sealed partial class RowBatch : IDisposable
{
    private enum FieldState : byte
    {
        Unset,
        Set,
        Missing,
    }

    private readonly RowEncoder _encoder;
    private readonly Batch _batch;
    private readonly FieldState[] _states;
    private readonly int[] _unknown;
    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly FieldCounts[] _counts;
    private bool _inRow;
    private bool _built;

    /// <summary>An empty batch.</summary>
    /// <param name="encoder">How rows are encoded.</param>
    /// <param name="capacity">Rows it can hold, 1 or more.</param>
    public RowBatch(RowEncoder encoder, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _encoder = encoder;
        Capacity = capacity;
        _batch = new Batch(encoder.DenseFeatures, encoder.Tables);
        _states = new FieldState[encoder.Fields.Count];
        _unknown = new int[encoder.Fields.Count];
        _counts = new FieldCounts[encoder.Fields.Count];
        _starts = new int[encoder.Tables];
        _ends = new int[encoder.Tables];
        Clear();
    }

    /// <summary>How rows are encoded.</summary>
    public RowEncoder Encoder => _encoder;

    /// <summary>Rows it can hold.</summary>
    public int Capacity { get; }

    /// <summary>Rows in it.</summary>
    public int Count { get; private set; }

    /// <summary>True when no row can be added.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>What was seen of each field since it was made, rows that were discarded aside.</summary>
    public ReadOnlySpan<FieldCounts> Counts => _counts;

    /// <summary>Empties it; the counts stay.</summary>
    public void Clear()
    {
        _batch.Resize(Capacity);
        Count = 0;
        _inRow = false;
        _built = false;
        _starts.AsSpan().Clear();
        for (int table = 0; table < _ends.Length; table++)
        {
            _batch.Offsets(table)[0] = 0;
        }
    }

    /// <summary>Begins a row; one that was begun and not ended is discarded.</summary>
    /// <exception cref="InvalidOperationException">It is full, or was built.</exception>
    public void BeginRow()
    {
        if (IsFull || _built)
        {
            throw new InvalidOperationException(
                _built ? "The batch was built: clear it first." : $"The batch holds {Capacity} rows, which is all it can: build and clear it.");
        }

        _inRow = true;
        _states.AsSpan().Clear();
        _unknown.AsSpan().Clear();
        _starts.CopyTo(_ends, 0);
        _batch.Labels[Count] = 0;
        for (int feature = 0; feature < _encoder.DenseInputs.Length; feature++)
        {
            if (_encoder.DenseInputs[feature].Column is null)
            {
                PutDense(feature, 1);
            }
        }
    }

    /// <summary>Ends the row; fields that were not set are missing.</summary>
    /// <exception cref="InvalidOperationException">No row was begun.</exception>
    public void EndRow()
    {
        RequireRow();
        for (int field = 0; field < _states.Length; field++)
        {
            if (_states[field] == FieldState.Unset)
            {
                PutText(field, default);
            }

            ref FieldCounts counts = ref _counts[field];
            counts.Rows++;
            counts.Missing += _states[field] == FieldState.Missing ? 1 : 0;
            counts.Unknown += _unknown[field];
        }

        _ends.CopyTo(_starts, 0);
        Count++;
        for (int table = 0; table < _ends.Length; table++)
        {
            _batch.Offsets(table)[Count] = _ends[table];
        }

        _inRow = false;
    }

    /// <summary>Forgets the row that was begun.</summary>
    public void DiscardRow() => _inRow = false;

    /// <summary>The rows as a model takes them, valid until <see cref="Clear"/>; no row can be added before.</summary>
    public Batch Build()
    {
        if (!_built)
        {
            _built = true;
            _inRow = false;
            _batch.Truncate(Count);
        }

        return _batch;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _batch.Dispose();

    private void RequireRow()
    {
        if (!_inRow)
        {
            throw new InvalidOperationException("No row was begun: call BeginRow first.");
        }
    }

    /// <summary>Sets a field from text.</summary>
    /// <returns>What is wrong with it; null for nothing.</returns>
    private string? PutText(int field, ReadOnlySpan<byte> text)
    {
        RawField raw = _encoder.FieldArray[field];
        bool missing = text.IsEmpty;
        if (raw.Dense.Length > 0)
        {
            if (!_encoder.TryReadNumber(text, out double number))
            {
                return "is not a number";
            }

            PutNumber(raw, number);
            missing = double.IsNaN(number);
            text = missing ? default : text;
        }

        _states[field] = missing ? FieldState.Missing : FieldState.Set;
        return PutCategories(field, raw, text, missing);
    }

    private void PutNumber(RawField raw, double number)
    {
        foreach (int feature in raw.Dense)
        {
            PutDense(feature, number);
        }
    }

    private void PutDense(int feature, double number) =>
        _batch.Dense[(Count * _batch.DenseFeatures) + feature] = DenseEncoder.Encode(_encoder.DenseInputs[feature], number);

    private string? PutCategories(int field, RawField raw, ReadOnlySpan<byte> text, bool missing)
    {
        _unknown[field] = 0;
        foreach (int table in raw.Tables)
        {
            _ends[table] = _starts[table];
            CategoryEncoder category = _encoder.Categories[table];
            if (!category.IsBag)
            {
                if (PutValue(field, table, text, missing) is { } problem)
                {
                    return problem;
                }

                continue;
            }

            for (int count = 0; !text.IsEmpty && count < category.MostValues; count++)
            {
                int length = text.IndexOf(category.Separator);
                if (PutValue(field, table, length < 0 ? text : text[..length], missing: false) is { } problem)
                {
                    return problem;
                }

                text = length < 0 ? default : text[(length + 1)..];
            }
        }

        return null;
    }

    private string? PutValue(int field, int table, ReadOnlySpan<byte> value, bool missing)
    {
        CategoryEncoder category = _encoder.Categories[table];
        if (!category.TryIndex(value, out int index, out bool known))
        {
            return category.Problem;
        }

        // A missing value may be a category of its own; where it is not, it is missing, not unknown.
        _unknown[field] += known || missing ? 0 : 1;
        if (index >= 0)
        {
            int place = _ends[table]++;
            _batch.ReserveIndices(table, place + 1)[place] = index;
        }

        return null;
    }
}
