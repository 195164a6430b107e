using System.Text.Json;

namespace Dlrm.Cli.Options;

/// <summary>Reads the file of --config: a JSON object of options, or a run's config.json, which holds one.</summary>
internal static class OptionFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The options that may stand in it.</param>
    /// <exception cref="UsageException">No such file, not JSON, an unknown option, or a value that it does not take.</exception>
    public static IReadOnlyDictionary<ToolOption, object> Read(string path, IReadOnlyList<ToolOption> options)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(
                File.ReadAllText(path),
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        }
        catch (JsonException exception)
        {
            throw new UsageException($"--config={path} is not valid JSON: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--config={path} cannot be read: {exception.Message}");
        }

        using (document)
        {
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("options", out JsonElement inner))
            {
                root = inner;
            }

            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new UsageException($"--config={path}: expected an object such as {{\"mini-batch-size\": 128}}.");
            }

            return ReadOptions(path, root, options);
        }
    }

    /// <summary>The options of a run's config.json that <paramref name="options"/> has; the others are left out.</summary>
    public static IReadOnlyDictionary<ToolOption, object> ReadKnown(JsonElement root, IReadOnlyList<ToolOption> options)
    {
        var values = new Dictionary<ToolOption, object>();
        foreach (JsonProperty property in root.GetProperty("options").EnumerateObject())
        {
            if (options.FirstOrDefault(option => option.Name == property.Name) is { } option)
            {
                values[option] = option.Read(Text(property.Value));
            }
        }

        return values;
    }

    private static Dictionary<ToolOption, object> ReadOptions(
        string path, JsonElement root, IReadOnlyList<ToolOption> options)
    {
        var values = new Dictionary<ToolOption, object>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            string name = property.Name.TrimStart('-');
            ToolOption? option = options.FirstOrDefault(o => o.Name == name)
                ?? options.FirstOrDefault(o => o.Name == name.Replace('_', '-'));
            if (option is null || option == RunOptions.Config)
            {
                string? nearest = Suggestion.Nearest(name.Replace('_', '-'), options.Select(o => o.Name));
                throw new UsageException(
                    $"--config={path}: '{property.Name}' is not an option"
                    + (nearest is null ? "." : $"; did you mean '{nearest}'?"));
            }

            try
            {
                values[option] = option.Read(Text(property.Value));
            }
            catch (UsageException exception)
            {
                throw new UsageException($"--config={path}: {exception.Message}");
            }
        }

        return values;
    }

    /// <summary>The text that would stand on the command line.</summary>
    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join('-', value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };
}
