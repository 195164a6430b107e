namespace Dlrm.Data.Traces;

/// <summary>Values in the order of their last use. Moving one to the end takes O(log n), whatever its place.</summary>
/// <remarks>
/// A value stands in a slot; one that moves leaves its slot empty and takes the next one at the end. When slots run out
/// the values are put together again, which costs O(1) a move over time.
/// </remarks>
internal sealed class RecencyList
{
    private ulong[] _values;
    private OrderedBits _used;
    private int _end;

    /// <summary>A list.</summary>
    /// <param name="values">From the one used longest ago.</param>
    /// <param name="room">Moves and additions that take place before slots run out, at least.</param>
    public RecencyList(ReadOnlySpan<ulong> values, int room)
    {
        _values = new ulong[values.Length + Math.Max(1, room)];
        values.CopyTo(_values);
        _used = new OrderedBits(_values.Length);
        _used.Fill(values.Length);
        _end = values.Length;
    }

    /// <summary>Values.</summary>
    public int Count => _used.Count;

    /// <summary>Told of each value and its new slot when they are put together.</summary>
    public Action<ulong, int>? Renumbered { get; init; }

    /// <summary>How far from the end the value of a slot is; the last one is at 1.</summary>
    public int Depth(int slot) => Count - _used.Below(slot);

    /// <summary>The slot of a place from the front.</summary>
    /// <param name="place">0 … Count − 1.</param>
    public int Slot(int place) => _used.Select(place);

    /// <summary>Adds a value at the end, and gives its slot.</summary>
    public int Add(ulong value)
    {
        if (_end == _values.Length)
        {
            Renumber();
        }

        _values[_end] = value;
        _used.Add(_end);
        return _end++;
    }

    /// <summary>Moves the value of a slot to the end.</summary>
    /// <returns>The value and its new slot.</returns>
    public (ulong Value, int Slot) MoveToEnd(int slot)
    {
        ulong value = _values[slot];
        _used.Remove(slot);
        return (value, Add(value));
    }

    /// <summary>Takes the last <see cref="MoveToEnd"/> back, if slots did not run out since.</summary>
    /// <param name="slot">The slot it moved.</param>
    public void MoveBack(int slot)
    {
        _end--;
        _used.Remove(_end);
        _used.Add(slot);
    }

    private void Renumber()
    {
        int count = 0;
        ulong[] values = _values.Length > 2 * Count ? _values : new ulong[Math.Max(64, 2 * _values.Length)];
        for (int slot = 0; slot < _end; slot++)
        {
            if (_used.Contains(slot))
            {
                values[count] = _values[slot];
                Renumbered?.Invoke(values[count], count);
                count++;
            }
        }

        if (values != _values)
        {
            _values = values;
            _used = new OrderedBits(values.Length);
        }

        _used.Fill(count);
        _end = count;
    }
}
