using System.Globalization;
using Dlrm.Interop.Models;
using Dlrm.Layers;

namespace Dlrm.Interop.PyTorch;

/// <summary>What a tower's tensors are called where it is PyTorch's <c>nn.Sequential</c>, in which every module has a place.</summary>
/// <remarks>
/// A hidden layer is Linear, [BatchNorm1d or LayerNorm], activation (nn.Identity for none), [Dropout]; the modules in brackets
/// are there where the tower has them. So the reference's towers keep its names, and a layer with normalization that we call
/// <c>bot_l.2.norm.weight</c> is <c>bot_l.4.weight</c> there.
/// </remarks>
internal static class TowerNames
{
    private const string Norm = "norm";

    /// <summary>Our parameter's name there.</summary>
    /// <param name="ours">E.g. <c>bot_l.2.norm.weight</c>.</param>
    /// <param name="tower">What stands between the layers; null for rectifiers.</param>
    public static string Theirs(string ours, TowerOptions? tower)
    {
        string[] parts = ours.Split('.');
        if (tower is null || parts[0] is not ("bot_l" or "top_l"))
        {
            return ours;
        }

        bool normalized = tower.Normalization != "none";
        int modules = 2 + (normalized ? 1 : 0) + (tower.Dropout > 0 ? 1 : 0);
        int place = int.Parse(parts[1], CultureInfo.InvariantCulture) / 2 * modules;
        return parts[2] == Norm
            ? string.Create(CultureInfo.InvariantCulture, $"{parts[0]}.{place + 1}.{parts[3]}")
            : string.Create(CultureInfo.InvariantCulture, $"{parts[0]}.{place}.{parts[2]}");
    }

    /// <summary>Whether the towers of an archive are not as the reference's: Linear at 0, 2, 4, …, nothing between.</summary>
    public static bool AreIn(ITensorArchive archive) => Read(archive).Any(entry => entry.Key != entry.Value);

    /// <summary>Our names for all that an archive holds, each with its own there, whatever the modules between are.</summary>
    public static Dictionary<string, string> Read(ITensorArchive archive)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var places = new SortedDictionary<(string Tower, int Place), List<string>>();
        foreach (string name in archive.Shapes.Keys)
        {
            string[] parts = name.Split('.');
            if (parts.Length == 3 && parts[0] is ("bot_l" or "top_l")
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int place))
            {
                (string Tower, int Place) key = (parts[0], place);
                if (!places.TryGetValue(key, out List<string>? suffixes))
                {
                    places[key] = suffixes = [];
                }

                suffixes.Add(parts[2]);
            }
            else
            {
                names[name] = name;
            }
        }

        string tower = "";
        int layer = -1;
        foreach (((string Tower, int Place) at, List<string> suffixes) in places)
        {
            layer = at.Tower == tower ? layer : -1;
            tower = at.Tower;
            string theirs = string.Create(CultureInfo.InvariantCulture, $"{tower}.{at.Place}");
            bool linear = archive.Shapes.TryGetValue(theirs + ".weight", out IReadOnlyList<long>? shape) && shape.Count == 2;
            layer += linear ? 1 : 0;
            string start = string.Create(CultureInfo.InvariantCulture, $"{tower}.{2 * Math.Max(layer, 0)}{(linear ? "" : "." + Norm)}");
            foreach (string suffix in suffixes.Where(suffix => suffix != "num_batches_tracked"))
            {
                names[$"{start}.{suffix}"] = $"{theirs}.{suffix}";
            }
        }

        return names;
    }
}

/// <summary>The tensors of an archive, towers under our names.</summary>
internal sealed class TowerArchive : ITensorArchive
{
    private readonly ITensorArchive _inner;
    private readonly Dictionary<string, string> _theirs;

    public TowerArchive(ITensorArchive inner)
    {
        _inner = inner;
        _theirs = TowerNames.Read(inner);
        Shapes = _theirs.ToDictionary(entry => entry.Key, entry => inner.Shapes[entry.Value], StringComparer.Ordinal);
    }

    public string Path => _inner.Path;

    public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

    public Stream Open(string name) => _inner.Open(_theirs[name]);

    public void Dispose() => _inner.Dispose();
}
