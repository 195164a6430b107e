using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring;

/// <summary>Raw values of one categorical feature to rows of its table, as training had them. Any thread may ask.</summary>
internal abstract class CategoryEncoder(SparseFeature feature, int tableRows)
{
    /// <summary>What a value without an index has where no index stands for the unknown: the row looks nothing up.</summary>
    public const int NoLookup = -1;

    /// <summary>Room for the text of any number of 64 bits.</summary>
    protected const int LongestNumber = 24;

    /// <summary>The index of the vocabulary's first value: 1 where 0 stands for the unknown.</summary>
    private readonly int _first = feature.OutOfVocabulary ? 1 : 0;

    /// <summary>True when a row has a bag of values.</summary>
    public bool IsBag => feature.IsBag;

    /// <summary>Between them in text.</summary>
    public byte Separator { get; } = (byte)(feature.Separator?[0] ?? 0);

    /// <summary>Values of a bag that count, the first ones.</summary>
    public int MostValues { get; } = feature.MaxLength == 0 ? int.MaxValue : feature.MaxLength;

    /// <summary>What a value of another type is told.</summary>
    public virtual string Problem => feature.Type == SparseType.Integer
        ? "is not a whole number of 64 bits, which the feature is"
        : "is not a hexadecimal number of 64 bits, which the feature is";

    /// <summary>The feature.</summary>
    protected SparseFeature Feature => feature;

    /// <summary>The row of a value.</summary>
    /// <param name="value">As it stands in text.</param>
    /// <param name="index">The table's row, or <see cref="NoLookup"/>.</param>
    /// <param name="known">False when a vocabulary lacks it.</param>
    /// <returns>False when the value is not of the feature's type.</returns>
    public abstract bool TryIndex(ReadOnlySpan<byte> value, out int index, out bool known);

    /// <summary>The encoder of a feature.</summary>
    /// <param name="feature">The feature.</param>
    /// <param name="vocabulary">Its values in a file; null where hashed.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="tableRows">E of the model's table; fewer than the feature's where indices were taken modulo a bound.</param>
    /// <param name="criteo">Criteo's hashes: 32 bits, eight digits in the vocabulary, 0 where empty.</param>
    /// <exception cref="BadDataException">The vocabulary is damaged.</exception>
    public static CategoryEncoder Of(SparseFeature feature, Stream? vocabulary, string path, int tableRows, bool criteo)
    {
        if (vocabulary is null)
        {
            return new TextCategoryEncoder(feature, null, tableRows);
        }

        if (!criteo)
        {
            return new TextCategoryEncoder(feature, VocabularyFile.Read(vocabulary, path).Values, tableRows);
        }

        var hashes = new List<uint>();
        VocabularyFile.ReadValues(vocabulary, path, value =>
        {
            if (!NumberVocabulary.TryHexadecimal(value, out uint hash))
            {
                throw new FormatException($"'{BadLine.Escape(value)}' is no hash");
            }

            hashes.Add(hash);
        });
        return new HashCategoryEncoder(feature, new NumberVocabulary(CollectionsMarshal.AsSpan(hashes)), tableRows);
    }

    /// <summary>A raw value that has a row of the table, the way back; empty where none is known.</summary>
    /// <param name="index">A row.</param>
    public string ValueOf(int index) => index < _first ? "" : TextAt(index - _first);

    /// <summary>The raw value at a place of the vocabulary; empty for none.</summary>
    /// <param name="place">0 or more.</param>
    protected abstract string TextAt(int place);

    /// <summary>The row of a value by its place in the vocabulary, −1 for none.</summary>
    protected int IndexOf(int place)
    {
        int index = place < 0 ? _first - 1 : place + _first;
        return Bounded(index);
    }

    /// <summary>An index below the table's rows.</summary>
    protected int Bounded(int index) => index >= tableRows ? index % tableRows : index;
}

/// <summary>Any feature but Criteo's hashes.</summary>
internal sealed class TextCategoryEncoder(SparseFeature feature, ValueDictionary? vocabulary, int tableRows)
    : CategoryEncoder(feature, tableRows)
{
    /// <inheritdoc/>
    public override bool TryIndex(scoped ReadOnlySpan<byte> value, out int index, out bool known)
    {
        Span<byte> number = stackalloc byte[LongestNumber];
        index = NoLookup;
        known = true;
        if (Feature.Type != SparseType.Text && !value.IsEmpty)
        {
            if (!DelimitedParser.TryCanonical(value, Feature.Type, number, out int written))
            {
                return false;
            }

            value = Feature.LogarithmBins ? NumberCategories.Name(number, written) : number[..written];
        }

        if (vocabulary is null)
        {
            index = Bounded(ParseRound.HashedIndex(value, Feature.Type, Feature.TableRows));
            return true;
        }

        int found = vocabulary.Find(value, ValueDictionary.Hash(value));
        known = found >= 0;
        index = IndexOf(found);
        return true;
    }

    /// <inheritdoc/>
    protected override string TextAt(int place) => vocabulary is not null && place < vocabulary.Count && !Feature.LogarithmBins
        ? Encoding.UTF8.GetString(vocabulary[place])
        : "";
}

/// <summary>Criteo's hashes.</summary>
internal sealed class HashCategoryEncoder(SparseFeature feature, NumberVocabulary vocabulary, int tableRows)
    : CategoryEncoder(feature, tableRows)
{
    /// <inheritdoc/>
    public override string Problem => "is not a hexadecimal number of up to eight digits, which the feature is";

    /// <inheritdoc/>
    public override bool TryIndex(scoped ReadOnlySpan<byte> value, out int index, out bool known)
    {
        index = NoLookup;
        known = true;
        if (!NumberVocabulary.TryHexadecimal(value, out uint hash))
        {
            return false;
        }

        int found = vocabulary.Find(Feature.Modulo > 0 ? hash % (uint)Feature.Modulo : hash);
        known = found >= 0;
        index = IndexOf(found);
        return true;
    }

    /// <inheritdoc/>
    protected override string TextAt(int place) =>
        vocabulary.NumberAt(place) is { } hash and not 0 ? hash.ToString("x8", CultureInfo.InvariantCulture) : "";
}
