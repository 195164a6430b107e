using System.Text.Json;
using Dlrm.Data;
using Dlrm.Layers;
using Dlrm.Model;
using Dlrm.Tests.Golden;

namespace Dlrm.Tests.Model;

/// <summary>The cases of pytorch-models.json, with the parameters and batches that pytorch_models.py made by hashing.</summary>
internal static class PyTorchModel
{
    public const int BatchSize = 8;
    public const int Steps = 6;

    public static IReadOnlyDictionary<string, JsonElement> Cases { get; } = Read();

    public static void Fill(DlrmModel model)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            bool norm = parameter.Name.Contains(".norm.", StringComparison.Ordinal);
            bool isOne = parameter.Name.EndsWith("norm.weight", StringComparison.Ordinal)
                || parameter.Name.EndsWith("running_var", StringComparison.Ordinal);
            float scale = parameter.Name.Contains("running", StringComparison.Ordinal) ? 0 : norm ? 0.5f : 1;
            uint[] hashes = Hashes(parameter.Name, (int)parameter.Value.Length);
            for (int i = 0; i < hashes.Length; i++)
            {
                parameter.Value[i] = (scale * Unit(hashes[i])) + (isOne ? 1 : 0);
            }
        }

        model.ParametersChanged();
    }

    public static Batch Batch(DlrmConfig config, int number, int size = BatchSize)
    {
        var batch = new Batch(config.DenseFeatures, config.TableRows.Count);
        batch.Resize(size);
        uint[] dense = Hashes($"dense{number}", size * config.DenseFeatures);
        uint[] labels = Hashes($"label{number}", size);
        for (int i = 0; i < dense.Length; i++)
        {
            batch.Dense[i] = Unit(dense[i]);
        }

        for (int sample = 0; sample < size; sample++)
        {
            batch.Labels[sample] = labels[sample] >> 31;
        }

        for (int table = 0; table < config.TableRows.Count; table++)
        {
            uint[] indices = Hashes($"bag{number}.{table}", size * 4);
            uint[] lengths = Hashes($"length{number}.{table}", size);
            Span<int> offsets = batch.Offsets(table);
            Span<int> rows = batch.ReserveIndices(table, size * 4);
            for (int sample = 0; sample < size; sample++)
            {
                int length = (int)(lengths[sample] % 5);
                for (int lookup = 0; lookup < length; lookup++)
                {
                    rows[offsets[sample] + lookup] = (int)(indices[(sample * 4) + lookup] % (uint)config.TableRows[table]);
                }

                offsets[sample + 1] = offsets[sample] + length;
            }
        }

        return batch;
    }

    private static uint[] Hashes(string name, int count)
    {
        uint seed = 0;
        for (int k = 0; k < name.Length; k++)
        {
            seed += name[k] * (uint)(k + 1);
        }

        return [.. Enumerable.Range(0, count).Select(i => Mix((seed * 65599) + (uint)i))];
    }

    private static float Unit(uint hash) => ((hash >> 20) / 4096f) - 0.5f;

    private static uint Mix(uint h)
    {
        h = (h ^ (h >> 16)) * 0x85EBCA6B;
        h = (h ^ (h >> 13)) * 0xC2B2AE35;
        return h ^ (h >> 16);
    }

    private static Dictionary<string, JsonElement> Read()
    {
        string path = Path.Combine(GoldenFiles.Folder, "..", "..", "Model", "pytorch-models.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.GetProperty("cases").EnumerateArray()
            .ToDictionary(item => item.GetProperty("name").GetString()!, item => item.Clone());
    }
}
