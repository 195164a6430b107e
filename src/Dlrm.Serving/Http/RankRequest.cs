using System.Text.Json;
using Dlrm.Data;
using Dlrm.Data.Scoring;
using Dlrm.Serving.Batching;
using Dlrm.Serving.Models;

namespace Dlrm.Serving.Http;

/// <summary>A ranking request in JSON: <c>{"context": {…}, "candidates": [{…}, …], "top": 10}</c>.</summary>
/// <remarks>
/// A raw field stands either in the context or in the candidates. The context is read and encoded once; its tables are
/// looked up once (<see cref="SharedContext"/>), as are those of fields that stand nowhere.
/// </remarks>
internal readonly ref struct RankRequest
{
    private readonly ReadOnlySpan<byte> _context;
    private readonly ReadOnlySpan<byte> _candidates;

    private RankRequest(ReadOnlySpan<byte> context, ReadOnlySpan<byte> candidates, int? top)
    {
        _context = context;
        _candidates = candidates;
        Top = top;
    }

    /// <summary>How many candidates are wanted; null for all.</summary>
    public int? Top { get; }

    /// <summary>Finds the parts.</summary>
    /// <param name="json">The body.</param>
    /// <exception cref="RequestException">A part is missing.</exception>
    /// <exception cref="JsonException">No JSON.</exception>
    public static RankRequest Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        ReadOnlySpan<byte> context = default;
        ReadOnlySpan<byte> candidates = default;
        int? top = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestException.Bad("Expected a JSON object with 'context' and 'candidates'.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isContext = reader.ValueTextEquals("context"u8);
            bool isCandidates = reader.ValueTextEquals("candidates"u8);
            bool isTop = reader.ValueTextEquals("top"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            JsonTokenType type = reader.TokenType;
            if (isTop)
            {
                top = type == JsonTokenType.Number && reader.TryGetInt32(out int number) && number > 0
                    ? number
                    : throw RequestException.Bad("'top' is a whole number, 1 or more.");
            }

            reader.Skip();
            ReadOnlySpan<byte> value = json[start..(int)reader.BytesConsumed];
            context = isContext && type == JsonTokenType.StartObject ? value : context;
            candidates = isCandidates && type == JsonTokenType.StartArray ? value : candidates;
        }

        if (reader.Read() || context.IsEmpty || candidates.IsEmpty)
        {
            throw RequestException.Bad("Expected a JSON object with 'context', an object of raw values, and 'candidates', an array of such objects.");
        }

        return new RankRequest(context, candidates, top);
    }

    /// <summary>Encodes context and candidates.</summary>
    /// <param name="rows">How.</param>
    /// <param name="encoded">The candidates, with the context's values for sample 0; to be returned to <paramref name="rows"/>.</param>
    /// <returns>What they share.</returns>
    public SharedContext Encode(RowPool rows, out RowBatch encoded)
    {
        RowEncoder encoder = rows.Encoder;
        Span<bool> inContext = stackalloc bool[encoder.Fields.Count];
        Span<bool> inCandidates = stackalloc bool[encoder.Fields.Count];
        var reader = new Utf8JsonReader(_context);
        reader.Read();
        MarkFields(ref reader, encoder, inContext);
        int count = MarkCandidates(encoder, inContext, inCandidates);
        if (count == 0)
        {
            throw RequestException.Bad("There are no candidates.");
        }

        rows.Read(_context, out RowBatch context);
        try
        {
            rows.Read(_candidates, out encoded);
            Batch batch = encoded.Build();
            return Share(encoder, context.Build(), batch, inCandidates);
        }
        finally
        {
            rows.Return(context);
        }
    }

    private int MarkCandidates(RowEncoder encoder, ReadOnlySpan<bool> inContext, Span<bool> inCandidates)
    {
        var reader = new Utf8JsonReader(_candidates);
        reader.Read();
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw RequestException.Bad($"Candidate {count} is not a JSON object of raw values by name.");
            }

            MarkFields(ref reader, encoder, inCandidates);
            count++;
        }

        for (int field = 0; field < inContext.Length; field++)
        {
            if (inContext[field] && inCandidates[field])
            {
                throw RequestException.Bad($"Field '{encoder.Fields[field].Name}' stands in the context and in candidates; it belongs in one of them.");
            }
        }

        return count;
    }

    private static void MarkFields(ref Utf8JsonReader reader, RowEncoder encoder, scoped Span<bool> marks)
    {
        Span<byte> unescaped = stackalloc byte[256];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            scoped ReadOnlySpan<byte> name = reader.ValueSpan;
            if (reader.ValueIsEscaped && name.Length <= unescaped.Length)
            {
                name = unescaped[..reader.CopyString(unescaped)];
            }

            int field = encoder.FieldOf(name);
            if (field >= 0)
            {
                marks[field] = true; // others are refused when the row is encoded
            }

            reader.Skip();
        }
    }

    /// <summary>Puts the context's values into the candidates' batch.</summary>
    private static SharedContext Share(RowEncoder encoder, Batch context, Batch batch, ReadOnlySpan<bool> inCandidates)
    {
        var shared = new SharedContext(new bool[batch.Tables], Dense: true);
        Array.Fill(shared.Tables, true);
        Span<bool> ownDense = stackalloc bool[batch.DenseFeatures];
        for (int field = 0; field < inCandidates.Length; field++)
        {
            if (inCandidates[field])
            {
                foreach (int table in encoder.Fields[field].Tables)
                {
                    shared.Tables[table] = false;
                }

                foreach (int feature in encoder.Fields[field].Dense)
                {
                    ownDense[feature] = true;
                }
            }
        }

        for (int table = 0; table < batch.Tables; table++)
        {
            if (shared.Tables[table])
            {
                ReadOnlySpan<int> bag = context.Indices(table);
                bag.CopyTo(batch.ReserveIndices(table, bag.Length));
                batch.Offsets(table)[1..].Fill(bag.Length);
            }
        }

        bool allShared = !ownDense.Contains(true);
        ShareDense(context.Dense, batch, ownDense, allShared ? 1 : batch.Size);
        return shared with { Dense = allShared };
    }

    private static void ShareDense(ReadOnlySpan<float> context, Batch batch, ReadOnlySpan<bool> own, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Span<float> values = batch.Dense.Slice(row * batch.DenseFeatures, batch.DenseFeatures);
            for (int feature = 0; feature < values.Length; feature++)
            {
                values[feature] = own[feature] ? values[feature] : context[feature];
            }
        }
    }
}
