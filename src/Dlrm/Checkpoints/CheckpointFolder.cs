using System.Globalization;

namespace Dlrm.Checkpoints;

/// <summary>A run's checkpoints: folders step-N, of which the newest few are kept.</summary>
/// <remarks>
/// Each appears whole or not at all (<see cref="ModelFolder.Save(string, ModelContents)"/>). Older ones are removed only
/// after a newer one stands. One process at a time writes; whoever does holds the run's lock.
/// </remarks>
public sealed class CheckpointFolder
{
    private const string Prefix = "step-";
    private const string Removed = ".tmp-";
    private readonly FileLayer _layer;

    /// <summary>Checkpoints in a folder, which need not exist yet.</summary>
    /// <param name="path">The folder, e.g. <c>runs/x/checkpoints</c>.</param>
    public CheckpointFolder(string path)
        : this(path, FileLayer.Disk)
    {
    }

    internal CheckpointFolder(string path, FileLayer layer)
    {
        FullPath = Path.GetFullPath(path);
        _layer = layer;
    }

    /// <summary>The folder.</summary>
    public string FullPath { get; }

    /// <summary>The path of a step's checkpoint.</summary>
    /// <param name="step">Steps done.</param>
    public string PathOf(long step) => Path.Combine(FullPath, Prefix + step.ToString(CultureInfo.InvariantCulture));

    /// <summary>The checkpoints, newest first, whether sound or not.</summary>
    public IReadOnlyList<(long Step, string Path)> List() => Directory.Exists(FullPath)
        ?
        [
            .. Directory.EnumerateDirectories(FullPath)
                .Select(path => (Step: StepOf(path), Path: path))
                .Where(entry => entry.Step >= 0)
                .OrderByDescending(entry => entry.Step),
        ]
        : [];

    /// <summary>Saves a checkpoint and then removes all but the newest.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="contents">What to save.</param>
    /// <param name="keep">How many to keep, this one included: 1 or more.</param>
    /// <returns>Where it is.</returns>
    /// <exception cref="IOException">It could not be saved; those before are untouched.</exception>
    public string Save(long step, ModelContents contents, int keep)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        string path = PathOf(step);
        ModelFolder.Save(path, contents, _layer);
        if (contents.Ranks is { Rank: > 0 })
        {
            return path;
        }

        foreach ((long _, string old) in List().Where(entry => entry.Step != step).Skip(keep - 1))
        {
            TryRemove(old);
        }

        return path;
    }

    /// <summary>Removes what a crash left half written or half removed; only for the process that holds the run's lock.</summary>
    public void Clear()
    {
        if (!Directory.Exists(FullPath))
        {
            return;
        }

        foreach (string path in Directory.EnumerateDirectories(FullPath, Prefix + "*"))
        {
            string name = Path.GetFileName(path);
            foreach (string kind in (string[])[Removed, RankedSave.Mark])
            {
                int mark = name.IndexOf(kind, StringComparison.Ordinal);
                if (mark > 0 && name.Length == mark + kind.Length + 8 && StepOf(path[..^(kind.Length + 8)]) >= 0)
                {
                    TryDelete(path);
                }
            }
        }
    }

    /// <summary>Puts the checkpoints after a step out of the way: the run goes on from that step, perhaps differently.</summary>
    /// <param name="step">The step.</param>
    /// <returns>Where they are now.</returns>
    public IReadOnlyList<string> SetAsideAfter(long step)
    {
        var moved = new List<string>();
        foreach ((long _, string path) in List().Where(entry => entry.Step > step))
        {
            string target = Path.Combine(FullPath, "aside-" + Path.GetFileName(path));
            for (int number = 2; Directory.Exists(target); number++)
            {
                target = Path.Combine(FullPath, string.Create(CultureInfo.InvariantCulture, $"aside-{Path.GetFileName(path)}-{number}"));
            }

            _layer.Move(path, target);
            moved.Add(target);
        }

        return moved;
    }

    private static long StepOf(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step
            : -1;
    }

    /// <summary>Renamed first, so that a checkpoint half removed is never taken for a damaged one.</summary>
    private void TryRemove(string path)
    {
        string gone = path + Removed + Path.GetRandomFileName()[..8];
        try
        {
            _layer.Move(path, gone);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return; // it costs disk space only; the next save tries again
        }

        TryDelete(gone);
    }

    private void TryDelete(string path)
    {
        try
        {
            _layer.DeleteFolder(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }
}
