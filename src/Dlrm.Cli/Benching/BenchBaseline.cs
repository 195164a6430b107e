using System.Text.Json;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Benching;

/// <summary>One row of an earlier measurement.</summary>
/// <param name="Preset">The preset.</param>
/// <param name="Batch">B.</param>
/// <param name="Threads">Workers.</param>
/// <param name="Train">Share of the floor that the fastest training step had.</param>
/// <param name="Infer">The same of inference.</param>
internal sealed record BaselineRow(string Preset, int Batch, int Threads, double Train, double Infer);

/// <summary>Reads what <c>dlrm bench --format=json</c> printed, or a history of such measurements.</summary>
/// <remarks>
/// The file holds JSON objects one after the other. An object with <c>rows</c> is a measurement of several rows, and the last
/// such object counts; else each object is a row, and the last one of a preset, batch and number of threads counts.
/// </remarks>
internal static class BenchBaseline
{
    /// <summary>The rows of a file, in its order.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="UsageException">It cannot be read, is no such file, or has no rows.</exception>
    public static IReadOnlyList<BaselineRow> Read(string path)
    {
        try
        {
            List<JsonElement> objects = Objects(File.ReadAllBytes(path));
            JsonElement[] histories = [.. objects.Where(item => item.TryGetProperty("rows", out _))];
            IEnumerable<JsonElement> rows = histories.Length > 0 ? histories[^1].GetProperty("rows").EnumerateArray() : objects;
            BaselineRow[] read = [.. rows.Select(Row).GroupBy(row => (row.Preset, row.Batch, row.Threads)).Select(same => same.Last())];
            return read.Length > 0 ? read : throw new UsageException($"--compare={path}: no row in it.");
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UsageException(
                $"--compare={path}: {exception.Message} Expected what dlrm bench --format=json prints, or lines with \"rows\" of such objects.");
        }
    }

    private static List<JsonElement> Objects(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { AllowMultipleValues = true });
        var objects = new List<JsonElement>();
        while (reader.Read())
        {
            objects.Add(JsonElement.ParseValue(ref reader));
        }

        return objects;
    }

    private static BaselineRow Row(JsonElement row) => new(
        row.GetProperty("preset").GetString() ?? throw new FormatException("A row without a preset."),
        row.GetProperty("batch").GetInt32(),
        row.GetProperty("threads").GetInt32(),
        row.GetProperty("best_fraction_of_floor").GetDouble(),
        row.GetProperty("best_infer_fraction_of_floor").GetDouble());
}
