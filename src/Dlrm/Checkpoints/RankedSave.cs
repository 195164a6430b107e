using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dlrm.Checkpoints;

/// <summary>One save that ranks make together: each writes a file of its own beside the folder, rank 0 puts the folder together.</summary>
/// <remarks>
/// The files go to <c>PATH.parts-TOKEN</c>, on a disk that all ranks share. A rank writes, flushes, reads back and compares
/// its files, and then says so in <c>rank-N.json</c>, with their sizes and hashes, or says why not. Rank 0 waits for all of
/// these, moves the files into the new folder and commits it: so the folder appears whole or not at all, and nothing but
/// the disk is needed between ranks, which go on training meanwhile.
/// </remarks>
/// <param name="Rank">This rank.</param>
/// <param name="Ranks">Ranks of the job.</param>
/// <param name="Token">Eight letters, the same on every rank, and others than those of any save before.</param>
internal sealed record RankedSave(int Rank, int Ranks, string Token)
{
    /// <summary>What stands between a folder's name and the token.</summary>
    public const string Mark = ".parts-";

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(5);

    /// <summary>How long rank 0 waits for the others after its own files are written.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where the parts of a save are kept until it is complete.</summary>
    /// <param name="path">What is saved to.</param>
    public string PartsOf(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Mark + Token;

    /// <summary>Writes this rank's files.</summary>
    /// <param name="path">What is saved to.</param>
    /// <param name="contents">This rank's tensors.</param>
    /// <param name="layer">The disk.</param>
    /// <exception cref="IOException">They could not be written; rank 0 knows.</exception>
    /// <exception cref="InvalidDataException">A value is not finite, or the disk gave other bytes back; rank 0 knows.</exception>
    public void Write(string path, ModelContents contents, FileLayer layer)
    {
        string parts = PartsOf(path);
        layer.CreateFolder(parts);
        try
        {
            var manifest = new Manifest();
            WriteTensors(parts, ModelFolder.ModelStem, contents.Tensors, contents.RequireFinite, manifest, layer);
            WriteTensors(parts, ModelFolder.OptimizerStem, contents.OptimizerTensors, requireFinite: false, manifest, layer);
            manifest.VerifyHashes(parts);
            Report(parts, new RankReport(null, manifest.Files.ToDictionary(file => file.Key, file => file.Value)));
        }
        catch (Exception exception) // whatever it is: rank 0 waits for the report
        {
            Report(parts, new RankReport(exception.Message, []));
            throw;
        }
    }

    /// <summary>Tells rank 0 that this rank's files will not come, unless it has been told.</summary>
    /// <param name="path">What is saved to.</param>
    /// <param name="reason">Why.</param>
    public void Fail(string path, string reason)
    {
        string parts = PartsOf(path);
        if (!File.Exists(Path.Combine(parts, ReportName(Rank))))
        {
            Directory.CreateDirectory(parts);
            Report(parts, new RankReport(reason, []));
        }
    }

    /// <summary>Waits for the files of all ranks.</summary>
    /// <param name="path">What is saved to.</param>
    /// <returns>The files' names and what is known of them.</returns>
    /// <exception cref="IOException">A rank could not write its files, or has said nothing.</exception>
    public IReadOnlyDictionary<string, Manifest.Entry> Wait(string path)
    {
        string parts = PartsOf(path);
        var files = new Dictionary<string, Manifest.Entry>(StringComparer.Ordinal);
        long started = TimeProvider.System.GetTimestamp();
        for (int rank = 0; rank < Ranks; rank++)
        {
            string report = Path.Combine(parts, ReportName(rank));
            while (!File.Exists(report))
            {
                if (TimeProvider.System.GetElapsedTime(started) > Patience)
                {
                    throw new IOException($"Rank {rank} has not written its part of {path} in {Patience.TotalSeconds:0} s; the ranks need a disk that all of them see.");
                }

                Thread.Sleep(s_poll);
            }

            RankReport read = JsonSerializer.Deserialize(File.ReadAllText(report), RankReportJson.Default.RankReport)!;
            if (read.Failure is { } failure)
            {
                throw new IOException($"Rank {rank} could not write its part of {path}: {failure}");
            }

            foreach ((string name, Manifest.Entry entry) in read.Files)
            {
                files.Add(name, entry);
            }
        }

        return files;
    }

    /// <summary>Removes what is left of the parts.</summary>
    /// <param name="path">What was saved to.</param>
    /// <param name="layer">The disk.</param>
    public void Clear(string path, FileLayer layer)
    {
        try
        {
            layer.DeleteFolder(PartsOf(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It costs disk space only; it is cleared when the run is resumed.
        }
    }

    private static string ReportName(int rank) => $"rank-{rank}.json";

    private void WriteTensors(
        string parts, string stem, IReadOnlyList<TensorSource> tensors, bool requireFinite, Manifest manifest, FileLayer layer)
    {
        if (tensors.Count == 0)
        {
            return;
        }

        string name = TensorFiles.RankName(stem, Rank, Ranks);
        Stream file = layer.CreateFile(Path.Combine(parts, name));
        using var stream = new HashingStream(file, layer, entry => manifest.Add(name, entry));
        TensorFiles.Write(stream, tensors, requireFinite);
    }

    private void Report(string parts, RankReport report)
    {
        string path = Path.Combine(parts, ReportName(Rank));
        File.WriteAllBytes(path + ".tmp", Encoding.UTF8.GetBytes(JsonSerializer.Serialize(report, RankReportJson.Default.RankReport)));
        File.Move(path + ".tmp", path, overwrite: true);
    }
}

/// <summary>What a rank says of its part of a save.</summary>
/// <param name="Failure">Why there is none; null where there is.</param>
/// <param name="Files">Its files.</param>
internal sealed record RankReport(string? Failure, Dictionary<string, Manifest.Entry> Files);

[JsonSerializable(typeof(RankReport))]
internal sealed partial class RankReportJson : JsonSerializerContext;
