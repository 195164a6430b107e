using System.Globalization;
using System.Text.Json;
using Dlrm.Checkpoints;
using Dlrm.Cli.Options;
using Dlrm.Model;

namespace Dlrm.Cli.Running;

/// <summary>Turns the options about precision into the library's record, and applies it.</summary>
internal static class PrecisionSetup
{
    /// <summary>What the options ask a model that predicts to be quantized to; null when they ask for nothing.</summary>
    /// <param name="values">The options; those that a saved model was trained with do not count.</param>
    /// <param name="saved">What is to be quantized.</param>
    /// <exception cref="UsageException">The file of --quantize-config cannot be read, or does not fit the model.</exception>
    public static ModelPrecision? Requested(OptionValues values, DlrmConfig saved)
    {
        if (!PrecisionOptions.Requests.Any(values.IsGiven))
        {
            return null;
        }

        int bits = values.IsGiven(ModelOptions.QuantizeEmbeddings) ? values.GetInt(ModelOptions.QuantizeEmbeddings) : 32;
        int towers = values.IsGiven(ModelOptions.QuantizeMlp) ? values.GetInt(ModelOptions.QuantizeMlp) : 32;
        string file = values.IsGiven(PrecisionOptions.QuantizeConfig) ? values.Get(PrecisionOptions.QuantizeConfig) : "";
        var precision = new ModelPrecision
        {
            EmbeddingType = saved.Precision.EmbeddingType,
            EmbeddingBits = bits,
            MlpBits = towers,
        };
        return file.Length == 0 ? precision : Read(values, file, precision, saved.TableRows.Count);
    }

    /// <summary>Refuses, before any data are read, what cannot be done with the model that --load-model names.</summary>
    /// <param name="values">The options.</param>
    /// <param name="training">Whether the model is to be trained.</param>
    /// <exception cref="UsageException">The message names both sides.</exception>
    public static void Check(OptionValues values, bool training)
    {
        string load = values.Get(RunOptions.LoadModel);
        if (load.Length == 0 || !Directory.Exists(load))
        {
            if (!training && DataOptions.AreDrawn(values))
            {
                _ = Requested(values, ModelSetup.Config(values, shape: null));
            }

            return;
        }

        using ModelFolder folder = ModelSetup.Open(load, verifyHashes: false);
        DlrmConfig saved = DlrmConfig.FromJson(folder.ConfigJson);
        if (training && saved.Precision.IsQuantized)
        {
            throw new UsageException(
                $"--load-model={load} is quantized ({saved.Precision}): it predicts, and cannot be trained. Train the model that it was "
                + "made from, and quantize that again; or add --inference-only.");
        }

        if (!training)
        {
            RequireUnquantized(Requested(values, saved), saved, load);
        }
    }

    /// <summary>The model that the options ask for: a quantized one, or the same.</summary>
    /// <param name="model">Given back, or disposed of once converted.</param>
    /// <param name="values">The options.</param>
    public static DlrmModel Apply(DlrmModel model, OptionValues values)
    {
        ModelPrecision? requested = model.Config.Precision.IsQuantized ? null : Requested(values, model.Config);
        if (requested is null || !requested.IsQuantized)
        {
            return model;
        }

        using (model)
        {
            return ModelQuantizer.Quantize(model, requested);
        }
    }

    /// <summary>Refuses to quantize twice.</summary>
    /// <exception cref="UsageException">The saved model has other bits than those asked for.</exception>
    private static void RequireUnquantized(ModelPrecision? requested, DlrmConfig saved, string load)
    {
        if (requested is null || !saved.Precision.IsQuantized)
        {
            return;
        }

        bool same = requested.MlpBits == saved.Precision.MlpBits
            && Enumerable.Range(0, saved.TableRows.Count).All(table => requested.BitsOf(table) == saved.Precision.BitsOf(table));
        if (!same)
        {
            throw new UsageException(
                $"The options ask for {(requested.IsQuantized ? requested.ToString() : "32 bits")}, but --load-model={load} is quantized "
                + $"already ({saved.Precision}): leave them out, or quantize the model that it was made from.");
        }
    }

    private static ModelPrecision Read(OptionValues values, string file, ModelPrecision precision, int tables)
    {
        string option = $"{PrecisionOptions.QuantizeConfig.Switch}={file}";
        if (values.IsGiven(ModelOptions.QuantizeEmbeddings))
        {
            throw new UsageException(
                $"{option} and --quantize-emb-with-bit={precision.EmbeddingBits} both say the bits of tables: leave one out "
                + "(\"default\" in the file is for the tables that it does not name).");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            int[] bits = [.. Enumerable.Repeat(32, tables)];
            foreach (JsonProperty member in document.RootElement.EnumerateObject().OrderBy(member => member.Name == "tables"))
            {
                switch (member.Name)
                {
                    case "default":
                        bits.AsSpan().Fill(Bits(option, member, 4, 8, 32));
                        break;
                    case "mlp" when values.IsGiven(ModelOptions.QuantizeMlp):
                        throw new UsageException(
                            $"{option} has \"mlp\", and --quantize-mlp-with-bit={precision.MlpBits} is given too: leave one out.");
                    case "mlp":
                        precision = precision with { MlpBits = Bits(option, member, 8, 16, 32) };
                        break;
                    case "tables":
                        foreach (JsonProperty table in member.Value.EnumerateObject())
                        {
                            bits[Table(option, table.Name, tables)] = Bits(option, table, 4, 8, 32);
                        }

                        break;
                    default:
                        throw new UsageException($"{option}: '{member.Name}' is not known; there are default, tables, mlp.");
                }
            }

            return precision with { TableBits = bits };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option} cannot be read: {exception.Message}");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new UsageException(
                $"{option} is not what is expected, e.g. {{\"default\": 8, \"tables\": {{\"emb_l.3\": 4}}, \"mlp\": 16}}: {exception.Message}");
        }
    }

    private static int Table(string option, string name, int tables)
    {
        string number = name.StartsWith("emb_l.", StringComparison.Ordinal) ? name["emb_l.".Length..] : name;
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int table) && table < tables
            ? table
            : throw new UsageException(
                $"{option} names table '{name}', but the model has {tables} tables, emb_l.0 to emb_l.{tables - 1}.");
    }

    private static int Bits(string option, JsonProperty member, params int[] known) =>
        member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out int bits) && known.Contains(bits)
            ? bits
            : throw new UsageException(
                $"{option}: '{member.Name}' is {member.Value.GetRawText()}; there are {string.Join(", ", known)} bits.");
}
