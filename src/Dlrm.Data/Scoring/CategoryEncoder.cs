using System.Buffers.Text;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Scoring;

/// <summary>Raw values of one categorical feature to rows of its table, as training had them. Any thread may ask.</summary>
/// <param name="feature">The feature.</param>
/// <param name="vocabulary">Its values; null where hashed.</param>
/// <param name="tableRows">E of the model's table; fewer than the feature's where indices were taken modulo a bound.</param>
/// <param name="criteo">Criteo's hashes: 32 bits, eight digits in the vocabulary, 0 where empty.</param>
internal sealed class CategoryEncoder(SparseFeature feature, ValueDictionary? vocabulary, int tableRows, bool criteo)
{
    /// <summary>What a value without an index has where no index stands for the unknown: the row looks nothing up.</summary>
    public const int NoLookup = -1;

    private const int LongestNumber = 24;

    private readonly int _first = feature.OutOfVocabulary ? 1 : 0;

    /// <summary>True when a row has a bag of values.</summary>
    public bool IsBag => feature.IsBag;

    /// <summary>Between them in text.</summary>
    public byte Separator { get; } = (byte)(feature.Separator?[0] ?? 0);

    /// <summary>Values of a bag that count, the first ones.</summary>
    public int MostValues { get; } = feature.MaxLength == 0 ? int.MaxValue : feature.MaxLength;

    /// <summary>What a value of another type is told.</summary>
    public string Problem => feature.Type == SparseType.Integer
        ? "is not a whole number of 64 bits, which the feature is"
        : criteo ? "is not a hexadecimal number of up to eight digits, which the feature is"
        : "is not a hexadecimal number of 64 bits, which the feature is";

    /// <summary>The row of a value.</summary>
    /// <param name="value">As it stands in text.</param>
    /// <param name="index">The table's row, or <see cref="NoLookup"/>.</param>
    /// <param name="known">False when a vocabulary lacks it.</param>
    /// <returns>False when the value is not of the feature's type.</returns>
    public bool TryIndex(scoped ReadOnlySpan<byte> value, out int index, out bool known)
    {
        Span<byte> number = stackalloc byte[LongestNumber];
        index = NoLookup;
        known = true;
        if (criteo)
        {
            if (!TryCriteo(value, number, out int written))
            {
                return false;
            }

            value = number[..written];
        }
        else if (feature.Type != SparseType.Text && !value.IsEmpty)
        {
            if (!DelimitedParser.TryCanonical(value, feature.Type, number, out int written))
            {
                return false;
            }

            value = feature.LogarithmBins ? NumberCategories.Name(number, written) : number[..written];
        }

        if (vocabulary is null)
        {
            index = ParseRound.HashedIndex(value, feature.Type, feature.TableRows);
        }
        else if (vocabulary.Find(value, ValueDictionary.Hash(value)) is >= 0 and int found)
        {
            index = found + _first;
        }
        else
        {
            known = false;
            index = _first - 1;
        }

        index = index >= tableRows ? index % tableRows : index;
        return true;
    }

    /// <summary>The value of a row of the table, the way back; empty where it has none, or was hashed.</summary>
    /// <param name="index">A row.</param>
    public ReadOnlySpan<byte> ValueOf(int index)
    {
        int place = index - _first;
        return vocabulary is not null && place >= 0 && place < vocabulary.Count ? vocabulary[place] : default;
    }

    private bool TryCriteo(ReadOnlySpan<byte> value, Span<byte> text, out int written)
    {
        written = 0;
        ulong hash = 0;
        if (!value.IsEmpty
            && (!Utf8Parser.TryParse(value, out hash, out int used, 'x') || used != value.Length || hash > uint.MaxValue))
        {
            return false;
        }

        hash = feature.Modulo > 0 ? hash % (uint)feature.Modulo : hash;
        return Utf8Formatter.TryFormat(hash, text, out written, new System.Buffers.StandardFormat('x', 8));
    }
}
