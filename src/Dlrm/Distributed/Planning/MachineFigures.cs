using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dlrm.Distributed.Planning;

/// <summary>What a host can do: all that predictions are made of. Measured by <see cref="Calibration"/>, or read from a file.</summary>
public sealed record MachineFigures
{
    /// <summary>The version of machine.json that this writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the file it came from.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What was measured, for people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Cores of a host.</summary>
    public required int CoresPerHost { get; init; }

    /// <summary>Bytes of memory of a host.</summary>
    public required long MemoryPerHost { get; init; }

    /// <summary>Threads of the rank that was measured; times of ranks with more are divided in proportion.</summary>
    public required int Threads { get; init; }

    /// <summary>10⁹ multiply-adds, each counting as two, that a core does in registers in a second.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>Random rows.</summary>
    public required RowSpeeds Rows { get; init; }

    /// <summary>How much longer a rank takes over random rows while all cores are at it than alone, 1 or more.</summary>
    public double MemorySharing { get; init; } = 1;

    /// <summary>What the product's own kernels take beyond peak and memory, by <see cref="CostTerms"/>.</summary>
    public required StageCosts Stages { get; init; }

    /// <summary>What talking costs.</summary>
    public ExchangeFigures Exchange { get; init; } = new();

    /// <summary>The text of machine.json.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MachineFiguresJson.Default.MachineFigures);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InvalidDataException">It is no such file, or a figure is out of range; the message says which.</exception>
    public static MachineFigures FromJson(string json)
    {
        MachineFigures figures;
        try
        {
            figures = JsonSerializer.Deserialize(json, MachineFiguresJson.Default.MachineFigures)
                ?? throw new JsonException("it is null.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"These are no machine figures: {exception.Message}", exception);
        }

        figures.Validate();
        return figures;
    }

    private void Validate()
    {
        Require(Version == CurrentVersion, $"version is {Version}; this program reads version {CurrentVersion}: measure again");
        Require(CoresPerHost >= 1, $"coresPerHost is {CoresPerHost}; a host has 1 or more");
        Require(MemoryPerHost >= 1, $"memoryPerHost is {MemoryPerHost}; a host has some");
        Require(Threads >= 1, $"threads is {Threads}; a rank has 1 or more");
        Require(PeakGflops > 0, $"peakGflops is {PeakGflops}; it is more than 0");
        Require(MemorySharing >= 1, $"memorySharing is {MemorySharing}; it is 1 or more");
        Require(
            Rows.RowBytes.Count == 2 && Rows.GatherNanoseconds.Count == 2 && Rows.UpdateNanoseconds.Count == 2 && Rows.TableBytes.Count > 0
                && Rows.GatherNanoseconds.Concat(Rows.UpdateNanoseconds).All(times => times.Count == Rows.TableBytes.Count),
            "rows has two row sizes and a time for each size of table");
        Require(
            Exchange.CopyGbPerSecond > 0 && Exchange.ReduceGbPerSecond > 0 && Exchange.NetworkGbitPerSecond > 0, "exchange has speeds above 0");
        Stages.Check();
    }

    private static void Require(bool condition, string rule)
    {
        if (!condition)
        {
            throw new InvalidDataException($"The machine figures cannot be used: {rule}.");
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(MachineFigures))]
internal sealed partial class MachineFiguresJson : JsonSerializerContext;
