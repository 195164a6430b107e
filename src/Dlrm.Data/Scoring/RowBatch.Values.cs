using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Dlrm.Data.Scoring;

/// <content>Single values.</content>
public sealed partial class RowBatch
{
    private const int LongestNumber = 40;

    private byte[] _scratch = new byte[256];

    /// <summary>Sets the row's label, which scoring does not look at; 0 until set.</summary>
    /// <param name="label">In [0, 1].</param>
    public void SetLabel(float label)
    {
        RequireRow();
        _batch.Labels[Count] = label;
    }

    /// <summary>Sets a field from its text, as it stands in a cell of a CSV file; the empty text is a missing value.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="text">UTF-8.</param>
    /// <param name="problem">What is wrong with it; the row is then best discarded.</param>
    /// <returns>False when it is not what the feature wants.</returns>
    /// <exception cref="InvalidOperationException">No row was begun.</exception>
    public bool TrySetText(int field, ReadOnlySpan<byte> text, out RowProblem problem)
    {
        RequireRow();
        return Done(field, text, PutText(field, text), out problem);
    }

    /// <summary>As <see cref="TrySetText"/>.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="text">UTF-8.</param>
    /// <exception cref="BadRowException">It is not what the feature wants.</exception>
    public void SetText(int field, ReadOnlySpan<byte> text)
    {
        if (!TrySetText(field, text, out RowProblem problem))
        {
            throw new BadRowException(problem);
        }
    }

    /// <summary>Sets a field from its text.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="text">As it stands in a cell of a CSV file.</param>
    /// <exception cref="BadRowException">It is not what the feature wants.</exception>
    public void SetText(int field, ReadOnlySpan<char> text)
    {
        Span<byte> bytes = Scratch(Encoding.UTF8.GetMaxByteCount(text.Length));
        SetText(field, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    /// <summary>Sets a field to a number; of a categorical one, to its shortest decimal text.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="value">NaN for a missing one.</param>
    /// <exception cref="BadRowException">It is infinite, or not what the feature wants.</exception>
    public void SetNumber(int field, double value)
    {
        RequireRow();
        RawField raw = _encoder.FieldArray[field];
        if (double.IsNaN(value))
        {
            SetMissing(field);
            return;
        }

        Span<byte> text = stackalloc byte[LongestNumber];
        if (raw.Tables.Length == 0 && double.IsFinite(value))
        {
            PutNumber(raw, value);
            _states[field] = FieldState.Set;
            return;
        }

        value.TryFormat(text, out int written, "R", CultureInfo.InvariantCulture);
        SetText(field, text[..written]);
    }

    /// <summary>Sets a field to a number, by its shortest decimal text: 0.1f is 0.1, as in a table's column of float32.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="value">NaN for a missing one.</param>
    /// <exception cref="BadRowException">It is infinite, or not what the feature wants.</exception>
    public void SetNumber(int field, float value)
    {
        if (float.IsNaN(value))
        {
            SetMissing(field);
            return;
        }

        Span<byte> text = stackalloc byte[LongestNumber];
        value.TryFormat(text, out int written, "R", CultureInfo.InvariantCulture);
        SetText(field, text[..written]);
    }

    /// <summary>Sets a field to a whole number.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="value">The number.</param>
    /// <exception cref="BadRowException">It is not what the feature wants.</exception>
    public void SetNumber(int field, long value)
    {
        Span<byte> text = stackalloc byte[LongestNumber];
        Utf8Formatter.TryFormat(value, text, out int written);
        SetText(field, text[..written]);
    }

    /// <summary>Makes a field missing, as it is when it is not set.</summary>
    /// <param name="field">Its number.</param>
    public void SetMissing(int field)
    {
        RequireRow();
        PutText(field, default);
    }

    /// <summary>Begins the bag of a field, empty; values follow by <see cref="TryAddValue"/>.</summary>
    /// <param name="field">Its number.</param>
    /// <exception cref="InvalidOperationException">The field takes one value.</exception>
    public void BeginBag(int field)
    {
        RequireRow();
        RawField raw = _encoder.FieldArray[field];
        if (raw.Kind != RawFieldKind.Bag)
        {
            throw new InvalidOperationException($"Field '{raw.Name}' takes one value, not a bag.");
        }

        PutText(field, default);
    }

    /// <summary>Adds a value to the bag of a field.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="value">UTF-8; a separator in it divides nothing. Values beyond the longest bag are dropped.</param>
    /// <param name="problem">What is wrong with it; the row is then best discarded.</param>
    /// <returns>False when it is not what the feature wants.</returns>
    public bool TryAddValue(int field, ReadOnlySpan<byte> value, out RowProblem problem)
    {
        RequireRow();
        RawField raw = _encoder.FieldArray[field];
        _states[field] = FieldState.Set;
        string? wrong = null;
        foreach (int table in raw.Tables)
        {
            wrong ??= _ends[table] - _starts[table] < _encoder.Categories[table].MostValues
                ? PutValue(field, table, value, missing: false)
                : null;
        }

        return Done(field, value, wrong, out problem);
    }

    private bool Done(int field, ReadOnlySpan<byte> text, string? wrong, out RowProblem problem)
    {
        problem = wrong is null ? default : RowProblem.Of(_encoder.FieldArray[field].Name, text, wrong);
        return wrong is null;
    }

    private Span<byte> Scratch(int length)
    {
        if (_scratch.Length < length)
        {
            _scratch = new byte[Math.Max(length, 2 * _scratch.Length)];
        }

        return _scratch;
    }
}
