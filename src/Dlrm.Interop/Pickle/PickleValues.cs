namespace Dlrm.Interop.Pickle;

/// <summary>A tuple, list or dictionary. Other values are null, bool, long, BigInteger, double, string and byte[].</summary>
internal abstract class PickleContainer
{
    /// <summary>Containers below and with this one, when it was filled: bounded, so that nobody recurses too far.</summary>
    public int Depth { get; private set; } = 1;

    /// <summary>Takes note of a member.</summary>
    /// <returns>The depth now.</returns>
    protected int Contain(object? member)
    {
        if (member is PickleContainer inner && inner.Depth >= Depth)
        {
            Depth = inner.Depth + 1;
        }

        return Depth;
    }
}

/// <summary>An immutable sequence.</summary>
internal sealed class PickleTuple : PickleContainer
{
    public PickleTuple(params object?[] items)
    {
        Items = items;
        foreach (object? item in items)
        {
            Contain(item);
        }
    }

    public IReadOnlyList<object?> Items { get; }
}

/// <summary>A list.</summary>
internal sealed class PickleList : PickleContainer
{
    private readonly List<object?> _items = [];

    public IReadOnlyList<object?> Items => _items;

    public int Add(object? item)
    {
        _items.Add(item);
        return Contain(item);
    }
}

/// <summary>A dict or an OrderedDict: entries in the order in which they were first set.</summary>
internal sealed class PickleDictionary : PickleContainer
{
    private readonly List<KeyValuePair<object, object?>> _entries = [];
    private readonly Dictionary<object, int> _places = [];

    /// <summary>True for collections.OrderedDict.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>What BUILD gave an OrderedDict besides its entries, e.g. PyTorch's <c>_metadata</c>.</summary>
    public PickleDictionary? Attributes { get; set; }

    public IReadOnlyList<KeyValuePair<object, object?>> Entries => _entries;

    /// <summary>The entry of a key; null when there is none.</summary>
    public object? this[object key] => _places.TryGetValue(key, out int place) ? _entries[place].Value : null;

    public bool Contains(object key) => _places.ContainsKey(key);

    public int Set(object key, object? value)
    {
        if (_places.TryGetValue(key, out int place))
        {
            _entries[place] = new(key, value);
        }
        else
        {
            _places.Add(key, _entries.Count);
            _entries.Add(new(key, value));
        }

        return Contain(value);
    }
}

/// <summary>A name that a pickle refers to. It is never looked up anywhere: a factory knows a few and refuses the rest.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public string FullName => $"{Module}.{Name}";
}
