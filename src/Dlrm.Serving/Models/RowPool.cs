using System.Buffers;
using System.Text.Json;
using Dlrm.Data.Scoring;

namespace Dlrm.Serving.Models;

/// <summary>Batches for raw rows in three sizes, and what was seen of each field in them.</summary>
/// <param name="encoder">How rows are encoded.</param>
/// <param name="maxRows">Rows of a request at most.</param>
internal sealed class RowPool(RowEncoder encoder, int maxRows) : IDisposable
{
    private const int Kept = 32;

    private readonly int[] _sizes = [.. new[] { 16, 256, maxRows }.Where(size => size <= maxRows).Distinct()];
    private readonly Pool<RowBatch>[] _pools =
    [
        .. new[] { 16, 256, maxRows }.Where(size => size <= maxRows).Distinct()
            .Select((size, place) => new Pool<RowBatch>(() => new RowBatch(encoder, size), Math.Max(2, Kept >> (2 * place)))),
    ];

    private readonly long[] _unknown = new long[encoder.Fields.Count];
    private readonly long[] _missing = new long[encoder.Fields.Count];
    private long _rows;

    /// <summary>How rows are encoded.</summary>
    public RowEncoder Encoder => encoder;

    /// <summary>Raw rows so far.</summary>
    public long RowCount => Interlocked.Read(ref _rows);

    /// <summary>Values of a field so far that training gave no index.</summary>
    public long Unknown(int field) => Interlocked.Read(ref _unknown[field]);

    /// <summary>Rows so far in which a field was missing.</summary>
    public long Missing(int field) => Interlocked.Read(ref _missing[field]);

    /// <summary>An empty batch for some rows.</summary>
    /// <param name="rows">How many, at most <c>maxRows</c>.</param>
    public RowBatch Rent(int rows)
    {
        int place = 0;
        while (_sizes[place] < rows)
        {
            place++;
        }

        RowBatch batch = _pools[place].Rent();
        batch.Clear();
        return batch;
    }

    /// <summary>Gives one back.</summary>
    public void Return(RowBatch batch) => _pools[Array.IndexOf(_sizes, batch.Capacity)].Return(batch);

    /// <summary>Counts what a batch saw of its fields since <paramref name="before"/>.</summary>
    /// <param name="batch">After its rows.</param>
    /// <param name="before">Its counts before them.</param>
    public void Count(RowBatch batch, ReadOnlySpan<FieldCounts> before)
    {
        Interlocked.Add(ref _rows, batch.Count);
        for (int field = 0; field < before.Length; field++)
        {
            long unknown = batch.Counts[field].Unknown - before[field].Unknown;
            long missing = batch.Counts[field].Missing - before[field].Missing;
            if (unknown != 0)
            {
                Interlocked.Add(ref _unknown[field], unknown);
            }

            if (missing != 0)
            {
                Interlocked.Add(ref _missing[field], missing);
            }
        }
    }

    /// <summary>Reads a row, or an array of rows.</summary>
    /// <param name="json">A JSON object, or an array of them.</param>
    /// <param name="batch">With the rows; to be returned.</param>
    /// <returns>Whether it was an array.</returns>
    /// <exception cref="RequestException">It is something else, or a row cannot be encoded; the message says which.</exception>
    public bool Read(ReadOnlySpan<byte> json, out RowBatch batch)
    {
        int rows = JsonRows.Count(json, maxRows, out bool isArray);
        batch = Rent(rows);
        try
        {
            FieldCounts[] before = ArrayPool<FieldCounts>.Shared.Rent(encoder.Fields.Count);
            batch.Counts.CopyTo(before);
            Fill(json, isArray, batch);
            Count(batch, before.AsSpan(0, encoder.Fields.Count));
            ArrayPool<FieldCounts>.Shared.Return(before);
            return isArray;
        }
        catch
        {
            Return(batch);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Pool<RowBatch> pool in _pools)
        {
            pool.Dispose();
        }
    }

    private static void Fill(ReadOnlySpan<byte> json, bool isArray, RowBatch batch)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (!isArray)
        {
            Add(ref reader, batch, "The row");
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Add(ref reader, batch, null);
        }
    }

    private static void Add(ref Utf8JsonReader reader, RowBatch batch, string? which)
    {
        if (!batch.TryAddJson(ref reader, UnknownProperty.Refuse, out RowProblem problem))
        {
            throw RequestException.Bad($"{which ?? $"Row {batch.Count}"}: {problem}.");
        }
    }
}
