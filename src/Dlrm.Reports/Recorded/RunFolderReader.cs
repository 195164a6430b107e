using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dlrm.Reports.Recorded;

/// <summary>Reads the folder that a run left behind.</summary>
public static class RunFolderReader
{
    private const int ConfigFormat = 1;

    /// <summary>Reads a folder.</summary>
    /// <param name="folder">Holds config.json and metrics.jsonl, and usually curves.json and model/.</param>
    /// <exception cref="InvalidDataException">
    /// There is no such folder, a file that must be there is missing or damaged, or was written by a newer version; the
    /// message names it.
    /// </exception>
    public static RecordedRun Read(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidDataException($"{folder}: there is no such folder.");
        }

        var remarks = new List<string>();
        JsonNode config = ReadConfig(Existing(folder, "config.json"));
        MetricsLines metrics = ReadMetrics(Existing(folder, "metrics.jsonl"), remarks);
        RecordedCurves? curves = ReadCurves(folder, metrics, remarks);
        string model = Path.Combine(folder, "model");
        return new RecordedRun
        {
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
            Folder = folder,
            Data = (string?)config["data"]?["description"] ?? "unknown data",
            Outcome = metrics.Outcome ?? "end not recorded",
            Training = metrics.Training,
            Evaluations = metrics.Evaluations,
            Curves = curves,
            Configuration = [.. Settings(config)],
            Parameters = (long?)config["parameters"] ?? 0,
            ModelBytes = Directory.Exists(model)
                ? new DirectoryInfo(model).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
                : null,
            Remarks = remarks,
        };
    }

    private static string Existing(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path)
            ? path
            : throw new InvalidDataException($"{folder} has no {name}: name the folder that --output-dir gave to a run.");
    }

    private static JsonNode ReadConfig(string path)
    {
        try
        {
            JsonNode config = JsonNode.Parse(File.ReadAllText(path)) ?? throw new FormatException("it is empty");
            int format = (int?)config["format"] ?? throw new FormatException("it names no format");
            return format <= ConfigFormat
                ? config
                : throw new InvalidDataException(
                    $"{path} has format {format}, this version of dlrm reads {ConfigFormat}: use a newer dlrm.");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is damaged: {exception.Message}", exception);
        }
    }

    private static MetricsLines ReadMetrics(string path, List<string> remarks)
    {
        var metrics = new MetricsLines();
        string text = ReadShared(path);
        string[] lines = text.Split('\n');
        for (int number = 1; number <= lines.Length; number++)
        {
            string line = lines[number - 1];
            if (number == lines.Length)
            {
                if (line.Length > 0)
                {
                    remarks.Add("the last line of metrics.jsonl is cut off and was left out");
                }

                break;
            }

            try
            {
                metrics.Read(line);
            }
            catch (InvalidDataException exception)
            {
                throw new InvalidDataException(
                    string.Create(CultureInfo.InvariantCulture, $"{path} line {number}: {exception.Message}"), exception);
            }
        }

        return metrics;
    }

    /// <summary>The text of a file that its writer may still have open.</summary>
    private static string ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    private static RecordedCurves? ReadCurves(string folder, MetricsLines metrics, List<string> remarks)
    {
        string path = Path.Combine(folder, "curves.json");
        if (metrics.Evaluations.Count == 0)
        {
            return null;
        }

        if (!File.Exists(path))
        {
            remarks.Add("there is no curves.json (the run has not ended, or an older version of dlrm made it), "
                + "so the curves of its last test cannot be drawn");
            return null;
        }

        try
        {
            RecordedCurves curves = CurvesFile.Read(path);
            if (curves.Step != metrics.Evaluations[^1].Step)
            {
                remarks.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"curves.json is of the test after step {curves.Step:N0}, not of the last one"));
            }

            return curves;
        }
        catch (InvalidDataException exception)
        {
            remarks.Add(exception.Message);
            return null;
        }
    }

    /// <summary>Options first, then what they do not say.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Settings(JsonNode config)
    {
        foreach ((string name, JsonNode? value) in config["options"] as JsonObject ?? [])
        {
            yield return new KeyValuePair<string, string>("--" + name, Text(value));
        }

        foreach (string group in (string[])["data", "versions"])
        {
            foreach ((string name, JsonNode? value) in config[group] as JsonObject ?? [])
            {
                yield return new KeyValuePair<string, string>($"{group}: {name.Replace('_', ' ')}", Text(value));
            }
        }

        foreach (string name in (string[])["parameters", "threads", "isa"])
        {
            yield return new KeyValuePair<string, string>(name, Text(config[name]));
        }
    }

    private static string Text(JsonNode? value) => value is null ? "" : value.ToString();
}
