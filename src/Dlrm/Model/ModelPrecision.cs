using System.Text.Json.Serialization;
using Dlrm.Kernels;

namespace Dlrm.Model;

/// <summary>In how many bits the parts of a model are kept. Defaults: single precision throughout.</summary>
/// <remarks>
/// Tables may be trained in 16 bits (<see cref="EmbeddingType"/>). 8 and 4 bits are for a model that only predicts:
/// <see cref="ModelQuantizer"/> makes it.
/// </remarks>
public sealed record ModelPrecision
{
    /// <summary>Single precision throughout.</summary>
    public static ModelPrecision Single { get; } = new();

    /// <summary>What trained tables are kept in (<c>--embedding-dtype</c>): fp32, fp16 or bf16.</summary>
    public string EmbeddingType { get; init; } = "fp32";

    /// <summary>Bits of the tables of a model that predicts (<c>--quantize-emb-with-bit</c>): 4, 8, or 32 for none fewer.</summary>
    public int EmbeddingBits { get; init; } = 32;

    /// <summary>The bits of each table where they differ (<c>--quantize-config</c>); null where all are <see cref="EmbeddingBits"/>.</summary>
    public IReadOnlyList<int>? TableBits { get; init; }

    /// <summary>Bits of the towers' weights (<c>--quantize-mlp-with-bit</c>): 8, 16, or 32 for none fewer.</summary>
    public int MlpBits { get; init; } = 32;

    /// <summary>The words of <see cref="EmbeddingType"/>.</summary>
    public static IReadOnlyList<string> EmbeddingTypes => StorageFormats.Words;

    /// <summary>True when something is in fewer bits than it could be trained in.</summary>
    [JsonIgnore]
    public bool IsQuantized => EmbeddingBits != 32 || MlpBits != 32 || TableBits is { } bits && bits.Any(bit => bit != 32);

    /// <summary>Bits of a table: 4, 8 or 32.</summary>
    /// <param name="table">Its number.</param>
    public int BitsOf(int table) => TableBits is { } bits ? bits[table] : EmbeddingBits;

    /// <summary>For a person, e.g. <c>tables 8 bit, towers 16 bit</c>; empty for single precision.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        if (EmbeddingType != "fp32")
        {
            parts.Add($"tables {EmbeddingType}");
        }

        if (TableBits is { } bits)
        {
            parts.Add("tables " + string.Join(", ", bits.GroupBy(bit => bit).OrderBy(group => group.Key)
                .Select(group => $"{group.Count()} × {group.Key} bit")));
        }
        else if (EmbeddingBits != 32)
        {
            parts.Add($"tables {EmbeddingBits} bit");
        }

        if (MlpBits != 32)
        {
            parts.Add($"towers {MlpBits} bit");
        }

        return string.Join(", ", parts);
    }

    /// <summary>How the rows of a table are kept.</summary>
    internal StorageFormat FormatOf(int table) => BitsOf(table) switch
    {
        4 => StorageFormat.Rowwise4,
        8 => StorageFormat.Rowwise8,
        _ => StorageFormats.Parse(EmbeddingType),
    };

    /// <summary>How the weights of the towers are kept.</summary>
    [JsonIgnore]
    internal StorageFormat TowerFormat => MlpBits switch
    {
        8 => StorageFormat.Int8,
        16 => StorageFormat.Float16,
        _ => StorageFormat.Float32,
    };

    /// <summary>Checks the numbers.</summary>
    /// <param name="tables">Tables of the model.</param>
    /// <exception cref="ArgumentException">One is none of those named, or there are not as many as tables.</exception>
    internal void Validate(int tables)
    {
        _ = StorageFormats.Parse(EmbeddingType);
        RequireBits(EmbeddingBits, "--quantize-emb-with-bit", 4, 8, 32);
        RequireBits(MlpBits, "--quantize-mlp-with-bit", 8, 16, 32);
        if (TableBits is not { } bits)
        {
            return;
        }

        if (bits.Count != tables)
        {
            throw new ArgumentException($"The precision names the bits of {bits.Count} tables; the model has {tables}.");
        }

        foreach (int bit in bits)
        {
            RequireBits(bit, "a table's bits", 4, 8, 32);
        }
    }

    private static void RequireBits(int bits, string name, params ReadOnlySpan<int> known)
    {
        if (!known.Contains(bits))
        {
            throw new ArgumentException($"{name}={bits}: there are {string.Join(", ", known.ToArray())}.");
        }
    }
}
