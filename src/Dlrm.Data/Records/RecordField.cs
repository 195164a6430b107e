using Dlrm.Data.Preprocessing;
using Dlrm.Data.Scoring;

namespace Dlrm.Data.Records;

/// <summary>A column of plain records.</summary>
/// <typeparam name="T">The record.</typeparam>
internal abstract class RecordField<T>(string name)
{
    /// <summary>The column's name.</summary>
    public string Name => name;

    /// <summary>What training makes of it as a number; null for nothing.</summary>
    public DenseColumn? Dense { get; init; }

    /// <summary>What training makes of it as a category; null for nothing.</summary>
    public SparseColumn? Sparse { get; init; }

    /// <summary>What the encoder of a model must call it.</summary>
    public RawFieldKind Kind =>
        Dense is not null ? RawFieldKind.Number : Sparse?.Separator is null ? RawFieldKind.Category : RawFieldKind.Bag;

    /// <summary>Appends the value's text; nothing for a missing one.</summary>
    /// <exception cref="ArgumentException">The value cannot be.</exception>
    public abstract void Write(T record, FieldText text);

    /// <summary>Sets the value in the row that was begun.</summary>
    public virtual void Set(RowBatch rows, int field, T record, FieldText text)
    {
        text.Clear();
        Write(record, text);
        rows.SetText(field, text.Bytes);
    }
}

/// <summary>A number.</summary>
internal sealed class DoubleField<T>(string name, Func<T, double?> get) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text)
    {
        if (get(record) is { } value && !double.IsNaN(value))
        {
            Numbers.RequireFinite(Name, value);
            text.AppendNumber(value);
        }
    }

    public override void Set(RowBatch rows, int field, T record, FieldText text) => rows.SetNumber(field, get(record) ?? double.NaN);
}

/// <summary>A number of single precision: 0.1f is 0.1, as whoever wrote it meant.</summary>
internal sealed class SingleField<T>(string name, Func<T, float?> get) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text)
    {
        if (get(record) is { } value && !float.IsNaN(value))
        {
            Numbers.RequireFinite(Name, value);
            text.AppendNumber(value);
        }
    }

    public override void Set(RowBatch rows, int field, T record, FieldText text) => rows.SetNumber(field, get(record) ?? float.NaN);
}

/// <summary>A whole number, as number or as category.</summary>
internal sealed class WholeField<T>(string name, Func<T, long?> get) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text)
    {
        if (get(record) is { } value)
        {
            text.AppendNumber(value);
        }
    }
}

/// <summary>A text.</summary>
internal sealed class TextField<T>(string name, Func<T, string?> get) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text) => text.Append(get(record));
}

/// <summary>A value that writes itself.</summary>
internal sealed class WrittenField<T>(string name, Action<T, FieldText> write) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text) => write(record, text);
}

/// <summary>A bag of texts.</summary>
internal sealed class TextBagField<T>(string name, char separator, Func<T, IReadOnlyList<string>?> get) : RecordField<T>(name)
{
    public override void Write(T record, FieldText text)
    {
        IReadOnlyList<string>? values = get(record);
        for (int i = 0; i < values?.Count; i++)
        {
            if (i > 0)
            {
                text.Append((byte)separator);
            }

            if (values[i].Contains(separator, StringComparison.Ordinal))
            {
                throw new ArgumentException(
                    $"'{Name}' has the value '{values[i]}', which holds the separator of its values (U+{(int)separator:X4}): choose "
                    + $"another {nameof(CategoryOptions)}.{nameof(CategoryOptions.Separator)}.");
            }

            text.Append(values[i]);
        }
    }
}

/// <summary>A bag of whole numbers.</summary>
internal sealed class WholeBagField<T, TNumber>(string name, char separator, Func<T, IReadOnlyList<TNumber>?> get) : RecordField<T>(name)
    where TNumber : IUtf8SpanFormattable
{
    public override void Write(T record, FieldText text)
    {
        IReadOnlyList<TNumber>? values = get(record);
        for (int i = 0; i < values?.Count; i++)
        {
            if (i > 0)
            {
                text.Append((byte)separator);
            }

            text.AppendNumber(values[i]);
        }
    }
}

/// <summary>What numbers must be.</summary>
internal static class Numbers
{
    public static void RequireFinite(string name, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentException($"'{name}' is {value}; a number must be finite (NaN or null for a missing one).");
        }
    }
}
