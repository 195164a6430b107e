using Dlrm.Serving.Metrics;

namespace Dlrm.Serving.Models;

/// <summary>A model by name: the version that answers now, and what happened to others.</summary>
/// <param name="name">Its name.</param>
internal sealed class ServedModel(string name)
{
    private ModelVersion? _current;

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Engines' measurements, over all versions.</summary>
    public BatchMetrics Batches { get; } = new();

    /// <summary>The version that answers; null while there is none. To use it take a lease.</summary>
    public ModelVersion? Current => Volatile.Read(ref _current);

    /// <summary>Versions loaded so far.</summary>
    public long Loads { get; private set; }

    /// <summary>Versions that could not be used so far.</summary>
    public long Failures { get; private set; }

    /// <summary>What is known to be unusable, and when to try again.</summary>
    public Dictionary<(string Version, string Fingerprint), LoadFailure> Failed { get; } = [];

    /// <summary>A lease on the version that answers.</summary>
    /// <exception cref="RequestException">There is none.</exception>
    public ModelVersion Acquire()
    {
        while (Current is { } version)
        {
            if (version.TryAcquire())
            {
                return version;
            }
        }

        throw RequestException.NotReady($"Model '{Name}' has no version that can be used.");
    }

    /// <summary>Puts a version in place of the one before, which ends when its last request is answered.</summary>
    /// <param name="version">Null for none.</param>
    public void Publish(ModelVersion? version)
    {
        Loads += version is null ? 0 : 1;
        Interlocked.Exchange(ref _current, version)?.Release();
    }

    /// <summary>Notes that a version cannot be used.</summary>
    /// <returns>How often that was tried.</returns>
    public int Fail(VersionFolder folder, DateTimeOffset now)
    {
        Failures++;
        (string, string) key = (folder.Version, folder.Fingerprint);
        int tries = (Failed.TryGetValue(key, out LoadFailure? failure) ? failure.Tries : 0) + 1;
        Failed[key] = new LoadFailure(tries, now + TimeSpan.FromSeconds(Math.Min(1 << Math.Min(tries, 6), 60)));
        return tries;
    }
}

/// <summary>A version that could not be used.</summary>
/// <param name="Tries">How often it was tried.</param>
/// <param name="Next">When to try again: its files may still have been on their way.</param>
internal sealed record LoadFailure(int Tries, DateTimeOffset Next);
