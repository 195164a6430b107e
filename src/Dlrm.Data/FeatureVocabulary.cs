namespace Dlrm.Data;

/// <summary>The values of a categorical feature by their indices. Index 0 stands for every value that has none of its own.</summary>
public sealed class FeatureVocabulary
{
    /// <summary>What index 0 is called.</summary>
    public const string Other = "(rare or unseen)";

    private readonly string[] _values;
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

    /// <summary>A vocabulary read from elsewhere.</summary>
    /// <param name="name">The feature's name.</param>
    /// <param name="all">The names of the indices 0, 1, …; the first of the same name has it.</param>
    internal FeatureVocabulary(string name, string[] all)
    {
        Name = name;
        _values = all;
        for (int index = 0; index < all.Length; index++)
        {
            _indices.TryAdd(all[index], index);
        }
    }

    /// <summary>A vocabulary of given values.</summary>
    /// <param name="name">The feature's name.</param>
    /// <param name="values">The values of the indices 1, 2, …, all different.</param>
    public FeatureVocabulary(string name, IEnumerable<string> values)
    {
        Name = name;
        _values = [Other, .. values];
        for (int index = 1; index < _values.Length; index++)
        {
            _indices.Add(_values[index], index);
        }
    }

    /// <summary>The feature's name.</summary>
    public string Name { get; }

    /// <summary>The values by index; the first is <see cref="Other"/>.</summary>
    public IReadOnlyList<string> Values => _values;

    /// <summary>The index of a value, 0 if it has none of its own.</summary>
    /// <param name="value">As it stands in the data.</param>
    public int IndexOf(ReadOnlySpan<char> value) =>
        _indices.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(value, out int index) ? index : 0;

    /// <summary>
    /// A vocabulary of the values that occur at least <paramref name="atLeast"/> times, in order of first appearance.
    /// </summary>
    /// <param name="name">The feature's name.</param>
    /// <param name="occurrences">The values row by row, of the training rows alone.</param>
    /// <param name="atLeast">1 or more.</param>
    public static FeatureVocabulary Count(string name, IEnumerable<string> occurrences, int atLeast)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atLeast, 1);
        var counts = new OrderedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string value in occurrences)
        {
            counts[value] = counts.GetValueOrDefault(value) + 1;
        }

        return new FeatureVocabulary(name, counts.Where(pair => pair.Value >= atLeast).Select(pair => pair.Key));
    }
}
